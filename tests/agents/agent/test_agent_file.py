"""A path among the environment's arguments survives a save."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ram_agents import Reinforce
from ram_agents.agent import checkpoint


def test_a_path_survives_a_save(tmp_path: Path) -> None:
    images = tmp_path / "pictures.npz"
    np.savez(images, images=np.arange(40 * 64, dtype=np.uint8).reshape(40, 8, 8), labels=np.arange(40) % 2)
    kwargs = {"images": images, "num_glimpses": 2}
    agent = Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, num_envs=4, hidden_size=16)
    agent.save(tmp_path / "agent.safetensors")
    again = Reinforce.load(tmp_path / "agent.safetensors")
    assert again.env_kwargs == {"images": str(images), "num_glimpses": 2}
    assert again.learn(8).updates == 2


@pytest.mark.parametrize(("word", "older"), [("none", False), ("channels", True)])
def test_files_that_say_normalise_by_true_and_false_load_and_give_the_same(tmp_path: Path, word, older) -> None:
    kwargs = {"images": "sklearn:photos", "num_glimpses": 2}
    agent = Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, num_envs=4, hidden_size=16, normalise=word)
    agent.learn(8).save(tmp_path / "new")
    tensors, description = checkpoint.read(tmp_path / "new")
    description["config"]["normalise"] = older
    checkpoint.write(tmp_path / "old", tensors, description)
    again = Reinforce.load(tmp_path / "old")
    assert again.config.normalise == word
    observation, _ = agent.env.reset(seed=1)
    seen = {key: torch.from_numpy(value) for key, value in observation.items()}
    torch.testing.assert_close(again.policy.step(seen, None)[0].logits, agent.policy.step(seen, None)[0].logits)
    del description["config"]["normalise"]
    if not older:  # the oldest files say nothing
        checkpoint.write(tmp_path / "oldest", tensors, description)
        assert Reinforce.load(tmp_path / "oldest").config.normalise == "none"
