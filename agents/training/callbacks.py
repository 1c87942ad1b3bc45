"""What goes on beside training: each callback does one job before, after and between the updates."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .config import Config
from .rollout import Rollout


class Metrics(NamedTuple):
    """What is measured in one update."""

    loss: float
    action_loss: float
    location_loss: float
    baseline_loss: float
    stop_loss: float
    grad_norm: float
    """Before clipping."""
    episode_return: float
    """Mean return of the batch in the environment's own reward."""
    glimpses: float
    """Mean number of glimpses in an episode of the batch."""
    learning_rate: float
    location_std: float


def mean_metrics(metrics: Sequence[Metrics]) -> Metrics:
    """The mean of each over several updates."""
    return Metrics._make(np.mean(metrics, axis=0).tolist())


class Learner(Protocol):
    """What a callback may ask of the agent that trains, or tell it."""

    config: Config
    updates: int
    """Updates of this run so far."""
    seconds: float
    """Time that this run has taken so far."""
    validation_error: float | None
    """The last measured error on held-out scenes, in %."""
    best_error: float | None
    """The smallest of these in this run."""
    last_rollout: Rollout | None

    @property
    def episodes(self) -> int:
        """Episodes of this run so far."""

    @property
    def total_updates(self) -> int:
        """Updates in the whole run."""

    def save(self, path: str | Path) -> None:
        """Write the agent to one file."""


CallbackFunction = Callable[[Any, Metrics], Any]


class Callback:
    """Base class: override what you need. The agent is a `Reinforce`, or anything else that is a `Learner`."""

    def on_start(self, agent: Any) -> None:
        """Called before the first update, also of a resumed run."""

    def on_update(self, agent: Any, metrics: Metrics) -> bool | None:
        """Called after every update; False ends the training."""
        return None

    def on_end(self, agent: Any) -> None:
        """Called after the last update, also when the user interrupts."""


class FunctionCallback(Callback):
    """A plain function of (agent, metrics)."""

    def __init__(self, function: CallbackFunction):
        self.function = function

    def on_update(self, agent: Learner, metrics: Metrics) -> bool | None:
        """Call the function."""
        return self.function(agent, metrics)


class CallbackList(Callback):
    """Several callbacks as one, called in order; each is a `Callback`, a function, a sequence of them, or None."""

    def __init__(self, *callbacks: Callback | CallbackFunction | Sequence[Callback | CallbackFunction] | None):
        self.callbacks: list[Callback] = []
        for callback in callbacks:
            if isinstance(callback, Callback):
                self.callbacks.append(callback)
            elif isinstance(callback, Sequence):
                self.callbacks += CallbackList(*callback).callbacks
            elif callback is not None:
                self.callbacks.append(FunctionCallback(callback))

    def on_start(self, agent: Learner) -> None:
        """Start each."""
        for callback in self.callbacks:
            callback.on_start(agent)

    def on_update(self, agent: Learner, metrics: Metrics) -> bool:
        """Tell each; False if one of them said so."""
        answers = [callback.on_update(agent, metrics) for callback in self.callbacks]
        return all(answer is not False for answer in answers)

    def on_end(self, agent: Learner) -> None:
        """End each."""
        for callback in self.callbacks:
            callback.on_end(agent)


class ProgressBar(Callback):
    """Episodes, time left, episodes a second, and the error (1 - mean return) of the last 100 updates' episodes."""

    def __init__(self) -> None:
        self.returns: deque[float] = deque(maxlen=100)
        self.bar = Progress(
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} episodes"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("gone,"),
            TimeRemainingColumn(),
            TextColumn("left; {task.fields[text]}"),
            refresh_per_second=2,
            speed_estimate_period=60,
        )

    def on_start(self, agent: Learner) -> None:
        """Show the bar."""
        total = agent.total_updates * agent.config.num_envs
        self.task = self.bar.add_task("", total=total, completed=agent.episodes, text="")
        self.bar.start()

    def on_update(self, agent: Learner, metrics: Metrics) -> None:
        """Move the bar."""
        self.returns.append(metrics.episode_return)
        speed = self.bar.tasks[0].speed or 0.0
        text = f"{speed:,.0f} a second; error {100 - 100 * np.mean(self.returns):.2f}%"
        if agent.validation_error is not None:
            text += f", held out {agent.validation_error:.2f}%"
        self.bar.update(self.task, completed=agent.episodes, text=text)

    def on_end(self, agent: Learner) -> None:
        """Leave the bar as it stands."""
        self.bar.stop()
