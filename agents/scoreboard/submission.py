"""A submission: one JSON file of what was run, and of which test scenes each seed succeeded in."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..agent.checkpoint import write_whole
from ..entrants.course import Budget, Point
from .statistics import Figures, figures

FORMAT = "ram-scoreboard-1"
Environment = tuple[str, str]
"""An id, and its arguments as JSON."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One algorithm in one environment, from several seeds. `write` checks nothing that `reading.read` does not."""

    who: str
    """Whose entry it is."""
    algorithm: str
    """What it is called."""
    code: str
    """The address of its code."""
    commit: str
    """Of that code: 7 to 40 hexadecimal digits."""
    env_id: str
    env_kwargs: dict[str, Any] = field(default_factory=dict)
    seeds: list[int]
    """Of training, at least 3, no two alike."""
    steps: list[int]
    """Of the environment that each seed was trained for."""
    episodes: list[int]
    success: NDArray[np.bool_]
    """(seeds, scenes): whether each seed succeeded in test scene 0, 1, 2, ..."""
    core_minutes: list[float] | None = None
    """Of processor time that each seed was trained for."""
    budget: Budget | None = None
    """That was stated before."""
    machine: dict[str, str] = field(default_factory=dict)
    """It ran on: processor, cores, load, versions."""
    curves: list[list[Point]] | None = None
    """Of each seed, the error on held-out scenes while it trained."""
    weights: list[bytes | None] | None = None
    """Of each seed, an agent's file of this package."""
    note: str = ""

    @property
    def errors(self) -> NDArray[np.float64]:
        """Of each seed on the test scenes, in %."""
        return 100 * (1 - self.success.mean(1))

    def figures(self) -> Figures:
        """The interquartile mean of the errors, and its interval, in %."""
        return figures(self.errors)

    def as_json(self) -> dict[str, Any]:
        """What the file holds."""
        held: dict[str, Any] = {"format": FORMAT}
        held |= {name: getattr(self, name) for name in ("who", "algorithm", "code", "commit", "env_id", "env_kwargs")}
        held |= {"seeds": self.seeds, "steps": self.steps, "episodes": self.episodes}
        held |= {"scenes": self.success.shape[1], "success": [pack(row) for row in self.success]}
        mean, low, high = self.figures()
        held |= {"errors": self.errors.tolist(), "interquartile_mean": mean, "interval": [low, high]}
        optional: dict[str, Any] = {
            "core_minutes": self.core_minutes,
            "budget": self.budget and vars(self.budget),
            "machine": self.machine or None,
            "curves": self.curves,
            "weights": self.weights
            and [None if held is None else base64.b64encode(held).decode() for held in self.weights],
            "note": self.note or None,
        }
        return held | {name: value for name, value in optional.items() if value is not None}

    def write(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        path = Path(path)
        write_whole(path, (json.dumps(self.as_json(), indent=1) + "\n").encode())


def environment(submission: Submission) -> Environment:
    """The environment and its arguments."""
    return submission.env_id, json.dumps(submission.env_kwargs, sort_keys=True)


def pack(success: NDArray[np.bool_]) -> str:
    """Successes (N,) as bits, the first scene the highest bit of the first byte, zeros behind the last; in base64."""
    return base64.b64encode(np.packbits(success).tobytes()).decode()


def unpack(text: str, scenes: int) -> NDArray[np.bool_]:
    """The successes (scenes,) that `pack` packed.

    Raises:
        ValueError: it is no base64, of another length, or has bits behind the last scene. Nothing longer than
            `scenes` asks for is decoded.
    """
    size = -(-scenes // 8)
    if len(text) != (length := 4 * -(-size // 3)):
        raise ValueError(f"has {len(text):,} characters, and {scenes:,} scenes need {length:,}: is it cut short?")
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"is no base64 ({error})") from None
    if len(content) != size:
        raise ValueError(f"holds {len(content):,} bytes, and {scenes:,} scenes need {size:,}")
    bits = np.unpackbits(np.frombuffer(content, np.uint8)).astype(bool)
    if bits[scenes:].any():
        raise ValueError(f"has bits set behind scene {scenes - 1:,}, the last")
    return bits[:scenes]
