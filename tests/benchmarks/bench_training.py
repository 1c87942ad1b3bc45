"""How near training comes to the processor's own speed: `python tests/benchmarks/bench_training.py`.

28x28, 6 glimpses, 256 images an update, everything included: scenes, retina, environment, model, optimiser. The
measure is torch's own rate at multiplying 256x256 matrices, in turn with the updates in one run on one thread. Then
what bfloat16 brings, what landing on centres of gravity costs, what a mixture's density saves, wall clock times on two
threads and in two processes (two runs beside each other), and the peak memory of the demo.
"""

from __future__ import annotations

from timing import paired, verdict  # first: it sets the number of threads

# isort: split
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import torch
from ram_agents import Reinforce, recipe
from ram_agents.agent.recipes import recipe_names
from ram_agents.model import mixture
from ram_agents.precision import faster_precision

MFLOP_PER_IMAGE = 7.4  # Forward and backward of the paper's sizes, 6 glimpses of 8x8.
UPDATES = 20


def make_agent(name: str = "mnist28", **changes: Any) -> Reinforce:
    """An agent of a recipe in the middle of its training."""
    agent = Reinforce(config=recipe(name).replace(**changes))
    for _ in range(5):
        agent.update()
    return agent


def matrix_product() -> Callable[[], object]:
    """A function that takes ten matrix products of the model's own size."""
    a, b = torch.randn(256, 256), torch.randn(256, 256)

    def run() -> None:
        for _ in range(10):
            a @ b

    return run


def environment_alone(agent: Reinforce, steps: int = 6) -> Callable[[], object]:
    """A function that plays one batch of the agent's environment with fixed actions: its cost without the agent."""
    env = agent.env
    assert env is not None
    env.action_space.seed(0)
    actions = env.action_space.sample()

    def run() -> None:
        env.reset()
        for _ in range(steps):
            env.step(actions)

    return run


def measure_one_thread() -> None:
    """Print the share of the matrix rate, and the environment's share of the time."""
    torch.set_num_threads(1)
    # The plain model of the paper, whose arithmetic is what is counted above.
    agent = make_agent(
        num_envs=256,
        hidden_size=256,
        glimpse_size=128,
        location_hidden=0,
        optimizer="adam",
        matmul_precision="highest",
        env_kwargs={"num_glimpses": 6},
    )
    assert agent.env is not None
    runs = {"update": agent.update, "environment": environment_alone(agent), "products": matrix_product()}
    times = paired(runs, rounds=9)
    rate = 10 * 2 * 256**3 / times["products"]
    achieved = 256 * MFLOP_PER_IMAGE * 1e6 / times["update"]
    print(f"one thread: {256 / times['update']:,.0f} images a CPU second")
    print(f"  {achieved / rate:.2f} of torch's {rate / 1e9:.0f} GFLOP a second; {verdict(achieved / rate, 0.6)}")
    share = times["environment"] / times["update"]
    print(f"  environment's share of the time {share:.3f}; {verdict(share, 0.1, at_least=False)}")


def measure_precision() -> None:
    """Print what matrix products in bfloat16 bring, where the processor has units for them."""
    for units in (256, 512):
        agents = {word: make_agent(hidden_size=units, matmul_precision=word) for word in ("highest", "medium")}
        rounds = 9 if faster_precision(units=units) == "medium" else 3  # emulated, a round takes half a minute
        times = paired({word: agent.update for word, agent in agents.items()}, rounds=rounds)
        print(f"{units} units: matmul_precision 'medium' takes {times['medium'] / times['highest']:.2f} of the time")


def measure_landing() -> None:
    """Print what landing on centres of gravity costs: each cell has a place, and not each column and row."""
    torch.set_num_threads(1)
    plain = {"curriculum": {}, "location_memory": 0, "matmul_precision": "highest"}
    agents = {gravity: make_agent("addition", location_gravity=gravity, **plain) for gravity in (False, True)}
    times = paired({str(gravity): agent.update for gravity, agent in agents.items()}, rounds=9)
    print(f"addition: location_gravity takes {times['True'] / times['False']:.2f} of an update's time without it")


def measure_densities() -> None:
    """Print what it saves that a mixture's log-density leaves out what adds nothing, beside torch's own logsumexp."""
    torch.set_num_threads(1)
    numbers = {x: torch.full((250_000,), x) for x in (-1.0, -95.0)}
    times = paired({str(x): numbers[x].exp for x in numbers}, rounds=9)
    print(f"torch.exp(-95) takes {times['-95.0'] / times['-1.0']:.0f} times as long as torch.exp(-1)")
    for name in ("cluttered100", "addition"):
        for std in (recipe(name).location_std, recipe(name).final_location_std):  # the narrower, the less adds anything
            options: dict[str, Any] = {"location_std": std, "final_location_std": None, "matmul_precision": "highest"}
            agent = make_agent(name, curriculum={}, num_envs=256, **options)

            def with_torch(agent: Reinforce = agent) -> None:
                with patch.object(mixture, "log_sum_exp", lambda parts: parts.logsumexp(-1)):
                    agent.update()

            times = paired({"ours": agent.update, "torch": with_torch}, rounds=9)
            ratio = times["ours"] / times["torch"]
            print(f"{name}, std {std}: with log_sum_exp an update takes {ratio:.2f} of its time with torch's")


def speed(threads: int, name: str, num_envs: int) -> float:
    """Episodes a second by the clock, in this process: the best of three."""
    torch.set_num_threads(threads)
    agent = make_agent(name, num_envs=num_envs)
    best = 0.0
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(UPDATES):
            agent.update()
        best = max(best, UPDATES * num_envs / (time.perf_counter() - start))
    return best


def side_by_side(processes: int, threads: int, name: str, num_envs: int) -> float:
    """Episodes a second of all processes together."""
    code = f"import bench_training as b; print(b.speed({threads}, {name!r}, {num_envs}))"
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=os.path.dirname(__file__),
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    return sum(float(process.communicate()[0]) for process in started)


def measure_two_cores() -> None:
    """Print what two threads bring, and two runs beside each other."""
    print("two cores, episodes a second by the clock (they must be idle beside this):")
    for name, num_envs in (("mnist28", 256), ("mnist28", 512), ("cluttered60", 512), ("catch", 256)):
        one = side_by_side(1, 1, name, num_envs)
        two = side_by_side(1, 2, name, num_envs)
        both = side_by_side(2, 1, name, num_envs)
        print(
            f"  {name} of {num_envs}: one thread {one:,.0f}; two threads {two:,.0f} ({two / one:.2f}); "
            f"two runs of one thread {both:,.0f} together ({both / one:.2f})"
        )


def measure_memory() -> None:
    """Print the peak memory of a process that trains by the demo's recipe."""
    name = "demo" if "demo" in recipe_names() else "mnist28"
    code = f"import bench_training as b; b.make_agent({name!r}).learn(20_000)"
    subprocess.run([sys.executable, "-c", code], cwd=os.path.dirname(__file__), check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"peak memory of the recipe {name}: {peak:.2f} GiB; {verdict(peak, 1, at_least=False)}")


if __name__ == "__main__":
    measure_one_thread()
    measure_precision()
    measure_landing()
    measure_densities()
    measure_memory()
    measure_two_cores()
