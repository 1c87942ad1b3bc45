"""MultiMatch: how alike two scanpaths are, in five ways.

Jarodzka, Holmqvist and Nyström, "A vector-based, multidimensional scanpath similarity measure", ETRA 2010; Dewhurst et
al., "It depends on how you look at it: scanpath comparison in multiple dimensions with MultiMatch", Behavior Research
Methods 44, 2012. Paths are taken as vectors, saccade by saccade, and perhaps simplified; their saccades are aligned
such that the vectors differ least; and over the aligned pairs the median differences are told.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .path import Saccades, Scanpath, diagonal, saccades_of
from .simplification import Simplification, simplified


class Similarity(NamedTuple):
    """How alike two scanpaths are: 1 is the same, 0 as different as can be on the screen."""

    vector: float
    """1 - the difference of the saccades' vectors / twice the screen's diagonal: the path's shape."""
    direction: float
    """1 - the angle between the saccades / pi."""
    length: float
    """1 - the difference of the saccades' lengths / the diagonal."""
    position: float
    """1 - the distance between the fixations that the saccades leave / the diagonal."""
    duration: float
    """1 - the difference of those fixations' durations / the longer one."""


def multimatch(
    one: Scanpath,
    other: Scanpath,
    *,
    screen: tuple[float, float],
    simplification: Simplification | None = None,
) -> Similarity:
    """Compare two scanpaths.

    Args:
        one: at least three fixations, in pixels.
        other: the like.
        screen: (width, height) in the same pixels; with fixations outside a similarity may fall below 0.
        simplification: which saccades to join first; None joins none, which is right for a few glimpses.

    Returns:
        The similarities: the differences' medians over the aligned pairs, normalised. A saccade without length has the
        direction of the x-axis.

    Raises:
        ValueError: a path is too short or no path (see `saccades_of`), the screen has no size, or a limit of the
            simplification is below 0.
    """
    size = diagonal(screen)
    a, b = (
        saccades if simplification is None else simplified(saccades, simplification)
        for saccades in (saccades_of(one), saccades_of(other))
    )
    i, j = aligned(a, b)
    differences = (
        np.linalg.norm(a.vector[i] - b.vector[j], axis=1) / (2 * size),
        _angles(a.vector[i], b.vector[j]) / math.pi,
        abs(np.linalg.norm(a.vector[i], axis=1) - np.linalg.norm(b.vector[j], axis=1)) / size,
        np.linalg.norm(a.start[i] - b.start[j], axis=1) / size,
        abs(a.duration[i] - b.duration[j]) / np.maximum(a.duration[i], b.duration[j]),
    )
    return Similarity(*(1 - float(np.median(difference)) for difference in differences))


def aligned(one: Saccades, other: Saccades) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which saccades are compared: the cheapest way through the matrix of all vectors' differences.

    It leads from the first pair to the last, and each step goes on in one path, in the other, or in both, which wins
    a tie. Its cost is the sum of the differences on it.

    Returns:
        The pairs' numbers in the first path and in the second, (p,) each.
    """
    difference = np.linalg.norm(one.vector[:, None] - other.vector[None], axis=-1)
    cost = np.full((len(one.vector) + 1, len(other.vector) + 1), math.inf)  # with an edge that nothing crosses
    steps = ((1, 1), (1, 0), (0, 1))
    came = dict[tuple[int, int], tuple[int, int]]()
    cost[0, 0] = 0.0
    for i, row in enumerate(difference.tolist(), 1):
        for j, here in enumerate(row, 1):
            came[i, j] = min(((i - down, j - right) for down, right in steps), key=cost.__getitem__)
            cost[i, j] = cost[came[i, j]] + here
    pairs, place = list[tuple[int, int]](), (len(one.vector), len(other.vector))
    while place != (0, 0):
        pairs.append(place)
        place = came[place]
    i, j = np.array(pairs[::-1]).T - 1
    return i, j


def _angles(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Radians between the directions of vectors (p, 2), 0 to pi."""
    apart = abs(np.arctan2(one[:, 1], one[:, 0]) - np.arctan2(other[:, 1], other[:, 0]))
    return np.minimum(apart, 2 * math.pi - apart)
