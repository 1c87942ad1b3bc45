"""Minari records episodes, infos included, and gives them back: whatever the task, and in each form of an action.

What its recorder needs of infos is held without it in tests/envs/shells/test_contract.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

minari = pytest.importorskip("minari", reason="tested in a virtual environment of its own")

CASES = [
    ("ram_envs/GlimpseMNIST-v0", {"num_glimpses": 3}),
    ("ram_envs/GlimpseMNIST-v0", {"num_glimpses": 3, "can_stop": True}),
    ("ram_envs/GlimpseMNIST-Cluttered-v0", {"num_glimpses": 2, "split": "test"}),
    ("ram_envs/Catch-v0", {}),
    ("ram_envs/Catch-v0", {"action": "flat"}),
    ("ram_envs/GlimpseMNIST-v0", {"num_glimpses": 2, "action": "grid"}),
    ("ram_envs/GlimpseMNIST-v0", {"num_glimpses": 2, "action": "discrete", "grid_size": 4}),
]


@pytest.mark.filterwarnings("ignore:.*eval_env")  # the environment itself then serves for evaluation
@pytest.mark.parametrize(("id", "kwargs"), CASES)
def test_recorded_episodes_come_back(
    id: str, kwargs: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    env = minari.DataCollector(gym.make(id, **kwargs), record_infos=True)
    env.action_space.seed(0)
    told: list[list[tuple[float, dict[str, Any]]]] = []
    for seed in range(3):
        told.append([(0.0, env.reset(seed=seed)[1])])
        terminated = False
        while not terminated:
            _, reward, terminated, _, info = env.step(env.action_space.sample())
            told[-1].append((float(reward), info))
    dataset = env.create_dataset(dataset_id="ram/random-v0", description="random actions")
    assert dataset.total_episodes == 3
    for episode, expected in zip(dataset.iterate_episodes(), told, strict=True):
        np.testing.assert_array_equal(episode.rewards, [reward for reward, _ in expected[1:]])
        assert episode.infos.keys() == expected[0][1].keys()
        for key, values in episode.infos.items():
            np.testing.assert_array_equal(values, [info[key] for _, info in expected])
    assert dataset.recover_environment().action_space == env.action_space
    env.close()
