"""The retina against cases worked by hand and against the slowest, most obvious code for the same rule."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ram_envs.retina.retina import Retina, check_locations

FLOAT32 = {"width": 32, "allow_nan": False}


def slow_retina(image: np.ndarray, location: np.ndarray, g: int, k: int, pooling: str = "average") -> np.ndarray:
    """The glimpse of one image at one location, one output pixel at a time: (H, W[, C]) -> (k, g, g[, C]) float64."""
    height, width, *channels = image.shape
    brightness = image / 255 if image.dtype == np.uint8 else image.astype(float)
    x, y = float(location[0]), float(location[1])
    glimpse = np.zeros((k, g, g, *channels))
    for i in range(k):
        block = 2**i
        left = math.floor((x + 1) / 2 * width - g * block / 2 + 1 / 2)
        top = math.floor((y + 1) / 2 * height - g * block / 2 + 1 / 2)
        for row in range(g):
            for column in range(g):
                rows = [r for r in range(top + row * block, top + (row + 1) * block) if 0 <= r < height]
                columns = [c for c in range(left + column * block, left + (column + 1) * block) if 0 <= c < width]
                if rows and columns:  # else the block lies outside, and is 0
                    inside = brightness[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
                    pooled = inside.max(axis=(0, 1)) if pooling == "max" else inside.sum(axis=(0, 1)) / block**2
                    glimpse[i, row, column] = pooled
    return glimpse


def look(image: np.ndarray, x: float, y: float, g: int, k: int, pooling: str = "average") -> np.ndarray:
    """The glimpse of one image at (x, y)."""
    return Retina(g, k, pooling=pooling)(image[None], np.array([[x, y]], np.float32))[0]


# 4x4: the pixel in row r and column c is (4 r + c) / 15, as uint8.
RAMP = (17 * np.arange(16)).astype(np.uint8).reshape(4, 4)


@pytest.mark.parametrize(
    ("x", "y", "g", "k", "fifteenths"),
    [
        # In the middle, the centre is the corner that pixels 5, 6, 9 and 10 share.
        (0, 0, 2, 1, [[[5, 6], [9, 10]]]),
        # An odd patch has the pixel right and below of the centre in its middle.
        (0, 0, 3, 1, [[[5, 6, 7], [9, 10, 11], [13, 14, 15]]]),
        (0, 0, 1, 1, [[[10]]]),
        # The corners: the patch hangs three quarters outside. x goes right, y goes down.
        (-1, -1, 2, 1, [[[0, 0], [0, 0]]]),
        (1, -1, 2, 1, [[[0, 0], [3, 0]]]),
        (-1, 1, 2, 1, [[[0, 12], [0, 0]]]),
        (1, 1, 2, 1, [[[15, 0], [0, 0]]]),
        # An odd patch at the corners: its middle pixel is the first inside at -1, the first outside at 1.
        (-1, -1, 3, 1, [[[0, 0, 0], [0, 0, 1], [0, 4, 5]]]),
        (1, 1, 3, 1, [[[15, 0, 0], [0, 0, 0], [0, 0, 0]]]),
        (1, 1, 1, 1, [[[0]]]),
        # One pixel is half a unit: 0.5 moves the window by one, 0.25 by half a pixel, which rounds up.
        (0.5, 0, 2, 1, [[[6, 7], [10, 11]]]),
        (0, 0.5, 2, 1, [[[9, 10], [13, 14]]]),
        (0.25, 0, 2, 1, [[[6, 7], [10, 11]]]),
        (0.2, 0, 2, 1, [[[5, 6], [9, 10]]]),
        (-0.25, 0, 2, 1, [[[5, 6], [9, 10]]]),
        (-0.3, 0, 2, 1, [[[4, 5], [8, 9]]]),
        # An odd patch moves where its centre leaves the pixel.
        (0.45, 0, 1, 1, [[[10]]]),
        (0.5, 0, 1, 1, [[[11]]]),
        (-0.05, 0, 1, 1, [[[9]]]),
        # Two scales: the coarse one averages blocks of 2x2, here of the whole image.
        (0, 0, 2, 2, [[[5, 6], [9, 10]], [[2.5, 4.5], [10.5, 12.5]]]),
        # Half outside: outside counts as 0 and is part of the average.
        (1, 0, 2, 2, [[[7, 0], [11, 0]], [[4.5, 0], [12.5, 0]]]),
        (-1, -1, 1, 2, [[[0]], [[0]]]),
        (-0.5, -0.5, 1, 3, [[[5]], [[2.5]], [[(0 + 1 + 2 + 4 + 5 + 6 + 8 + 9 + 10) / 16]]]),
        # Scales of one pixel: the pixel, its 2x2, the whole.
        (0, 0, 1, 3, [[[10]], [[7.5]], [[7.5]]]),
        # The coarsest patch is wider than the image.
        (0, 0, 4, 2, [RAMP // 17, [[0, 0, 0, 0], [0, 2.5, 4.5, 0], [0, 10.5, 12.5, 0], [0, 0, 0, 0]]]),
    ],
)
def test_four_by_four_by_hand(x: float, y: float, g: int, k: int, fifteenths: list) -> None:
    glimpse = look(RAMP, x, y, g, k)
    assert glimpse.dtype == np.float32
    np.testing.assert_allclose(glimpse, np.array(fifteenths, float) / 15, atol=1e-6)


def test_max_pooling_by_hand() -> None:
    np.testing.assert_allclose(look(RAMP, 0, 0, 2, 2, "max")[1] * 15, [[5, 7], [13, 15]], rtol=1e-6)
    np.testing.assert_allclose(look(RAMP, 1, 1, 2, 2, "max")[1] * 15, [[15, 0], [0, 0]], rtol=1e-6)


def test_oblong_image_by_hand() -> None:
    image = np.array([[0, 51, 102, 153], [204, 255, 0, 51]], np.uint8)  # fifths: 0 1 2 3 / 4 5 0 1
    np.testing.assert_allclose(look(image, 0.5, 0, 2, 1)[0] * 5, [[2, 3], [0, 1]], rtol=1e-6)
    np.testing.assert_allclose(look(image, 0, 1, 2, 1)[0] * 5, [[5, 0], [0, 0]], rtol=1e-6)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int, int, str]:
    """Images (B, H, W[, C]), locations (B, 2), patch size, number of scales, pooling."""
    batch, height, width = draw(st.integers(1, 3)), draw(st.integers(1, 11)), draw(st.integers(1, 11))
    channels = draw(st.sampled_from([(), (), (1,), (3,)]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    images = generator.integers(0, 256, (batch, height, width, *channels), dtype=np.uint8)
    if draw(st.booleans()):
        images = generator.random(images.shape, dtype=np.float32)
    inside = st.floats(-1, 1, **FLOAT32)  # free, or on the grid of half pixels where the rounding happens
    columns, rows = (
        st.one_of(inside, st.integers(0, 2 * size).map(lambda n, size=size: n / size - 1)) for size in (width, height)
    )
    locations = [[draw(columns), draw(rows)] for _ in range(batch)]
    pooling = draw(st.sampled_from(["average", "max"]))
    return images, np.array(locations, np.float32), draw(st.integers(1, 5)), draw(st.integers(1, 4)), pooling


def check_by_the_slow_reference(case: tuple[np.ndarray, np.ndarray, int, int, str]) -> None:
    images, locations, g, k, pooling = case
    glimpses = Retina(g, k, pooling=pooling)(images, locations)
    expected = np.stack(
        [slow_retina(image, location, g, k, pooling) for image, location in zip(images, locations, strict=True)]
    )
    assert glimpses.shape == (len(images), k, g, g, *images.shape[3:])
    assert glimpses.dtype == np.float32
    np.testing.assert_allclose(glimpses, expected, atol=2e-6)


@settings(max_examples=500)
@given(cases())
def test_equals_the_slow_reference(case: tuple[np.ndarray, np.ndarray, int, int, str]) -> None:
    check_by_the_slow_reference(case)


@pytest.mark.slow
@settings(max_examples=5000)
@given(cases())
def test_equals_the_slow_reference_in_thousands_of_cases(case: tuple[np.ndarray, np.ndarray, int, int, str]) -> None:
    check_by_the_slow_reference(case)


@pytest.mark.parametrize(("g", "k", "size"), [(8, 1, 28), (12, 3, 60), (12, 4, 100), (6, 3, 24)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_equals_the_slow_reference_at_the_papers_sizes(g: int, k: int, size: int, dtype: type) -> None:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (6, size, size), dtype=np.uint8)
    if dtype is np.float32:
        images = images / np.float32(255)
    locations = generator.uniform(-1, 1, (6, 2)).astype(np.float32)
    locations[:2] = [[-1, -1], [1, 1]]
    expected = np.stack([slow_retina(image, at, g, k) for image, at in zip(images, locations, strict=True)])
    np.testing.assert_allclose(Retina(g, k)(images, locations), expected, atol=2e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_white_is_exactly_one_and_never_above(dtype: type, pooling: str) -> None:
    white = np.full((1, 40, 40), 255 if dtype is np.uint8 else 1, dtype)
    assert (Retina(5, 3, pooling=pooling)(white, np.zeros((1, 2), np.float32)) == 1).all()
    locations = np.random.default_rng(0).uniform(-1, 1, (500, 2)).astype(np.float32)
    glimpses = Retina(5, 4, pooling=pooling)(np.repeat(white, 500, axis=0), locations)
    assert glimpses.min() >= 0
    assert glimpses.max() <= 1


def test_every_byte_value_is_its_255th() -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_allclose(look(image, 0, 0, 16, 1)[0], image / 255, atol=1e-7)


def test_wide_windows_do_not_overflow_their_sums() -> None:
    assert (look(np.full((512, 512), 255, np.uint8), 0, 0, 1, 10) == 1).all()


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_as_many_scales_as_there_can_be(pooling: str) -> None:
    """From some scale on a cell covers the whole image, and the average thins out by 4 a scale."""
    glimpse = look(RAMP, -0.5, -0.5, 1, 31, pooling)[:, 0, 0]
    largest, total = 15 / 15, sum(range(16)) / 15
    expected = largest if pooling == "max" else total / 4.0 ** np.arange(3, 31)
    np.testing.assert_allclose(glimpse[3:], expected, rtol=1e-6)


def test_rows_are_independent() -> None:
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (300, 20, 17), dtype=np.uint8)
    locations = generator.uniform(-1, 1, (300, 2)).astype(np.float32)
    retina = Retina(4, 3)
    whole = retina(images, locations)
    for i in (0, 1, 150, 299):
        np.testing.assert_array_equal(whole[i], retina(images[i : i + 1], locations[i : i + 1])[0])


def test_layout_of_memory_does_not_matter() -> None:
    generator = np.random.default_rng(2)
    images = generator.integers(0, 256, (8, 20, 17), dtype=np.uint8)
    locations = generator.uniform(-1, 1, (8, 2)).astype(np.float32)
    retina = Retina(4, 2)
    expected = retina(images, locations)
    reversed_twice = np.ascontiguousarray(images[:, ::-1, ::-1])[:, ::-1, ::-1]
    np.testing.assert_array_equal(retina(reversed_twice, np.asfortranarray(locations)), expected)
    frozen = images.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(retina(frozen, locations), expected)
    assert (images == frozen).all(), "looking must not change the images"


def test_glimpses_are_fresh() -> None:
    retina = Retina(4, 2)
    images, locations = np.zeros((2, 9, 9), np.uint8), np.zeros((2, 2), np.float32)
    assert not np.shares_memory(retina(images, locations), retina(images, locations))


def test_an_empty_batch_gives_no_glimpses() -> None:
    assert Retina(4, 2)(np.zeros((0, 9, 9), np.uint8), np.zeros((0, 2), np.float32)).shape == (0, 2, 4, 4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.25, -1.5])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_location_outside_the_range_is_refused(value: float, axis: int) -> None:
    locations = np.zeros((3, 2), np.float32)
    locations[2, axis] = value
    with pytest.raises(ValueError, match=str(value).lstrip("-")):
        Retina(4, 1)(np.zeros((3, 9, 9), np.uint8), locations)


@pytest.mark.parametrize(
    ("location", "remedy"),
    [
        ([14, 20], "a pixel (column, row) is (2 * column / width - 1, 2 * row / height - 1)"),
        ([1.5, 0], "clip it with numpy.clip(location, -1, 1)"),
        ([np.nan, 20], "it must be finite"),
    ],
)
def test_a_refused_location_comes_with_its_remedy(location: list[float], remedy: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"of row 0 is outside [-1, 1]; {remedy}")):
        check_locations(np.array([location], np.float32), 1)


def test_no_locations_are_none_outside() -> None:
    assert check_locations(np.zeros((0, 2), np.float32), 0).shape == (0, 2)


@pytest.mark.parametrize(
    ("images", "locations"),
    [
        ((9, 9), (1, 2)),
        ((2, 9, 9, 3, 1), (2, 2)),
        ((2, 9, 9), (3, 2)),
        ((2, 9, 9), (2,)),
        ((2, 9, 9), (2, 3)),
        ((2, 0, 9), (2, 2)),
    ],
)
def test_wrong_shapes_are_refused(images: tuple[int, ...], locations: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(.*\d.*\)"):  # the message shows a shape
        Retina(4, 1)(np.zeros(images, np.uint8), np.zeros(locations, np.float32))


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.float64, np.bool_])
def test_other_kinds_of_images_are_refused(dtype: type) -> None:
    with pytest.raises((TypeError, ValueError), match=np.dtype(dtype).name):
        Retina(4, 1)(np.zeros((1, 9, 9), dtype), np.zeros((1, 2), np.float32))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"patch_size": 0}, "0"),
        ({"patch_size": -3}, "-3"),
        ({"patch_size": 2.5}, "2.5"),
        ({"num_scales": 0}, "0"),
        ({"num_scales": -1}, "-1"),
        ({"num_scales": 32}, "at most 31"),
        ({"pooling": "median"}, "median"),
    ],
)
def test_an_impossible_retina_is_refused(arguments: dict, named: str) -> None:
    with pytest.raises((ValueError, TypeError), match=named):
        Retina(**arguments)


@st.composite
def lit_pixels(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, tuple[int, int], int, int, str]:
    """White pixels (B, P, 2) as (column, row), locations (B, 2), image shape, patch size, number of scales, pooling."""
    batch, height, width = draw(st.integers(1, 4)), draw(st.integers(1, 9)), draw(st.integers(1, 9))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    pixels = generator.integers(0, (width, height), (batch, draw(st.integers(1, 6)), 2))
    locations = [[draw(st.floats(-1, 1, **FLOAT32)) for _ in range(2)] for _ in range(batch)]
    pooling = draw(st.sampled_from(["average", "max"]))
    return (
        pixels,
        np.array(locations, np.float32),
        (height, width),
        draw(st.integers(1, 5)),
        draw(st.integers(1, 4)),
        pooling,
    )


@settings(max_examples=300)
@given(lit_pixels())
def test_told_the_lit_pixels_it_sees_the_same_as_shown_the_image(case: tuple) -> None:
    pixels, locations, shape, g, k, pooling = case
    images = np.zeros((len(pixels), *shape), np.uint8)
    for image, lit in zip(images, pixels, strict=True):
        image[lit[:, 1], lit[:, 0]] = 255
    retina = Retina(g, k, pooling=pooling)
    np.testing.assert_allclose(retina.glimpse_pixels(pixels, locations, shape), retina(images, locations), atol=1e-6)


@pytest.mark.parametrize(
    ("pixels", "locations", "error", "named"),
    [
        (np.zeros((2, 1, 2), np.int64), np.zeros((1, 2)), ValueError, r"locations have shape \(1, 2\)"),
        (np.zeros((1, 1, 3), np.int64), np.zeros((1, 2)), ValueError, r"pixels have shape \(1, 1, 3\)"),
        (np.zeros((1, 1, 2)), np.zeros((1, 2)), TypeError, "float64"),
        (np.array([[[8, 0]]]), np.zeros((1, 2)), IndexError, "hold 8, .* 0 to 7"),
        (np.array([[[0, 6]]]), np.zeros((1, 2)), IndexError, "hold 6, .* 0 to 5"),
        (np.array([[[0, -1]]]), np.zeros((1, 2)), IndexError, "hold -1"),
        (np.array([[[0, 0]]]), np.array([[0, np.nan]]), ValueError, "nan"),
    ],
)
def test_pixels_that_are_none_of_the_image_are_refused(
    pixels: np.ndarray, locations: np.ndarray, error: type, named: str
) -> None:
    with pytest.raises(error, match=named):
        Retina(4).glimpse_pixels(pixels, locations, (6, 8))


def test_images_with_their_channels_first_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3, 32, 32\).*numpy\.moveaxis"):
        Retina(4)(np.zeros((2, 3, 32, 32), np.uint8), np.zeros((2, 2)))


def test_windows_are_where_the_patches_come_from() -> None:
    image = np.random.default_rng(4).integers(0, 256, (11, 14), dtype=np.uint8)
    padded = np.pad(image, 40)
    retina = Retina(5, 3)
    for location in np.random.default_rng(5).uniform(-1, 1, (50, 2)).astype(np.float32):
        glimpse = retina(image[None], location[None])[0]
        for scale, (top, left, height, width) in enumerate(retina.regions(location, image.shape)):
            block = 2**scale
            assert (height, width) == (5 * block, 5 * block)
            window = padded[40 + top : 40 + top + height, 40 + left : 40 + left + width] / 255
            pooled = window.reshape(5, block, 5, block).mean(axis=(1, 3))
            np.testing.assert_allclose(glimpse[scale], pooled, atol=1e-6)
