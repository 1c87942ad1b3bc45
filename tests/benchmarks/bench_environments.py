"""Steps a second, and how long the first step takes: `python tests/benchmarks/bench_environments.py`.

One thread, random actions, all in one run. The native vector environments are compared with Gymnasium's own native
CartPole of as many rows, each in its default autoreset mode.
"""

from __future__ import annotations

from timing import paired, verdict  # first: it sets the number of threads

# isort: split
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle
from typing import Any

import gymnasium as gym
import numpy as np

import ram_envs  # noqa: F401

NUM_ENVS = 1024
GOALS = {  # How many of CartPole's steps a second; None: measured without a goal.
    "ram_envs/Catch-v0": 0.5,
    "ram_envs/GlimpseMNIST-v0": 0.5,
    "ram_envs/GlimpseMNIST-Translated-v0": None,
    "ram_envs/GlimpseMNIST-Cluttered-v0": 0.2,
    "ram_envs/GlimpseMNIST-Cluttered100-v0": 0.1,
}
SINGLE = ("ram_envs/Catch-v0", "ram_envs/GlimpseMNIST-v0", "ram_envs/GlimpseMNIST-Cluttered-v0")


def vector_steps(id: str, steps: int = 24, **arguments: Any) -> Callable[[], None]:
    """A function that takes `steps` steps of a vector environment; whole episodes of every task fit into 24 steps."""
    env = gym.make_vec(id, num_envs=NUM_ENVS, **arguments)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(16)]
    env.reset(seed=0)
    order = cycle(actions)

    def run() -> None:
        for _ in range(steps):
            env.step(next(order))

    return run


def single_steps(id: str, steps: int = 500) -> Callable[[], None]:
    """A function that takes `steps` steps of a single environment as `gym.make` gives it, resets among them."""
    env = gym.make(id)
    env.action_space.seed(0)
    order = cycle([env.action_space.sample() for _ in range(64)])
    env.reset(seed=0)

    def run() -> None:
        for _ in range(steps):
            if env.step(next(order))[2]:
                env.reset()

    return run


def measure_vectors() -> None:
    """Print steps a second of the vector environments beside CartPole's."""
    runs = {"CartPole-v1": vector_steps("CartPole-v1")} | {id: vector_steps(id) for id in GOALS}
    times = paired(runs)
    rates = {id: 24 * NUM_ENVS / time for id, time in times.items()}
    print(f"Native vector environments of {NUM_ENVS}, steps a second:")
    for id, rate in rates.items():
        ratio, goal = rate / rates["CartPole-v1"], GOALS.get(id)
        print(f"  {id:38}{rate:12,.0f}  {ratio:5.2f} of CartPole  {verdict(ratio, goal) if goal else ''}")


def measure_singles() -> None:
    """Print steps a second of single environments."""
    times = paired({id: single_steps(id) for id in (*SINGLE, "CartPole-v1")})
    print("Single environments, steps a second, resets included:")
    for id, time_taken in times.items():
        print(f"  {id:38}{500 / time_taken:12,.0f}  {verdict(500 / time_taken, 50_000) if id in SINGLE else ''}")


def fresh(code: str, cache: str) -> float:
    """What a fresh interpreter prints as the last line of its output, a number of seconds."""
    environment = os.environ | {"NUMBA_CACHE_DIR": cache}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


IMPORT = "import time, gymnasium; begin = time.perf_counter(); import ram_envs; print(time.perf_counter() - begin)"
FIRST = """
import time, gymnasium as gym, ram_envs
begin = time.perf_counter()
env = gym.make({id!r})
env.reset(seed=0)
env.step(env.action_space.sample())
print(time.perf_counter() - begin)
"""


def measure_start() -> None:
    """Print how long the import and the first step take, with and without compiled code in the cache."""
    print("From a fresh interpreter, seconds:")
    with tempfile.TemporaryDirectory() as cache:
        importing = float(np.median([fresh(IMPORT, cache) for _ in range(5)]))
        print(f"  import ram_envs after gymnasium: {importing:.3f}  {verdict(importing, 0.1, at_least=False)}")
    for id in SINGLE:
        with tempfile.TemporaryDirectory() as cache:
            code = FIRST.format(id=id)
            compiling = fresh(code, cache)
            cached = float(np.median([fresh(code, cache) for _ in range(3)]))
        print(f"  {id:38} make, reset and step: {cached:5.2f}  {verdict(cached, 2, at_least=False)}")
        print(f"  {'':38} compiling them first: {compiling:5.2f}  {verdict(compiling, 5, at_least=False)}")


if __name__ == "__main__":
    print(f"Gymnasium {gym.__version__}, {time.strftime('%Y-%m-%d')}")
    measure_vectors()
    measure_singles()
    measure_start()
