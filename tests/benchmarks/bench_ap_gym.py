"""Beside ap-gym: `python tests/benchmarks/bench_ap_gym.py`, one thread, where ap-gym is installed.

Steps a second of processor time at 1, 16 and 256 rows, whole episodes of 16 steps with their resets, in turn in one
run: of CircleSquare, natively and in ap-gym, and of ap-gym's MNIST, by itself and through `ram_agents.ap_gym`. ap-gym
draws each episode's images when it begins (`prefetch=False`: by default, so also through the bridge, a thread does it
ahead, which takes as much of the processor); it computes the loss of a prediction at every step, keeps what its
pictures need, and with its log, as `ap_gym.make_vec` has it, its figures. Ours checks actions, and tells gaze and
labels.
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
from numpy.typing import NDArray
from ram_agents.ap_gym import GlimpseVectorEnv
from ram_agents.ap_gym.images import perception_of

import ram_envs  # noqa: F401

STEPS = 16
ROWS = 1, 16, 256


def native(rows: int) -> Callable[[], object]:
    """An episode in each row, all in one vector environment; of one row, in the single one."""
    if rows == 1:
        single = gym.make("ram_envs/CircleSquare-v0").unwrapped
        return lambda: play(single, {"location": np.array([0.5, -0.3], np.float32), "action": 1})
    env = gym.make_vec("ram_envs/CircleSquare-v0", num_envs=rows, autoreset_mode="Disabled")
    return lambda: play(env, {"location": moves(rows), "action": np.zeros(rows, np.int64)})


def theirs(rows: int, *, log: bool) -> Callable[[], object]:
    """The same in ap-gym."""
    config = gym.spec("CircleSquare-v0").kwargs["image_perception_config"]
    config = dataclasses.replace(config, prefetch=False)
    if log:
        env = ap_gym.make_vec("CircleSquare-v0", num_envs=rows, image_perception_config=config)
    else:
        env = ImageClassificationVectorEnv(rows, config)
    return lambda: play(env, {"action": moves(rows), "prediction": np.zeros((rows, 2), np.float32)})


def mnist(rows: int) -> Callable[[], object]:
    """ap-gym's MNIST, by itself."""
    config = dataclasses.replace(perception_of("MNIST-v0", "train", packaged_mnist=True), prefetch=False)
    env = ImageClassificationVectorEnv(rows, config)
    return lambda: play(env, {"action": moves(rows), "prediction": np.zeros((rows, 10), np.float32)})


def bridge(rows: int, *, batched: bool) -> Callable[[], object]:
    """The same through the bridge."""
    env = GlimpseVectorEnv(task="MNIST-v0", num_envs=rows, packaged_mnist=True, batched_glimpses=batched)
    return lambda: play(env, {"location": moves(rows), "action": np.zeros(rows, np.int64)})


def moves(rows: int) -> NDArray[np.float32]:
    """The same at each step."""
    return np.random.default_rng(0).uniform(-1, 1, (rows, 2)).astype(np.float32)


def play(env: object, actions: object) -> None:
    """One episode in each row."""
    env.reset()  # type: ignore[attr-defined]
    for _ in range(STEPS):
        env.step(actions)  # type: ignore[attr-defined]


def table(compared: Callable[[int], dict[str, Callable[[], object]]], fast: str) -> None:
    """Print the rates of what is compared at each number of rows, and how often the one called `fast` is ap-gym's."""
    for rows in ROWS:
        taken = paired(compared(rows))
        rates = {name: STEPS * rows / seconds for name, seconds in taken.items()}
        if rows == ROWS[0]:
            print(f"| rows | {' | '.join(rates)} | times ap-gym |\n|---:|{'---:|' * len(rates)}---:|")
        row = " | ".join(f"{rate:,.0f}" for rate in rates.values())
        print(f"| {rows} | {row} | {rates[fast] / rates['ap-gym']:.1f} |")


def circlesquare(rows: int) -> dict[str, Callable[[], object]]:
    """What is compared in CircleSquare."""
    log = theirs(rows, log=True)
    return {"native": native(rows), "ap-gym": theirs(rows, log=False), "ap-gym with its log": log}


def digits(rows: int) -> dict[str, Callable[[], object]]:
    """What is compared in MNIST."""
    plain, batched = (bridge(rows, batched=way) for way in (False, True))
    return {"ap-gym": mnist(rows), "the bridge": plain, "the bridge, batched glimpses": batched}


def main() -> None:
    """Print the tables."""
    print("CircleSquare:\n")
    table(circlesquare, "native")
    print("\nMNIST:\n")
    table(digits, "the bridge, batched glimpses")


if __name__ == "__main__":
    main()
