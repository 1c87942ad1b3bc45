"""Training on a GPU beside the CPU: `python tests/benchmarks/bench_cuda.py`, on a machine that has both idle.

Episodes a second by the clock, by the recipes and at several sizes of the batch, CPU and GPU in turn in one process:
the median of rounds. Scenes and retina stay on the CPU, and count on both sides. `--device cpu` compares the CPU
with itself, which shows how far two measurements are apart.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import torch
from ram_agents import Reinforce, recipe
from ram_agents.commands.options import check_device

RECIPES = "mnist28", "cluttered60", "catch"
BATCHES = 512, 2048, 8192
WARM_UP = 5  # updates


def speed(agent: Reinforce, updates: int) -> float:
    """Episodes a second of so many updates."""
    begin = time.perf_counter()
    for _ in range(updates):
        agent.update()  # which ends with the figures' way to the CPU, and so waits for the device
    return updates * agent.config.num_envs / (time.perf_counter() - begin)


def compare(name: str, num_envs: int, device: str, *, rounds: int, updates: int) -> None:
    """Print episodes a second on both, and the ratio."""
    config = recipe(name).replace(num_envs=num_envs)
    names = "cpu", "cpu again" if device == "cpu" else device
    agents = dict(zip(names, [Reinforce(config=config, device=where) for where in ("cpu", device)], strict=True))
    for agent in agents.values():
        for _ in range(WARM_UP):
            agent.update()
    speeds: dict[str, list[float]] = {where: [] for where in agents}
    for _ in range(rounds):
        for where, agent in agents.items():
            speeds[where].append(speed(agent, updates))
    here, there = speeds.values()
    ratio = statistics.median(b / a for a, b in zip(here, there, strict=True))
    told = ", ".join(
        f"{where} {statistics.median(values):,.0f} ({agents[where].config.matmul_precision})"
        for where, values in speeds.items()
    )
    print(f"{name} of {num_envs}: episodes a second: {told}; {ratio:.2f} times as fast", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES, help="episodes an update")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of torch, on the CPU")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=10, help="in each round")
    options = parser.parse_args()
    try:
        check_device(options.device)
    except ValueError as error:
        sys.exit(f"{parser.prog}: {error}")
    torch.set_num_threads(options.threads)
    if options.device.startswith("cuda"):
        print(torch.cuda.get_device_name(options.device))
    for name in options.recipes:
        for num_envs in options.batches:
            compare(name, num_envs, options.device, rounds=options.rounds, updates=options.updates)
