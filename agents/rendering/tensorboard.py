"""TensorBoard: scalars of every part of the loss, and pictures of what the agent sees and where it looks."""

from __future__ import annotations

from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from ..training.callbacks import Callback, Learner, Metrics, mean_metrics
from . import figures


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
        self.metrics: list[Metrics] = []

    def on_start(self, agent: Learner) -> None:
        """Open the log."""
        self.writer = SummaryWriter(str(self.directory), purge_step=agent.episodes + 1 if agent.updates else None)

    def on_update(self, agent: Learner, metrics: Metrics) -> None:
        """Write what is due."""
        self.metrics.append(metrics)
        if len(self.metrics) == self.every:
            self._write_scalars(agent)
        if agent.updates % agent.config.checkpoint_every == 0:
            self._write_pictures(agent)

    def on_end(self, agent: Learner) -> None:
        """Write the rest and close."""
        if self.metrics:
            self._write_scalars(agent)
        self._write_pictures(agent)
        self.writer.close()

    def _write_scalars(self, agent: Learner) -> None:
        for name, mean in mean_metrics(self.metrics)._asdict().items():
            self.writer.add_scalar(f"train/{name}", mean, agent.episodes)
        if agent.validation_error is not None:
            self.writer.add_scalar("validation/error", agent.validation_error, agent.episodes)
        self.metrics = []

    def _write_pictures(self, agent: Learner) -> None:
        if agent.last_rollout is None:
            return
        glimpse, gaze = agent.last_rollout.glimpse.cpu().numpy(), agent.last_rollout.gaze.cpu().numpy()
        self.writer.add_figure("glimpses", figures.glimpses(glimpse), agent.episodes)
        self.writer.add_figure("gaze", figures.gaze_paths(gaze), agent.episodes)
