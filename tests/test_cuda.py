"""On a GPU: learning, going on bit for bit, predicting, and `ram reproduce`. Without one these tests are skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ram_agents import Config, Reinforce, cli, evaluate, load, recipe
from ram_agents.commands import reproduce

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")

SMALL = {"num_envs": 64, "hidden_size": 32, "checkpoint_every": 3, "env_kwargs": {"num_glimpses": 3}}
WAYS: dict[str, dict[str, Any]] = {
    "paper": {},
    "lstm": {"core": "lstm", "env_id": "ram_envs/Catch-v0", "env_kwargs": {}},
    "muon": {"optimizer": "muon", "glimpse_network": "conv", "location_network": "cells", "location_hidden": 16},
    "bfloat16": {"matmul_precision": "medium"},
}


def weights(agent: Reinforce) -> dict[str, torch.Tensor]:
    """On the CPU."""
    return {name: tensor.cpu() for name, tensor in agent.policy.state_dict().items()}


@pytest.mark.parametrize("way", WAYS)
def test_weights_begin_as_on_the_cpu_and_stay_on_the_gpu(way: str) -> None:
    config = Config(**{**SMALL, **WAYS[way]})
    agent, same = Reinforce(config=config, device="cuda"), Reinforce(config=config)
    assert all(tensor.equal(weights(same)[name]) for name, tensor in weights(agent).items())
    agent.learn(4 * 64)
    assert all(tensor.is_cuda for tensor in agent.policy.state_dict().values())
    assert agent.last_rollout is not None
    assert agent.last_rollout.logits.is_cuda


def test_it_learns() -> None:
    agent = Reinforce(config=Config(num_envs=256), device="cuda")
    before = evaluate(agent, episodes=1_000, paths=0).mean[-1]
    agent.learn(60_000)
    assert evaluate(agent, episodes=1_000, paths=0).mean[-1] < 50 < before


@pytest.mark.parametrize("way", ["paper", "lstm", "bfloat16"])
def test_a_resumed_run_goes_on_as_an_unbroken_one(way: str, tmp_path: Path) -> None:
    config = Config(**{**SMALL, **WAYS[way]})
    whole = Reinforce(config=config, device="cuda").learn(6 * 64)
    agent = Reinforce(config=config, device="cuda")
    # As one that is stopped half-way: the schedules are those of the whole run.
    agent.learn(6 * 64, callback=lambda agent, metrics: agent.updates < 3)
    agent.save(tmp_path / "half.safetensors")
    resumed = Reinforce.load(tmp_path / "half.safetensors", device="cuda").learn(6 * 64, resume=True)
    assert (whole.updates, agent.updates, resumed.updates) == (6, 3, 6)
    assert all(tensor.equal(weights(whole)[name]) for name, tensor in weights(resumed).items())


def test_it_says_what_it_says_on_the_cpu() -> None:
    there, here = load("catch", device="cuda"), load("catch")
    rng = np.random.default_rng(0)
    shape = there.spaces.observation["glimpse"].shape
    observation = {
        "glimpse": rng.random((16, *shape), np.float32),
        "location": rng.uniform(-1, 1, (16, 2)).astype(np.float32),
    }
    (action, state), (same, same_state) = (agent.predict(observation, deterministic=True) for agent in (there, here))
    np.testing.assert_allclose(action["location"], same["location"], atol=1e-4)
    np.testing.assert_allclose(state, same_state, atol=1e-4)


def test_reproduce_measures_and_trains(monkeypatch, tmp_path: Path) -> None:
    cli.main(
        [
            "reproduce",
            "mnist28",
            "--episodes",
            "1000",
            "--paths",
            "0",
            "--device",
            "cuda",
            "--json",
            str(tmp_path / "a"),
        ]
    )
    assert all(figures["single"] < 5 for figures in json.loads((tmp_path / "a").read_text()))
    tiny = recipe("cluttered60").replace(total_episodes=1024, checkpoint_every=1, hidden_size=32)
    monkeypatch.setattr(reproduce, "recipe", lambda name: tiny)
    words = ["--train", "--episodes", "100", "--paths", "0", "--device", "cuda", "--out", str(tmp_path / "runs")]
    cli.main(["reproduce", "cluttered60", *words])
    assert Reinforce.load(tmp_path / "runs" / "cluttered60-0" / "last.safetensors").updates == 2
