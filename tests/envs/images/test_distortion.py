"""Distortions: maps of the right size from draws, images moved as the maps say, and in training alone."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from ram_envs.images.datasets import Dataset
from ram_envs.images.distortion import MESH, NUM_BEND_DRAWS, NUM_DRAWS, bends, distort, linear_maps
from ram_envs.tasks.classification import Classification

IDENTITY = np.eye(2)[None]


def test_maps_stay_within_their_bounds() -> None:
    draws = np.array([[0.5] * 5, [0.0] * 5, [0.5, 0.75, 0.25, 0.5, 0.49], [0.0, 0.0, 0.0, 0.0, 0.5]])
    maps = linear_maps(draws, 0.2)
    np.testing.assert_allclose(maps[0], [[1, 0], [0, 1]])
    np.testing.assert_allclose(maps[1], [[0.8, -0.2], [-0.2, 0.8]])
    np.testing.assert_allclose(maps[2], [[1, 0.1], [-0.1, 1]])  # rotated
    np.testing.assert_allclose(maps[3], [[1, 0], [0, 1]])  # a draw of 0.5 or more: it stays


def test_half_of_the_images_stay_as_they_are() -> None:
    maps = linear_maps(np.random.default_rng(0).random((2000, NUM_DRAWS)), 0.3)
    assert (maps == np.eye(2)).all(axis=(1, 2)).mean() == pytest.approx(0.5, abs=0.04)
    assert abs(maps - np.eye(2)).max() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("shape", [(5, 4, 7), (5, 4, 7, 3)])
def test_the_identity_changes_nothing(shape) -> None:
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    indices = np.array([3, 0, 3])
    np.testing.assert_array_equal(distort(images, indices, np.repeat(IDENTITY, 3, 0)), images[indices])


def test_a_quarter_turn() -> None:
    """Pixel (i, j) shows what was at (j, 2 - i): map (1, -1 of the other)."""
    image = np.arange(9, dtype=np.uint8).reshape(1, 3, 3)
    turned = distort(image, np.array([0]), np.array([[[0.0, 1.0], [-1.0, 0.0]]]))
    np.testing.assert_array_equal(turned[0], [[2, 5, 8], [1, 4, 7], [0, 3, 6]])


def test_between_pixels_and_outside() -> None:
    """A stretch of columns to twice the distance from the middle: 1.5 is the middle of four."""
    image = np.array([[[10, 20, 30, 41]]], np.uint8)
    narrow = distort(image, np.array([0]), np.array([[[1.0, 0.0], [0.0, 0.5]]]))
    np.testing.assert_array_equal(narrow[0, 0], [18, 23, 28, 33])  # at 0.75, 1.25, 1.75, 2.25; 32.75 rounds up
    wide = distort(image, np.array([0]), np.array([[[1.0, 0.0], [0.0, 2.0]]]))
    np.testing.assert_array_equal(wide[0, 0], [0, 15, 36, 0])  # at -1.5, 0.5, 2.5 (35.5), 4.5


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"images": np.zeros((2, 3, 3))}, TypeError, "images have dtype float64"),
        ({"indices": np.array([2])}, IndexError, "indices hold 2, .* 0 to 1"),
        ({"indices": np.array([0, 1])}, ValueError, r"maps have shape \(1, 2, 2\); expected \(2, 2, 2\)"),
        ({"maps": IDENTITY * np.nan}, ValueError, "maps hold nan"),
        ({"maps": IDENTITY * -1e301}, ValueError, r"maps hold -1e\+301"),
        ({"bent": np.zeros((1, 1, 5, 2))}, ValueError, r"\(1, 1, 5, 2\)"),
        ({"bent": np.zeros((2, 5, 5, 2))}, ValueError, r"bends have shape \(2, 5, 5, 2\)"),
        ({"bent": np.full((1, 5, 5, 2), np.inf)}, ValueError, "bends hold inf"),
    ],
)
def test_what_would_reach_foreign_memory_is_refused(changes: dict, error: type, named: str) -> None:
    arguments = {"images": np.zeros((2, 3, 3), np.uint8), "indices": np.array([0]), "maps": IDENTITY}
    with pytest.raises(error, match=named):
        distort(**(arguments | changes))


def test_against_interpolation_pixel_by_pixel() -> None:
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (3, 9, 8)).astype(np.uint8)
    maps = linear_maps(generator.random((3, NUM_DRAWS)), 0.4)
    shown = distort(images, np.arange(3), maps)
    padded = np.pad(images.astype(float), ((0, 0), (9, 9), (9, 9)))
    for b, i, j in np.ndindex(shown.shape):
        y, x = np.array([4, 3.5]) + maps[b] @ (np.array([i, j]) - [4, 3.5]) + 9
        top, left = int(y), int(x)
        weights = np.outer([top + 1 - y, y - top], [left + 1 - x, x - left])
        assert shown[b, i, j] == pytest.approx((padded[b, top : top + 2, left : left + 2] * weights).sum(), abs=0.51)


def test_bends_stay_within_their_bounds_and_in_distorted_images() -> None:
    draws = np.random.default_rng(2).random((2000, NUM_DRAWS + NUM_BEND_DRAWS))
    bent = bends(draws, 1.5)
    assert bent.shape == (2000, MESH, MESH, 2)
    assert abs(bent).max() == pytest.approx(1.5, abs=0.01)
    straight = (linear_maps(draws, 0.1) == np.eye(2)).all(axis=(1, 2))
    assert not bent[straight].any()
    assert (bent[~straight] != 0).all()
    np.testing.assert_allclose(bent[~straight][0, 0, 1], 1.5 * (2 * draws[~straight][0, 7:9] - 1))


def test_a_bend_by_hand() -> None:
    """Nodes of the middle column see one pixel further right, those beside it nothing: a tent of displacements."""
    image = np.arange(0, 90, 10, dtype=np.uint8).reshape(1, 1, 9)
    bent = np.zeros((1, MESH, MESH, 2))
    bent[0, :, 2, 1] = 1.0  # at columns 0, 2, 4, 6 and 8: column 4
    shown = distort(image, np.array([0]), IDENTITY, bent)
    np.testing.assert_array_equal(shown[0, 0], [0, 10, 20, 35, 50, 55, 60, 70, 80])


def test_bent_against_interpolation_pixel_by_pixel() -> None:
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (3, 13, 10)).astype(np.uint8)
    draws = generator.random((3, NUM_DRAWS + NUM_BEND_DRAWS)) * ([1] * 4 + [0.4] + [1] * NUM_BEND_DRAWS)
    maps, bent = linear_maps(draws, 0.2), bends(draws, 2.0)
    shown = distort(images, np.arange(3), maps, bent)
    padded = np.pad(images.astype(float), ((0, 0), (9, 9), (9, 9)))
    for b, i, j in np.ndindex(shown.shape):
        rows = np.maximum(0, 1 - abs(i / 3 - np.arange(MESH)))  # 13 rows: nodes lie 3 apart; 10 columns: 2.25
        columns = np.maximum(0, 1 - abs(j / 2.25 - np.arange(MESH)))
        bend = np.einsum("r,c,rcd->d", rows, columns, bent[b])
        y, x = np.array([6, 4.5]) + maps[b] @ (np.array([i, j]) - [6, 4.5]) + bend + 9
        top, left = int(y), int(x)
        weights = np.outer([top + 1 - y, y - top], [left + 1 - x, x - left])
        assert shown[b, i, j] == pytest.approx((padded[b, top : top + 2, left : left + 2] * weights).sum(), abs=0.51)


def test_a_single_pixel_can_be_bent() -> None:
    bent = np.full((1, MESH, MESH, 2), 0.25)
    np.testing.assert_array_equal(distort(np.array([[[160]]], np.uint8), np.array([0]), IDENTITY, bent), [[[90]]])


def test_training_scenes_alone_are_distorted_and_nothing_else_about_them() -> None:
    images = np.zeros((1, 9, 9), np.uint8)
    images[0, 2:7, 4] = 255
    dataset = Dataset(images, np.zeros(1, np.int64))
    rows = np.arange(50)

    def scenes(split: str, **distortions: float) -> np.ndarray:
        task = Classification(dataset, batch_size=50, split=split, canvas_size=15, patch_size=2, **distortions)
        task.begin(rows, np.random.default_rng(0).random((50, task.num_draws)), None)
        cut = [scene[i : i + 9, j : j + 9] for scene, (i, j) in zip(task.scenes(rows), task.corners[:, 0], strict=True)]
        return np.stack(cut)

    assert (scenes("train") == images).all()
    for distortions in ({"max_distortion": 0.3}, {"max_bend": 1.0}, {"max_distortion": 0.2, "max_bend": 1.0}):
        distorted = scenes("train", **distortions)
        changed = (distorted != images).any(axis=(1, 2))
        assert 15 < changed.sum() < 35
        assert len(np.unique(distorted[changed], axis=0)) == changed.sum()
        for split in ("validation", "test"):
            np.testing.assert_array_equal(scenes(split, **distortions), scenes(split))


def test_a_vector_and_its_single_environments_show_the_same() -> None:
    kwargs = {"max_distortion": 0.2, "max_bend": 1.5, "max_shift": 2, "initial_location": "center"}
    observations, _ = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=3, **kwargs).reset(seed=7)
    for i in range(3):
        observation, _ = gym.make("ram_envs/GlimpseMNIST-v0", **kwargs).reset(seed=7 + i)
        np.testing.assert_array_equal(observations["glimpse"][i], observation["glimpse"])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.6, r"max_distortion is 0\.6; it must be from 0 to 0\.5"),
        (-0.1, r"max_distortion is -0\.1"),
        (float("nan"), "max_distortion is nan"),
        ("0.1", r"max_distortion is '0\.1'; it must be a number"),
        (True, "max_distortion is True"),
    ],
)
def test_what_cannot_be_is_named(value, message) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        gym.make("ram_envs/GlimpseMNIST-v0", max_distortion=value)


def test_a_bend_that_cannot_be_is_named() -> None:
    with pytest.raises(ValueError, match=r"max_bend is -1; it must be from 0 to 1e\+300"):
        gym.make("ram_envs/GlimpseMNIST-v0", max_bend=-1)
