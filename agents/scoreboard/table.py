"""The board: submissions of any number of directories, merged into tables in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .statistics import Figures, figures
from .submission import Submission
from .verification import verify

Environment = tuple[str, str]
"""An id, and its arguments as JSON."""
MACHINE = ("processor", "cores", "threads")
"""What comes first of a machine; the rest are versions."""


class Row(NamedTuple):
    """Of a table."""

    submission: Submission
    figures: Figures
    """Of its errors, in %."""


def collect(directories: Iterable[Path]) -> list[Submission]:
    """The submissions that lie in directories, without those that are there twice; weights are not played.

    Raises:
        FileNotFoundError: a directory does not exist.
        ValueError: a file is no submission, or its arithmetic is wrong; or two that differ are of the same entry.
    """
    found: dict[tuple[Any, ...], tuple[Path, Submission]] = {}
    for directory in directories:
        if not directory.is_dir():
            raise FileNotFoundError(f"there is no directory {directory}")
        for path in sorted(directory.glob("*.json")):
            submission = verify(path, play=False)
            before = found.setdefault(_key(submission), (path, submission))
            if before[0].read_bytes() != path.read_bytes():
                raise ValueError(
                    f"{before[0]} and {path} are of one entry, {submission.algorithm!r} by {submission.who!r} in "
                    f"{submission.env_id}, and differ: leave one of them out"
                )
    return [submission for _, submission in found.values()]


def _key(submission: Submission) -> tuple[Any, ...]:
    return (submission.who, submission.algorithm, *environment(submission))


def environment(submission: Submission) -> Environment:
    """The environment and its arguments."""
    return submission.env_id, json.dumps(submission.env_kwargs, sort_keys=True)


def by_environment(submissions: Sequence[Submission]) -> dict[Environment, list[Row]]:
    """The rows of each environment's table, the smallest error first."""
    tables: dict[Environment, list[Row]] = {}
    for submission in submissions:
        tables.setdefault(environment(submission), []).append(Row(submission, submission.figures()))
    for rows in tables.values():
        rows.sort(key=lambda row: row.figures.interquartile_mean)
    return dict(sorted(tables.items()))


def overall(submissions: Sequence[Submission]) -> list[tuple[Submission, Figures]]:
    """The figures over all environments together, of whoever took part in each with as many seeds.

    Returns:
        One of the submissions of each, and the interquartile mean of its errors, the smallest first; none of a board
        of one environment.
    """
    environments = {environment(submission) for submission in submissions}
    if len(environments) < 2:
        return []
    together: dict[tuple[str, str], list[Submission]] = {}
    for submission in submissions:
        together.setdefault((submission.who, submission.algorithm), []).append(submission)
    found = []
    for theirs in together.values():
        if len(theirs) == len(environments) and len({len(each.seeds) for each in theirs}) == 1:
            found.append((theirs[0], figures(np.stack([each.errors for each in theirs], axis=1))))
    return sorted(found, key=lambda row: row[1].interquartile_mean)


def markdown(submissions: Sequence[Submission]) -> str:
    """The board: a table for each environment, one of all together, and the machines."""
    machines: dict[str, int] = {}
    parts = [_table(*item, machines) for item in by_environment(submissions).items()]
    if rows := overall(submissions):
        lines = [f"| {_entry(submission)} | {_error(figure)} |" for submission, figure in rows]
        head = ["### All environments together", "", "| entry | error, % (95% interval) |", "|---|---:|"]
        parts.append("\n".join([*head, *lines]))
    listed = "\n".join(f"{number}. {words}" for words, number in machines.items())
    return "\n\n".join([*parts, *([f"Machines:\n\n{listed}"] if listed else [])]) + "\n"


def _table(where: Environment, rows: list[Row], machines: dict[str, int]) -> str:
    """One environment's; new machines are added to those that are known."""
    env_id, kwargs = where
    heading = f"### {env_id}" + ("" if kwargs == "{}" else f" with `{kwargs}`")
    lines = [
        heading,
        "",
        "| entry | error, % (95% interval) | test scenes | seeds | steps | core-minutes | budget | machine |",
        "|---|---:|---:|---:|---:|---:|---|---|",
    ]
    for submission, figure in rows:
        cells = (
            _entry(submission),
            _error(figure),
            f"{submission.success.shape[1]:,}",
            str(len(submission.seeds)),
            f"{np.mean(submission.steps):,.0f}",
            "" if submission.core_minutes is None else f"{np.mean(submission.core_minutes):.2f}",
            _budget(submission),
            _machine(submission, machines),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _entry(submission: Submission) -> str:
    address, commit = submission.code, submission.commit[:7]
    return f"{_safe(submission.algorithm)}, {_safe(submission.who)} ([{commit}]({address}))"


def _error(figure: Figures) -> str:
    return f"{figure.interquartile_mean:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _budget(submission: Submission) -> str:
    budget = submission.budget
    return "not stated" if budget is None else f"{budget.steps:,} steps, {budget.core_minutes:g} core-minutes"


def _machine(submission: Submission, machines: dict[str, int]) -> str:
    """Its number, that is new if the machine is; and how busy it was."""
    held = dict(submission.machine)
    if not held:
        return "not stated"
    load = f", load {_safe(held.pop('load'))}" if "load" in held else ""
    first = [f"{name} {held.pop(name)}" if name != "processor" else held.pop(name) for name in MACHINE if name in held]
    words = "; ".join([", ".join(first), ", ".join(f"{name} {value}" for name, value in held.items())])
    return f"{machines.setdefault(_safe(words), len(machines) + 1)}{load}"


def _safe(words: str) -> str:
    """A stranger's words in a table: nothing in them is markup."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>#|!&~$" else c for c in words)
