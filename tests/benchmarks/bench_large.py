"""Episodes a second of GlimpseMNIST-Megapixel-v0, and the memory of its rows: `python tests/benchmarks/bench_large.py`.

An episode is a reset and 24 glimpses of a scene of 1,000x1,000 with 800 pieces. Processor time of one thread; the goals
are 1,000 episodes a second and at most 4 GiB for 512 rows, with all that is drawn, painted and prepared.
"""

from __future__ import annotations

import argparse
import resource
import time

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

import ram_envs  # noqa: F401

ID = "ram_envs/GlimpseMNIST-Megapixel-v0"


def episodes_a_second(rows: int, batches: int) -> list[float]:
    """Of each batch of episodes, with random saccades."""
    env = gym.make_vec(ID, num_envs=rows, autoreset_mode=AutoresetMode.DISABLED)
    generator = np.random.default_rng(0)
    env.reset(seed=0)
    rates = []
    for _ in range(batches):
        locations = generator.uniform(-1, 1, (24, rows, 2)).astype(np.float32)
        answers = np.zeros(rows, np.int64)
        start = time.process_time()
        env.reset()
        for location in locations:
            env.step({"location": location, "action": answers})
        rates.append(rows / (time.process_time() - start))
    return rates


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--batches", type=int, default=9)
    options = parser.parse_args()
    rates = episodes_a_second(options.rows, options.batches)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{options.rows} rows: {np.median(rates):,.0f} episodes a second, median of {len(rates)} batches "
        f"({min(rates):,.0f} to {max(rates):,.0f}); goal 1,000. Peak memory of the process {peak:.2f} GiB; goal 4"
    )


if __name__ == "__main__":
    main()
