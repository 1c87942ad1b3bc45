"""What an agent is handed by mistake is told in words that help."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import ram_agents
from ram_agents import Reinforce

AGENT = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8}


@pytest.fixture(scope="module")
def agent() -> Reinforce:
    return Reinforce("ram_envs/GlimpseMNIST-v0", num_envs=2, **AGENT)


@pytest.fixture
def observation() -> dict[str, np.ndarray]:
    return {"glimpse": np.zeros((3, 1, 8, 8), np.float32), "location": np.zeros((3, 2), np.float32)}


def test_reset_s_pair_is_no_observation(agent) -> None:
    env = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=2)
    with pytest.raises(TypeError, match=r"the observation is a tuple: `env.reset\(\)` and `env.step\(\)` return"):
        agent.predict(env.reset(seed=0))


def test_a_bare_glimpse_is_no_observation(agent, observation) -> None:
    with pytest.raises(TypeError, match='the observation is ndarray; it must be a dictionary with "glimpse"'):
        agent.predict(observation["glimpse"])
    with pytest.raises(TypeError, match=r"the observation is \['image'\]"):
        agent.predict({"image": observation["glimpse"]})


@pytest.mark.parametrize("batch", [True, False])
def test_another_tasks_observation(agent, observation, batch) -> None:
    glimpse = np.zeros((3, 3, 12, 12), np.float32)
    other = observation | {"glimpse": glimpse} if batch else {"glimpse": glimpse[0], "location": np.zeros(2)}
    with pytest.raises(ValueError, match=r'"glimpse" has shape \(.*3, 12, 12\); the agent was made for \(1, 8, 8\)'):
        agent.predict(other)


def test_a_batch_of_glimpses_and_one_location(agent, observation) -> None:
    with pytest.raises(ValueError, match=r'"glimpse" has shape'):
        agent.predict(observation | {"location": np.zeros(2)})


@pytest.mark.parametrize("key", ["glimpse", "location"])
def test_numbers_that_are_none(agent, observation, key) -> None:
    observation[key].flat[0] = np.nan
    with pytest.raises(ValueError, match=f'"{key}" holds numbers that are not finite'):
        agent.predict(observation)


def test_another_batchs_state(agent, observation) -> None:
    _, state = agent.predict(observation)
    with pytest.raises(ValueError, match=r"the state has shape \(1, 3, 16\), and 2 observations need \(1, 2, 16\)"):
        agent.predict({key: value[:2] for key, value in observation.items()}, state)


def test_the_state_makes_the_difference() -> None:
    """An agent that is not handed its state forgets: it answers by the last glimpse alone."""
    agent = ram_agents.load("mnist28")
    assert "hand the state that it returns on" in (agent.predict.__doc__ or "")
    right = {}
    for remembers in (True, False):
        env = gym.make_vec(agent.env_id, num_envs=500, autoreset_mode="Disabled", split="test", **agent.env_kwargs)
        observation, info = env.reset(options={"indices": np.arange(500)})
        state = None
        for _ in range(7):
            action, state = agent.predict(observation, state if remembers else None, deterministic=True)
            observation, *_, info = env.step(action)
        right[remembers] = info["correct"].mean()
    assert right[True] > 0.98
    assert right[False] < 0.85
