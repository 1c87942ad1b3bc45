"""Steps a second, and how long the first step takes: `python tests/benchmarks/bench_environments.py`.

One thread, random actions, whole episodes with their resets, of processor time; all environments of as many rows in
turn in one run. Rows are those of a native vector environment in its default autoreset mode; "one" is what `gym.make`
gives, with its wrappers. Beside them Gymnasium's own CartPole, and EnvPool's and ap-gym's environments where those are
installed.
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
from importlib.util import find_spec
from itertools import cycle
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from ram_agents.evaluation.estimate import processor

import ram_envs  # noqa: F401
from ram_envs.images.datasets import load_mnist
from ram_envs.tasks.placing import Placement, SceneRules, place
from ram_envs.tasks.scenes import paint

ONE, ROWS = 0, (16, 256, 1024)
CARTPOLE = "CartPole-v1"
GOALS: dict[str, float | None] = {  # At 1,024 rows, of CartPole's steps a second; None: measured without a goal.
    "ram_envs/Catch-v0": 0.5,
    "ram_envs/CircleSquare-v0": None,
    "ram_envs/GlimpseMNIST-v0": 0.5,
    "ram_envs/GlimpseMNIST-Translated-v0": None,
    "ram_envs/GlimpseMNIST-Cluttered-v0": 0.2,
    "ram_envs/GlimpseMNIST-Cluttered100-v0": 0.1,
    "ram_envs/GlimpseMNIST-Pairs-v0": None,
    "ram_envs/GlimpseMNIST-Addition-v0": None,
    "ram_envs/GlimpseMNIST-Moving-v0": None,
    "ram_envs/GlimpseMNIST-Megapixel-v0": None,
}
MOST_ROWS = {"ram_envs/GlimpseMNIST-Megapixel-v0": 256}  # 2 MB each
SINGLE = ("ram_envs/Catch-v0", "ram_envs/GlimpseMNIST-v0", "ram_envs/GlimpseMNIST-Cluttered-v0")
SINGLE_GOAL = 50_000


class Steps(NamedTuple):
    """What is measured."""

    run: Callable[[], object]
    count: int
    """Steps of a call, all rows together."""


def vector(id: str, rows: int) -> Steps:
    """Steps of a native vector environment: of ours one cycle, an episode and the step that resets."""
    env = gym.make_vec(id, num_envs=rows, vectorization_mode="vector_entry_point")
    env.action_space.seed(0)
    order = cycle([env.action_space.sample() for _ in range(16)])
    env.reset(seed=0)
    steps = 24 if id == CARTPOLE else env.unwrapped.num_glimpses + 1  # type: ignore[attr-defined]

    def run() -> None:
        for _ in range(steps):
            env.step(next(order))

    return Steps(run, steps * rows)


def single(id: str, steps: int = 500) -> Steps:
    """Steps of a single environment as `gym.make` gives it, resets among them."""
    env = gym.make(id)
    env.action_space.seed(0)
    order = cycle([env.action_space.sample() for _ in range(64)])
    env.reset(seed=0)

    def run() -> None:
        for _ in range(steps):
            if env.step(next(order))[2]:
                env.reset()

    return Steps(run, steps)


def in_envpool(rows: int, steps: int = 24) -> Steps:
    """EnvPool's CartPole with one thread beside the caller's; its rows are reset by themselves."""
    import envpool

    env: Any = envpool.make_gymnasium(CARTPOLE, num_envs=rows, num_threads=1)
    env.reset()
    order = cycle(np.random.default_rng(0).integers(0, 2, (16, rows)).astype(np.int32))

    def run() -> None:
        for _ in range(steps):
            env.step(next(order))

    return Steps(run, steps * rows)


def in_ap_gym(rows: int) -> Steps:
    """Episodes of ap-gym's CircleSquare, see bench_ap_gym.py."""
    import bench_ap_gym

    return Steps(bench_ap_gym.theirs(rows, log=False), bench_ap_gym.STEPS * rows)


def competitors(rows: int) -> dict[str, Steps]:
    """What else is installed, of as many rows."""
    theirs = {"EnvPool: CartPole-v1": ("envpool", in_envpool), "ap-gym: CircleSquare-v0": ("ap_gym", in_ap_gym)}
    return {name: make(rows or 1) for name, (package, make) in theirs.items() if find_spec(package)}


def measure(rows: int) -> dict[str, float]:
    """Steps a second of everything with so many rows, or `ONE`."""
    ids = [id for id in (CARTPOLE, *GOALS) if rows <= MOST_ROWS.get(id, rows)]
    runs = {id: vector(id, rows) if rows else single(id) for id in ids} | competitors(rows)
    times = paired({id: steps.run for id, steps in runs.items()})
    return {id: runs[id].count / seconds for id, seconds in times.items()}


def measure_steps() -> None:
    """Print steps a second by id and rows, in brackets how many of CartPole's, and the goals."""
    for package in ("envpool", "ap_gym"):
        if not find_spec(package):
            print(f"{package} is not installed, so it is not measured")
    rates = {rows: measure(rows) for rows in (ONE, *ROWS)}
    heads = ("one", *(f"{rows:,} rows" for rows in ROWS))
    print(f"| steps a second | {' | '.join(heads)} |\n|---{'|---:' * len(heads)}|")
    for id in rates[ONE]:
        cells = [
            f"{column[id]:,.0f} ({column[id] / column[CARTPOLE]:.2f})" if id in column else ""
            for column in rates.values()
        ]
        print(f"| {id.removeprefix('ram_envs/')} | {' | '.join(cells)} |")
    for id, goal in GOALS.items():
        if goal:
            print(f"{id}, 1,024 rows: {verdict(rates[1024][id] / rates[1024][CARTPOLE], goal)}")
    for id in SINGLE:
        print(f"{id}, one: {verdict(rates[ONE][id], SINGLE_GOAL)}")


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


def measure_painting(batch: int = 512) -> None:
    """Print what it takes to paint a scene of training digits from all over the memory."""
    images, generator, runs = load_mnist("train").images, np.random.default_rng(0), {}
    for size, pieces in ((28, 0), (60, 4), (100, 8)):
        rules = SceneRules(size, size, 28, 28, num_distractors=pieces)
        shown = generator.integers(0, len(images), (8 * batch, 1))
        placed = place(generator.random((len(shown), rules.num_draws)), rules, num_images=len(images))
        out, rows = np.zeros((batch, size, size), np.uint8), np.arange(batch)

        def run(rules=rules, shown=shown, placed=placed, out=out, rows=rows) -> None:  # type: ignore[no-untyped-def]
            for i in range(0, len(shown), batch):
                part = slice(i, i + batch)
                there = Placement(placed.corners[part], placed.distractors[part])
                paint(images, shown[part], there, rules, images, out, rows)

        runs[f"{size}x{size}, {pieces} pieces"] = run
    for name, seconds in paired(runs).items():
        print(f"painting {name}: {1e6 * seconds / (8 * batch):.2f} us")


if __name__ == "__main__":
    print(f"Gymnasium {gym.__version__}, {processor()}, {time.strftime('%Y-%m-%d')}")
    measure_steps()
    measure_painting()
    measure_start()
