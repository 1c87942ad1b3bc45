"""Augmentation: parts, mirror images and light from draws, worked by hand; in training alone, and only where asked."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from ram_envs.images.augmentation import Augmentation, brighten, crops, flips, gains
from ram_envs.images.datasets import Dataset
from ram_envs.images.distortion import NUM_BEND_DRAWS, NUM_DRAWS, bends, distort, linear_maps
from ram_envs.tasks.classification import Classification

PICTURES = np.random.default_rng(0).integers(0, 256, (4, 6, 9, 3)).astype(np.uint8)


def test_draws_make_flips_gains_and_crops() -> None:
    np.testing.assert_array_equal(flips(np.array([[0.0], [0.499], [0.5], [0.9]])), [True, True, False, False])
    np.testing.assert_allclose(gains(np.array([[0.0], [0.5], [0.75]]), 0.2), [0.8, 1.0, 1.1])
    sides, middles = crops(np.array([[0.0, 0.1, 0.9], [0.5, 0.0, 0.5], [0.5, 0.75, 0.0]]), 0.4)
    np.testing.assert_allclose(sides, [1.0, 0.8, 0.8])
    np.testing.assert_allclose(middles, [[0, 0], [-0.2, 0], [0.1, -0.2]])  # 0.2 is cut: a middle can be 0.2 off


def test_parts_lie_inside_the_image() -> None:
    sides, middles = crops(np.random.default_rng(1).random((1000, 3)), 0.5)
    assert (abs(middles) + sides[:, None]).max() <= 1 + 1e-12
    assert sides.min() == pytest.approx(0.5, abs=0.01)


def test_light_is_rounded_and_clipped() -> None:
    images = np.array([[[0, 10, 101, 255]], [[0, 10, 101, 255]]], np.uint8)
    np.testing.assert_array_equal(brighten(images, np.array([1.25, 0.75])), [[[0, 12, 126, 255]], [[0, 8, 76, 191]]])
    assert brighten(images[:0], np.zeros(0)).shape == (0, 1, 4)


def test_a_mirrored_image_is_exact_in_any_size() -> None:
    for width in (1, 2, 7, 8):
        images = np.ascontiguousarray(PICTURES[:, :, :width])  # as data sets are; for others code would be compiled
        shown = Augmentation(flip=True)(images, np.array([2, 3]), np.array([[0.2], [0.7]]))
        np.testing.assert_array_equal(shown, [images[2, :, ::-1], images[3]])


def test_a_part_by_hand() -> None:
    """Half of each side of a row of nine pixels: five places half a pixel apart on, from the left end and the right."""
    image = np.arange(0, 180, 20, dtype=np.uint8).reshape(1, 1, 9)
    augmentation = Augmentation(max_crop=0.8)
    draws = np.array([[0.625, 0.0, 0.0], [0.625, 0.0, 0.5], [0.0, 0.3, 0.3]])
    shown = augmentation(image, np.zeros(3, np.int64), draws)
    np.testing.assert_array_equal(shown[0, 0], [0, 10, 20, 30, 40, 50, 60, 70, 80])
    np.testing.assert_array_equal(shown[1, 0], [40, 50, 60, 70, 80, 90, 100, 110, 120])
    np.testing.assert_array_equal(shown[2, 0], image[0, 0])


def test_all_together_are_one_map_after_another() -> None:
    """Pixel p of the result shows the place to which the bend, the mirror and the part, in this order, bring it."""
    augmentation = Augmentation(max_distortion=0.2, max_bend=1.0, flip=True, max_crop=0.3, max_brightness=0.4)
    assert augmentation.num_draws == NUM_DRAWS + NUM_BEND_DRAWS + 1 + 3 + 1
    draws = np.random.default_rng(2).random((8, augmentation.num_draws))
    draws[:, 4] /= 2  # all are distorted
    indices = np.arange(8) % 4
    shown = augmentation(PICTURES, indices, draws)
    size = np.array(PICTURES.shape[1:3])
    maps, bent = linear_maps(draws, 0.2), bends(draws, 1.0)
    mirror = np.where(draws[:, 55] < 0.5, -1, 1)
    for b in range(8):
        side = 1 - 0.3 * draws[b, 56]
        frame = side * np.diag([1, mirror[b]])
        offset = (1 - side) * (2 * draws[b, 57:59] - 1) * (size - 1) / 2
        one = distort(PICTURES, indices[b : b + 1], (frame @ maps[b])[None], (bent[b] @ frame + offset)[None])
        light = np.rint(one * (1 + 0.4 * (2 * draws[b, 59] - 1))).clip(0, 255)
        np.testing.assert_allclose(shown[b], light[0], atol=1)  # sums in another order may round differently


def test_each_option_takes_its_own_draws_alone() -> None:
    assert Augmentation().num_draws == 0
    assert Augmentation(flip=True).num_draws == 1
    assert Augmentation(max_crop=0.1).num_draws == 3
    assert Augmentation(max_brightness=0.1).num_draws == 1
    assert Augmentation(max_distortion=0.1).num_draws == NUM_DRAWS


def task(split: str, **options: object) -> Classification:
    dataset = Dataset(PICTURES, np.arange(4))
    return Classification(dataset, batch_size=40, split=split, patch_size=2, distractor_size=2, **options)  # type: ignore[arg-type]


def scenes(split: str, **options: object) -> np.ndarray:
    played = task(split, **options)
    draws = np.random.default_rng(3).random((40, task("train", max_crop=0.1, flip=True, max_brightness=0.1).num_draws))
    played.begin(np.arange(40), draws[:, : played.num_draws], None)
    return played.scenes(np.arange(40)).copy()


@pytest.mark.parametrize("options", [{"flip": True}, {"max_crop": 0.3}, {"max_brightness": 0.5}])
def test_training_scenes_alone_vary(options: dict) -> None:
    plain = scenes("train")
    changed = (scenes("train", **options) != plain).any(axis=(1, 2, 3))
    assert changed.mean() > 0.9 if "flip" not in options else 0.25 < changed.mean() < 0.75
    for split in ("validation", "test"):
        assert task(split, **options).num_draws == task(split).num_draws
        np.testing.assert_array_equal(scenes(split, **options), scenes(split))


def test_a_vector_and_its_single_environments_show_the_same() -> None:
    kwargs = {"images": PICTURES, "labels": np.arange(4), "patch_size": 3}
    kwargs |= {"flip": True, "max_crop": 0.2, "max_brightness": 0.2, "max_distortion": 0.1}
    observations, _ = gym.make_vec("ram_envs:ram_envs/GlimpseImages-v0", num_envs=3, **kwargs).reset(seed=7)
    for i in range(3):
        env = gym.make("ram_envs:ram_envs/GlimpseImages-v0", **kwargs)
        observation, _ = env.reset(seed=7 + i)
        np.testing.assert_array_equal(observations["glimpse"][i], observation["glimpse"])
        assert env.observation_space.contains(observation)


@pytest.mark.parametrize(
    ("option", "error", "message"),
    [
        ({"flip": 1}, TypeError, "flip is 1; it must be True or False"),
        ({"max_crop": 0.95}, ValueError, r"max_crop is 0\.95; it must be from 0 to 0\.9"),
        ({"max_brightness": 1.5}, ValueError, r"max_brightness is 1\.5; it must be from 0 to 1"),
        ({"max_brightness": "bright"}, TypeError, "max_brightness is 'bright'; it must be a number"),
    ],
)
def test_what_cannot_be_is_named_in_every_split(option: dict, error: type, message: str) -> None:
    for split in ("train", "test"):
        with pytest.raises(error, match=message):
            task(split, **option)
