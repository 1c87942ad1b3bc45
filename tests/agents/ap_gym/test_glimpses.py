"""Glimpses of all rows at once are ap-gym's own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ap_gym.envs", reason="ap-gym is an extra with a virtual environment of its own")

from ap_gym.envs.image import ImageClassificationDataset, ImagePerceptionConfig
from ap_gym.envs.image_classification import ImageClassificationVectorEnv
from ram_agents.ap_gym import GlimpseVectorEnv
from ram_agents.ap_gym.glimpses import interpolate_at_once


class Noise(ImageClassificationDataset):
    """Colour images that are wider than high."""

    def __init__(self) -> None:
        self.images = np.random.default_rng(0).random((9, 14, 20, 3)).astype(np.float32)

    def _get_length(self) -> int:
        return len(self.images)

    def _get_num_classes(self) -> int:
        return 2

    def _get_num_channels(self) -> int:
        return 3

    def _get_data_point_batch(self, idx: np.ndarray) -> Any:
        return self.images[idx], idx % 2


def moves(steps: int, rows: int) -> np.ndarray:
    """Long enough to meet the edges."""
    return np.random.default_rng(1).uniform(-3, 3, (steps, rows, 2)).astype(np.float32)


@pytest.mark.parametrize("kwargs", [{"task": "CircleSquare-v0"}, {"task": "MNIST-v0", "packaged_mnist": True}])
def test_the_bridge_shows_the_same_glimpses_in_one_batch(kwargs: dict) -> None:
    own = GlimpseVectorEnv(num_envs=30, **kwargs)
    batched = GlimpseVectorEnv(num_envs=30, batched_glimpses=True, **kwargs)
    expected, seen = own.reset(seed=2)[0], batched.reset(seed=2)[0]
    for move in moves(35, 30):  # into a third episode
        assert batched.observation_space.contains(seen)
        np.testing.assert_allclose(seen["glimpse"], expected["glimpse"], atol=1e-6)
        np.testing.assert_array_equal(seen["location"], expected["location"])
        actions = {"location": move, "action": np.zeros(30, np.int64)}
        (expected, *told), (seen, *heard) = own.step(actions), batched.step(actions)
        for ours, theirs in zip(heard[:3], told[:3], strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_colours_and_images_that_are_not_square_are_seen_alike() -> None:
    config = ImagePerceptionConfig(dataset=Noise(), sensor_size=(4, 4), prefetch=False)
    own, batched = (ImageClassificationVectorEnv(7, config) for _ in range(2))
    interpolate_at_once(batched.image_perception_module)
    expected, seen = own.reset(seed=0)[0]["glimpse"], batched.reset(seed=0)[0]["glimpse"]
    assert seen.shape == (7, 4, 4, 3)
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, expected, atol=1e-6)
    for move in moves(15, 7):
        actions = {"action": move, "prediction": np.zeros((7, 2), np.float32)}
        expected, seen = own.step(actions)[0]["glimpse"], batched.step(actions)[0]["glimpse"]
        np.testing.assert_allclose(seen, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"sensor_size": (5, 3)}, "not for 5x3 cells 1.0 apart"), ({"sensor_scale": 2.0}, "not for 4x4 cells 2.0 apart")],
)
def test_other_sensors_are_refused(changes: dict, named: str) -> None:
    config = ImagePerceptionConfig(dataset=Noise(), sensor_size=(4, 4), prefetch=False)
    env = ImageClassificationVectorEnv(2, dataclasses.replace(config, **changes))
    with pytest.raises(ValueError, match=named):
        interpolate_at_once(env.image_perception_module)
