"""Draw the README's picture of each environment: `python docs/pictures.py`."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import imageio.v3 as iio
import numpy as np

import ram_envs  # noqa: F401

FOLDER = Path(__file__).parent / "images"
# Where to look at each step; hand-picked, since this shows the environments and no agent.
GAZE = [(-0.3, -0.4), (0.1, -0.1), (0.3, 0.4), (0.2, 0.1), (-0.2, 0.2)]
PICTURES = {
    "glimpse-mnist": ("ram_envs/GlimpseMNIST-v0", 5),
    "translated": ("ram_envs/GlimpseMNIST-Translated-v0", 3),
    "cluttered": ("ram_envs/GlimpseMNIST-Cluttered-v0", 3),
    "cluttered-100": ("ram_envs/GlimpseMNIST-Cluttered100-v0", 3),
    "megapixel": ("ram_envs/GlimpseMNIST-Megapixel-v0", 3),
    "pairs": ("ram_envs/GlimpseMNIST-Pairs-v0", 5),
    "addition": ("ram_envs/GlimpseMNIST-Addition-v0", 5),
    "moving": ("ram_envs/GlimpseMNIST-Moving-v0", 5),
    "circlesquare": ("ram_envs/CircleSquare-v0", 5),
    "catch": ("ram_envs/Catch-v0", 5),
}


def picture(id: str, steps: int) -> np.ndarray:
    """A frame after some steps of looking about."""
    env = gym.make(id, render_mode="rgb_array", initial_location="center")
    env.reset(seed=3, options={"index": 7})
    last = len(env.unwrapped.task.action_names) - 1
    for location in GAZE[:steps]:
        env.step({"location": np.array(location, np.float32), "action": min(2, last)})
    frame = env.render()
    env.close()
    return np.asarray(frame)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, (id, steps) in PICTURES.items():
        iio.imwrite(FOLDER / f"{name}.png", picture(id, steps))
