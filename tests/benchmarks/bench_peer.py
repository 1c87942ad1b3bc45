"""Training beside a plain port of the paper in torch: `python tests/benchmarks/bench_peer.py`, one thread.

The port is what one writes from the paper in an afternoon: the retina cuts each image's patches out of a padded tensor
and pools them, a module for each network, Adam, no environment. Both train the paper's sizes on batches of 128 scenes,
which the same code makes for both; the figure is the median ratio of processor times, taken in turn in one run.
"""

from __future__ import annotations

from timing import seconds, verdict  # first: it sets the number of threads

# isort: split
import argparse
import statistics
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gymnasium as gym
import torch
from ram_agents import Config, Reinforce
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn import functional as F

import ram_envs  # noqa: F401  (registers the environments)

BATCH = 128
STD = 0.1  # of locations


class Task(NamedTuple):
    """What is compared."""

    env_id: str
    size: int
    """Height and width of a scene."""
    glimpses: int
    patch: int
    scales: int
    goal: float


TASKS = {
    "28x28": Task("ram_envs/GlimpseMNIST-v0", 28, 6, 8, 1, 2.5),
    "60x60": Task("ram_envs/GlimpseMNIST-Cluttered-v0", 60, 8, 12, 3, 5.0),
}


class PlainRetina:
    """Patches of `scales` sizes, each pooled to `patch` x `patch`, side by side in one vector.

    Slices are bounded by tensors' elements, as ports have it, or with `numbers` by Python's numbers, which is faster.
    """

    def __init__(self, patch: int, scales: int, *, numbers: bool):
        self.patch, self.scales, self.numbers = patch, scales, numbers

    def __call__(self, images: Tensor, location: Tensor) -> Tensor:
        """(B, 1, H, W) and (B, 2) in [-1, 1] -> (B, scales * patch * patch)."""
        pooled = []
        for scale in range(self.scales):
            patches = self.cut(images, location, self.patch * 2**scale)
            pooled.append((F.avg_pool2d(patches, 2**scale) if scale else patches).flatten(1))
        return torch.cat(pooled, dim=1)

    def cut(self, images: Tensor, location: Tensor, width: int) -> Tensor:
        """Each image's patch: (B, 1, width, width)."""
        size = images.shape[-1]
        padded = F.pad(images, [width // 2] * 4)
        begin = ((location + 1) / 2 * size).round().long().clamp(0, size)
        end = begin + width
        if self.numbers:
            begin, end = begin.tolist(), end.tolist()
        patches = []
        for i in range(len(images)):
            patches.append(padded[i, :, begin[i][1] : end[i][1], begin[i][0] : end[i][0]])
        return torch.stack(patches)


class PlainRAM(nn.Module):
    """Section 3.1 with the sizes of section 4: 128, 128 and 256 units."""

    def __init__(self, inputs: int):
        super().__init__()
        self.what, self.where = nn.Linear(inputs, 128), nn.Linear(2, 128)
        self.what_2, self.where_2 = nn.Linear(128, 256), nn.Linear(128, 256)
        self.glimpse, self.hidden = nn.Linear(256, 256), nn.Linear(256, 256)
        self.location, self.baseline, self.action = nn.Linear(256, 2), nn.Linear(256, 1), nn.Linear(256, 10)

    def forward(self, rho: Tensor, location: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One step: h_t, the mean of the next location, and b_t."""
        what, where = F.relu(self.what(rho)), F.relu(self.where(location))
        g = F.relu(self.what_2(what) + self.where_2(where))
        h = F.relu(self.glimpse(g) + self.hidden(h))
        return h, torch.tanh(self.location(h.detach())), self.baseline(h.detach()).squeeze(1)


class PlainTraining:
    """The port's training."""

    def __init__(self, task: Task, *, numbers: bool = False):
        self.task = task
        self.retina = PlainRetina(task.patch, task.scales, numbers=numbers)
        self.model = PlainRAM(task.scales * task.patch**2)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.scenes = scenes(task)

    def update(self) -> Tensor:
        """One batch of episodes and one step of Adam; the share of right answers."""
        images, label = next(self.scenes)
        location = torch.rand(BATCH, 2) * 2 - 1
        h = torch.zeros(BATCH, 256)
        log_pis, baselines = [], []
        for _ in range(self.task.glimpses):
            h, mean, baseline = self.model(self.retina(images, location), location, h)
            policy = Normal(mean, STD)
            location = policy.sample()
            log_pis.append(policy.log_prob(location).sum(1))
            baselines.append(baseline)
            location = location.clamp(-1, 1)
        log_p = F.log_softmax(self.model.action(h), dim=1)
        right = (log_p.argmax(1) == label).float()
        reward = right.expand(self.task.glimpses, BATCH)
        b, log_pi = torch.stack(baselines), torch.stack(log_pis)
        reinforce = -(log_pi * (reward - b.detach()))[:-1].mean()
        loss = F.nll_loss(log_p, label) + F.mse_loss(b, reward) + 0.1 * reinforce
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return right.mean()


def scenes(task: Task) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of whole scenes (B, 1, H, W) in [0, 1], with their labels (B,)."""
    whole: dict[str, Any] = {"patch_size": task.size, "num_scales": 1, "num_glimpses": 1, "initial_location": "center"}
    env = gym.make_vec(task.env_id, num_envs=BATCH, **whole)
    env.reset(seed=0)
    while True:
        observation, info = env.reset()
        yield torch.from_numpy(observation["glimpse"]), torch.from_numpy(info["label"])


def ours(task: Task, precision: str) -> Reinforce:
    """The built-in agent, with the same model and loss."""
    config = Config(
        env_id=task.env_id,
        env_kwargs={"num_glimpses": task.glimpses, "patch_size": task.patch, "num_scales": task.scales},
        num_envs=BATCH,
        location_std=STD,
        lr_schedule="constant",
        total_episodes=10**9,
    )
    return Reinforce(config=config.replace(matmul_precision=precision))


def products(inputs: int, glimpses: int) -> Callable[[], None]:
    """The matrix products of an update alone, in float32: what no update in float32 can beat."""
    sizes = ((inputs, 128), (256, 256), (256, 256), (256, 256))
    rows = {i: torch.randn(BATCH, i) for size in sizes for i in size}
    weights = [torch.randn(o, i) for i, o in sizes]

    def run() -> None:
        for _ in range(glimpses):
            for weight in weights:
                o, i = weight.shape
                F.linear(rows[i], weight)
                rows[o] @ weight
                rows[o].T @ rows[i]

    return run


def compare(name: str, rounds: int, updates: int) -> None:
    """Print how many times as fast as the port this package trains."""
    task = TASKS[name]
    torch.manual_seed(0)
    runs: dict[str, Callable[[], object]] = {
        "port": PlainTraining(task).update,
        "port with numbers": PlainTraining(task, numbers=True).update,
        "float32": ours(task, "highest").update,
        "auto": (auto := ours(task, "auto")).update,
        "float32 products alone": products(task.scales * task.patch**2, task.glimpses),
    }
    for run in runs.values():
        seconds(run, calls=5)
    times: dict[str, list[float]] = {run: [] for run in runs}
    for _ in range(rounds):
        for run in runs:
            times[run].append(seconds(runs[run], calls=updates))
    print(f"{name}: {task.glimpses} glimpses of {task.patch}x{task.patch}, {task.scales} scales, batches of {BATCH}")
    for run, measured in times.items():
        ratio = statistics.median(a / b for a, b in zip(times["port"], measured, strict=True))
        precision = f" ({auto.config.matmul_precision})" if run == "auto" else ""
        end = f"; {verdict(ratio, task.goal)}" if run in ("float32", "auto") else ""
        print(f"  {run}{precision}: {BATCH / statistics.median(measured):,.0f} episodes a second, {ratio:.2f}{end}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", choices=tuple(TASKS), default=tuple(TASKS))
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--updates", type=int, default=10, help="in each round")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.tasks:
        compare(name, options.rounds, options.updates)
