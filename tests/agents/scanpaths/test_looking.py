"""The paths of agents."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from ram_agents import Reinforce
from ram_agents.evaluation.scanpaths import agent_scanpaths

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


def looking(env_id: str = "ram_envs/GlimpseMNIST-v0", num_envs: int = 3, **kwargs):
    agent = Reinforce(env_id, env_kwargs=kwargs, seed=0, **SMALL)
    env = gym.make_vec(env_id, num_envs=num_envs, **{"autoreset_mode": "Disabled", "split": "test", **kwargs})
    return agent, env


def test_a_path_is_what_the_environment_tells_of_the_gaze() -> None:
    agent, env = looking(num_glimpses=4)
    paths = agent_scanpaths(agent, env, images=[5, 9, 2], subject="ram", seed=3)
    observation, info = env.reset(seed=3, options={"indices": np.array([5, 9, 2])})
    state, gaze = None, [info["gaze"]]
    for _ in range(3):
        action, state = agent.predict(observation, state, deterministic=True)
        observation, _, _, _, info = env.step(action)
        gaze.append(info["gaze"])
    for row, path in enumerate(paths):
        np.testing.assert_allclose(path.fixations, [(place[row] + 1) * 14 for place in gaze], atol=1e-4)
        np.testing.assert_array_equal(path.duration, np.ones(4))
        assert (path.image, path.subject) == (str([5, 9, 2][row]), "ram")


def test_more_images_than_rows_come_batch_by_batch() -> None:
    agent, env = looking(num_glimpses=4, initial_location="center")
    paths = agent_scanpaths(agent, env, images=range(7), subject="ram", seed=0)
    assert [path.image for path in paths] == list("0123456")
    (alone,) = agent_scanpaths(agent, env, images=[6], subject="ram", seed=0)
    np.testing.assert_allclose(paths[6].fixations, alone.fixations, atol=1e-4)


def test_agents_begin_at_the_same_places() -> None:
    agent, env = looking(num_glimpses=4)
    learned, random = (
        agent_scanpaths(agent, env, images=range(5), subject="ram", seed=1, look=look) for look in (None, "random")
    )
    for one, other in zip(learned, random, strict=True):
        np.testing.assert_array_equal(one.fixations[0], other.fixations[0])
        assert abs(one.fixations[1:] - other.fixations[1:]).max() > 1


def test_who_stops_early_has_a_shorter_path() -> None:
    agent, env = looking(num_glimpses=6, can_stop=True)
    agent.policy.f_s.bias.data.fill_(50.0)
    assert [len(path.fixations) for path in agent_scanpaths(agent, env, images=[0, 1], subject="ram", seed=0)] == [1, 1]


def test_what_can_not_be_looked_at_is_refused() -> None:
    agent, env = looking(num_glimpses=4)
    with pytest.raises(ValueError, match="images is empty"):
        agent_scanpaths(agent, env, images=[], subject="ram", seed=0)
    rows = gym.vector.SyncVectorEnv([lambda: gym.make("ram_envs/GlimpseMNIST-v0", num_glimpses=4)])
    with pytest.raises(ValueError, match="declares no num_scenes"):
        agent_scanpaths(agent, rows, images=[0], subject="ram", seed=0)
