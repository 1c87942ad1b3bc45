"""Episodes a second of GlimpseMNIST-Megapixel-v0, and the memory of its rows: `python tests/benchmarks/bench_large.py`.

An episode is a reset and 24 glimpses of a scene of 1,000x1,000 with 800 pieces. Processor time of one thread; the goals
are 1,000 episodes a second and at most 4 GiB for 512 rows, with all that is drawn, painted and prepared. With
`--threads N` a batch in one thread and one in N take turns, and the clock on the wall counts.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

import ram_envs  # noqa: F401

ID = "ram_envs/GlimpseMNIST-Megapixel-v0"


class Batches:
    """Batches of episodes with random saccades."""

    def __init__(self, rows: int, threads: int = 1) -> None:
        self.rows = rows
        self.env = gym.make_vec(ID, num_envs=rows, threads=threads, autoreset_mode=AutoresetMode.DISABLED)
        self.generator = np.random.default_rng(0)
        self.env.reset(seed=0)

    def episodes_a_second(self, clock: Callable[[], float]) -> float:
        """Of one batch."""
        locations = self.generator.uniform(-1, 1, (24, self.rows, 2)).astype(np.float32)
        answers = np.zeros(self.rows, np.int64)
        start = clock()
        self.env.reset()
        for location in locations:
            self.env.step({"location": location, "action": answers})
        return self.rows / (clock() - start)


def with_threads(rows: int, threads: int, batches: int) -> None:
    """Print how much faster so many threads are than one."""
    one, many = Batches(rows), Batches(rows, threads)
    ratios = [
        many.episodes_a_second(time.perf_counter) / one.episodes_a_second(time.perf_counter) for _ in range(batches)
    ]
    print(
        f"{rows} rows: {threads} threads are {np.median(ratios):.2f} times as fast as one, median of {batches} pairs "
        f"({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--batches", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1, help="compare so many with one")
    options = parser.parse_args()
    if options.threads > 1:
        with_threads(options.rows, options.threads, options.batches)
        return
    batches = Batches(options.rows)
    rates = [batches.episodes_a_second(time.process_time) for _ in range(options.batches)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{options.rows} rows: {np.median(rates):,.0f} episodes a second, median of {len(rates)} batches "
        f"({min(rates):,.0f} to {max(rates):,.0f}); goal 1,000. Peak memory of the process {peak:.2f} GiB; goal 4"
    )


if __name__ == "__main__":
    main()
