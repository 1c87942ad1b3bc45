"""What an error rate hides where one class is rare: balanced accuracy, and the area under the ROC curve."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def balanced_accuracy(probability: NDArray[np.floating[Any]], label: NDArray[np.int64]) -> float:
    """The mean, over the classes that occur, of the share that is answered rightly (recall), in %.

    Args:
        probability: (N, n), of which the largest is the answer.
        label: (N,).
    """
    assert len(probability) == len(label) > 0, (probability.shape, label.shape)
    counts = np.bincount(label)
    right = np.bincount(label[probability.argmax(-1) == label], minlength=len(counts))
    occurs = counts > 0
    return float(100 * (right[occurs] / counts[occurs]).mean())


def area_under_curve(probability: NDArray[np.floating[Any]], label: NDArray[np.int64]) -> float | None:
    """The area under the ROC curve: how often an example of class 1 looks more like it than one of class 0.

    From the ranks of its probabilities (Mann and Whitney 1947); a tie counts as half.

    Args:
        probability: (N, 2).
        label: (N,), each 0 or 1.

    Returns:
        In [0, 1], 0.5 for guessing; None if one of the classes does not occur.
    """
    assert probability.shape == (len(label), 2), (probability.shape, label.shape)
    positive = label == 1
    num_positive, num_negative = int(positive.sum()), int((~positive).sum())
    if not num_positive or not num_negative:
        return None
    _, place, ties = np.unique(probability[:, 1], return_inverse=True, return_counts=True)
    ranks = np.cumsum(ties) - (ties - 1) / 2  # of those that tie, the mean
    above = ranks[place][positive].sum() - num_positive * (num_positive + 1) / 2
    return float(above / (num_positive * num_negative))
