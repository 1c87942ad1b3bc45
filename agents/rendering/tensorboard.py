"""TensorBoard: scalars of every part of the loss, and pictures of what the agent sees and where it looks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from ..training.callbacks import Callback
from . import figures

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce, Update


class TensorBoard(Callback):
    """Writes scalars (means over `every` updates) into `directory`, and pictures at the end of each segment.

    The x axis counts episodes. Of a run that is resumed, what was written beyond its checkpoint is discarded.

    Args:
        directory: for `tensorboard --logdir`.
        every: updates between two points of a curve.
    """

    def __init__(self, directory: str | Path, *, every: int = 20):
        self.directory = Path(directory)
        self.every = every
        self.updates: list[Update] = []

    def on_start(self, agent: Reinforce) -> None:
        """Open the log."""
        self.writer = SummaryWriter(str(self.directory), purge_step=agent.episodes + 1 if agent.updates else None)

    def on_update(self, agent: Reinforce, update: Update) -> None:
        """Write what is due."""
        self.updates.append(update)
        if len(self.updates) == self.every:
            self._write_scalars(agent)
        if agent.updates % agent.config.checkpoint_every == 0:
            self._write_pictures(agent)

    def on_end(self, agent: Reinforce) -> None:
        """Write the rest and close."""
        if self.updates:
            self._write_scalars(agent)
        self._write_pictures(agent)
        self.writer.close()

    def _write_scalars(self, agent: Reinforce) -> None:
        means = np.mean(self.updates, axis=0).tolist()
        for name, mean in zip(self.updates[0]._fields, means, strict=True):
            self.writer.add_scalar(f"train/{name}", mean, agent.episodes)
        if agent.validation_error is not None:
            self.writer.add_scalar("validation/error", agent.validation_error, agent.episodes)
        self.updates = []

    def _write_pictures(self, agent: Reinforce) -> None:
        if agent.last_rollout is None:
            return
        glimpse, gaze = agent.last_rollout.glimpse.cpu().numpy(), agent.last_rollout.gaze.cpu().numpy()
        self.writer.add_figure("glimpses", figures.glimpses(glimpse), agent.episodes)
        self.writer.add_figure("gaze", figures.gaze_paths(gaze), agent.episodes)
