"""A stranger's submission, read: its sizes are bounded before anything is decoded, and whatever is wrong is named."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..agent.json_object import json_object
from ..entrants.course import Budget, Point
from .fields import (
    Check,
    Huge,
    Twice,
    arguments,
    base64_or_none,
    items,
    mapping,
    one_of,
    real,
    refuse,
    shown,
    text,
    whole,
)
from .statistics import Figures
from .submission import FORMAT, Submission, unpack

MOST_BYTES = 64 * 2**20
"""Of a file."""
MOST_VALUES = 200_000
"""In a file: each takes more memory than its characters do."""
LEAST_SEEDS, MOST_SEEDS, MOST_SCENES = 3, 100, 100_000
MOST_WEIGHTS = 12 * 2**20
"""Bytes of one agent."""
MOST_WORDS = 300
"""Characters of what is told of a machine."""
MOST_POINTS = 1_000
"""Of a learning curve."""
ROUNDED = 1e-3
"""Core-minutes, that a curve's may be rounded by."""


ADDRESS = r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_./~%+=&?#,:;-]*)?"
"""Without brackets or marks, which could end a link in a table and begin something else."""
SHARE = real(0, 100)
"""In %."""
COUNT = whole(0, 10**15)
FIELDS: dict[str, Check] = {
    "format": one_of(FORMAT),
    "who": text(100),
    "algorithm": text(100),
    "code": text(300, ADDRESS, "an address that begins with https://, of letters, digits and -._~%+=&?#,:;/ alone"),
    "commit": text(40, r"[0-9a-f]{7,40}", "7 to 40 hexadecimal digits"),
    "env_id": text(100, r"ram_envs/[\w-]+-v\d+", "the id of an environment of ram_envs"),
    "env_kwargs": arguments,
    "seeds": items(whole(0, 2**32 - 1), LEAST_SEEDS, MOST_SEEDS),
    "scenes": whole(1, MOST_SCENES),
    "interquartile_mean": SHARE,
    "interval": items(SHARE, 2),
}
"""What every submission has, beside `PER_SEED`."""
PER_SEED: dict[str, Check] = {
    "steps": COUNT,
    "episodes": COUNT,
    "success": text(4 * -(-MOST_SCENES // 24), r"[A-Za-z0-9+/]+=*", "in base64"),
    "errors": SHARE,
}
"""What it has a list of, with one for each seed."""
OPTIONAL: dict[str, Check] = {"note": text(2_000), "machine": mapping(text(MOST_WORDS), 30)}
OPTIONAL_PER_SEED: dict[str, Check] = {
    "core_minutes": real(0, 1e9),
    "curves": items(items(real(0, 1e15), len(Point._fields)), 0, MOST_POINTS),
    "weights": base64_or_none(MOST_WEIGHTS),
}
BUDGET: dict[str, Check] = {"steps": whole(1, 10**15), "core_minutes": real(1e-9, 1e9)}


class Read(NamedTuple):
    """What a file holds."""

    submission: Submission
    stated_errors: list[float]
    """In %, of each seed."""
    stated: Figures
    """Likewise in %."""


def read(path: str | Path) -> Read:
    """A submission, with what it states about itself; nothing is recomputed here, see `verification`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no submission; the message names the file and the field.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ValueError(f"{path} has {size:,} bytes; a submission has at most {MOST_BYTES:,}")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)  # it may have grown
    try:
        return _build(_parse(content))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def admit(submission: Submission) -> None:
    """Raise a ValueError unless `read` would take a file of this submission."""
    _build(_parse(json.dumps(submission.as_json()).encode()))


def _parse(content: bytes) -> dict[str, Any]:
    """The JSON object, with a `Huge` or a `Twice` in the place of what can't be."""
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise ValueError(f"it holds more than {MOST_VALUES:,} values")
    return json_object(content, object_pairs_hook=_once, parse_int=_whole, parse_constant=float)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = Twice() if key in found else value
    return found


def _whole(digits: str) -> int | Huge:
    return Huge(len(digits)) if len(digits) > 18 else int(digits)


def _build(held: dict[str, Any]) -> Read:
    """The submission of checked fields; sizes come before what they are the sizes of."""
    needed, known = {*FIELDS, *PER_SEED}, {*FIELDS, *PER_SEED, *OPTIONAL, *OPTIONAL_PER_SEED, "budget"}
    if lacking := sorted(needed - set(held)):
        raise ValueError(f"it lacks {', '.join(lacking)}; docs/scoreboard.md lists what a submission holds")
    if unknown := sorted(set(held) - known):
        raise ValueError(f"it has {shown(unknown[0])}, which no submission has; docs/scoreboard.md lists what it holds")
    found = _checked(FIELDS, held)
    seeds, scenes = found["seeds"], found.pop("scenes")
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds are {seeds}; no two may be alike")
    lists = PER_SEED | {name: check for name, check in OPTIONAL_PER_SEED.items() if name in held}
    found |= _checked({name: items(check, len(seeds)) for name, check in lists.items()}, held)
    found |= _checked({name: check for name, check in OPTIONAL.items() if name in held}, held)
    found["success"] = np.stack([_unpacked(f"success[{i}]", row, scenes) for i, row in enumerate(found["success"])])
    if "curves" in held:
        found["curves"] = [[Point(int(steps), *rest) for steps, *rest in curve] for curve in found["curves"]]
        ends = zip(found["steps"], found.get("core_minutes", [math.inf] * len(seeds)), strict=True)
        for i, (curve, end) in enumerate(zip(found["curves"], ends, strict=True)):
            _check_curve(f"curves[{i}]", curve, *end)
    if "budget" in held:
        found["budget"] = _budget(held["budget"])
    del found["format"]
    mean, interval, errors = found.pop("interquartile_mean"), found.pop("interval"), found.pop("errors")
    return Read(Submission(**found), errors, Figures(mean, *interval))


def _checked(checks: dict[str, Check], held: dict[str, Any]) -> dict[str, Any]:
    return {name: check(name, held[name]) for name, check in checks.items()}


def _unpacked(name: str, row: str, scenes: int) -> NDArray[np.bool_]:
    try:
        return unpack(row, scenes)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _check_curve(name: str, curve: list[Point], steps: int, core_minutes: float) -> None:
    """Raise a ValueError unless a learning curve goes onwards, and no further than its run."""
    for before, point in zip([Point(-1, 0, 0), *curve], curve, strict=False):
        if point.error > 100:
            raise ValueError(f"{name} has the error {point.error:g}; it must be from 0 to 100")
        if point.steps <= before.steps or point.core_minutes < before.core_minutes:
            raise ValueError(f"{name} goes back, from {before[:2]} to {point[:2]} steps and core-minutes")
    if curve and (curve[-1].steps > steps or curve[-1].core_minutes > core_minutes + ROUNDED):
        raise ValueError(f"{name} ends at {curve[-1][:2]} steps and core-minutes, the run at {(steps, core_minutes)}")


def _budget(value: Any) -> Budget:
    if not isinstance(value, dict) or set(value) != set(BUDGET):
        raise refuse("budget", value, f"an object of {' and '.join(BUDGET)}")
    return Budget(**{name: check(f"budget.{name}", value[name]) for name, check in BUDGET.items()})
