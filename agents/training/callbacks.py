"""What goes on beside training: each callback does one job before, after and between the updates."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..evaluation.evaluate import evaluation_env, validation_errors
from .envs import AnyVectorEnv

if TYPE_CHECKING:
    from .reinforce import Reinforce, Update

CallbackFunction = Callable[["Reinforce", "Update"], Any]


class Callback:
    """Base class: override what you need."""

    def on_start(self, agent: Reinforce) -> None:
        """Called before the first update, also of a resumed run."""

    def on_update(self, agent: Reinforce, update: Update) -> bool | None:
        """Called after every update; False ends the training."""
        return None

    def on_end(self, agent: Reinforce) -> None:
        """Called after the last update, also when the user interrupts."""


class FunctionCallback(Callback):
    """A plain function of (agent, update)."""

    def __init__(self, function: CallbackFunction):
        self.function = function

    def on_update(self, agent: Reinforce, update: Update) -> bool | None:
        """Call the function."""
        return self.function(agent, update)


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

    def on_start(self, agent: Reinforce) -> None:
        """Start each."""
        for callback in self.callbacks:
            callback.on_start(agent)

    def on_update(self, agent: Reinforce, update: Update) -> bool:
        """Tell each; False if one of them said so."""
        answers = [callback.on_update(agent, update) for callback in self.callbacks]
        return all(answer is not False for answer in answers)

    def on_end(self, agent: Reinforce) -> None:
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

    def on_start(self, agent: Reinforce) -> None:
        """Show the bar."""
        total = agent.total_updates * agent.config.num_envs
        self.task = self.bar.add_task("", total=total, completed=agent.episodes, text="")
        self.bar.start()

    def on_update(self, agent: Reinforce, update: Update) -> None:
        """Move the bar."""
        self.returns.append(update.episode_return)
        speed = self.bar.tasks[0].speed or 0.0
        text = f"{speed:,.0f} a second; error {100 - 100 * np.mean(self.returns):.2f}%"
        if agent.validation_error is not None:
            text += f", held out {agent.validation_error:.2f}%"
        self.bar.update(self.task, completed=agent.episodes, text=text)

    def on_end(self, agent: Reinforce) -> None:
        """Leave the bar as it stands."""
        self.bar.stop()


class Checkpoints(Callback):
    """At the end of every segment: measure the validation error, log it, save the last agent and the best one.

    In `directory`: `last.safetensors`, `best.safetensors` (the smallest validation error so far) and `progress.jsonl`,
    a line for each segment.

    Args:
        directory: where the files go. One process trains in it at a time.
        validation: the environment to validate on. By default made from the agent's id (see `evaluate.evaluation_env`);
            without either nothing is validated, and there is no best agent.
    """

    def __init__(self, directory: str | Path, validation: AnyVectorEnv | None = None):
        self.directory = Path(directory)
        self.validation = validation
        self.updates: list[Update] = []

    def on_start(self, agent: Reinforce) -> None:
        """Make the directory; of a resumed run's log keep the lines up to here.

        Raises:
            ValueError: another process trains in it.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        # Of this process there is one for each file: a run that an error ended does not bar the next.
        self.lock = FileLock(self.directory / "lock", timeout=0, is_singleton=True)
        try:
            self.lock.acquire()
        except Timeout:
            raise ValueError(
                f"another process is training in {self.directory}: wait for its end, or choose another directory"
            ) from None
        self.log = self.directory / "progress.jsonl"
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        kept = [line for line in lines if json.loads(line)["episodes"] <= agent.episodes] if agent.updates else []
        self.log.write_text("".join(f"{line}\n" for line in kept))
        if self.validation is None and agent.env_id:
            self.validation = evaluation_env(agent, "validation")

    def on_update(self, agent: Reinforce, update: Update) -> None:
        """Save at the end of a segment."""
        self.updates.append(update)
        if agent.updates % agent.config.checkpoint_every == 0:
            self.save(agent)

    def on_end(self, agent: Reinforce) -> None:
        """Save what the last segment's end did not."""
        if self.updates:
            self.save(agent)
        self.lock.release(force=True)

    def save(self, agent: Reinforce) -> None:
        """Validate, log and save. The last checkpoint comes last: a run killed before it repeats all of this."""
        means = dict(zip(self.updates[0]._fields, np.mean(self.updates, axis=0).tolist(), strict=True))
        self.updates = []
        best = False
        errors: list[float] | None = None
        if self.validation is not None:
            errors = [round(error, 6) for error in validation_errors(agent, self.validation)]
            agent.validation_error = errors[-1]
            best = agent.best_error is None or agent.validation_error < agent.best_error
        line = {
            "episodes": agent.episodes,
            "seconds": round(agent.seconds, 3),
            "validation_error": agent.validation_error,
            "validation_errors": errors,  # after each glimpse
        }
        with self.log.open("a") as log:
            log.write(json.dumps(line | means) + "\n")
        if best:
            agent.best_error = agent.validation_error
            agent.save(self.directory / "best.safetensors")
        agent.save(self.directory / "last.safetensors")
