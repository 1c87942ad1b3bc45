"""What goes on beside training: each callback does one job before, after and between the updates."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol

import numpy as np
from rich import progress
from rich.console import Console

from ..agent.config import Config
from ..agent.rollout import Rollout


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
    answers: float
    """Mean number of answers in it."""
    location_spread: float
    """See `Rollout.location_spread`."""
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


LINE_EVERY = 30.0
"""Seconds between two lines of a `Meter` that writes to a file."""
ROOM_FOR_BAR = 72
"""Columns of a terminal; in fewer there is room for the figures alone."""


Progress = Callable[[int, int], None]
"""Told of work while it goes on: so many units are just done, and so many are to be done in all."""


class Meter:
    """How far some work is, on standard error: a bar in a terminal, elsewhere a plain line now and then.

    Args:
        total: units of work.
        unit: their name, in the plural.
        done: units that were done before, by a run that is resumed.
        start: when the work began, by `time.monotonic`; None for now.
    """

    def __init__(self, total: int, unit: str, *, done: int = 0, start: float | None = None) -> None:
        self.total, self.unit, self.first = total, unit, done
        self.start = self.last_line = time.monotonic() if start is None else start
        self.bar = _make_bar(total, done)
        if self.bar is not None:
            self.bar.start()

    def update(self, done: int, text: str = "", *, line: bool | None = None) -> None:
        """Show that so many units are done.

        Args:
            done: of the total, those before this run too.
            text: what else there is to tell.
            line: whether a file gets a line; None for one every `LINE_EVERY` seconds.
        """
        now = time.monotonic()
        rate = (done - self.first) / max(now - self.start, 1e-9)
        figures = f"{_clock((self.total - done) / rate) if rate else '-:--:--'} left, {_rate(rate)}/s"
        figures = f"{figures}, {text}" if text else figures
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=done, description=figures)
        elif line or (line is None and now - self.last_line >= LINE_EVERY):
            self.last_line = now
            share = f"{100 * done / self.total:.0f}%" if self.total else "100%"
            print(f"{done:,} of {self.total:,} {self.unit} ({share}), {figures}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the bar as it stands, and give the terminal back."""
        if self.bar is not None:
            self.bar.stop()


def _make_bar(total: int, done: int) -> progress.Progress | None:
    """The bar of a `Meter`; None where standard error is no terminal that can redraw a line."""
    console = Console(stderr=True)
    if not (console.is_interactive and sys.stderr.isatty()):
        return None
    bar = [progress.BarColumn(bar_width=None)] if console.width >= ROOM_FOR_BAR else []
    columns = [
        progress.TextColumn("{task.percentage:3.0f}%"),
        *bar,
        progress.TextColumn("{task.description}", markup=False),
    ]
    # What is printed meanwhile stays on standard output, which may be a file.
    shown = progress.Progress(*columns, console=console, refresh_per_second=2, redirect_stdout=False)
    shown.add_task("", total=total, completed=done)
    return shown


def _clock(seconds: float) -> str:
    """As h:mm:ss."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"


class ProgressBar(Callback):
    """Time left, episodes a second, the error (1 - mean return) of the last 100 updates, and the held-out one.

    A terminal shows it as a bar, a file as a line for each checkpoint. Use it as a context: also after an error the
    terminal is as it was before.
    """

    def __init__(self) -> None:
        self.returns: deque[float] = deque(maxlen=100)
        self.meter: Meter | None = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.meter is not None:
            self.meter.close()

    def on_start(self, agent: Learner) -> None:
        """Show the bar."""
        self.meter = Meter(agent.total_updates * agent.config.num_envs, "episodes", done=agent.episodes)

    def on_update(self, agent: Learner, metrics: Metrics) -> None:
        """Move the bar."""
        self.returns.append(metrics.episode_return / metrics.answers)
        self._show(agent, line=agent.updates % agent.config.checkpoint_every == 0)

    def on_end(self, agent: Learner) -> None:
        """Show the end, with the held-out error of the last checkpoint."""
        if self.returns and agent.updates % agent.config.checkpoint_every:
            self._show(agent, line=True)

    def _show(self, agent: Learner, *, line: bool) -> None:
        assert self.meter is not None, "on_start makes it"
        text = f"error {100 - 100 * np.mean(self.returns):.2f}%"
        if agent.validation_error is not None:
            text += f", held out {agent.validation_error:.2f}%"
        self.meter.update(agent.episodes, text, line=line)
