"""The paper's tables (section 4), and which of our agents answers each row."""

from __future__ import annotations

from typing import NamedTuple


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
    """The best public re-implementation that we know of."""


ROWS = (
    Row("28x28", 2, "mnist28_3", 6.27, 3.79, None),
    Row("28x28", 3, "mnist28_3", 2.7, 1.51, None),
    Row("28x28", 4, "mnist28", 1.73, 1.54, 1.07),
    Row("28x28", 5, "mnist28", 1.55, 1.34, None),
    Row("28x28", 6, "mnist28", 1.29, 1.12, 0.67),
    Row("28x28", 7, "mnist28", 1.47, 1.07, 0.85),
    Row("translated 60x60", 4, "translated60", 2.29, 1.54, 1.54),
    Row("translated 60x60", 6, "translated60", 1.86, 1.22, 1.08),
    Row("translated 60x60", 8, "translated60", 1.84, 1.20, 0.94),
    Row("cluttered 60x60", 4, "cluttered60", 7.1, 4.96, 5.15),
    Row("cluttered 60x60", 6, "cluttered60", 5.88, 4.08, 3.33),
    Row("cluttered 60x60", 8, "cluttered60", 5.23, 4.04, 2.63),
    Row("cluttered 100x100", 4, "cluttered100", 14.95, 9.41, 14.86),
    Row("cluttered 100x100", 6, "cluttered100", 11.58, 8.31, 8.3),
    Row("cluttered 100x100", 8, "cluttered100", 10.83, 8.11, 5.9),
    Row("Catch", None, "catch", None, 15.0, 11.0),
)
