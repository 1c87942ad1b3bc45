"""MultiMatch beside values worked by hand, all alignments tried one by one, and the package multimatch-gaze."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from ram_agents.evaluation.scanpaths import Scanpath, Simplification, multimatch
from ram_agents.scanpaths.multimatch import aligned
from ram_agents.scanpaths.path import saccades_of

SCREEN = (60.0, 80.0)  # with a diagonal of 100


def path(fixations: list[tuple[float, float]], duration: list[float] | None = None) -> Scanpath:
    return Scanpath(np.array(fixations, float), np.array(duration or [1.0] * len(fixations)), "7", "anna")


def drawn(generator: np.random.Generator, n: int, *, long_last: bool = False) -> Scanpath:
    fixations = generator.uniform(0, [640, 480], (n, 2))
    if long_last:
        fixations = np.cumsum(generator.normal(0, 70, (n, 2)), 0)
        fixations[-1] = fixations[-2] + [900, 200]
    return Scanpath(fixations, generator.uniform(0.05, 0.6, n))


CORNER = path([(0, 0), (3, 0), (3, 4)], [1, 2, 1])


def test_the_same_path_is_the_same() -> None:
    assert multimatch(CORNER, CORNER, screen=SCREEN) == (1, 1, 1, 1, 1)


def test_a_path_somewhere_else_differs_in_position_alone() -> None:
    moved = CORNER._replace(fixations=CORNER.fixations + np.array([3, 4]))
    assert multimatch(CORNER, moved, screen=SCREEN) == pytest.approx((1, 1, 1, 0.95, 1))


def test_a_path_turned_by_a_right_angle() -> None:
    turned = path([(0, 0), (0, 3), (-4, 3)], [2, 2, 9])
    # Vectors (3, 0), (0, 4) and (0, 3), (-4, 0): each with its like, their differences sqrt(18) and sqrt(32). The
    # fixations that they leave are 0 and sqrt(18) apart, with durations 1 and 2, 2 and 2; the last one's is nothing.
    vector, position = (math.sqrt(18) + math.sqrt(32)) / 2 / 200, math.sqrt(18) / 2 / 100
    expected = (1 - vector, 0.5, 1, 1 - position, 0.75)
    assert multimatch(CORNER, turned, screen=SCREEN) == pytest.approx(expected)


def test_directions_are_compared_over_the_seam_of_the_angles() -> None:
    up, down = (path([(50, 0), (40, y), (30, 2 * y)]) for y in (1, -1))
    expected = 1 - 2 * math.atan(0.1) / math.pi
    assert multimatch(up, down, screen=SCREEN).direction == pytest.approx(expected)


def test_a_saccade_more_is_aligned_with_its_like() -> None:
    more = path([(0, 0), (3, 0), (3, 4), (3, 8.5)])
    i, j = aligned(saccades_of(CORNER), saccades_of(more))
    assert (i.tolist(), j.tolist()) == ([0, 1, 1], [0, 1, 2])


def ways(rows: int, columns: int) -> Iterator[list[tuple[int, int]]]:
    """All ways from the first pair to (rows, columns)."""
    if (rows, columns) == (0, 0):
        yield [(0, 0)]
    for down, right in ((1, 0), (0, 1), (1, 1)):
        if rows >= down and columns >= right:
            yield from ([*way, (rows, columns)] for way in ways(rows - down, columns - right))


def test_no_alignment_costs_less() -> None:
    generator = np.random.default_rng(0)
    for _ in range(10):
        one, other = (saccades_of(drawn(generator, n)) for n in generator.integers(3, 7, 2))
        costs = np.linalg.norm(one.vector[:, None] - other.vector[None], axis=-1)
        least = min(ways(*(n - 1 for n in costs.shape)), key=lambda way: sum(costs[pair] for pair in way))
        i, j = aligned(one, other)
        assert list(zip(i.tolist(), j.tolist(), strict=True)) == least


LONG = path(
    [(515, 388), (330, 137), (360, 125), (261, 22), (381, 62), (471, 72), (278, 468)],
    [0.29, 0.35, 0.13, 0.36, 0.36, 0.06, 0.3],
)
SHORT = path([(575, 405), (251, 237), (265, 259), (356, 130), (563, 31)], [0.05, 0.23, 0.2, 0.12, 0.16])


@pytest.mark.parametrize(
    ("simplification", "expected"),
    [
        (None, [0.9059691797517688, 0.609804839971442, 0.8951703262113851, 0.8218229450031139, 0.5603864734299517]),
        (
            Simplification(direction=45, amplitude=80, duration=0.3),
            [0.8064113575128954, 0.7790264709377657, 0.7114326772044359, 0.7274971330426045, 0.26086956521739124],
        ),
    ],
)
def test_what_multimatch_gaze_0_1_3_says(simplification: Simplification | None, expected: list[float]) -> None:
    found = multimatch(LONG, SHORT, screen=(640, 480), simplification=simplification)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("simplification", [None, Simplification(45, 80, 0.3), Simplification(60, 60, 0.5)])
def test_what_multimatch_gaze_says_of_random_paths(simplification: Simplification | None) -> None:
    package = pytest.importorskip("multimatch_gaze")
    generator = np.random.default_rng(1)

    def table(path: Scanpath) -> np.recarray:
        return np.rec.fromarrays([*path.fixations.T, path.duration], names="start_x,start_y,duration")

    limits = {} if simplification is None else dict(zip(("TDir", "TAmp", "TDur"), simplification, strict=True))
    for _ in range(100):
        # Of a short last saccade the package forgets a part, see `simplified`.
        paths = [drawn(generator, n, long_last=bool(limits)) for n in generator.integers(3, 15, 2)]
        theirs = package.docomparison(*map(table, paths), [640, 480], grouping=bool(limits), **limits)
        ours = multimatch(*paths, screen=(640, 480), simplification=simplification)
        np.testing.assert_allclose(ours, [np.squeeze(value) for value in theirs], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (path([(0, 0), (1, 1)]), r"subject 'anna' on image '7' has 2 fixations; .* at least 3"),
        (path([(0, 0), (1, 1), (2, math.nan)]), "not finite"),
        (path([(0, 0), (1, 1), (2, 2)], [1, 1, 0]), "not above 0"),
        (path([(0, 0), (1, 1), (2, 2)], [1, 1]), r"fixations \(3, 2\) and durations \(2,\)"),
    ],
)
def test_what_is_no_path_is_refused(bad: Scanpath, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        multimatch(CORNER, bad, screen=SCREEN)


@pytest.mark.parametrize("screen", [(0, 80), (60, -1), (math.nan, 80), (math.inf, 80)])
def test_a_screen_has_a_size(screen: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"the screen is .*\(width, height\)"):
        multimatch(CORNER, CORNER, screen=screen)
