"""What goes on beside training: each callback does one job, before, after and at every update."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .evaluate import validate

if TYPE_CHECKING:
    from .reinforce import Reinforce, Update


class Callback:
    """Base class; override what you need."""

    def on_start(self, agent: Reinforce) -> None:
        """Called before the first update."""

    def on_update(self, agent: Reinforce, update: Update) -> bool | None:
        """Called after every update; False stops the training."""

    def on_end(self, agent: Reinforce) -> None:
        """Called after the last update, and also when training was interrupted."""


class CallbackList(Callback):
    """Several callbacks, called in order."""

    def __init__(self, callbacks: list[Callback]):
        self.callbacks = callbacks

    def on_start(self, agent: Reinforce) -> None:
        """See `Callback`."""
        for callback in self.callbacks:
            callback.on_start(agent)

    def on_update(self, agent: Reinforce, update: Update) -> bool:
        """See `Callback`."""
        return all([callback.on_update(agent, update) is not False for callback in self.callbacks])

    def on_end(self, agent: Reinforce) -> None:
        """See `Callback`."""
        for callback in self.callbacks:
            callback.on_end(agent)


class ProgressBar(Callback):
    """Episodes, time left, episodes a second, and the running error of the training episodes (1 - mean return)."""

    def __init__(self, window: int = 100):
        self.window = window
        self.returns: list[float] = []
        self.bar = Progress(
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} episodes"),
            BarColumn(bar_width=None),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[text]}"),
            refresh_per_second=2,
        )

    def on_start(self, agent: Reinforce) -> None:
        """Show the bar."""
        n = agent.config.num_envs
        self.task = self.bar.add_task("", total=agent.total_updates * n, completed=agent.updates * n, text="")
        self.bar.start()

    def on_update(self, agent: Reinforce, update: Update) -> None:
        """Move the bar."""
        self.returns = [*self.returns[1 - self.window :], update.episode_return]
        speed = self.bar.tasks[0].speed or 0
        error = f"{speed:,.0f}/s  train error {100 - 100 * np.mean(self.returns):.2f}%"
        if agent.validation_error is not None:
            error += f"  validation {agent.validation_error:.2f}%"
        self.bar.update(self.task, advance=agent.config.num_envs, text=error)

    def on_end(self, agent: Reinforce) -> None:
        """Leave the bar as it stands."""
        self.bar.stop()


class Checkpoints(Callback):
    """Every `config.checkpoint_every` updates: measure the validation error, save last.safetensors, and the best one.

    Args:
        directory: where the files go.
        episodes: how many validation episodes.
    """

    def __init__(self, directory: str | Path, episodes: int = 5000):
        self.directory = Path(directory)
        self.episodes = episodes

    def on_update(self, agent: Reinforce, update: Update) -> None:
        """Save at the end of a segment, and at the end of the run."""
        if agent.updates % agent.config.checkpoint_every and agent.updates < agent.total_updates:
            return
        agent.validation_error = validate(agent, episodes=self.episodes)
        if agent.best_error is None or agent.validation_error < agent.best_error:
            agent.best_error = agent.validation_error
            agent.save(self.directory / "best.safetensors")
        agent.save(self.directory / "last.safetensors")
        with (self.directory / "progress.jsonl").open("a") as log:
            log.write(
                f'{{"episodes": {agent.updates * agent.config.num_envs}, '
                f'"train_return": {update.episode_return:.4f}, "validation_error": {agent.validation_error:.4f}}}\n'
            )
