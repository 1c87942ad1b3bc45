"""The runs of a benchmark: each in a directory of its own, where it goes on if it was killed, and is not repeated."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout

from ..agent.checkpoint import write_whole
from ..agent.json_object import json_object
from ..entrants.course import Course, Point
from ..entrants.entry import ENTRIES, Challenge, Entrant
from .machine import load, machine
from .reading import MOST_BYTES, MOST_WEIGHTS, MOST_WORDS, admit
from .submission import Submission, pack, unpack
from .verification import check_scenes

ASKED, RESULT, AGENT, COURSE, LOCK = "asked.json", "result.json", "agent.safetensors", "course.json", "lock"
STATE = "state-"
"""A directory of what a run needs to go on, with the number of the pause that it is of."""


class Terms(NamedTuple):
    """How everyone is measured and who vouches for it."""

    who: str
    code: str
    commit: str
    scenes: int | None
    """The first so many test scenes; None for all."""
    validation_scenes: int
    """For learning curves."""
    weights: bool
    """Whether submissions bring the weights of agents of this package."""


class Run:
    """One entry in one environment, from one seed.

    Args:
        name: of the entry.
        challenge: what it is to learn.
        terms: how it is measured.
        out: the benchmark's directory.
    """

    def __init__(self, name: str, challenge: Challenge, terms: Terms, out: Path) -> None:
        self.name, self.challenge, self.terms = name, challenge, terms
        self.directory = (
            out / "runs" / environment_name(challenge.env_id, challenge.env_kwargs) / name / f"seed{challenge.seed}"
        )

    @property
    def result(self) -> dict[str, Any] | None:
        """What came of it, if it has ended."""
        path = self.directory / RESULT
        return _held(path) if path.exists() else None

    def run(self, tell: Callable[[str], object]) -> bool:
        """Train, measure and keep the result, from where an earlier call was stopped; whether it is done now.

        Another process that is at it is left alone.

        Raises:
            NotForThis: the entry makes no sense in this environment.
            ValueError: the directory holds this run with other options.
        """
        self.check()
        if self.result is not None:
            return True
        self.directory.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.directory / LOCK, timeout=0):
                self.check()
                if self.result is None:  # another process may have ended it a moment ago
                    self._run(tell)
        except Timeout:
            tell("another process is at it")
            return False
        return True

    def check(self) -> None:
        """Raise a ValueError if the directory holds this run with other options."""
        path = self.directory / ASKED
        if not path.exists():
            return
        asked = _held(path)
        for key, value in self._asked().items():
            if asked.get(key) != value:
                raise ValueError(
                    f"{self.directory} holds this run with {key} {asked.get(key)}, not {value}: go on as it was begun, "
                    "or choose another --out"
                )

    def _asked(self) -> dict[str, Any]:
        return {
            "env_id": self.challenge.env_id,
            "env_kwargs": self.challenge.env_kwargs,
            "steps": self.challenge.budget.steps,
            "core_minutes": self.challenge.budget.core_minutes,
            "test_scenes": self.terms.scenes,
            "validation_scenes": self.terms.validation_scenes,
            "commit": self.terms.commit,
        }

    def _run(self, tell: Callable[[str], object]) -> None:
        entrant, course, busy = ENTRIES[self.name].make(self.challenge), Course(self.challenge.budget), load()
        write_whole(self.directory / ASKED, json.dumps(self._asked(), indent=1).encode())
        for unfinished in self.directory.glob(f"{STATE}*.part"):
            shutil.rmtree(unfinished)
        if states := self._states():
            course.restore(_held(states[-1] / COURSE))
            entrant.load(states[-1])
            tell(f"goes on at {100 * course.done:.0f}%")

        def pause() -> None:
            error = 100 * (1 - entrant.successes("validation", self.terms.validation_scenes).mean())
            course.points.append(Point(course.steps, round(course.core_minutes, 4), round(float(error), 4)))
            self._save(entrant, course)
            tell(
                f"{min(100, 100 * course.done):.0f}%, {course.steps:,} steps, {course.core_minutes:.2f} core-minutes, "
                f"held-out error {error:.2f}%"
            )

        course.pause = pause
        if not course.over:
            entrant.train(course)
        self._end(entrant, course, busy)

    def _states(self) -> list[Path]:
        """The directories that hold a whole state, the latest last."""
        return sorted(path for path in self.directory.glob(f"{STATE}*") if path.suffix != ".part")

    def _save(self, entrant: Entrant, course: Course) -> None:
        """Keep what the run needs to go on; what it needed before is deleted once this is whole."""
        before = self._states()
        whole = self.directory / f"{STATE}{len(course.points):06}"
        part = whole.with_suffix(".part")
        part.mkdir()
        entrant.save(part)
        (part / COURSE).write_text(json.dumps(course.as_json()))
        part.rename(whole)
        for old in before:
            shutil.rmtree(old)

    def _end(self, entrant: Entrant, course: Course, busy: float) -> None:
        """Measure on the test scenes, keep the result, and delete what only a run that goes on needs."""
        success = entrant.successes("test", self.terms.scenes)
        agent = entrant.agent()
        if agent is not None:
            agent.save(self.directory / AGENT, resumable=False)
        result = {"success": pack(success), "scenes": len(success), "machine": machine(), "loads": [busy, load()]}
        write_whole(self.directory / RESULT, json.dumps(result | course.as_json()).encode())
        for state in self._states():
            shutil.rmtree(state)


def environment_name(env_id: str, env_kwargs: dict[str, Any]) -> str:
    """Of an environment and its arguments, as a part of a path."""
    words = [env_id.rpartition("/")[2], *(f"{key}={json.dumps(value)}" for key, value in sorted(env_kwargs.items()))]
    return "".join(c if c.isalnum() or c in "-=_." else "_" for c in "_".join(words))


def _held(path: Path) -> dict[str, Any]:
    """The JSON object in a file of this benchmark's own."""
    try:
        return json_object(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): delete its directory, and the run begins anew") from error


