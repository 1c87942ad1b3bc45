"""What the images of an ap-gym task are: its own, a part of them, or the MNIST that comes with `ram_envs`."""

from __future__ import annotations

import dataclasses
from typing import Any

import gymnasium as gym
import numpy as np
from ap_gym.envs.image import ImageClassificationDataset, ImagePerceptionConfig
from gymnasium.envs.registration import get_env_id, parse_env_id
from numpy.typing import NDArray

from ram_envs.images.datasets import load_mnist

HELD_OUT = 12
"""The last of so many parts of the training images is for the validation: of MNIST's, what `ram_envs` holds out."""


class Part(ImageClassificationDataset):
    """Consecutive images of a data set.

    Args:
        whole: the data set.
        first, last: from which share of it to which, in [0, 1].
    """

    def __init__(self, whole: ImageClassificationDataset, first: float, last: float):
        self.whole = whole
        self.bounds = first, last

    def load(self) -> None:
        """Load the whole."""
        self.whole.load()

    def _range(self) -> tuple[int, int]:
        first, last = (round(bound * len(self.whole)) for bound in self.bounds)
        return first, last

    def _get_length(self) -> int:
        first, last = self._range()
        return last - first

    def _get_num_classes(self) -> int:
        return self.whole.num_classes

    def _get_num_channels(self) -> int:
        return int(self.whole[0][0].shape[-1])

    def _get_data_point_batch(self, idx: NDArray[np.int64]) -> Any:
        return self.whole.get_data_point_batch(idx + self._range()[0])


class PackagedMNIST(ImageClassificationDataset):
    """MNIST's training or test images from `ram_envs`, which need no download."""

    def __init__(self, *, train: bool):
        parts = [load_mnist(split) for split in (("train", "validation") if train else ("test",))]
        self.images = np.concatenate([part.images for part in parts])
        self.labels = np.concatenate([part.labels for part in parts])

    def _get_length(self) -> int:
        return len(self.labels)

    def _get_num_classes(self) -> int:
        return 10

    def _get_num_channels(self) -> int:
        return 1

    def _get_data_point_batch(self, idx: NDArray[np.int64]) -> Any:
        return self.images[idx], self.labels[idx]


def splits_of(task: str) -> tuple[str, ...]:
    """What `split` chooses from: nothing, where ap-gym has no images of the task for testing."""
    return ("train", "validation", "test") if _with_split(task, "test") in gym.registry else ()


def perception_of(task: str, split: str | None, *, packaged_mnist: bool) -> ImagePerceptionConfig:
    """The configuration of a task, with the images of a split.

    Raises:
        ValueError: a task that ap-gym does not have, or that is not of an image to be classified; a split that it does
            not have; or the packaged MNIST for another task.
    """
    spec = gym.registry.get(task)
    config = None if spec is None else spec.kwargs.get("image_perception_config")
    if config is None:
        raise ValueError(f"task is {task!r}; it must be one of ap-gym's with images, such as 'CircleSquare-v0'")
    splits = splits_of(task)
    if split is not None and split not in splits:
        raise ValueError(f"{task} has no split {split!r}; it has {', '.join(map(repr, splits)) or 'none'}")
    if packaged_mnist and not task.startswith("MNIST-v"):
        raise ValueError(f"packaged_mnist=True is for 'MNIST-v0', not for {task!r}")
    dataset = config.dataset
    if split == "test":
        spec = gym.spec(_with_split(task, "test"))
        dataset = spec.kwargs["image_perception_config"].dataset
    if packaged_mnist:
        dataset = PackagedMNIST(train=split != "test")
    if split in ("train", "validation"):
        bound = 1 - 1 / HELD_OUT
        dataset = Part(dataset, *((0, bound) if split == "train" else (bound, 1)))
    return dataclasses.replace(config, dataset=dataset)


def _with_split(task: str, split: str) -> str:
    space, name, version = parse_env_id(task)
    return str(get_env_id(space, f"{name}-{split}", version))
