"""docs/apgym_mnist.py, whose table of ap-gym's MNIST stands in RESULTS.md: small runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from places import DOCS

pytest.importorskip("ap_gym.envs", reason="ap-gym is an extra with a virtual environment of its own")

sys.path.append(str(DOCS))  # as where `python docs/apgym_mnist.py` runs
import apgym_mnist
import circlesquare
from ram_agents.agent.envs import make_env
from ram_agents.evaluation.runs import LAST

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8, "num_envs": 4, "validation_scenes": 8}


def test_a_run_can_be_gone_on_with_and_is_measured_on_test_images(tmp_path: Path, monkeypatch) -> None:
    config = apgym_mnist.config_of().replace(total_episodes=16, checkpoint_every=2, **SMALL)
    monkeypatch.setattr(apgym_mnist, "config_of", lambda: config)
    monkeypatch.setattr(circlesquare, "EPISODES", 500)
    apgym_mnist.train(tmp_path)
    written = (tmp_path / LAST).stat().st_mtime_ns
    apgym_mnist.train(tmp_path)  # it has ended
    assert (tmp_path / LAST).stat().st_mtime_ns == written
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in apgym_mnist.measure(tmp_path).splitlines()]
    assert {len(row) for row in rows} == {6}
    assert [row[0] for row in rows[2:4]] == ["128", "256"]
    assert [row[2] for row in rows[2:]] == [
        *["validation, mean moves"] * 2,
        "500 test episodes, mean moves",
        "500 test episodes, drawn moves",
    ]
    assert all(float(row[5]) < 0 for row in rows[4:])


def test_the_columns_before_the_figures_by_hand() -> None:
    assert apgym_mnist.so_far(62_500, 90) == "1,000,000 | 1.5"


def test_training_sees_batched_glimpses_of_training_images() -> None:
    env = make_env(apgym_mnist.config_of().replace(num_envs=2))
    assert env.env.image_perception_module.get_glimpse.__module__ == "ram_agents.ap_gym.glimpses"
    assert len(env.env.config.dataset) == 55_000
    env.close()
