"""CircleSquare beside ap-gym's: `python tests/benchmarks/bench_ap_gym.py`, one thread, where ap-gym is installed.

Steps a second of processor time at 1, 16 and 256 rows, whole episodes of 16 steps with their resets, both in turn in
one run. ap-gym draws each episode's images when it begins (`prefetch=False`: by default a thread does it ahead, which
takes as much of the processor); it computes the loss of a prediction at every step, keeps what its pictures need, and
with its log, as `ap_gym.make_vec` has it, its figures. Ours checks actions, and tells gaze and labels.
"""

from __future__ import annotations

from timing import paired  # first: it sets the number of threads

# isort: split
import dataclasses
from collections.abc import Callable

import ap_gym
import gymnasium as gym
import numpy as np
from ap_gym.envs.image_classification import ImageClassificationVectorEnv

import ram_envs  # noqa: F401

STEPS = 16


def native(rows: int) -> Callable[[], object]:
    """An episode in each row, all in one vector environment; of one row, in the single one."""
    if rows == 1:
        single = gym.make("ram_envs/CircleSquare-v0").unwrapped
        return lambda: play(single, {"location": np.array([0.5, -0.3], np.float32), "action": 1})
    env = gym.make_vec("ram_envs/CircleSquare-v0", num_envs=rows, autoreset_mode="Disabled")
    location = np.random.default_rng(0).uniform(-1, 1, (rows, 2)).astype(np.float32)
    return lambda: play(env, {"location": location, "action": np.zeros(rows, np.int64)})


def theirs(rows: int, *, log: bool) -> Callable[[], object]:
    """The same in ap-gym."""
    config = gym.spec("CircleSquare-v0").kwargs["image_perception_config"]
    config = dataclasses.replace(config, prefetch=False)
    if log:
        env = ap_gym.make_vec("CircleSquare-v0", num_envs=rows, image_perception_config=config)
    else:
        env = ImageClassificationVectorEnv(rows, config)
    moves = np.random.default_rng(0).uniform(-1, 1, (rows, 2)).astype(np.float32)
    return lambda: play(env, {"action": moves, "prediction": np.zeros((rows, 2), np.float32)})


def play(env: object, actions: object) -> None:
    """One episode in each row."""
    env.reset()  # type: ignore[attr-defined]
    for _ in range(STEPS):
        env.step(actions)  # type: ignore[attr-defined]


def main() -> None:
    """Print a table."""
    print("| rows | native | ap-gym | ap-gym with its log | times ap-gym |\n|---:|---:|---:|---:|---:|")
    for rows in (1, 16, 256):
        taken = paired({"ours": native(rows), "theirs": theirs(rows, log=False), "log": theirs(rows, log=True)})
        rates = {name: STEPS * rows / seconds for name, seconds in taken.items()}
        ratio = rates["ours"] / rates["theirs"]
        print(f"| {rows} | {rates['ours']:,.0f} | {rates['theirs']:,.0f} | {rates['log']:,.0f} | {ratio:.0f} |")


if __name__ == "__main__":
    main()
