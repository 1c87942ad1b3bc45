"""Where an agent looks, measured from what there is to look at."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import own_labels
from ram_agents import Reinforce
from ram_agents.rendering.episodes import environment
from ram_agents.rendering.fixations import fixations
from toy_env import PeekVectorEnv

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


def looking(agent: Reinforce, x: float, y: float) -> Reinforce:
    """The agent, made to look always there."""
    with torch.no_grad():
        agent.policy.f_l.mean.weight.zero_()
        agent.policy.f_l.mean.bias.copy_(torch.atanh(torch.tensor([x, y])))
    return agent


def test_fixations_are_measured_from_the_middle_of_the_image() -> None:
    images = np.zeros((12, 20, 20), np.uint8)
    images[:, 2:8, 4:14] = 200  # the middle of this is at (9, 5)
    kwargs = {"images": images, "labels": own_labels(), "num_glimpses": 3, "canvas_size": 20}
    agent = looking(Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, **SMALL), 0.5, -0.5)
    seen = fixations(agent, environment(agent, num_envs=8, split="test"), episodes=20, seed=0)
    assert seen.pixels.shape == (20, 3, 2)
    assert seen.around == "the image"
    np.testing.assert_allclose(seen.pixels[:, 1:], np.broadcast_to([15 - 9, 5 - 5], (20, 2, 2)), rtol=1e-6)
    assert seen.radius == 14
    assert seen.backdrop is not None
    expected = np.zeros((28, 28))
    expected[11:17, 9:19] = 200 / 255
    np.testing.assert_allclose(seen.backdrop, expected)


def test_fixations_are_measured_from_the_ball_where_it_is() -> None:
    agent = looking(Reinforce("ram_envs/Catch-v0", **SMALL), 0.0, 0.0)
    seen = fixations(agent, environment(agent, num_envs=20), episodes=20, seed=0)
    assert seen.pixels.shape == (20, 23, 2)
    assert (seen.around, seen.backdrop, seen.radius) == ("the ball", None, 14)
    # The ball falls by a row a step, from half a row below the edge, while the gaze stays in the middle.
    np.testing.assert_allclose(seen.pixels[:, 1:, 1], np.broadcast_to(12 - 0.5 - np.arange(1, 23), (20, 22)), atol=1e-5)


def test_without_targets_there_are_no_fixations() -> None:
    env = PeekVectorEnv(4)
    with pytest.raises(ValueError, match="declares no targets"):
        fixations(Reinforce(env, **SMALL), env, episodes=4, seed=0)
