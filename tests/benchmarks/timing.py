"""Paired timing: what is compared runs in turn within one process, so a busy machine slows both sides alike."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

# One thread, told before anything that starts threads is imported; a benchmark therefore imports this module first.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"


def seconds(run: Callable[[], object], *, calls: int) -> float:
    """CPU seconds of one call, over so many."""
    begin = time.process_time()
    for _ in range(calls):
        run()
    return (time.process_time() - begin) / calls


def paired(runs: dict[str, Callable[[], object]], *, rounds: int = 7, budget: float = 0.25) -> dict[str, float]:
    """CPU seconds of one call of each, the median of rounds in which each runs for about `budget` seconds in turn."""
    calls = {}
    for name, run in runs.items():
        run()  # compiles and warms up
        calls[name] = max(1, round(budget / max(seconds(run, calls=3), 1e-9)))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(seconds(run, calls=calls[name]))
    return {name: statistics.median(values) for name, values in times.items()}


def verdict(value: float, goal: float, *, at_least: bool = True) -> str:
    """The value beside its goal."""
    met = value >= goal if at_least else value <= goal
    return f"goal {'at least' if at_least else 'at most'} {goal:g}: {'met' if met else 'MISSED'}"
