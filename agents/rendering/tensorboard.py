"""TensorBoard: scalars of every part of the loss, and pictures of what the agent sees and where it looks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from ..training.callbacks import Callback, Metrics

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce

MAGNIFY = 4


class TensorBoard(Callback):
    """Write into `directory`: scalars, means over `every` updates, and at the end of each segment pictures.

    The x axis counts episodes. Of a run that is resumed, what was written beyond its checkpoint is discarded.

    Args:
        directory: for `tensorboard --logdir`.
        every: updates between two points of a curve.
    """

    def __init__(self, directory: str | Path, *, every: int = 20):
        self.directory = Path(directory)
        self.every = every
        self.metrics: list[Metrics] = []

    def on_start(self, agent: Reinforce) -> None:
        """Open the log."""
        self.writer = SummaryWriter(str(self.directory), purge_step=agent.episodes + 1 if agent.updates else None)

    def on_update(self, agent: Reinforce, metrics: Metrics) -> None:
        """Write what is due."""
        self.metrics.append(metrics)
        if len(self.metrics) == self.every:
            self._write_scalars(agent)
        if agent.updates % agent.config.checkpoint_every == 0:
            self._write_pictures(agent)

    def on_end(self, agent: Reinforce) -> None:
        """Write the rest and close."""
        if self.metrics:
            self._write_scalars(agent)
        self._write_pictures(agent)
        self.writer.close()

    def _write_scalars(self, agent: Reinforce) -> None:
        means = np.mean(self.metrics, axis=0).tolist()
        for name, mean in zip(self.metrics[0]._fields, means, strict=True):
            self.writer.add_scalar(f"train/{name}", mean, agent.episodes)
        if agent.validation_error is not None:
            self.writer.add_scalar("validation/error", agent.validation_error, agent.episodes)
        self.metrics = []

    def _write_pictures(self, agent: Reinforce) -> None:
        if agent.last_rollout is None:
            return
        glimpse, gaze = agent.last_rollout.glimpse.cpu().numpy(), agent.last_rollout.gaze.cpu().numpy()
        self.writer.add_image("glimpses", montage(glimpse), agent.episodes, dataformats="HWC")
        self.writer.add_image("gaze", gaze_paths(gaze), agent.episodes, dataformats="HWC")


def montage(glimpse: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Glimpses (T, N, k, g, g[, C]) in [0, 1] as one picture (H, W, 3).

    A row for each episode, in it T glimpses of k scales, the fine one first; bright lines part the glimpses.
    """
    grey = glimpse.ndim == 5
    colours = np.repeat(glimpse[..., None], 3, axis=-1) if grey else glimpse[..., :3]
    pixels = (colours * 255).astype(np.uint8).repeat(MAGNIFY, 3).repeat(MAGNIFY, 4)
    pixels = np.pad(pixels, [(0, 0)] * 3 + [(1, 1), (1, 1), (0, 0)], constant_values=64)
    steps, rows, scales, height, width, _ = pixels.shape
    strips = pixels.transpose(1, 3, 0, 2, 4, 5).reshape(rows, height, steps, scales * width, 3)
    strips = np.pad(strips, [(0, 0)] * 3 + [(0, 2), (0, 0)], constant_values=255)
    return strips.reshape(rows * height, -1, 3)


def gaze_paths(gaze: NDArray[np.float32], size: int = 96) -> NDArray[np.uint8]:
    """Paths (T, N, 2) of gaze as one picture (size, N * size, 3): a square per episode, from dark blue to yellow."""
    picture = np.full((size, gaze.shape[1] * size, 3), 24, np.uint8)
    colours = np.linspace([60, 60, 220], [255, 230, 60], len(gaze))
    for row in range(gaze.shape[1]):
        points = (np.clip(gaze[:, row] + 1, 0, 2) / 2 * (size - 1)).round()
        for t in range(len(points)):
            if t:
                for share in np.linspace(0, 1, size):
                    _dot(picture, row * size, points[t - 1] + share * (points[t] - points[t - 1]), colours[t] / 2, 0)
        for t, point in enumerate(points):
            _dot(picture, row * size, point, colours[t], 2)
        picture[:, (row + 1) * size - 1] = 128
    return picture


def _dot(picture: NDArray[np.uint8], left: int, point: NDArray[Any], colour: NDArray[Any], radius: int) -> None:
    """A square dot at (x, y) of the panel that begins at column `left`."""
    size = len(picture)
    x, y = np.clip(point.round().astype(int), radius, size - 1 - radius)
    picture[y - radius : y + radius + 1, left + x - radius : left + x + radius + 1] = colour
