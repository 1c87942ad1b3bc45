"""The gaze over any environment's images: which images, the whole image shrunk, and where rows look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from ram_envs.retina.gaze import Gaze, Shrink, image_form
from ram_envs.retina.retina import Retina


def gaze(space: spaces.Space | None = None, **arguments: Any) -> Gaze:
    """A gaze of three rows."""
    defaults: dict[str, Any] = {
        "num_rows": 3,
        "retina": Retina(2),
        "image_key": None,
        "max_saccade": None,
        "periphery": None,
        "initial_location": "random",
    }
    return Gaze(space or spaces.Box(0, 255, (6, 8), np.uint8), **(defaults | arguments))


def test_black_and_white_are_the_bounds_of_the_box() -> None:
    values = np.array([[[0, 51, 255]]])
    for low, high, dtype, images, expected in (
        (0, 255, np.uint8, values, values),
        (0, 255, np.float32, values, [0, 0.2, 1]),
        (-1, 1, np.float64, [[[-1, 0, 1]]], [0, 0.5, 1]),
        (0, 1, np.float32, [[[0, 0.25, 1]]], [0, 0.25, 1]),
        (0, 15, np.uint8, [[[0, 3, 15]]], [0, 0.2, 1]),
        (0, 1, np.bool_, [[[False, True, True]]], [0, 1, 1]),
    ):
        form = image_form(spaces.Box(low, high, (1, 3), dtype), None)
        pixels = form.pixels(np.array(images, dtype))
        assert pixels.dtype == (np.uint8 if (high, dtype) == (255, np.uint8) else np.float32)
        np.testing.assert_allclose(pixels.ravel(), np.ravel(expected), atol=1e-6)


def test_values_a_little_outside_the_bounds_are_cut_off() -> None:
    form = image_form(spaces.Box(-1, 1, (1, 3)), None)
    pixels = form.pixels(np.array([[[-1.00001, 0, 1.00001]]]))
    assert pixels.tolist() == [[[0, 0.5, 1]]]


@pytest.mark.parametrize(
    ("space", "images", "error", "named"),
    [
        (spaces.Box(0, 255, (2, 3), np.uint8), np.zeros((1, 3, 2), np.uint8), ValueError, r"\(3, 2\), but .*\(2, 3\)"),
        (spaces.Box(0, 255, (2, 3), np.uint8), np.zeros((1, 2, 3, 1), np.uint8), ValueError, r"\(2, 3, 1\)"),
        (spaces.Box(0, 255, (2, 3), np.uint8), np.zeros((1, 2, 3)), TypeError, "float64"),
        (spaces.Box(0, 1, (2, 3)), np.full((1, 2, 3), "a"), TypeError, "<U1"),
        (spaces.Box(0, 1, (2, 3)), np.full((1, 2, 3), 255), ValueError, r"span 255 to 255, .* 0\.0 to 1\.0"),
        (spaces.Box(-1, 1, (2, 3)), np.full((1, 2, 3), -1.1), ValueError, r"span -1\.1"),
        (spaces.Box(0, 1, (2, 3)), np.full((1, 2, 3), np.nan), ValueError, "nan"),
    ],
)
def test_images_other_than_the_space_says_are_refused(
    space: spaces.Box, images: np.ndarray, error: type, named: str
) -> None:
    with pytest.raises(error, match=named):
        gaze(space, num_rows=1).see(images)


BOX = spaces.Box(0, 255, (6, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("space", "key", "error", "named"),
    [
        (spaces.Discrete(4), None, TypeError, r"Discrete\(4\).*AddRenderObservation"),
        (spaces.Box(0, 1, (7,)), None, TypeError, r"\(7,\)"),
        (spaces.Dict(image=BOX, speed=spaces.Box(0, 1, (2,))), None, TypeError, r"name the key .*\['image'\]"),
        (spaces.Dict(image=BOX), "picture", TypeError, "'picture'"),
        (BOX, "image", TypeError, "no Dict"),
        (spaces.Dict(image=spaces.Discrete(2)), "image", TypeError, r"Discrete\(2\)"),
        (spaces.Box(-np.inf, np.inf, (6, 8)), None, ValueError, "finite"),
        (spaces.Box(0, 255, (3, 84, 84), np.uint8), None, ValueError, r"\(3, 84, 84\).*moveaxis"),
        (spaces.Dict(image=BOX, glimpse=BOX), "image", ValueError, "'glimpse' of its own"),
    ],
)
def test_what_is_no_image_is_refused(space: spaces.Space, key: str | None, error: type, named: str) -> None:
    with pytest.raises(error, match=named):
        gaze(space, image_key=key)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"initial_location": "left"}, "'left'"),
        ({"max_saccade": 0}, "max_saccade is 0"),
        ({"max_saccade": 2.5}, r"2\.5"),
        ({"max_saccade": 0.5, "saccade": "relative"}, "max_saccade is 0.5.*'relative'.*one of them"),
        ({"saccade": "far"}, "saccade is 'far'"),
        ({"periphery": 7}, "7x7 is larger than the image of 6x8"),
        ({"periphery": 0}, "periphery height is 0"),
    ],
)
def test_arguments_out_of_range_are_refused_by_value(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        gaze(**arguments)


def test_shrinking_averages_exact_shares_of_the_area() -> None:
    image = np.array([[[0, 30, 60], [90, 120, 150]]], np.uint8)
    # 3 columns into 2: each takes one and a half.
    expected = [[(0 + 15) / 1.5, (15 + 60) / 1.5], [(90 + 60) / 1.5, (60 + 150) / 1.5]]
    np.testing.assert_allclose(Shrink((2, 3), 2)(image)[0] * 255, expected, rtol=1e-6)
    np.testing.assert_allclose(Shrink((2, 3), (1, 3))(image)[0] * 255, [[45, 75, 105]], rtol=1e-6)
    np.testing.assert_allclose(Shrink((2, 3), (2, 3))(image) * 255, image, rtol=1e-6)


@pytest.mark.parametrize("shape", [(9, 7), (10, 12, 3), (210, 160, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_shrinking_against_a_blown_up_image(shape: tuple[int, ...], dtype: type) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, *shape)).astype(np.uint8)
    height, width = 4, 5
    large = images.repeat(height, axis=1).repeat(width, axis=2)  # now each cell is whole pixels
    cells = large.reshape(2, height, shape[0], width, shape[1], -1).mean(axis=(2, 4)) / 255
    given = images if dtype == np.uint8 else (images / 255).astype(np.float32)
    shrunk = Shrink(shape, (height, width))(given)
    assert shrunk.shape == (2, height, width, *shape[2:])
    np.testing.assert_allclose(shrunk.reshape(cells.shape), cells, atol=1e-5)
    assert Shrink(shape, 3)(np.full_like(given, given.max())).max() <= 1


def test_absolute_locations_are_looked_at_and_relative_ones_move_the_gaze() -> None:
    steps = np.array([[0.5, -1], [1, 0], [-0.25, 0.25]], np.float32)
    absolute, relative = gaze(), gaze(max_saccade=0.4, initial_location="center")
    absolute.move(steps)
    np.testing.assert_array_equal(absolute.places(), steps)
    for expected in (0.4 * steps, 0.8 * steps, np.clip(1.2 * steps, -1, 1)):
        relative.move(steps)
        np.testing.assert_allclose(relative.places(), expected, rtol=1e-6)
    towards = relative.look_at(np.zeros((3, 2)))
    np.testing.assert_allclose(towards, np.clip(-expected / 0.4, -1, 1), rtol=1e-6)


def test_initial_locations_are_uniform_and_each_row_has_its_own_generator() -> None:
    many = gaze(num_rows=4000)
    many.seed([*range(4000)])
    many.begin(np.arange(4000))
    counts = np.histogram2d(*many.places().T, bins=4, range=[[-1, 1], [-1, 1]])[0]
    assert np.abs(counts - 250).max() < 5 * np.sqrt(250)
    first, rows = many.places().copy(), np.array([3, 5])
    many.begin(rows)
    changed = (many.places() != first).any(axis=1)
    assert np.flatnonzero(changed).tolist() == [3, 5]
    few = gaze(num_rows=2)
    few.seed([3, None])
    few.begin(np.arange(2))
    np.testing.assert_array_equal(few.places()[0], first[3])
    environments_own = np.random.default_rng(3).uniform(-1, 1, 2)
    assert not np.allclose(first[3], environments_own), "the gaze must not follow the environment's first numbers"


def test_a_refused_seed_changes_no_row() -> None:
    seeded, untouched = gaze(num_rows=2), gaze(num_rows=2)
    for each in (seeded, untouched):
        each.seed([1, 2])
    with pytest.raises(ValueError, match="non-negative"):
        seeded.seed([7, -1])
    for each in (seeded, untouched):
        each.begin(np.arange(2))
    np.testing.assert_array_equal(seeded.places(), untouched.places())


def test_glimpses_are_the_retinas_and_arrays_are_fresh() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 8, 3)).astype(np.uint8)
    eye = gaze(BOX, periphery=2)
    locations = np.array([[0, 0], [1, -1], [-0.5, 0.25]], np.float32)
    eye.move(locations)
    seen = eye.see(images)
    np.testing.assert_array_equal(seen["glimpse"], Retina(2)(images, locations))
    np.testing.assert_array_equal(seen["location"], locations)
    one = eye.see(images[1:2], rows=np.array([1]))
    for key, value in one.items():
        np.testing.assert_array_equal(value[0], seen[key][1])
        assert value[0] in eye.space[key]
    seen["location"].fill(9)
    np.testing.assert_array_equal(eye.places(), locations)
