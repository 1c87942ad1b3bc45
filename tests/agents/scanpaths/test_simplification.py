"""Which saccades become one, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ram_agents.scanpaths.path import Saccades
from ram_agents.scanpaths.simplification import Simplification, simplified


def saccades(vectors: list[tuple[float, float]], duration: list[float]) -> Saccades:
    vector = np.array(vectors, float)
    return Saccades(np.cumsum(np.vstack([[0, 0], vector[:-1]]), 0), vector, np.array(duration))


def check(found: Saccades, start: list, vector: list, duration: list) -> None:
    np.testing.assert_allclose(found.start, start)
    np.testing.assert_allclose(found.vector, vector)
    np.testing.assert_allclose(found.duration, duration)


def test_saccades_in_one_direction_become_one() -> None:
    path = saccades([(10, 0), (10, 1), (0, 10)], [0.5, 0.1, 0.1, 0.7])
    found = simplified(path, Simplification(direction=45, amplitude=0, duration=0.3))
    check(found, [[0, 0], [20, 1]], [[20, 1], [0, 10]], [0.5, 0.1, 0.7])


def test_a_long_fixation_parts_them() -> None:
    path = saccades([(10, 0), (10, 1), (0, 10)], [0.1, 0.3, 0.1, 0.1])
    found = simplified(path, Simplification(direction=45, amplitude=0, duration=0.3))
    check(found, path.start, path.vector, path.duration)


def test_a_short_saccade_goes_with_the_next() -> None:
    path = saccades([(0, 10), (1, 0), (0, -10)], [0.1, 0.1, 0.5, 0.7])
    found = simplified(path, Simplification(direction=0, amplitude=5, duration=0.3))
    check(found, [[0, 0], [0, 10]], [[0, 10], [1, -10]], [0.1, 0.1, 0.7])


def test_a_short_last_saccade_goes_with_all_that_became_one_before() -> None:
    path = saccades([(0, 10), (1, 0), (0, -10), (-2, 0)], [0.6, 0.1, 0.5, 0.1, 0.7])
    found = simplified(path, Simplification(direction=0, amplitude=5, duration=0.3))
    check(found, [[0, 0], [0, 10]], [[0, 10], [-1, -10]], [0.6, 0.1, 0.7])


def test_it_goes_on_until_nothing_changes() -> None:
    path = saccades([(10, 0)] * 8, [0.1] * 9)
    check(simplified(path, Simplification(45, 0, 0.3)), [[0, 0]], [[80, 0]], [0.1, 0.1])


def test_a_path_of_one_short_saccade_stays() -> None:
    path = saccades([(1, 0)], [0.1, 0.1])
    check(simplified(path, Simplification(45, 5, 0.3)), [[0, 0]], [[1, 0]], [0.1, 0.1])


def test_a_saccade_without_length_has_no_direction() -> None:
    path = saccades([(0, 0), (5, 0)], [0.1] * 3)
    check(simplified(path, Simplification(180, 0, 0.3)), [[0, 0], [0, 0]], [[0, 0], [5, 0]], [0.1] * 3)


@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_limits_are_not_negative(value: float) -> None:
    with pytest.raises(ValueError, match="the simplification's amplitude is"):
        simplified(saccades([(1, 0)], [1, 1]), Simplification(45, value, 0.3))
