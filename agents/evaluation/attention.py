"""What the paper's text says of attention (sections 1 and 4), as measurements: where it looks, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from ram_envs.retina.retina import Retina

from ..model.policy import RAM
from ..training.rollout import Look, choose, to_tensors
from .controls import ModernCNN, WeakCNN

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce

Measure = Callable[[Any, NDArray[np.float64]], NDArray[np.float64]]
"""From the environment's task and where each row looks, in pixels (B, 2) as (x, y), to a figure for each row (B,)."""


@torch.no_grad()
def by_glimpse(agent: Reinforce, env: VectorEnv, measure: Measure, *, look: Look, seed: int) -> NDArray[np.float64]:
    """A figure after each glimpse of one episode in every row, (T, B).

    Args:
        agent: who looks.
        env: of `ram_envs`, without autoreset, with episodes of one length.
        measure: the figure.
        look: "mean" for the agent's own gaze, "random" for the control.
        seed: of scenes and random locations.
    """
    task = env.unwrapped.task  # type: ignore[attr-defined]
    size = np.array(task.image_shape[1::-1])  # width, height
    generator = torch.Generator(agent.device).manual_seed(seed)
    observation, _ = env.reset(seed=seed)
    state = agent.policy.initial_state(env.num_envs)
    figures = []
    for _ in range(task.num_steps):
        figures.append(measure(task, (observation["location"].astype(float) + 1) / 2 * size))
        output, state = agent.policy.step(to_tensors(observation, agent.device), state)
        choice = choose(agent.policy, output, generator, look=look, sample_action=False, stop="never")
        observation, *_ = env.step(choice.to_environment(env.single_action_space))
    return np.stack(figures)


def on_the_digit(task: Any, gaze: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where the gaze lies in the smallest box around the digit's ink, else 0."""
    ink = task.dataset.images[task.indices]
    ink = (ink if ink.ndim == 3 else ink.max(-1)) > 0
    left, right = _extent(ink.any(1))
    top, bottom = _extent(ink.any(2))
    x, y = (gaze - task.corners[:, ::-1]).T  # corners are (top, left)
    return ((left <= x) & (x <= right) & (top <= y) & (y <= bottom)).astype(float)


def _extent(lit: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the first True of each row begins and the last one ends: (B, n) -> (B,), (B,)."""
    return lit.argmax(1), lit.shape[1] - lit[:, ::-1].argmax(1)


def distance_to_the_ball(task: Any, gaze: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels between the gaze and the middle of the ball."""
    return np.linalg.norm(gaze - (task.ball + 0.5), axis=1)


class Cost(NamedTuple):
    """Milliseconds for one image, of images of one size."""

    size: int
    """Width and height in pixels."""
    glimpse: float
    """One glimpse of RAM: retina and networks."""
    weak_cnn: float
    """The paper's CNN, over the whole image once."""
    modern_cnn: float


@torch.no_grad()
def cost(size: int, *, batch_size: int = 8, patch_size: int = 12, num_scales: int = 3, rounds: int = 5) -> Cost:
    """What a glimpse costs and what whole images cost, timed in turn; the best of the rounds. One thread is plain."""
    images = np.random.default_rng(0).integers(0, 256, (batch_size, size, size), np.uint8)
    pixels = torch.from_numpy(images / np.float32(255)).unsqueeze(1)
    locations = np.random.default_rng(0).uniform(-1, 1, (batch_size, 2)).astype(np.float32)
    retina = Retina(patch_size, num_scales)
    ram = RAM(
        spaces.Dict(glimpse=spaces.Box(0, 1, retina.shape((size, size))), location=spaces.Box(-1, 1, (2,))),
        spaces.Dict(location=spaces.Box(-1, 1, (2,)), action=spaces.Discrete(10)),
    )
    networks = [kind(channels=1, size=size, num_classes=10).eval() for kind in (WeakCNN, ModernCNN)]
    state = ram.initial_state(batch_size)

    def look() -> None:
        ram.step(to_tensors({"glimpse": retina.glimpse(images, locations), "location": locations}, "cpu"), state)

    calls: list[Callable[[], object]] = [look, *(lambda network=network: network(pixels) for network in networks)]
    times = [[_seconds(call) for call in calls] for _ in range(rounds)]
    return Cost(size, *(1000 * float(t) / batch_size for t in np.min(times, axis=0)))


def _seconds(call: Callable[[], object], at_least: float = 0.02) -> float:
    """Of one call, repeated until so much time has gone."""
    call()
    count, start = 0, time.perf_counter()
    while (gone := time.perf_counter() - start) < at_least or not count:
        call()
        count += 1
    return gone / count
