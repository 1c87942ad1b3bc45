"""Scikit-learn's small data sets, against scikit-learn's own arrays."""

from __future__ import annotations

import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled

from ram_envs.images.samples import digits, photo_tiles


@pytest.fixture(scope="module", autouse=True)
def datasets():
    """Scikit-learn's own; it takes a second to load."""
    return pytest.importorskip("sklearn.datasets")


def test_digits_are_scikit_learns_spread_over_all_bytes(datasets) -> None:
    images, labels, names = digits()
    theirs = datasets.load_digits()
    assert images.shape == (1797, 8, 8)
    np.testing.assert_allclose(images / 255 * 16, theirs.images, atol=0.04)
    assert (images.min(), images.max()) == (0, 255)
    np.testing.assert_array_equal(labels, theirs.target)
    assert names is None


def test_tiles_are_the_photographs_in_order_and_do_not_overlap(datasets) -> None:
    tiles, labels, names = photo_tiles()
    assert tiles.shape == (520, 32, 32, 3)
    assert names == ("china", "flower")
    assert np.bincount(labels).tolist() == [260, 260]
    for photo, name in zip(datasets.load_sample_images().images, names, strict=True):
        mine = tiles[labels == names.index(name)].reshape(13, 20, 32, 32, 3)
        for row, column in ((0, 0), (0, 19), (12, 0), (7, 11)):
            top, left = 32 * row, 32 * column
            np.testing.assert_array_equal(mine[row, column], photo[top : top + 32, left : left + 32])


@pytest.mark.parametrize(
    ("name", "shape", "classes", "sizes"),
    [("sklearn:digits", (1, 4, 4), 10, (1444, 177, 176)), ("sklearn:photos", (1, 4, 4, 3), 2, (416, 52, 52))],
)
def test_they_are_environments(name: str, shape: tuple[int, ...], classes: int, sizes: tuple[int, ...]) -> None:
    for split, size in zip(("train", "validation", "test"), sizes, strict=True):
        env = gym.make_vec("ram_envs/GlimpseImages-v0", num_envs=3, images=name, split=split, patch_size=4)
        assert env.single_observation_space["glimpse"].shape == shape
        assert env.single_action_space["action"].n == classes
        assert env.unwrapped.num_scenes == size


def test_a_missing_scikit_learn_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    for name in ("sklearn:digits", "sklearn:photos"):
        with pytest.raises(DependencyNotInstalled, match=r"pip install '\.\[samples\]'"):
            gym.make("ram_envs/GlimpseImages-v0", images=name)
