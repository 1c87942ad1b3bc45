"""The first step of MultiMatch: saccades that are short, or go on in one direction, become one."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .path import Saccades


class Simplification(NamedTuple):
    """Below which thresholds saccades are joined (Dewhurst et al. 2012); all three matter."""

    direction: float
    """Degrees between two saccades in a row."""
    amplitude: float
    """Pixels that a saccade is long."""
    duration: float
    """Seconds that the eye rests between: longer fixations part saccades whatever their direction and length."""


def simplified(saccades: Saccades, limits: Simplification) -> Saccades:
    """Join saccades by direction and by amplitude, in turns, until no more can be joined.

    Where two become one, the new one starts where the first did, leads to where the second did, and keeps the duration
    of the fixation that the first left. Within one pass a saccade is joined once. (The package multimatch-gaze does the
    same but for a short last saccade: after that it may stop early, or lose a part of what it has joined.)

    Raises:
        ValueError: a limit is below 0, or no number.
    """
    for name, limit in limits._asdict().items():
        if not limit >= 0:
            raise ValueError(f"the simplification's {name} is {limit}; it must be at least 0, which joins none")
    while True:
        shorter = _by_amplitude(_by_direction(saccades, limits), limits)
        if len(shorter.vector) == len(saccades.vector):
            return saccades
        saccades = shorter


def _by_direction(saccades: Saccades, limits: Simplification) -> Saccades:
    """One pass: join each saccade with the next, where both lead the same way and the fixation between is short."""
    vector, duration = saccades.vector, saccades.duration
    groups, i = list[list[int]](), 0
    while i < len(vector):
        onward = i + 1 < len(vector) and duration[i + 1] < limits.duration
        both = onward and _angle(vector[i], vector[i + 1]) < limits.direction
        groups.append([i, i + 1] if both else [i])
        i += len(groups[-1])
    return _joined(saccades, groups)


def _by_amplitude(saccades: Saccades, limits: Simplification) -> Saccades:
    """One pass: join each short saccade with the next, the last with the one before, if a fixation at it is short."""
    vector, duration = saccades.vector, saccades.duration
    groups, i = list[list[int]](), 0
    while i < len(vector):
        short = np.hypot(*vector[i]) < limits.amplitude and min(duration[i], duration[i + 1]) < limits.duration
        last = i + 1 == len(vector)
        if short and last and groups:
            groups[-1].append(i)
            break
        groups.append([i, i + 1] if short and not last else [i])
        i += len(groups[-1])
    return _joined(saccades, groups)


def _joined(saccades: Saccades, groups: list[list[int]]) -> Saccades:
    """The saccades of each group as one."""
    first = [group[0] for group in groups]
    vector = np.array([saccades.vector[group].sum(0) for group in groups])
    return Saccades(saccades.start[first], vector, saccades.duration[[*first, -1]])


def _angle(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Degrees between two vectors, 0 to 180; a vector without length has no direction, and none is near it."""
    if not (one.any() and other.any()):
        return math.inf
    cross = one[0] * other[1] - one[1] * other[0]
    return math.degrees(math.atan2(abs(cross), one @ other))
