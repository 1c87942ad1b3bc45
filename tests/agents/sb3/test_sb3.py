"""Stable-Baselines3 and the rest: stock policies on every id, weights both ways, evaluation, what is loaded when."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("sb3_contrib", reason="Stable-Baselines3 is an extra")

import gymnasium as gym
from conftest import IDS, Case
from gymnasium.vector import AutoresetMode
from ram_agents import Reinforce, load
from ram_agents.agent.envs import declared
from ram_agents.evaluation.evaluate import evaluation_env
from ram_agents.sb3 import LogLabelLoss, RAMPolicy, SB3VecEnv, from_agent, make_vec_env, success_rate, to_agent
from sb3_contrib import RecurrentPPO
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.vec_env import VecMonitor
from toy_env import PeekVectorEnv

from ram_envs.wrappers import VectorFlatAction, VectorLabelObservation

SMALL = {"glimpse_size": 16, "location_size": 16, "hidden_size": 32}
TWO_GLIMPSES = {"num_glimpses": 2}
STOCK = {
    "MultiInputPolicy": (PPO, {"net_arch": [8]}),
    "MultiInputLstmPolicy": (RecurrentPPO, {"net_arch": [8], "lstm_hidden_size": 8}),
}


@pytest.mark.parametrize(("number", "id"), list(enumerate([*IDS, "GlimpseMNIST-Cluttered-v0-relative"])))
@pytest.mark.parametrize("stock", STOCK)
def test_stock_policies_learn_on_every_id(number: int, id: str, stock: str) -> None:
    """On single environments as Stable-Baselines3 makes them, then on the adapted vector environment; no wrappers.

    Each id has one policy with either form of the action, and from id to id they change places.
    """
    action = ("flat", "grid")[(number + list(STOCK).index(stock)) % 2]
    algorithm, policy_kwargs = STOCK[stock]
    case = Case(id.removeprefix("ram_envs/"))
    single, vector = case.make(action=action), case.make_vec(4, autoreset_mode="SameStep", action=action)
    for env, steps in ((single, 48), (VecMonitor(SB3VecEnv(vector)), 12)):
        model = algorithm(stock, env, n_steps=steps, batch_size=48, n_epochs=1, policy_kwargs=policy_kwargs, seed=0)
        before = [parameter.clone() for parameter in model.policy.parameters()]
        model.learn(96)
        assert model.num_timesteps == 96
        rows = model.n_envs
        assert len(model.ep_info_buffer) == rows * (96 // rows // model.ep_info_buffer[0]["l"])
        changed = [not torch.equal(*pair) for pair in zip(before, model.policy.parameters(), strict=True)]
        assert any(changed)
        observation = model.env.reset()
        predicted, _ = model.predict(observation)
        assert all(model.action_space.contains(row) for row in predicted)


@pytest.mark.parametrize("id", [*IDS, "GlimpseMNIST-Cluttered-v0-relative"])
def test_a_stock_dqn_learns_on_every_id(id: str) -> None:
    case = Case(id.removeprefix("ram_envs/"))
    kwargs: dict[str, Any] = {"action": "discrete", "grid_size": (4, 3)}
    single, vector = case.make(**kwargs), case.make_vec(4, autoreset_mode="SameStep", **kwargs)
    for env in (single, VecMonitor(SB3VecEnv(vector))):
        policy_kwargs = {"net_arch": [8]}
        model = DQN("MultiInputPolicy", env, buffer_size=200, learning_starts=16, policy_kwargs=policy_kwargs, seed=0)
        before = [parameter.clone() for parameter in model.q_net.parameters()]
        model.learn(64)
        assert any(not torch.equal(*pair) for pair in zip(before, model.q_net.parameters(), strict=True))
        predicted, _ = model.predict(model.env.reset())
        assert all(row in case.make(**kwargs).action_space for row in predicted)


# Weights both ways


def both(
    core: str, *, label: bool = True, saccade: str = "absolute", **networks: str
) -> tuple[Reinforce, RecurrentPPO]:
    agent = Reinforce(
        "ram_envs/GlimpseMNIST-v0",
        env_kwargs={**TWO_GLIMPSES, "patch_size": 6, "num_scales": 2, "saccade": saccade},
        num_envs=8,
        core=core,
        location_hidden=4,
        location_std=0.25,
        baseline_probability=True,
        **SMALL,
        **networks,
    )
    agent.learn(32)
    f_l = agent.policy.f_l
    with torch.no_grad():
        (f_l.own if "location_network" in networks else f_l.mean).weight.mul_(
            100
        )  # different gazes for different glimpses
    env = make_vec_env(agent.env_id, n_envs=8, label=label, env_kwargs=agent.env_kwargs)
    return agent, from_agent(agent, env, n_steps=4, batch_size=16, seed=0)


def assert_same_actions(agent: Reinforce, model: RecurrentPPO) -> None:
    """The same over several steps, with states and new beginnings."""
    kwargs = {"patch_size": 6, "num_scales": 2, "saccade": agent.env_kwargs.get("saccade", "absolute")}
    env = make_vec_env("ram_envs/GlimpseMNIST-v0", n_envs=16, seed=3, env_kwargs=kwargs)
    observation = env.reset()
    starts = np.ones(16, bool)
    ours = theirs = None
    for step in range(8):
        if step == 3:
            starts = np.arange(16) % 3 == 0
        expected, ours = agent.predict(observation, ours, starts, deterministic=True)
        action, theirs = model.predict(observation, theirs, starts, deterministic=True)
        np.testing.assert_allclose(action[:, :2], expected["location"], atol=1e-6)
        np.testing.assert_array_equal(action[:, 2:].argmax(1), expected["action"])
        observation, _, starts, _ = env.step(action)
    assert len(np.unique(np.round(action[:, :2], 3), axis=0)) > 4, "all look at one place: the test shows little"


@pytest.mark.parametrize(
    ("core", "networks"),
    [
        ("rnn", {}),
        ("lstm", {}),
        ("gru", {}),
        ("lstm", {"location_network": "cells", "glimpse_network": "conv"}),
        ("rnn", {"saccade": "relative"}),
        ("gru", {"location_network": "cells", "saccade": "relative"}),
    ],
)
def test_a_built_in_agent_acts_the_same_inside_recurrent_ppo_and_back(core: str, networks: dict[str, str]) -> None:
    agent, model = both(core, **networks)
    assert model.policy.ram.config == agent.policy.config
    assert model.policy.baseline_probability
    assert_same_actions(agent, model)
    model.learn(64)
    back = to_agent(model, env_id=agent.env_id, env_kwargs=agent.env_kwargs)
    assert_same_actions(back, model)
    assert back.policy.config == agent.policy.config
    assert back.hybrid
    moved = [not torch.equal(*pair) for pair in zip(agent.policy.parameters(), back.policy.parameters(), strict=True)]
    assert all(moved), "Stable-Baselines3 trained the agent's own tensors, or not all of the network"


def test_a_saved_agent_is_fine_tuned_and_saved_again(tmp_path) -> None:
    """The path of pretrained agents: load, train in Stable-Baselines3, go back to the built-in agent's file."""
    agent, _ = both("rnn")
    agent.save(tmp_path / "agent.safetensors")
    agent = load(tmp_path / "agent.safetensors")
    env = make_vec_env(agent.env_id, n_envs=8, label=True, env_kwargs=agent.env_kwargs)
    model = from_agent(agent, env, n_steps=2, batch_size=16, learning_rate=1e-4, policy_kwargs={"label_weight": 0.3})
    assert model.policy.label_weight == 0.3
    model.learn(64)
    tuned = to_agent(model, env_id=agent.env_id, env_kwargs=agent.env_kwargs)
    tuned.save(tmp_path / "tuned.safetensors")
    again = load(tmp_path / "tuned.safetensors")
    assert_same_actions(again, model)
    vector = gym.make_vec(again.env_id, num_envs=3, **again.env_kwargs)
    observation, _ = vector.reset(seed=0)
    assert vector.action_space.contains(again.predict(observation)[0])
    again.learn(16)


