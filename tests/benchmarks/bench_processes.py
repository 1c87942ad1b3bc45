"""What a second process brings to one run: `python tests/benchmarks/bench_processes.py`, on two idle cores.

The recipe `mnist28` with the same batch in one process of one thread, one process of two threads, and two processes of
one thread each, in turn, in fresh processes; the median of each run's updates, and the median of the rounds' ratios.
"""

from __future__ import annotations

from timing import verdict  # first: it sets the number of threads

# isort: split
import argparse
import itertools
import os
import statistics
import subprocess
import sys
import time

import torch
from ram_agents import Reinforce, recipe
from ram_agents.precision import faster_precision
from ram_agents.processes.torchrun import leave, torchrun

WARM_UP = 5  # updates
AT_LEAST = {1024: 1.5, 2048: 1.7}
"""Times one process of one thread, by the episodes in an update."""
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def measure(num_envs: int, threads: int, updates: int, precision: str) -> None:
    """Train here, by the recipe; process 0 prints the seconds of an update."""
    torch.set_num_threads(threads)
    with torchrun() as processes:
        config = recipe("mnist28").replace(num_envs=num_envs, matmul_precision=precision)
        agent = Reinforce(config=config, processes=processes)
        times = [time.perf_counter()]
        agent.learn((WARM_UP + updates) * num_envs, callback=lambda agent, metrics: times.append(time.perf_counter()))
        if processes.first:
            seconds = [after - before for before, after in itertools.pairwise(times)]
            print(statistics.median(seconds[WARM_UP:]))
    leave()


def seconds_of_update(num_envs: int, *, threads: int, processes: int, updates: int, precision: str) -> float:
    """Of training in fresh processes."""
    launcher = TORCHRUN if processes == 2 else ()
    words = [__file__, "--measure", num_envs, "--threads", threads, "--updates", updates, "--precision", precision]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, *launcher, *map(str, words)], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)


def compare(num_envs: int, *, rounds: int, updates: int, precision: str) -> None:
    """Print the ratios at one size of the batch."""
    ways = {"one": (1, 1), "two threads": (2, 1), "two processes": (1, 2)}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (threads, processes) in ways.items():
            times[name].append(
                seconds_of_update(num_envs, threads=threads, processes=processes, updates=updates, precision=precision)
            )
    print(f"mnist28, {num_envs} episodes an update, {precision}: one process {_speed(num_envs, times['one'])}")
    for name in ("two threads", "two processes"):
        ratio = statistics.median(one / other for one, other in zip(times["one"], times[name], strict=True))
        end = f"; {verdict(ratio, AT_LEAST[num_envs])}" if name == "two processes" else ""
        print(f"  {name} {_speed(num_envs, times[name])}, {ratio:.2f} times as fast{end}", flush=True)


def _speed(num_envs: int, seconds: list[float]) -> str:
    return f"{num_envs / statistics.median(seconds):,.0f} a second"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=30, help="measured in each run")
    parser.add_argument("--precision", default=None, help="of matrix products; by default what is faster here")
    parser.add_argument("--measure", type=int, default=None, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        measure(options.measure, options.threads, options.updates, options.precision)
    else:
        precision = options.precision or faster_precision()
        for num_envs in AT_LEAST:
            compare(num_envs, rounds=options.rounds, updates=options.updates, precision=precision)
