"""The tables of `ram evaluate`: errors after every glimpse, answers, confusion."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ..evaluation.evaluate import Evaluation

NAME_WIDTH = 20
"""Characters of an agent's name that have a line of the table; what is longer goes on in the next."""


class Asked(NamedTuple):
    """How an evaluation was asked for."""

    split: str
    look: str
    """"agent" for its own gaze."""
    paths: int
    """Sampled paths for each scene."""
    confusion: bool = False
    """Print the confusion matrices."""


def show(measured: dict[str, Evaluation], cnns: dict[str, dict[str, Any]], asked: Asked) -> None:
    """Print a table of errors in %: a row for each agent and gaze, a column for each glimpse, the answer's last.

    Where the console is too narrow for all glimpses, the columns are the first, every second (fifth, tenth, ...) and
    the answer. Where an agent answers before its last glimpse, one more column tells how many it takes.
    """
    console = Console()
    early = any(1 < len(result.mean) > result.glimpses for result in measured.values())
    steps = max(len(result.mean) for result in measured.values())
    rows = _rows(measured, cnns, asked)
    title = f"Error in %, {asked.split}, {next(iter(measured.values())).episodes:,} episodes each"
    for shown in _choices_of_glimpses(steps):
        table = _errors_table(title, rows, shown, early=early)
        if _width(table, rows, console) <= console.width:
            break
    if len(shown) < steps:
        table.caption = "--out writes the errors after every glimpse"
    console.print(table)
    if any(result.balanced_accuracy for result in measured.values()):
        console.print(_scores_table(measured, asked))
    if any(result.several for result in measured.values()):
        console.print(_several_table(measured, asked))
    for name, result in measured.items():
        if asked.confusion and result.confusion is not None:
            console.print(_confusion_table(name, result))


class _Row(NamedTuple):
    agent: str
    gaze: str
    errors: list[float]
    """After each glimpse, in %; of those that see whole scenes the answer's alone."""
    taken: float | None
    """Mean number of glimpses before the answer."""


def _rows(measured: dict[str, Evaluation], cnns: dict[str, dict[str, Any]], asked: Asked) -> list[_Row]:
    rows = [
        _Row(name, _meaning(column, asked), getattr(result, column).tolist(), taken)
        for name, result in measured.items()
        for column, taken in zip(
            ("mean", "sampled", "averaged"), (result.glimpses, result.sampled_glimpses, None), strict=True
        )
        if getattr(result, column) is not None
    ]
    return rows + [_Row(f"{name} (control)", "whole scene", [cnn["error"]], None) for name, cnn in cnns.items()]


def _choices_of_glimpses(steps: int) -> Iterator[list[int]]:
    """Which of so many glimpses have columns, from all to the first and the last; the last is the answer's."""
    for tens in itertools.count():
        for every in (10**tens, 2 * 10**tens, 5 * 10**tens):
            yield [t for t in range(1, steps + 1) if t % every == 0 or t in (1, steps)]
            if every >= steps:
                return


def _errors_table(title: str, rows: list[_Row], shown: list[int], *, early: bool) -> Table:
    """With columns for these glimpses, counted from 1, the last of them the answer's."""
    steps = shown[-1]
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("agent", overflow="fold")
    table.add_column("gaze")
    for t in shown:
        table.add_column(str(t) if t < steps else "answer", justify="right", no_wrap=True)
    if early:
        table.add_column("glimpses", justify="right", no_wrap=True)
    for row in rows:
        cells = [""] * (steps - len(row.errors)) + [f"{error:.2f}" for error in row.errors]
        count = [f"{row.taken:.2f}" if row.taken else ""] if early else []
        table.add_row(row.agent, row.gaze, *[cells[t - 1] for t in shown], *count)
    return table


def _width(table: Table, rows: list[_Row], console: Console) -> int:
    """What a table needs in characters, where the agents' names may be folded."""
    folded = max(0, max(len(row.agent) for row in rows) - NAME_WIDTH)
    return console.measure(table, options=console.options.update(max_width=sys.maxsize)).maximum - folded


def _meaning(column: str, asked: Asked) -> str:
    """What the gaze of a row of the table is."""
    own = {"mean": "mean", "sampled": "sampled", "averaged": f"mean of {asked.paths}"}[column]
    return own if asked.look == "agent" else f"{asked.look}, {own}".removesuffix(", mean")


def _scores_table(measured: dict[str, Evaluation], asked: Asked) -> Table:
    """Of the answers: balanced accuracy, and of two classes the area under the ROC curve."""
    table = Table(title="Answers", box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("agent", overflow="fold")
    table.add_column("gaze")
    table.add_column("balanced accuracy, %", justify="right")
    has_areas = any(result.auc for result in measured.values())
    if has_areas:
        table.add_column("AUC", justify="right", no_wrap=True)
    for name, result in measured.items():
        for column, accuracy in (result.balanced_accuracy or {}).items():
            area = (result.auc or {}).get(column)
            areas = ["" if area is None else f"{area:.4f}"] if has_areas else []
            table.add_row(name, _meaning(column, asked), f"{accuracy or 0:.2f}", *areas)
    return table


def _several_table(measured: dict[str, Evaluation], asked: Asked) -> Table:
    """Errors of the whole, in which an answer is wrong, and of each answer."""
    table = Table(title="Several answers, error in %", box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("agent", overflow="fold")
    table.add_column("gaze")
    rows = [
        (name, _meaning(gaze, asked), *(f"{error:.2f}" for error in errors))
        for name, result in measured.items()
        for gaze, errors in (result.several or {}).items()
    ]
    for column in ("whole", *range(1, max(map(len, rows)) - 2)):
        table.add_column(str(column), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _confusion_table(name: str, result: Evaluation) -> Table:
    assert result.confusion is not None
    table = Table(title=f"{name}: label (rows), answer (columns)")
    for column in ("", *range(len(result.confusion))):
        table.add_column(str(column), justify="right")
    for label, counts in enumerate(result.confusion.tolist()):
        table.add_row(str(label), *[str(count) if count else "·" for count in counts])
    return table