def check_admitted(first: Run, seeds: Sequence[int]) -> None:
    """Raise a ValueError unless a board would admit what comes of runs like this of such seeds, whatever that is."""
    success = np.zeros((len(seeds), first.terms.scenes or 1), bool)
    draft = Submission(
        **_told(first), seeds=list(seeds), steps=[0] * len(seeds), episodes=[0] * len(seeds), success=success
    )
    admit(draft)
    check_scenes(draft)


def _told(first: Run) -> dict[str, Any]:
    """What a submission tells of an entry, beside what its runs have brought."""
    return {
        "who": first.terms.who,
        "algorithm": ENTRIES[first.name].title,
        "code": first.terms.code,
        "commit": first.terms.commit,
        "env_id": first.challenge.env_id,
        "env_kwargs": first.challenge.env_kwargs,
        "budget": first.challenge.budget,
    }


def submission(runs: list[Run]) -> Submission | None:
    """The submission of one entry's runs in one environment; None if one of them has not ended."""
    results = [run.result for run in runs]
    ended = [result for result in results if result is not None]
    if len(ended) < len(runs):
        return None
    loads = sorted(load for result in ended for load in result["loads"])
    return Submission(
        **_told(runs[0]),
        seeds=[run.challenge.seed for run in runs],
        steps=[result["steps"] for result in ended],
        episodes=[result["episodes"] for result in ended],
        success=np.stack([unpack(result["success"], result["scenes"]) for result in ended]),
        core_minutes=[round(result["seconds"] / 60, 4) for result in ended],
        machine=_together([result["machine"] for result in ended]) | {"load": f"{loads[0]:.1f} to {loads[-1]:.1f}"},
        curves=[[Point(*point) for point in result["points"]] for result in ended],
        weights=_weights(runs) if runs[0].terms.weights else None,
    )


def _together(machines: list[dict[str, str]]) -> dict[str, str]:
    """The machines of several runs as one: what differs is told of all."""
    names = {name: None for each in machines for name in each}
    return {name: " or ".join(sorted({each.get(name, "none") for each in machines}))[:MOST_WORDS] for name in names}


def _weights(runs: list[Run]) -> list[bytes | None]:
    """The agents' files, those that there are and that are not too large for a submission, each or together."""
    files = [run.directory / AGENT for run in runs]
    sizes = [path.stat().st_size if path.exists() else 0 for path in files]
    fits = sum(sizes) <= MOST_BYTES // 2  # in base64 they take a third more
    return [
        path.read_bytes() if fits and 0 < size <= MOST_WEIGHTS else None
        for path, size in zip(files, sizes, strict=True)
    ]
