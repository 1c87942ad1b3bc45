"""The example for RLlib runs, and given its time it learns what docs/rllib.md says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytest.importorskip("ray.rllib", reason="RLlib is an extra with a virtual environment of its own")

from places import EXAMPLES
from ram_agents import load

main, catch = (runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"] for name in ("rllib_ppo", "rllib_catch"))


def test_the_example_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = main(tmp_path, timesteps=1_000, num_envs=32, images=100)
    assert 0 < error < 100
    assert f"{error:.2f}%" in capsys.readouterr().out
    assert load(tmp_path / "agent.safetensors").env_id == "ram_envs/GlimpseMNIST-v0"
    assert (tmp_path / "checkpoint" / "rllib_checkpoint.json").is_file()


def test_the_example_of_catch_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missed = catch(tmp_path, timesteps=2_000, num_envs=32, games=100)
    assert 0 < missed < 100
    assert f"{missed:.2f}% missed" in capsys.readouterr().out
    assert load(tmp_path / "agent.safetensors").env_id == "ram_envs/Catch-v0"


@pytest.mark.slow
def test_the_example_learns(tmp_path: Path) -> None:
    assert main(tmp_path) <= 3.0
