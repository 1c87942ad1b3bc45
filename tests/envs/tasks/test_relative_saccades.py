"""With relative saccades nothing that an agent gets depends on the size of the canvas."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import assert_same, own_images, own_labels

OWN, CATCH = "ram_envs/GlimpseImages-v0", "ram_envs/Catch-v0"


def explore(image: np.ndarray, first: np.ndarray | None, **arguments: Any) -> list[dict[str, np.ndarray]]:
    """What is observed of one image on some saccades, all within it: at first to `first`, then by displacements."""
    env = gym.make(
        OWN,
        images=image[None],
        labels=[0],
        saccade="relative",
        initial_location="center",
        num_glimpses=40,
        patch_size=4,
        num_scales=3,
        **arguments,
    )
    locations = np.random.default_rng(1).uniform(-1, 1, (38, 2)).astype(np.float32)
    seen = [env.reset(seed=0)[0]]
    for location in [np.zeros(2, np.float32) if first is None else first, *locations]:
        observation, _, _, _, info = env.step({"location": location, "action": 0})
        assert np.abs(info["gaze"]).max() < 1, "at an edge the pixels around differ"
        seen.append(observation)
    return seen


@pytest.mark.parametrize("shape", [(200, 200), (201, 200), (200, 231), (221, 205, 3)])
@pytest.mark.parametrize("margins", [(10, 10), (64, 37), (301, 500)])
def test_the_same_pixels_around_the_eye_give_the_same_observations(
    shape: tuple[int, ...], margins: tuple[int, int]
) -> None:
    image = own_images(*shape, count=1)[0]
    (high, wide), colours = margins, [(0, 0)] * (len(shape) - 2)
    larger = np.pad(image, [(high, high), (wide, wide), *colours])
    assert_same(explore(larger, None), explore(image, None))


def test_an_odd_canvas_shows_what_an_even_one_does() -> None:
    """Their middles are half a pixel apart: so are the places that are told of the same pixels."""
    even = own_images(200, 200, count=1)[0]
    odd = np.pad(even, [(0, 1), (0, 1)])  # half a pixel further right and down lies its middle
    half = np.full(2, np.sqrt(0.5 / 8), np.float32)  # a displacement by half a pixel: the reach is 8
    seen, otherwise = explore(even, half), explore(odd, None)
    for one, other in zip(seen[1:], otherwise[1:], strict=True):
        np.testing.assert_array_equal(one["glimpse"], other["glimpse"])
        np.testing.assert_allclose(one["location"] - other["location"], 0.5 / 8, rtol=0, atol=1e-5)


def test_catch_takes_it_where_it_has_a_fovea() -> None:
    env = gym.make(CATCH, saccade="relative", initial_location="center")
    env.reset(seed=0)
    observation, _, _, _, info = env.step({"location": np.float32([0.5, -1]), "action": 1})
    assert info["gaze"].tolist() == [0.25, -1]  # the reach is 12 pixels, as is the edge's distance
    assert observation["location"].tolist() == [0.25, -1]
    with pytest.raises(ValueError, match="foveated=False"):
        gym.make(CATCH, saccade="relative", foveated=False)


@pytest.mark.parametrize("id", ["ram_envs/GlimpseMNIST-v0", CATCH])
def test_an_unknown_saccade_is_refused(id: str) -> None:
    for make in (gym.make, gym.make_vec):
        with pytest.raises(ValueError, match=r"saccade is 'ballistic'.*'absolute' or 'relative'"):
            make(id, saccade="ballistic")


def test_the_last_location_is_never_looked_at() -> None:
    env = gym.make(OWN, images=own_images(40, 40), labels=own_labels(), saccade="relative", num_glimpses=2)
    env.reset(seed=0)
    before = env.step({"location": np.float32([0.5, 0.5]), "action": 0})
    after = env.step({"location": np.float32([-1, 0.25]), "action": 0})
    assert after[2]
    assert_same(after[0], before[0])
    assert_same(after[4]["gaze"], before[4]["gaze"])
