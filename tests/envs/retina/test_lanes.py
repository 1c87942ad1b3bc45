"""Operations on lanes against numpy, at places that are no multiples of anything."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit, uintp

from ram_envs.retina import lanes
from ram_envs.retina.lanes import LANES, LIGHTS

PIXELS = np.random.default_rng(0).integers(0, 256, 200, dtype=np.uint8)
SUMS = np.random.default_rng(1).integers(0, 2**14, 200, dtype=np.uint16)


@njit
def call(target, pixels, sums, result, mask, light):  # type: ignore[no-untyped-def]
    lanes.pool_two_rows(target, uintp(3), pixels, uintp(1), uintp(50), mask, uintp(5))
    lanes.pool_row(target, uintp(23), pixels, uintp(7), mask, uintp(5))
    lanes.pool_rows(target, uintp(43), sums, uintp(9), uintp(77))
    lanes.put_cells(result, uintp(2), sums, uintp(11), np.float32(0.25))
    lanes.add_light(light, uintp(7), pixels, uintp(13))
    lanes.put_pixels(result, uintp(22), pixels, uintp(13), mask, uintp(5), np.float32(0.5))


@pytest.fixture(scope="module")
def made() -> tuple[np.ndarray, np.ndarray]:
    """What each operation writes, between 9s."""
    target, result = np.full(64, 9, np.uint16), np.full(64, 9, np.float32)
    call(target, PIXELS, SUMS, result, MASK, LIT)
    return target, result


LIT = np.full(32, 100, np.uint8)
MASK = np.zeros(64, np.uint8)
MASK[5 + 3 : 5 + 21] = 255  # it begins between the two of a pair, and ends between two


def seen(start: int, count: int) -> np.ndarray:
    return np.where(MASK[5 : 5 + count], PIXELS[start : start + count], 0).astype(np.uint16)


def pairs(numbers: np.ndarray) -> np.ndarray:
    return numbers.reshape(-1, 2).sum(1)


def test_two_rows_of_pixels_are_pooled(made: tuple[np.ndarray, np.ndarray]) -> None:
    expected = pairs(seen(1, 2 * LANES)) + pairs(seen(50, 2 * LANES))
    np.testing.assert_array_equal(made[0][3 : 3 + LANES], expected)


def test_one_row_of_pixels_is_pooled(made: tuple[np.ndarray, np.ndarray]) -> None:
    np.testing.assert_array_equal(made[0][23 : 23 + LANES], pairs(seen(7, 2 * LANES)))


def test_two_rows_of_sums_are_pooled(made: tuple[np.ndarray, np.ndarray]) -> None:
    expected = pairs(SUMS[9 : 9 + 2 * LANES]) + pairs(SUMS[77 : 77 + 2 * LANES])
    assert expected.max() >= 2**15  # all 16 bits are used
    np.testing.assert_array_equal(made[0][43 : 43 + LANES], expected % 2**16)


def test_sums_and_pixels_become_results(made: tuple[np.ndarray, np.ndarray]) -> None:
    np.testing.assert_array_equal(made[1][2 : 2 + LANES], SUMS[11 : 11 + LANES] * np.float32(0.25))
    np.testing.assert_array_equal(made[1][22 : 22 + LANES], seen(13, LANES) * np.float32(0.5))


def test_light_is_added_up_to_white(made: tuple[np.ndarray, np.ndarray]) -> None:
    expected = np.full(32, 100)
    expected[7 : 7 + LIGHTS] = np.minimum(100 + PIXELS[13 : 13 + LIGHTS].astype(int), 255)
    assert 255 in expected
    np.testing.assert_array_equal(LIT, expected)


def test_nothing_beside_the_lanes_is_written(made: tuple[np.ndarray, np.ndarray]) -> None:
    for array, starts in zip(made, ((3, 23, 43), (2, 22)), strict=True):
        beside = np.ones(64, bool)
        for start in starts:
            beside[start : start + LANES] = False
        assert (array[beside] == 9).all()
