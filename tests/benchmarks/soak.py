"""Does memory grow? `python tests/benchmarks/soak.py [steps]` takes 20 million steps of every environment and tells.

Each environment runs in a process of its own, in all three autoreset modes, reset by mask and index, and single.
After a warm-up its resident memory and its number of Python objects stay where they are, or it fails. On Linux.
"""

from __future__ import annotations

from timing import seconds  # first: it sets the number of threads

# isort: split
import gc
import multiprocessing
import resource
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import ram_envs  # noqa: F401

IDS = [id for id in gym.registry if id.startswith("ram_envs/")]
NUM_ENVS = 512
MODES = ("NextStep", "SameStep", "Disabled")
MOST_MEBIBYTES, MOST_OBJECTS = 4.0, 1000  # Growth that is noise: of the allocator's arenas, of Python's free lists.


def arguments_for(id: str) -> dict[str, Any]:
    """The arguments that an environment cannot do without."""
    if "Images" not in id:
        return {}
    images = np.random.default_rng(0).integers(0, 256, (100, 40, 50, 3), dtype=np.uint8)
    return {"images": images, "labels": np.arange(100) % 7, "num_scales": 2}


def walk_vector(env: gym.vector.VectorEnv, steps: int) -> None:
    """Take about so many steps of rows, resetting where the mode does not."""
    disabled = env.metadata["autoreset_mode"] is gym.vector.AutoresetMode.DISABLED
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(16)]
    indices = np.arange(NUM_ENVS) % 100
    env.reset(seed=0)
    for step in range(steps // NUM_ENVS):
        over = env.step(actions[step % 16])[2]
        if disabled and over.any():
            env.reset(options={"reset_mask": over, "indices": indices})


def walk_single(env: gym.Env, steps: int) -> None:
    """Take so many steps of a single environment."""
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(16)]
    env.reset(seed=0)
    for step in range(steps):
        if env.step(actions[step % 16])[2]:
            env.reset()


def memory() -> tuple[float, int]:
    """The memory of this process in MiB, and how many blocks Python has allocated."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20, sys.getallocatedblocks()


def soak(id: str, steps: int) -> bool:
    """Walk one environment for so many steps and tell whether memory stayed where it was."""
    arguments = arguments_for(id)
    vectors = [gym.make_vec(id, num_envs=NUM_ENVS, autoreset_mode=mode, **arguments) for mode in MODES]
    single = gym.make(id, **arguments)

    def walk(total: int) -> None:
        for env in vectors:
            walk_vector(env, int(0.33 * total))
        walk_single(single, int(0.01 * total))

    walk(max(steps // 20, 100 * NUM_ENVS))
    before, objects = memory()
    taken = seconds(lambda: walk(steps), calls=1)
    grown, more = memory()[0] - before, memory()[1] - objects
    steady = grown <= MOST_MEBIBYTES and more <= MOST_OBJECTS
    print(
        f"{id:38} {steps:,} steps in {taken:4.0f} s: {before:6.1f} MiB {grown:+.2f}, Python objects {more:+d}"
        f"{'' if steady else '  GROWS'}",
        flush=True,
    )
    return steady


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        steady = [pool.apply(soak, (id, number)) for id in IDS]
    sys.exit(0 if all(steady) else 1)
