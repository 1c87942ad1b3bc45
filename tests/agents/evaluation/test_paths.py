"""What can be told of the answers on a path, by hand."""

from __future__ import annotations

import numpy as np
import torch
from ram_agents.evaluation.paths import Paths, held


def test_errors_of_several_answers_by_hand() -> None:
    # Three scenes with an answer after each of two glimpses; the third has only the first of them.
    said = np.array([[0, 1, 1], [1, 1, 1]])
    label = np.array([[0, 0, 1], [1, 1, 1]])
    answer = np.array([[True, True, True], [True, True, False]])
    paths = Paths(np.zeros(3), np.eye(2, dtype=np.float32)[said], label, np.array([2, 2, 1]), answer)
    np.testing.assert_allclose(paths.answer_errors(), [100 / 3, 100 / 3, 0])
    np.testing.assert_allclose(paths.error(), [100 / 3, 0])
    probability, named = paths.answers()
    assert named.tolist() == [0, 0, 1, 1, 1]
    assert probability.argmax(-1).tolist() == [0, 1, 1, 1, 1]


def test_one_answer_is_the_last() -> None:
    paths = Paths(np.zeros(1), np.eye(2, dtype=np.float32)[[[0], [1]]], np.array([1]), np.array([2]))
    probability, label = paths.answers()
    assert (probability.tolist(), label.tolist()) == ([[0, 1]], [1])
    assert paths.error().tolist() == [100, 0]


def test_the_last_steps_values_stay_by_hand() -> None:
    active = torch.tensor([[True, True], [True, False], [True, False]])
    assert held(torch.tensor([[1, 2], [3, 4], [5, 6]]), active).tolist() == [[1, 2], [3, 2], [5, 2]]
    assert held(torch.tensor([[[1], [2]], [[3], [4]], [[5], [6]]]), active).tolist() == [
        [[1], [2]],
        [[3], [2]],
        [[5], [2]],
    ]
