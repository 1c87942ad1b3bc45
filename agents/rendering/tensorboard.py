"""TensorBoard: every part of the loss, the held-out error, hyper-parameters, what the agent sees, where it looks."""

from __future__ import annotations

import json
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from ..agent.agent_file import jsonable_config
from ..agent.envs import AnyVectorEnv, declared
from ..evaluation.evaluate import validation_env
from ..training.callbacks import Callback, Metrics, mean_metrics
from ..training.reinforce import Reinforce
from . import sequences
from .episodes import record

SCENES = 6
"""Held-out scenes whose gaze is shown: the same at every checkpoint."""


class TensorBoard(Callback):
    """Writes scalars (means over `every` updates) into `directory`, and pictures at the end of each segment.

    The x axis counts episodes. Of a run that is resumed, what was written beyond its checkpoint is discarded. Pictures
    are glimpses of the last batch, and the gaze on held-out scenes; where the environment has no id or declares no
    view, the last batch's gaze without its scenes. With `evaluation.runs.Checkpoints` before it there is the held-out
    error too, also after each glimpse. At the end come the hyper-parameters with the run's error, to compare runs by.

    Args:
        directory: for `tensorboard --logdir`.
        every: updates between two points of a curve.
    """

    def __init__(self, directory: str | Path, *, every: int = 20):
        self.directory = Path(directory)
        self.every = every
        self.metrics: list[Metrics] = []
        self._scenes: AnyVectorEnv | None = None

    def on_start(self, agent: Reinforce) -> None:
        """Open the log."""
        self.writer = SummaryWriter(str(self.directory), purge_step=agent.episodes + 1 if agent.updates else None)
        assert agent.env is not None, "learn() makes the environment"
        if agent.env_id and declared(agent.env).view is not None:
            self._scenes = validation_env(agent, num_envs=SCENES)

    def on_update(self, agent: Reinforce, metrics: Metrics) -> None:
        """Write what is due."""
        self.metrics.append(metrics)
        if len(self.metrics) == self.every:
            self._write_scalars(agent)
        if agent.updates % agent.config.checkpoint_every == 0:
            self._write_segment(agent)

    def on_end(self, agent: Reinforce) -> None:
        """Write the rest and close."""
        if self.metrics:
            self._write_scalars(agent)
        if agent.updates % agent.config.checkpoint_every:
            self._write_segment(agent)
        self._write_hyper_parameters(agent)
        self.writer.close()
        if self._scenes is not None:
            self._scenes.close()

    def _write_scalars(self, agent: Reinforce) -> None:
        for name, mean in mean_metrics(self.metrics)._asdict().items():
            self.writer.add_scalar(f"train/{name}", mean, agent.episodes)
        if agent.validation_error is not None:
            self.writer.add_scalar("validation/error", agent.validation_error, agent.episodes)
        self.metrics = []

    def _write_segment(self, agent: Reinforce) -> None:
        """Write the error after each glimpse, and pictures."""
        if agent.validation_errors is not None:
            tags = [f"validation_by_glimpse/{t:02}" for t in range(1, len(agent.validation_errors) + 1)]
            self.writer.add_custom_scalars({"validation": {"error by glimpse, %": ["Multiline", tags]}})
            for tag, error in zip(tags, agent.validation_errors, strict=True):
                self.writer.add_scalar(tag, error, agent.episodes)
        if agent.last_rollout is None:
            return
        glimpse = agent.last_rollout.glimpse.cpu().numpy()
        self.writer.add_figure("glimpses", sequences.glimpses(glimpse), agent.episodes)
        if self._scenes is None:
            gaze = sequences.gaze_paths(agent.last_rollout.gaze.cpu().numpy())
        else:
            gaze = sequences.gaze_on_scenes(record(agent.policy, self._scenes, seed=agent.config.seed))
        self.writer.add_figure("gaze", gaze, agent.episodes)

    def _write_hyper_parameters(self, agent: Reinforce) -> None:
        """Write them into the same directory, beside how long it trained and the last held-out error."""
        plain = {
            name: value if isinstance(value, bool | int | float | str) else json.dumps(value)
            for name, value in jsonable_config(agent.config).items()
        }
        measured = {} if agent.validation_error is None else {"validation/error": agent.validation_error}
        self.writer.add_hparams(
            plain, {**measured, "episodes": agent.episodes}, run_name=".", global_step=agent.episodes
        )
