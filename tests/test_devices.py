"""Every tensor is told its device, so that what runs on the CPU runs on a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ram_agents
import torch
from devices import NeedsDevice
from ram_agents import Config, Reinforce, cli, evaluate
from ram_agents.commands import evaluate as evaluate_command
from ram_agents.commands import plot, reproduce
from ram_agents.commands.options import open_agent

SMALL = {"num_envs": 8, "total_episodes": 16, "hidden_size": 16, "glimpse_size": 8, "location_size": 8}
WAYS: dict[str, dict[str, Any]] = {
    "rnn": {"optimizer": "adam", "matmul_precision": "auto"},
    "lstm": {"env_id": "ram_envs/Catch-v0", "core": "lstm", "init": "orthogonal", "gae_lambda": 0.9, "discount": 0.9},
    "gru": {"core": "gru", "repeats": 2, "baseline": "leave-one-out", "standardise": True, "look_warmup": 0.5},
    "networks": {
        "env_id": "ram_envs/GlimpseMNIST-Cluttered-v0",
        "env_kwargs": {"saccade": "relative", "num_scales": 2},
        "glimpse_network": "conv",
        "location_network": "cells",
        "location_hidden": 8,
        "optimizer": "muon",
    },
    "canvas, teacher": {"glimpse_network": "canvas", "canvas_size": 28, "teacher_weight": 0.5, "teacher_scenes": 64},
    "cells": {"location_network": "cells", "reward": "information-gain", "matmul_precision": "medium"},
    "stop": {"env_kwargs": {"can_stop": True, "glimpse_cost": 0.01}, "stop_warmup": 0.0, "entropy_weight": 0.01},
    "control": {"look": "random"},
}
OFFENDERS = {
    "zeros": lambda: torch.zeros(2),
    "ones": lambda: torch.ones(2, dtype=torch.int64),
    "empty": lambda: torch.empty(2),
    "full": lambda: torch.full((2,), 1.0),
    "arange": lambda: torch.arange(2),
    "rand": lambda: torch.rand(2),
    "randn": lambda: torch.randn(2),
    "randint": lambda: torch.randint(2, (2,)),
    "randperm": lambda: torch.randperm(2),
    "eye": lambda: torch.eye(2),
    "linspace": lambda: torch.linspace(0, 1, 2),
    "tensor": lambda: torch.tensor([1.0]),
    "as_tensor": lambda: torch.as_tensor(np.ones(2)),
}


@pytest.mark.parametrize("name", OFFENDERS)
def test_a_factory_that_is_not_told_its_device_is_caught(name: str) -> None:
    with NeedsDevice(), pytest.raises(AssertionError, match=rf"torch\.{name} is not told its device"):
        OFFENDERS[name]()


def test_a_module_is_caught_and_one_inside_of_a_device_is_not() -> None:
    with NeedsDevice():
        with pytest.raises(AssertionError, match=r"torch\.empty"):
            torch.nn.Linear(2, 2)
        with torch.device("cpu"):
            layer = torch.nn.Linear(2, 2)
        torch.nn.Linear(2, 2, device="cpu")
        assert torch.zeros_like(layer.weight).equal(layer.weight.new_zeros(2, 2))
        assert torch.as_tensor(layer.weight) is layer.weight
        torch.from_numpy(np.ones(2))
    torch.zeros(2)  # the mode is over


@pytest.mark.parametrize("way", WAYS)
def test_learning_predicting_evaluating_saving_and_loading(way: str, tmp_path: Path) -> None:
    path = tmp_path / "agent.safetensors"
    with NeedsDevice():
        agent = Reinforce(config=Config(**{**SMALL, **WAYS[way]}))
        agent.learn()
        agent.save(path)
        loaded = Reinforce.load(path)
        loaded.learn(32, resume=True)
        assert loaded.env is not None
        observation, _ = loaded.env.reset(seed=0)
        if WAYS[way].get("look") is None:
            _, state = loaded.predict(observation)
            loaded.predict(observation, state, np.arange(8) < 4, deterministic=True)
        evaluate(loaded, episodes=16, paths=2)
    assert (agent.episodes, loaded.episodes) == (16, 32)


def test_a_pretrained_agent_is_loaded() -> None:
    with NeedsDevice():
        ram_agents.load("mnist28")


@pytest.mark.parametrize(
    "words",
    [
        ["train"],
        ["evaluate", "catch"],
        ["reproduce"],
        ["watch", "catch", "--out", "a.gif"],
        ["plot", "gaze", "catch"],
        ["plot", "glimpses", "catch"],
    ],
    ids=" ".join,
)
def test_a_device_that_is_not_there_is_told_in_one_line(words: list[str], monkeypatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"^ram \w+: --device meta can't be used here .*; --device cpu always can$"):
        cli.main([*words, "--device", "meta"])


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (evaluate_command, ["evaluate", "catch", "--paths", "0"]),
        (reproduce, ["reproduce", "catch", "--paths", "0"]),
        (plot, ["plot", "glimpses", "catch", "--paths", "0"]),
    ],
    ids=["evaluate", "reproduce", "plot"],
)
def test_what_is_measured_lives_where_it_was_told(module: Any, words: list[str], monkeypatch, tmp_path: Path) -> None:
    devices = []

    def measure(agent: Reinforce, **options: Any) -> Any:
        devices.append(agent.device)
        return evaluate(agent, **options)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "evaluate", measure)
    cli.main([*words, "--episodes", "20", "--device", "cpu:0"])
    assert set(devices) == {torch.device("cpu:0")}


def test_an_agent_is_opened_where_it_was_told() -> None:
    assert open_agent("catch", device="cpu:0").device == torch.device("cpu:0")
