"""Prepared images give the glimpses that the retina takes of them, with tables and without."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_retina import slow_retina

from ram_envs.retina import tables
from ram_envs.retina.prepared import PreparedImages, tables_pay
from ram_envs.retina.retina import Retina


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, Retina]:
    """Images (B, H, W[, C]), locations (n, 2), the images they lie in (n,), and a retina with scales for tables."""
    batch, height, width = draw(st.integers(1, 3)), draw(st.integers(1, 40)), draw(st.integers(1, 40))
    channels = draw(st.sampled_from([(), (), (1,), (3,)]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    images = generator.integers(0, 256, (batch, height, width, *channels), dtype=np.uint8)
    if draw(st.booleans()):
        images = generator.random(images.shape, dtype=np.float32)
    which = generator.integers(0, batch, draw(st.integers(0, 4)))
    return (
        images,
        generator.uniform(-1, 1, (len(which), 2)),
        which,
        Retina(draw(st.integers(1, 5)), draw(st.integers(5, 7))),
    )


def check_by_the_slow_reference(case: tuple[np.ndarray, np.ndarray, np.ndarray, Retina]) -> None:
    images, locations, which, retina = case
    eye = PreparedImages(retina, images, num_glimpses=10**6)
    assert eye.has_tables
    glimpses = eye.glimpse(locations, which)
    g, k = retina.patch_size, retina.num_scales
    assert glimpses.shape == (len(which), k, g, g, *images.shape[3:])
    for glimpse, location, number in zip(glimpses, locations, which, strict=True):
        np.testing.assert_allclose(glimpse, slow_retina(images[number], location, g, k), atol=2e-6)
    unprepared = retina(images[which], locations)
    if images.dtype == np.uint8:
        np.testing.assert_array_equal(glimpses, unprepared)
    else:
        np.testing.assert_allclose(glimpses, unprepared, atol=1e-6)
        assert glimpses.min(initial=0) >= 0
        assert glimpses.max(initial=0) <= 1


@settings(max_examples=100)
@given(cases())
def test_equals_the_slow_reference(case: tuple[np.ndarray, np.ndarray, np.ndarray, Retina]) -> None:
    check_by_the_slow_reference(case)


@pytest.mark.slow
@settings(max_examples=1000)
@given(cases())
def test_equals_the_slow_reference_in_many_cases(case: tuple[np.ndarray, np.ndarray, np.ndarray, Retina]) -> None:
    check_by_the_slow_reference(case)


def lit(height: int, width: int) -> np.ndarray:
    """A batch of one random image."""
    return np.random.default_rng(0).integers(0, 256, (1, height, width), dtype=np.uint8)


def test_a_table_by_hand() -> None:
    # Every pixel is 2, so the sum above row 4 q and left of column c is 8 q c.
    images = np.full((1, 10, 3), 2, np.uint8)
    entries = tables.empty_tables(images, 4)
    tables.fill_tables(images, np.array([0]), (0,), entries)
    assert entries.tolist() == [[[0, 0, 0, 0], [0, 8, 16, 24], [0, 16, 32, 48]]]


def test_one_image_is_looked_at_from_many_places() -> None:
    image, locations = lit(70, 90), np.random.default_rng(1).uniform(-1, 1, (50, 2)).astype(np.float32)
    retina = Retina(4, 6)
    eye = PreparedImages(retina, image, num_glimpses=50)
    glimpses = eye.glimpse(locations, np.zeros(50, np.int64))
    np.testing.assert_array_equal(glimpses, retina(np.repeat(image, 50, axis=0), locations))


def test_images_that_change_are_seen_anew_once_that_is_told() -> None:
    images = np.repeat(lit(64, 64), 3, axis=0)
    retina, middle = Retina(4, 6), np.zeros((3, 2))
    eye = PreparedImages(retina, images, num_glimpses=100)
    images[:] = 255 - images[:, ::-1]
    eye.refresh(np.array([0, 2]))
    same = (eye.glimpse(middle) == retina(images, middle)).all(axis=(1, 2, 3))
    assert same.tolist() == [True, False, True]
    eye.refresh()
    np.testing.assert_array_equal(eye.glimpse(middle), retina(images, middle))


def test_sums_that_wrap_around_are_exact() -> None:
    """The sum of all pixels is beyond 32 bits, that of any cell is not."""
    image = np.full((1, 4200, 4200), 255, np.uint8)
    image[:, -3:, -3:] = 7
    eye = PreparedImages(Retina(2, 8), image, num_glimpses=1000)
    assert eye._tables.dtype == np.uint32
    corner = np.array([[1, 1], [0.999, 0.999]])
    glimpses = eye.glimpse(corner, np.zeros(2, np.int64))
    np.testing.assert_array_equal(glimpses, eye.retina(np.repeat(image, 2, axis=0), corner))
    # The cell left of and above the corner: 128 x 128 pixels, 9 of them dark.
    assert glimpses[0, 7, 0, 0] == pytest.approx(1 - 9 * 248 / 255 / 128**2, abs=1e-7)


def test_a_cell_beyond_32_bits_is_summed_in_64() -> None:
    image = np.full((1, 4200, 4200), 255, np.uint8)
    retina = Retina(1, 14)
    eye = PreparedImages(retina, image, num_glimpses=1000)
    for glimpse in (eye.glimpse(np.zeros((1, 2))), retina(image, np.zeros((1, 2)))):
        assert glimpse[0, 13, 0, 0] == pytest.approx((4200 / 8192) ** 2, rel=1e-6)


def test_what_floats_lose_by_rounding_does_not_leave_the_range() -> None:
    image = np.random.default_rng(0).random((1, 96, 96), np.float32)
    image[:, 48:] = 0
    eye = PreparedImages(Retina(3, 6), image, num_glimpses=1000)
    glimpses = eye.glimpse(np.array([[0, 1], [-0.3, 0.9]]), np.zeros(2, np.int64))
    assert glimpses.min() == 0


@pytest.mark.parametrize(
    ("retina", "shape", "num_glimpses", "pay"),
    [
        (Retina(12, 4), (1000, 1000), 1000, False),  # no scale is coarse enough
        (Retina(12, 7, pooling="max"), (1000, 1000), 1000, False),  # the largest is no sum
        (Retina(12, 5), (200, 200), 4, False),  # 192 x 192 pixels a look, 4 times 200 x 200 for the table
        (Retina(12, 5), (200, 200), 5, True),
        (Retina(12, 7), (1000, 1000), 5, False),
        (Retina(12, 7), (1000, 1000), 6, True),
    ],
)
def test_tables_are_made_where_they_pay(
    retina: Retina, shape: tuple[int, int], num_glimpses: int, *, pay: bool
) -> None:
    assert tables_pay(retina, shape, num_glimpses) == pay


def test_without_tables_glimpses_are_the_retinas() -> None:
    images, locations = np.repeat(lit(60, 50), 2, axis=0), np.array([[0.5, -1], [0.1, 0.2]])
    retina = Retina(12, 3)
    eye = PreparedImages(retina, images, num_glimpses=10)
    assert not eye.has_tables
    images[1] = 9
    eye.refresh()
    np.testing.assert_array_equal(eye.glimpse(locations), retina(images, locations))
    np.testing.assert_array_equal(eye.glimpse(locations[:1], np.array([1])), retina(images[1:], locations[:1]))


@pytest.mark.parametrize(
    ("locations", "which", "error", "named"),
    [
        (np.zeros((1, 2)), np.array([2]), IndexError, "which hold 2, .* 0 to 1"),
        (np.zeros((1, 2)), np.array([-1]), IndexError, "which hold -1"),
        (np.zeros((1, 2)), np.array([0.0]), TypeError, "which have dtype float64"),
        (np.zeros((1, 2)), None, ValueError, r"\(1, 2\); expected \(2, 2\)"),
        (np.zeros((2, 2)), np.array([0]), ValueError, r"\(2, 2\); expected \(1, 2\)"),
        (np.array([[0, 1.5]]), np.array([1]), ValueError, r"1\.5.* of row 0"),
    ],
)
def test_wrong_looks_are_refused(locations: np.ndarray, which: np.ndarray | None, error: type, named: str) -> None:
    eye = PreparedImages(Retina(2, 5), np.zeros((2, 60, 60), np.uint8), num_glimpses=9)
    with pytest.raises(error, match=named):
        eye.glimpse(locations, which)


def test_wrong_images_are_refused() -> None:
    with pytest.raises(TypeError, match="int64"):
        PreparedImages(Retina(2), np.zeros((2, 9, 9), np.int64), num_glimpses=1)
    with pytest.raises(ValueError, match="num_glimpses is 0"):
        PreparedImages(Retina(2), np.zeros((2, 9, 9), np.uint8), num_glimpses=0)
    with pytest.raises(ValueError, match="contiguous"):
        PreparedImages(Retina(2), np.zeros((2, 9, 18), np.uint8)[:, :, ::2], num_glimpses=1)
    with pytest.raises(IndexError, match="which hold 2"):
        PreparedImages(Retina(2, 5), np.zeros((2, 60, 60), np.uint8), num_glimpses=9).refresh(np.array([2]))
