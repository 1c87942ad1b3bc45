from __future__ import annotations

import numpy as np
import pytest

from ram_envs.retina.sensor import sense


def slow_sense(image: np.ndarray, centre: np.ndarray, size: int) -> np.ndarray:
    """A sensor's cells one by one, each from the four pixels around it."""
    seen = np.empty((size, size))
    for row in range(size):
        for column in range(size):
            x, y = (centre + 1) / 2 * image.shape[0] - 0.5 + (np.array([column, row]) - (size - 1) / 2)
            left, top = min(int(x), image.shape[0] - 2), min(int(y), image.shape[0] - 2)
            seen[row, column] = sum(
                image[top + j, left + i] * abs(1 - i - (x - left)) * abs(1 - j - (y - top))
                for i in (0, 1)
                for j in (0, 1)
            )
    return seen


@pytest.mark.parametrize("size", [4, 5])
def test_what_the_sensor_sees_against_a_slow_twin(size: int) -> None:
    rng = np.random.default_rng(0)
    images = rng.random((7, 11, 11), np.float32)
    which, room = rng.integers(7, size=40), 1 - size / 11
    centres = rng.uniform(-room, room, (40, 2))
    centres[:4] = room * np.array([[-1, -1], [1, 1], [-1, 1], [0, 1]])
    expected = [slow_sense(images[i], centre, size) for i, centre in zip(which, centres, strict=True)]
    np.testing.assert_allclose(sense(images, which, centres, size), expected, atol=1e-6)


def test_in_the_corner_it_sees_the_pixels_as_they_are() -> None:
    images = np.random.default_rng(0).random((1, 9, 9), np.float32)
    for corner, seen in (((-1, -1), images[0, :5, :5]), ((1, 1), images[0, 4:, 4:]), ((1, -1), images[0, :5, 4:])):
        found = sense(images, np.zeros(1, np.int64), np.array([corner]) * (1 - 5 / 9), 5)
        np.testing.assert_allclose(found[0], seen, atol=1e-6)


def test_a_window_of_an_image_is_seen_as_an_image_of_its_own() -> None:
    rng = np.random.default_rng(0)
    images, which = rng.random((3, 20, 25), np.float32), rng.integers(3, size=30)
    first, centres = rng.integers((25 - 9, 20 - 9), size=(30, 2)), rng.uniform(-0.4, 0.4, (30, 2))
    cut = np.stack([images[i, y : y + 9, x : x + 9] for i, (x, y) in zip(which, first, strict=True)])
    expected = sense(cut, np.arange(30), centres, 5)
    np.testing.assert_array_equal(sense(images, which, centres, 5, windows=(first, 9)), expected)


def test_layout_of_memory_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    wide, which, centres = rng.random((3, 20, 40), np.float32), np.arange(3), rng.uniform(-0.4, 0.4, (2, 3)).T
    for images in (wide[:, :, ::2], wide[:, :, 5:25], np.asfortranarray(wide), wide[::-1]):
        expected = sense(images.copy("C"), which, centres.copy("C"), 5)
        np.testing.assert_array_equal(sense(images, which, centres, 5), expected)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"which": np.array([0, 3])}, IndexError, "which hold 3, which is out of range; it must be from 0 to 2"),
        ({"centres": np.array([[0, 0], [0, np.nan]])}, ValueError, "they must be finite"),
        ({"windows": (np.array([[0, 0], [4, 0]]), 7)}, IndexError, "windows hold 4, .* from 0 to 3"),
        ({"windows": (np.array([[0, -1], [0, 0]]), 7)}, IndexError, "windows hold -1, "),
        ({"windows": (np.zeros((2, 2), int), 11)}, ValueError, "windows are 11 pixels wide; the images have 10x11"),
        ({"windows": (np.zeros((1, 2), int), 7)}, ValueError, r"\(2, 2\), not \(2, 2\) and \(1, 2\)"),
        ({"centres": np.zeros((1, 2))}, ValueError, "2 images are looked at: .* not \\(1, 2\\)"),
        ({"size": 10}, ValueError, "a sensor of 10 cells needs an image of 11 pixels; this one has 10x11"),
    ],
)
def test_nothing_is_seen_outside_the_images(changed, error, message) -> None:
    given = {"which": np.arange(2), "centres": np.zeros((2, 2)), "size": 5} | changed
    with pytest.raises(error, match=message):
        sense(np.zeros((3, 11, 10), np.float32), **given)
