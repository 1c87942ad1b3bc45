"""How long a frame takes: `python tests/benchmarks/bench_rendering.py`. One thread; the goal is 5 ms at 480 pixels."""

from __future__ import annotations

import time

import gymnasium as gym
import numpy as np

import ram_envs  # noqa: F401

FRAMES = 300
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 200, 320, 3), dtype=np.uint8)
CASES: dict[str, dict] = {
    "ram_envs/GlimpseMNIST-v0": {},
    "ram_envs/GlimpseMNIST-Translated-v0": {},
    "ram_envs/GlimpseMNIST-Cluttered-v0": {},
    "ram_envs/GlimpseMNIST-Cluttered100-v0": {},
    "ram_envs/GlimpseImages-v0": {"images": IMAGES, "labels": np.arange(4), "patch_size": 32, "num_scales": 3},
    "ram_envs/Catch-v0": {},
}


def milliseconds_per_frame(env_id: str, **arguments: object) -> float:
    """The CPU time of `render`, over whole episodes of random actions, in milliseconds."""
    env = gym.make(env_id, render_mode="rgb_array", **arguments)
    env.reset(seed=0)
    env.action_space.seed(0)
    env.unwrapped.probabilities = np.full(env.action_space["action"].n, 1 / env.action_space["action"].n)
    env.render()
    spent = 0.0
    for _ in range(FRAMES):
        terminated = env.step(env.action_space.sample())[2]
        start = time.process_time()
        env.render()
        spent += time.process_time() - start
        if terminated:
            env.reset()
    env.close()
    return spent / FRAMES * 1000


def main() -> None:
    """Print a line for each id."""
    for env_id, arguments in CASES.items():
        print(f"{env_id:40} {milliseconds_per_frame(env_id, **arguments):6.2f} ms a frame of 480 x 800")


if __name__ == "__main__":
    main()
