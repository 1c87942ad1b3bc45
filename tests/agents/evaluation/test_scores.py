"""Scores by hand, and the area under the curve against all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from ram_agents.evaluation.scores import area_under_curve, balanced_accuracy


def test_balanced_accuracy_by_hand() -> None:
    """Of class 0 three of four are right, of class 1 none of one, of class 3 the only one; class 2 does not occur."""
    label = np.array([0, 0, 0, 0, 1, 3])
    answers = np.eye(4)[[0, 0, 0, 2, 0, 3]]
    assert balanced_accuracy(answers, label) == pytest.approx(100 * (0.75 + 0 + 1) / 3)


def test_whoever_always_says_the_common_class_is_half_right() -> None:
    label = np.array([0] * 99 + [1])
    assert balanced_accuracy(np.tile([0.9, 0.1], (100, 1)), label) == 50


def by_pairs(score: np.ndarray, label: np.ndarray) -> float:
    differences = [a - b for a in score[label == 1] for b in score[label == 0]]
    return float(np.mean([1.0 if d > 0 else 0.5 if d == 0 else 0.0 for d in differences]))


@pytest.mark.parametrize("levels", [2, 5, 1000])
def test_the_area_against_all_pairs(levels: int) -> None:
    generator = np.random.default_rng(levels)
    for n in (2, 7, 60):
        label = generator.integers(0, 2, n)
        label[:2] = [0, 1]
        score = (generator.integers(0, levels, n) / levels).astype(np.float32)
        assert area_under_curve(np.stack([1 - score, score], axis=1), label) == pytest.approx(
            by_pairs(score, label), abs=1e-12
        )


def test_the_area_of_the_perfect_the_blind_and_the_wrong() -> None:
    label = np.array([0, 0, 1, 1, 1])
    for score, area in (([0.1, 0.2, 0.3, 0.4, 0.9], 1), ([0.3] * 5, 0.5), ([0.9, 0.8, 0.1, 0.2, 0.3], 0)):
        assert area_under_curve(np.stack([np.zeros(5), score], axis=1), label) == area


@pytest.mark.parametrize("label", [0, 1])
def test_there_is_no_area_where_one_class_is_missing(label: int) -> None:
    assert area_under_curve(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([label, label])) is None
