"""The paper's tables (section 4), which of our agents answers each row, and what others reach on the same tasks."""

from __future__ import annotations

from typing import NamedTuple

PAPER_SCENES = 10_000
"""Test scenes that a figure of the paper is taken to be of: MNIST's test images, of which two decimals tell the exact
number. Of Catch the paper tells neither games nor decimals."""

HONERKAMP, ELEMENT, TFRAM = "dHonerkamp", "Element-Research", "tfRAM"
"""Whose re-implementations: github.com/dHonerkamp/Recurrent-Attention-Model, torch.ch/blog/2015/09/21/rmva.html, and
github.com/slundqui/tfRAM."""


class Row(NamedTuple):
    """One row of a table: an error in %, of Catch the balls missed."""

    task: str
    glimpses: int | None
    """None for Catch, which is looked at in every frame."""
    agent: str
    """Name of the pretrained agent, which is its recipe's too."""
    arxiv: float | None
    """The paper's first version, arXiv 1406.6247v1."""
    nips: float
    """The paper as published, NIPS 2014."""
    public: float | None
    """The best of RAM's public re-implementations that we know of."""
    whose: str | None = None
    """Whose that is."""


ROWS = (
    Row("28x28", 2, "canvas28_3", 6.27, 3.79, None),
    Row("28x28", 3, "canvas28_3", 2.7, 1.51, None),
    Row("28x28", 4, "canvas28", 1.73, 1.54, 1.07, HONERKAMP),
    Row("28x28", 5, "canvas28", 1.55, 1.34, None),
    Row("28x28", 6, "canvas28", 1.29, 1.12, 0.67, HONERKAMP),
    Row("28x28", 7, "canvas28", 1.47, 1.07, 0.85, ELEMENT),
    Row("translated 60x60", 4, "translated60", 2.29, 1.54, 1.54, TFRAM),
    Row("translated 60x60", 6, "translated60", 1.86, 1.22, 1.08, TFRAM),
    Row("translated 60x60", 8, "translated60", 1.84, 1.20, 0.94, TFRAM),
    Row("cluttered 60x60", 4, "cluttered60", 7.1, 4.96, 5.15, TFRAM),
    Row("cluttered 60x60", 6, "cluttered60", 5.88, 4.08, 3.33, TFRAM),
    Row("cluttered 60x60", 8, "cluttered60", 5.23, 4.04, 2.63, TFRAM),
    Row("cluttered 100x100", 4, "cluttered100", 14.95, 9.41, 14.86, TFRAM),
    Row("cluttered 100x100", 6, "cluttered100", 11.58, 8.31, 8.3, TFRAM),
    Row("cluttered 100x100", 8, "cluttered100", 10.83, 8.11, 5.9, TFRAM),
    Row("Catch", None, "catch", None, 15.0, None),
)

ONCE_MORE = tuple(
    row._replace(agent=row.agent.replace("canvas28", "mnist28")) for row in ROWS if row.agent.startswith("canvas28")
)
"""Rows that other agents of ours answer too, with the paper's glimpse network, which sees the present glimpse alone."""


def rows_of(agent: str) -> list[Row]:
    """The rows that an agent of ours answers."""
    return [row for row in ROWS + ONCE_MORE if row.agent == agent]


class WholeImage(NamedTuple):
    """What a network reaches on a task that sees all of each scene at once: a control, not measured anew."""

    error: float
    """Test error in %."""
    plateaued: bool
    """Whether it was trained until its held-out error stopped falling."""


WHOLE_IMAGE = {
    "28x28": WholeImage(0.41, plateaued=True),
    "translated 60x60": WholeImage(0.38, plateaued=True),
    "cluttered 60x60": WholeImage(1.38, plateaued=True),
    "cluttered 100x100": WholeImage(0.88, plateaued=True),
    "Catch": WholeImage(0.14, plateaued=False),
}
"""By the row's task: a modern CNN, of Catch RAM that is shown the whole screen. From RESULTS.md, "Controls", where the
commands are."""
