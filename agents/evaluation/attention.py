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

from ..agent.envs import declared
from ..agent.runner import Runner, to_tensors
from ..model.choice import Look
from ..model.policy import RAM
from ..model.whole import ModernCNN, WeakCNN
from ..scanpaths.path import in_pixels

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce

Measure = Callable[[NDArray[Any], NDArray[np.float64]], NDArray[np.float64]]
"""From where each row's target lies (B, 4) and where it looks, (B, 2) as (x, y), in pixels, to a figure for each row
(B,). A target's place is (top, left, height, width)."""


@torch.no_grad()
def by_glimpse(agent: Reinforce, env: VectorEnv, measure: Measure, *, look: Look, seed: int) -> NDArray[np.float64]:
    """A figure after each glimpse of one episode in every row, (T, B).

    Args:
        agent: who looks.
        env: without autoreset, with episodes of one length; it declares its `targets` and its `scene_shape`.
        measure: the figure.
        look: "mean" for the agent's own gaze, "random" for the control.
        seed: of scenes and random locations.

    Raises:
        ValueError: the environment declares no targets.
    """
    generator = torch.Generator(agent.device).manual_seed(seed)
    targets = Targets(env)
    runner = Runner(agent.policy, env, look=look, sample_action=False, stop="never", generator=generator, seed=seed)
    figures = []
    while runner.active.any():
        figures.append(measure(targets.regions(), targets.pixels(runner.gaze)))
        runner.choose()
        runner.step()
    return np.stack(figures)


class Targets:
    """Where targets lie and where the gaze is, in pixels of an environment's scenes.

    Raises:
        ValueError: the environment declares no targets.
    """

    def __init__(self, env: VectorEnv) -> None:
        targets, shape = declared(env).targets, declared(env).scene_shape
        if targets is None or shape is None:
            raise ValueError(f"{env} declares no targets, or no scene_shape: see docs/architecture.md")
        self.name, self.regions, self.scene_shape = declared(env).target_name, targets, shape

    def pixels(self, location: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Locations (..., 2) in [-1, 1] as pixels (x, y) from the scene's top-left corner."""
        return in_pixels(location, self.scene_shape)


def middle(regions: NDArray[Any]) -> NDArray[np.float64]:
    """The middle (..., 2), (x, y), of regions (..., 4), (top, left, height, width)."""
    return regions[..., 1::-1] + regions[..., 3:1:-1] / 2


def on_the_target(regions: NDArray[Any], gaze: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where the gaze lies in the target's region, its edges too, else 0."""
    offset = gaze - regions[:, 1::-1]
    return ((offset >= 0) & (offset <= regions[:, 3:1:-1])).all(1).astype(float)


def distance_to_the_target(regions: NDArray[Any], gaze: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels between the gaze and the middle of the target."""
    return np.linalg.norm(gaze - middle(regions), axis=1)


def correlation(
    ours: NDArray[np.floating[Any]], theirs: NDArray[np.floating[Any]], *, axis: int
) -> NDArray[np.float64]:
    """Pearson's correlation along an axis, which is left out of the shape; 0 where one of the two never moves."""
    one, other = (values - values.mean(axis, keepdims=True) for values in (ours, theirs))
    norm = np.sqrt((one**2).sum(axis) * (other**2).sum(axis))
    return np.divide((one * other).sum(axis), norm, out=np.zeros(norm.shape), where=norm > 1e-9)


class Cost(NamedTuple):
    """Milliseconds of processor time for one image, of images of one size."""

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
    """Processor time of one call, repeated until so much has gone; other processes do not count."""
    call()
    count, start = 0, time.process_time()
    while (gone := time.process_time() - start) < at_least or not count:
        call()
        count += 1
    return gone / count