def test_agents_without_labels_go_both_ways() -> None:
    _, model = both("lstm", label=False)
    assert not model.policy.hybrid
    agent = to_agent(model, env_id="ram_envs/GlimpseMNIST-v0", env_kwargs={"patch_size": 6, "num_scales": 2})
    assert not agent.hybrid
    assert declared(evaluation_env(agent, "test", num_envs=2)).num_scenes == 10_000, "not the training images"


def test_what_does_not_fit_is_refused() -> None:
    agent, _ = both("rnn")
    with pytest.raises(ValueError, match=r"\(2, 6, 6\), 10 actions.*\(3, 6, 6\), 3 actions"):
        from_agent(agent, make_vec_env("ram_envs/Catch-v0", n_envs=2))
    with pytest.raises(ValueError, match=r"and absolute saccades.*and relative saccades"):
        from_agent(agent, make_vec_env(agent.env_id, n_envs=2, env_kwargs=agent.env_kwargs | {"saccade": "relative"}))
    stock = PPO("MultiInputPolicy", make_vec_env("ram_envs/Catch-v0", n_envs=2), n_steps=4, batch_size=8)
    with pytest.raises(ValueError, match="only a RAMPolicy"):
        to_agent(stock)
    with pytest.raises(ValueError, match="LogLabelLoss is for a RAMPolicy that learns from labels"):
        stock.learn(8, callback=LogLabelLoss())
    agent.config = agent.config.replace(look="random")
    with pytest.raises(ValueError, match="look='random'"):
        from_agent(agent, make_vec_env(agent.env_id, n_envs=2, env_kwargs=agent.env_kwargs))


