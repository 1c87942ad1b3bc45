"""The board: submissions of any number of directories, merged into tables in Markdown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .statistics import Figures, figures
from .submission import Environment, Submission, environment
from .verification import is_whole, num_test_scenes, verify

EXCEEDED = 1.2
"""Times a budget: whoever spent so much of it is marked."""
MACHINE = ("processor", "cores", "threads")
"""What comes first of a machine; the rest are versions."""


class Row(NamedTuple):
    """Of a table."""

    submission: Submission
    figures: Figures
    """Of its errors, in %."""


def collect(
    directories: Sequence[Path], leave_out: Callable[[Path, Exception], object] | None = None
) -> list[Submission]:
    """The submissions that lie in directories, without those that are there twice; weights are not played.

    Args:
        directories: where their files lie, those that come first where two are of one entry.
        leave_out: is told of each file that can't be in the board, and why, in place of raising its error.

    Raises:
        FileNotFoundError: a directory does not exist.
        ValueError: a file is no submission, or its arithmetic is wrong; or two that differ are of the same entry.
    """
    for directory in directories:
        if not directory.is_dir():
            raise FileNotFoundError(f"there is no directory {directory}")
    found: dict[tuple[Any, ...], tuple[Path, Submission]] = {}
    for path in (path for directory in directories for path in sorted(directory.glob("*.json"))):
        try:
            submission = verify(path, play=False)
            before, _ = found.setdefault(_key(submission), (path, submission))
            if before.read_bytes() != path.read_bytes():
                raise ValueError(
                    f"{before} and {path} are of one entry, {submission.algorithm!r} by {submission.who!r} in "
                    f"{submission.env_id}, and differ: leave one of them out"
                )
        except (OSError, ValueError) as error:
            if leave_out is None:
                raise
            leave_out(path, error)
    return [submission for _, submission in found.values()]


def _key(submission: Submission) -> tuple[Any, ...]:
    return (submission.who, submission.algorithm, *environment(submission))


def by_environment(submissions: Sequence[Submission]) -> dict[Environment, list[Row]]:
    """The rows of each environment's table, the smallest error first; then those that leave out test scenes."""
    tables: dict[Environment, list[Row]] = {}
    for submission in submissions:
        tables.setdefault(environment(submission), []).append(Row(submission, submission.figures()))
    for rows in tables.values():
        rows.sort(key=lambda row: (not is_whole(row.submission), row.figures.interquartile_mean))
    return dict(sorted(tables.items()))


def overall(submissions: Sequence[Submission]) -> list[tuple[Submission, Figures]]:
    """The figures over all environments together, of whoever took part in each with as many seeds.

    An environment counts if at least half as many take part as in the one with the most: one that somebody alone has
    played would leave out all others. Submissions that leave out test scenes have no part.

    Returns:
        One of the submissions of each, and the interquartile mean of its errors, the smallest first; none of a board
        of one environment.
    """
    whole = [submission for submission in submissions if is_whole(submission)]
    entries = Counter(environment(submission) for submission in whole)
    environments = {where for where, count in entries.items() if 2 * count >= max(entries.values())}
    if len(environments) < 2:
        return []
    together: dict[tuple[str, str], list[Submission]] = {}
    for submission in whole:
        if environment(submission) in environments:
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
            _scenes(submission),
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


def _scenes(submission: Submission) -> str:
    scenes = f"{submission.success.shape[1]:,}"
    return scenes if is_whole(submission) else f"{scenes} of {num_test_scenes(*environment(submission)):,}"


def _error(figure: Figures) -> str:
    return f"{figure.interquartile_mean:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _budget(submission: Submission) -> str:
    budget = submission.budget
    if budget is None:
        return "not stated"
    spent = max(submission.steps) / budget.steps, max(submission.core_minutes or [0]) / budget.core_minutes
    # The last update may go beyond it.
    exceeded = f", exceeded {max(spent):.1f} times" if max(spent) > EXCEEDED else ""
    return f"{budget.steps:,} steps, {budget.core_minutes:g} core-minutes{exceeded}"


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
    escaped = "".join(f"\\{c}" if c in r"\`*_{}[]<>#|!&~$" else c for c in words)
    return re.sub(r"(?i)(?<=www)\.|:(?=//)|@", lambda found: f"&#{ord(found[0])};", escaped)  # what would become a link
