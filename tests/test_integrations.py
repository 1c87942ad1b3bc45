"""The examples for TorchRL, Tianshou and skrl, and the one in the manner of CleanRL: they run, and they learn.

`make test-integrations` runs all of it, in a virtual environment that has these libraries.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from documents import Block, blocks, run_block
from places import DOCS, EXAMPLES

LIBRARIES = {"cleanrl_ppo": "torch", "torchrl_ppo": "torchrl", "tianshou_ppo": "tianshou", "skrl_ppo": "skrl"}
SHORT = {
    "cleanrl_ppo": {"total_timesteps": 2 * 256 * 3},
    "torchrl_ppo": {"iterations": 2},
    "tianshou_ppo": {"epochs": 1, "test_episodes": 32},
    "skrl_ppo": {"timesteps": 44},
}
GOALS = {"cleanrl_ppo": 0.5, "torchrl_ppo": 0.5, "tianshou_ppo": 0.5, "skrl_ppo": 0.45}
"""Returns; the random policy's are 0.1 on digits and about 0.17 in the small Catch."""


@pytest.fixture(params=LIBRARIES)
def example(request: pytest.FixtureRequest) -> str:
    """Each example's name in turn, where its library is installed."""
    pytest.importorskip(LIBRARIES[request.param], reason="tested in a virtual environment of its own")
    return request.param


@pytest.mark.parametrize("block", blocks(DOCS / "integrations.md"))
def test_a_block_of_the_document_runs_alone(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in re.findall(r"^(?:import|from) (\w+)", block.code, flags=re.MULTILINE):
        pytest.importorskip(library, reason="tested in a virtual environment of its own")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    run_block(block, tmp_path)


def load(example: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / f"{example}.py"))


def train(names: dict[str, Any], **options: int) -> float:
    return names["main"](names["Args"](**options)) if "Args" in names else names["main"](**options)


def random_return(names: dict[str, Any], episodes: int = 5_000) -> float:
    """The mean return of uniformly random actions in the example's environment."""
    envs = gym.make_vec(names["ID"], num_envs=250, autoreset_mode="SameStep", **names["KWARGS"])
    envs.reset(seed=7)
    envs.action_space.seed(7)
    total, ended = 0.0, 0
    while ended < episodes:
        _, rewards, terminated, *_ = envs.step(envs.action_space.sample())
        total, ended = total + rewards.sum(), ended + int(terminated.sum())
    return total / ended


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_examples_are_short(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 80


def test_the_example_runs(example: str) -> None:
    assert 0 <= train(load(example), **SHORT[example]) <= 1


@pytest.mark.slow
def test_the_example_learns(example: str) -> None:
    names = load(example)
    by_chance = random_return(names)
    reached = train(names)
    print(f"\n{example}: return {reached:.3f}; the random policy's {by_chance:.3f}")
    assert GOALS[example] > 2 * by_chance
    assert reached > GOALS[example]