# Evaluation


class Oracle:
    """Predicts the label that the observation shows, where the image's index is odd; else something else."""

    def predict(self, observation: dict[str, Any], state: Any, starts: Any, deterministic: bool) -> tuple[Any, None]:
        assert deterministic
        right = observation["label"] % 2 == 1
        answer = np.where(right, observation["label"], (observation["label"] + 1) % 10)
        location = np.zeros((len(answer), 2), np.float32)
        return np.concatenate([location, np.eye(10, dtype=np.float32)[answer]], axis=1), None


@pytest.mark.parametrize("num_envs", [64, 100, 37])
def test_the_success_rate_counts_every_scene_once(num_envs: int) -> None:
    kwargs = {**TWO_GLIMPSES, "split": "test"}
    env = make_vec_env("ram_envs/GlimpseMNIST-v0", n_envs=num_envs, seed=0, label=True, env_kwargs=kwargs)
    vector = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=100, **kwargs)
    _, info = vector.reset(options={"indices": np.arange(100)})
    expected = np.mean(info["label"] % 2 == 1)
    assert success_rate(Oracle(), env, 100) == pytest.approx(expected)


@pytest.mark.parametrize("label", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_ram_learns_to_look_by_recurrent_ppo(label: bool) -> None:
    """A toy whose digit shows only where the first glimpse says: chance is 50%, one side alone gets 75%."""
    envs = [VectorFlatAction(PeekVectorEnv(64, lengths=2, autoreset_mode=AutoresetMode.SAME_STEP)) for _ in range(2)]
    env, test = SB3VecEnv(VectorLabelObservation(envs[0]) if label else envs[0]), SB3VecEnv(envs[1])
    arguments = {"n_steps": 2, "batch_size": 128, "n_epochs": 2, "gamma": 1.0, "learning_rate": 5e-3, "seed": 0}
    policy_kwargs = SMALL | {"location_std": 0.3, "detach_location": False}
    model = RecurrentPPO(RAMPolicy, env, max_grad_norm=5.0, policy_kwargs=policy_kwargs, device="cpu", **arguments)
    model.learn(128 * 120)
    observation, state, starts, returns = test.reset(), None, np.ones(64, bool), []
    for _ in range(20):
        action, state = model.predict(observation, state, starts, deterministic=True)
        observation, reward, starts, _ = test.step(action)
        returns.append(reward[starts])
    assert np.concatenate(returns).mean() > 0.95


# What is loaded when


@pytest.mark.parametrize("missing", ["stable_baselines3", "sb3_contrib"])
def test_a_missing_extra_is_named(missing: str, monkeypatch) -> None:
    for name in [name for name in sys.modules if name.startswith("ram_agents.sb3")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=re.escape("needs Stable-Baselines3: run `pip install '.[sb3]'`")):
        import_module("ram_agents.sb3")
