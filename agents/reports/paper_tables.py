"""The tables that `ram reproduce` prints: figures with their 95% intervals, and whether they beat the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.box import SIMPLE
from rich.table import Table

from .intervals import holm, two_proportions, wilson
from .paper import PAPER_SCENES, WHOLE_IMAGE, Row

LEVEL = 0.05
FIGURES = ("single", "sampled", "averaged", "random_gaze")
NOTES = (
    "In brackets the 95% interval of each figure (Wilson; scenes count, not paths), of several seeds their range. "
    "beaten: the single path's error is below the paper's as published (NIPS), significant at 5% by a one-sided test "
    "of two proportions, of several seeds the worst's, after Holm over the rows of this table (p); a tie is lower, but "
    "not significantly. The paper's figures are taken to be of 10,000 independent scenes each, of which two decimals "
    "are exact; on 28x28 these are the same images as ours, which makes the test the more careful. best of RAM's "
    "re-implementations: the lowest error that the public ones which we know of tell. whole image: a modern CNN that "
    "sees all of each scene, of Catch RAM that does; * not trained to its plateau."
)


class Line(NamedTuple):
    """One agent's figures for a row: errors in %."""

    row: Row
    episodes: int
    """Scenes that each figure is of."""
    single: float
    """One path that looks at the mean locations: what counts."""
    sampled: float | None
    """The mean of several paths of drawn locations."""
    averaged: float | None
    random_gaze: float
    minutes_to_beat: float | None = None
    """Of training, until the held-out error was first below the paper's; None if never, or if not trained here."""

    def p_value(self) -> float:
        """Of the test that the single path errs less often than the paper's agent."""
        return two_proportions(self.single / 100, self.episodes, self.row.nips / 100, PAPER_SCENES)


class Answer(NamedTuple):
    """A row of the paper, and the agents that answer it: one, or the same recipe's with several seeds."""

    lines: list[Line]
    p_value: float
    """Of the worst agent, after Holm over the table."""

    @property
    def row(self) -> Row:
        """The paper's."""
        return self.lines[0].row

    @property
    def beaten(self) -> str:
        """Whether the paper's error is: "yes", "no", or "tie" where ours is no higher, but not significantly lower."""
        if max(line.single for line in self.lines) > self.row.nips:
            return "no"
        return "yes" if self.p_value < LEVEL else "tie"

    def figure(self, name: str) -> tuple[str, str]:
        """One of `FIGURES`, the mean of the agents, and how far to trust it: see `spread`."""
        known = [value for line in self.lines if (value := getattr(line, name)) is not None]
        if not known:
            return "-", ""
        low, high = spread(known, self.lines[0].episodes)
        return f"{sum(known) / len(known):.2f}", f"{_short(low)} to {_short(high)}"


def answers(lines: Sequence[Line]) -> list[Answer]:
    """The runs of each row together, tested."""
    groups: dict[Row, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.row, []).append(line)
    p_values = holm([max(line.p_value() for line in same) for same in groups.values()])
    return [Answer(same, p) for same, p in zip(groups.values(), p_values, strict=True)]


def spread(errors: Sequence[float], episodes: int) -> tuple[float, float]:
    """The range of several seeds' errors in %; of a single one the 95% interval, as an error of so many scenes."""
    if len(errors) > 1:
        return min(errors), max(errors)
    low, high = wilson(errors[0] / 100, episodes)
    return 100 * low, 100 * high


def _short(percent: float) -> str:
    return f"{percent:.2f}" if percent < 10 else f"{percent:.1f}"


def _theirs(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.2f}"


def _whole_image(row: Row) -> str:
    """Of a task of the paper's tables; "-" for another."""
    if row.task not in WHOLE_IMAGE:
        return "-"
    known = WHOLE_IMAGE[row.task]
    return f"{known.error:.2f}" + ("" if known.plateaued else "*")


def table(lines: Sequence[Line]) -> Table:
    """For a terminal of 80 columns: two lines for a row, the lower one for intervals."""
    result = Table(title="Test error in %: ours, and the paper's", box=SIMPLE, padding=0, pad_edge=False)
    result.caption, result.caption_justify = NOTES, "left"
    for i, words in enumerate(
        ("task and\nglimpses", "single", "sampled", "averaged", "random", "NIPS\narXiv", "others'\nRAMs")
    ):
        result.add_column(words, justify="right" if i else "left", no_wrap=True)
    result.add_column("whole\nimage", justify="right", no_wrap=True)
    result.add_column("beaten", justify="right", no_wrap=True)
    for answer in answers(lines):
        row = answer.row
        task = row.task.replace(" ", "\n") + (f", {row.glimpses}" if row.glimpses else "")
        ours = ["\n".join(answer.figure(name)).replace(" to ", "-") for name in FIGURES]
        paper = f"{row.nips:.2f}\n{_theirs(row.arxiv)}"
        result.add_row(task, *ours, paper, _theirs(row.public), _whole_image(row), answer.beaten)
    return result


HEADER = ("task", "glimpses", "single", "sampled", "averaged", "random", "arXiv", "NIPS")
BESIDE = ("best of RAM's re-implementations", "whole image", "beaten", "p")


def markdown(lines: Sequence[Line]) -> str:
    """For documents: means of the runs, with intervals or ranges, the minutes that training took to beat it, notes."""
    groups = answers(lines)
    rows = [[*HEADER, *BESIDE], ["---"] + ["---:"] * (len(HEADER) + len(BESIDE) - 1), *map(_cells, groups)]
    if any(line.minutes_to_beat is not None for line in lines):
        _add_column(rows, "minutes to beat", [_minutes(answer.lines) for answer in groups])
    _add_column(rows, "agent", [f"`{answer.row.agent}`" for answer in groups])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + f"\n\n{NOTES}"


def _cells(answer: Answer) -> list[str]:
    """A row of the table."""
    row = answer.row
    ours = [f"{figure} ({ends})" if ends else figure for figure, ends in map(answer.figure, FIGURES)]
    public = "-" if row.public is None else f"{row.public:.2f} ({row.whose})"
    p = f"{answer.p_value:.3f}" if answer.p_value >= 0.001 else "<0.001"
    paper = [_theirs(row.arxiv), _theirs(row.nips)]
    return [row.task, str(row.glimpses or "-"), *ours, *paper, public, _whole_image(row), answer.beaten, p]


def _minutes(lines: Sequence[Line]) -> str:
    known = [line.minutes_to_beat for line in lines if line.minutes_to_beat is not None]
    return f"{sum(known) / len(known):.2f}" if known else "-"


def _add_column(rows: list[list[str]], name: str, cells: Sequence[str]) -> None:
    for row, cell in zip(rows, [name, "---:", *cells], strict=True):
        row.append(cell)


def as_json(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """For programs: an object for each run, with its row, figures, their intervals, and what became of the row."""
    return [
        line.row._asdict()
        | {key: value for key, value in line._asdict().items() if key != "row"}
        | {
            f"{name}_interval": None if (value := getattr(line, name)) is None else spread([value], line.episodes)
            for name in FIGURES
        }
        | {"p_value": line.p_value(), "p_value_holm": answer.p_value, "beaten": answer.beaten}
        for answer in answers(lines)
        for line in answer.lines
    ]
