"""Two threads of torch beside other programs: `python tests/benchmarks/bench_threads.py`, on cores idle but for this.

An update of a recipe by the clock, in a process of its own for each measurement, all kinds in turn: by one thread; by
two that wait for each other as `ram_agents` lets them; and by two that wait as torch's OpenMP has it. Beside them so
many other processes compute without end.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

KINDS = {
    "one thread": (1, "import ram_agents"),
    "two threads, this package's wait": (2, "import ram_agents"),
    "two threads, OpenMP's own wait": (2, "import torch"),  # before the package is imported
}
WARM = 3


def milliseconds(name: str, seconds: float, threads: int) -> float:
    """Of an update by a recipe, in this process, by the clock."""
    import torch
    from ram_agents import Reinforce, recipe

    torch.set_num_threads(threads)
    agent = Reinforce(config=recipe(name).replace(matmul_precision="highest"))
    for _ in range(WARM):
        agent.update()
    start, updates = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < seconds:
        agent.update()
        updates += 1
    return 1000 * passed / updates


def measure(name: str, seconds: float, kind: str) -> float:
    """The same in a process of its own."""
    threads, first = KINDS[kind]
    code = f"{first}; import bench_threads as b; print(b.milliseconds({name!r}, {seconds}, {threads}))"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "MKL_", "GOMP_"))}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=os.path.dirname(os.path.abspath(__file__)),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def compare(name: str, seconds: float, rounds: int, busy: int) -> None:
    """Print the median of each kind, and its ratio to one thread."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        measured = [{kind: measure(name, seconds, kind) for kind in KINDS} for _ in range(rounds)]
    finally:
        for other in others:
            other.kill()
            other.wait()
    print(f"{name}, {busy} other busy processes:")
    for kind in KINDS:
        ratio = statistics.median(times[kind] / times["one thread"] for times in measured)
        took = [times[kind] for times in measured]
        print(f"  {kind}: {statistics.median(took):.1f} ms ({min(took):.1f} to {max(took):.1f}), {ratio:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", default=["paper-28", "mnist28"])
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2], help="other processes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a measurement")
    options = parser.parse_args()
    for name in options.recipes:
        for busy in options.busy:
            compare(name, options.seconds, options.rounds, busy)
