"""Interquartile means worked by hand, and intervals that everyone computes alike."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rliable", reason="the scoreboard's statistics are an extra")

from ram_agents.scoreboard import statistics
from ram_agents.scoreboard.statistics import figures


@pytest.mark.parametrize(
    ("scores", "mean"),
    [
        ([0, 25, 50], 25),  # of three none is left out
        ([0, 10, 20, 90], 15),  # of four the smallest and the largest
        ([8, 1, 7, 2, 6, 3, 5, 40], 5.25),  # 3, 5, 6, 7
        ([[0, 90], [10, 30], [20, 50], [1, 2]], 15.5),  # 2, 10, 20, 30: of all eight, not of each column
    ],
)
def test_interquartile_means(scores, mean, monkeypatch) -> None:
    monkeypatch.setattr(statistics, "REPEATS", 20)
    assert figures(scores).interquartile_mean == pytest.approx(mean)


def test_the_interval_is_the_bootstraps() -> None:
    """Of three seeds the mean of three times the same comes in 1 of 27 cases, which is more than 2.5%."""
    assert figures([0, 25, 50]) == (25, 0, 50)
    assert figures([30, 30, 30]) == (30, 30, 30)


def test_everyone_computes_the_same_and_nothing_else_is_seeded(monkeypatch) -> None:
    monkeypatch.setattr(statistics, "REPEATS", 50)
    scores = np.random.default_rng(0).random((5, 2))
    np.random.seed(3)  # noqa: NPY002
    once = figures(scores)
    drawn = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    assert np.random.random() == drawn  # noqa: NPY002
    assert figures(scores) == once
    assert once.low < once.interquartile_mean < once.high
