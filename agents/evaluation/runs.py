"""The directory of a run: its checkpoints, its log, and the lock that keeps a second process out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..agent.envs import AnyVectorEnv
from ..training.callbacks import Callback, Metrics, mean_metrics
from ..training.reinforce import Reinforce
from .evaluate import validation_env, validation_errors

LAST, BEST, LOG, LOCK = "last.safetensors", "best.safetensors", "progress.jsonl", "lock"


class Checkpoints(Callback):
    """At the end of every segment: measure the validation error, log it, save the last agent and the best one.

    In `directory`: `last.safetensors`, `best.safetensors` (the smallest validation error so far) and `progress.jsonl`,
    a line for each segment, with the seconds of the run until then, validation included.

    Args:
        directory: where the files go. One process trains in it at a time.
        validation: the environment to validate on. By default made from the agent's id (see `evaluate.validation_env`);
            without either nothing is validated, and there is no best agent.
    """

    clock: Callable[[], float] = staticmethod(time.perf_counter)
    """By which validation counts as time of the run, in seconds."""

    def __init__(self, directory: str | Path, validation: AnyVectorEnv | None = None):
        self.directory = Path(directory)
        self.validation = validation
        self.metrics: list[Metrics] = []
        """Of the updates since the last checkpoint."""

    def on_start(self, agent: Reinforce) -> None:
        """Make the directory; of a resumed run's log keep the lines up to here.

        Raises:
            ValueError: another process trains in it.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        # Of this process there is one for each file: a run that an error ended does not bar the next.
        self.lock = FileLock(self.directory / LOCK, timeout=0, is_singleton=True)
        try:
            self.lock.acquire()
        except Timeout:
            raise ValueError(
                f"another process is training in {self.directory}: wait for its end, or choose another directory"
            ) from None
        _remove_parts(self.directory)
        _mend_log(self.directory / LOG, agent.episodes if agent.updates else 0)
        if self.validation is None and agent.env_id:
            self.validation = validation_env(agent)

    def on_update(self, agent: Reinforce, metrics: Metrics) -> None:
        """Save at the end of a segment."""
        self.metrics.append(metrics)
        if agent.updates % agent.config.checkpoint_every == 0:
            self.save(agent)

    def on_end(self, agent: Reinforce) -> None:
        """Save what the last segment's end did not."""
        if self.metrics:
            self.save(agent)
        self.lock.release(force=True)

    def save(self, agent: Reinforce) -> None:
        """Validate, log and save. The last checkpoint comes last: a run killed before it repeats all of this."""
        means = mean_metrics(self.metrics)
        best = False
        errors: list[float] | None = None
        if self.validation is not None:
            start = self.clock()
            errors = [round(error, 6) for error in validation_errors(agent, self.validation)]
            agent.seconds += self.clock() - start
            agent.validation_error, agent.validation_errors = errors[-1], errors
            best = agent.best_error is None or agent.validation_error < agent.best_error
        line = {
            "episodes": agent.episodes,
            "seconds": round(agent.seconds, 3),
            "validation_error": agent.validation_error,
            "validation_errors": errors,  # after each glimpse
        }
        with naming(self.directory / LOG) as path, path.open("a") as log:
            log.write(json.dumps(line | means._asdict()) + "\n")
        if best:
            agent.best_error = agent.validation_error
            with naming(self.directory / BEST) as path:
                agent.save(path)
        with naming(self.directory / LAST) as path:
            agent.save(path)
        self.metrics = []


@contextmanager
def naming(path: Path) -> Iterator[Path]:
    """A system's error in this context tells the file, which a full disk's does not by itself."""
    try:
        yield path
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def read_log(directory: Path) -> list[dict[str, Any]]:
    """The lines of a run's log, each a segment's.

    Raises:
        FileNotFoundError: the directory has none.
        ValueError: a line is damaged.
    """
    path = directory / LOG
    if not path.is_file():
        raise FileNotFoundError(f"there is no log of a run in {directory}: {LOG} is missing")
    lines = path.read_bytes().splitlines()
    parsed = [_parsed(line) for line in lines]
    if None in parsed:
        number = parsed.index(None) + 1
        raise ValueError(f"line {number} of {path} is damaged: take it out, or go on with the run, which mends its log")
    return [line for line in parsed if line is not None]


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A line of a log, or None if it is none: torn by a full disk, empty, or written by something else."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("episodes"), int) else None


def _mend_log(path: Path, episodes: int) -> None:
    """Keep of a log what the checkpoint, which alone is the truth, knows of: whole lines up to so many episodes."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    kept = [line for line in lines if (parsed := _parsed(line)) is not None and parsed["episodes"] <= episodes]
    path.write_bytes(b"".join(line + b"\n" for line in kept))


def _remove_parts(directory: Path) -> None:
    """Clean away what killed runs left half-written; the lock says that nobody is writing now."""
    for part in directory.glob(".*.part"):
        part.unlink(missing_ok=True)
