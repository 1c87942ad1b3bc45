"""A path among the environment's arguments survives a save."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ram_agents import Reinforce


def test_a_path_survives_a_save(tmp_path: Path) -> None:
    images = tmp_path / "pictures.npz"
    np.savez(images, images=np.arange(40 * 64, dtype=np.uint8).reshape(40, 8, 8), labels=np.arange(40) % 2)
    kwargs = {"images": images, "num_glimpses": 2}
    agent = Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, num_envs=4, hidden_size=16)
    agent.save(tmp_path / "agent.safetensors")
    again = Reinforce.load(tmp_path / "agent.safetensors")
    assert again.env_kwargs == {"images": str(images), "num_glimpses": 2}
    assert again.learn(8).updates == 2
