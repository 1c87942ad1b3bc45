"""The examples for Stable-Baselines3 run; given their time, they learn what docs/stable-baselines3.md says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytest.importorskip("sb3_contrib", reason="Stable-Baselines3 is an extra")

from places import EXAMPLES
from ram_agents.sb3 import to_agent
from sb3_contrib import RecurrentPPO

GOALS = {"sb3_recurrent_ppo": 5.0, "sb3_reward_only": 15.0, "sb3_catch": 15.0}
"""Errors in %: of two the wrong answers, of Catch the balls missed."""


def run(example: str, directory: Path, **options: int) -> float:
    main = runpy.run_path(str(EXAMPLES / f"{example}.py"))["main"]
    return main(directory, **options)


@pytest.mark.parametrize("example", GOALS)
def test_the_example_runs(example: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tested = {"games": 100} if "catch" in example else {"images": 100}
    error = run(example, tmp_path, timesteps=1000, num_envs=64, **tested)
    assert 0 < error < 100
    assert f"{error:.2f}%" in capsys.readouterr().out
    to_agent(RecurrentPPO.load(tmp_path / "model"))


@pytest.mark.slow
@pytest.mark.parametrize("example", GOALS)
def test_the_example_learns(example: str, tmp_path: Path) -> None:
    assert run(example, tmp_path) <= GOALS[example]
