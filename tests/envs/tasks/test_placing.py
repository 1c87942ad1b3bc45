"""Where things lie in a scene, against positions worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ram_envs.tasks.placing import SceneRules, place

ALMOST_ONE = np.nextafter(1, 0)  # The largest draw there is.
RULES = SceneRules(13, 11, 6, 5, num_distractors=2, distractor_size=3)
LIMITS = {  # Each position of `RULES` and how many values it has.
    "image row": 13 - 6 + 1,
    "image column": 11 - 5 + 1,
    "source": 9,
    "cut row": 6 - 3 + 1,
    "cut column": 5 - 3 + 1,
    "row": 13 - 3 + 1,
    "column": 11 - 3 + 1,
}


def positions(draws: np.ndarray) -> np.ndarray:
    """Corner and first distractor of each scene by `RULES`: (B, 7), in the order of `LIMITS`."""
    placement = place(draws, RULES, num_images=9)
    assert placement.distractors.shape == (len(draws), 2, 5)
    return np.concatenate([placement.corners[:, 0], placement.distractors[:, 0]], axis=1)


def test_the_extreme_draws_give_the_first_and_the_last_position() -> None:
    draws = np.stack([np.zeros(RULES.num_draws), np.full(RULES.num_draws, ALMOST_ONE)])
    first, last = positions(draws)
    assert first.tolist() == [0] * 7
    assert last.tolist() == [limit - 1 for limit in LIMITS.values()]


@pytest.mark.parametrize("limit", [1, 2, 3, 33, 93, 53, 4096, 55_000, 60_000, 2**20 + 1])
def test_the_largest_draw_stays_below_every_limit(limit: int) -> None:
    rules = SceneRules(limit, limit, 1, 1, distractor_size=1)
    assert place(np.full((1, 2), ALMOST_ONE), rules, num_images=1).corners.tolist() == [[[limit - 1, limit - 1]]]


def test_every_position_is_equally_likely_and_independent() -> None:
    draws = np.random.default_rng(3).random((40_000, RULES.num_draws))
    placed = positions(draws)
    for column, limit in zip(placed.T, LIMITS.values(), strict=True):
        counts = np.bincount(column, minlength=limit)
        assert len(counts) == limit
        expected = len(draws) / limit
        chi_squared = ((counts - expected) ** 2 / expected).sum()
        assert chi_squared < limit - 1 + 5 * np.sqrt(2 * limit), f"{counts} is not uniform"
    correlations = np.corrcoef(placed.T) - np.eye(len(LIMITS))
    assert np.abs(correlations).max() < 0.03


def test_several_images_share_out_the_columns_that_they_leave_free_by_hand() -> None:
    rules = SceneRules(5, 9, 2, 2, distractor_size=1, num_objects=3)
    # Three rows and four shares of the three free columns to choose from; the second image is the leftmost.
    draws = np.array([[0.0, 0.5, 0.4, 0.1, 0.9, ALMOST_ONE]])
    assert place(draws, rules, num_images=1).corners.tolist() == [[[0, 4], [1, 0], [3, 7]]]
    corners = place(np.random.default_rng(0).random((2000, 6)), rules, num_images=1).corners
    columns = np.sort(corners[..., 1])
    assert (np.diff(columns) >= 2).all()
    assert (columns.min(0).tolist(), columns.max(0).tolist()) == ([0, 2, 4], [3, 5, 7])
    assert {int(i) for i in corners[..., 1].argmin(1)} == {0, 1, 2}, "any of them may be the leftmost"
    with pytest.raises(ValueError, match=r"5 images of 2 columns .* 9 columns; make it at least 10 wide"):
        rules._replace(num_objects=5).check()


def test_shifts_go_both_ways_by_the_same_amount() -> None:
    rules = SceneRules(4, 4, 4, 4, max_shift=2, distractor_size=1)
    corners = place(np.random.default_rng(0).random((500, 2)), rules, num_images=1).corners[:, 0]
    assert {tuple(corner) for corner in corners.tolist()} == {(r, c) for r in range(-2, 3) for c in range(-2, 3)}


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (SceneRules(27, 28, 28, 28), "27x28"),
        (SceneRules(28, 27, 28, 28), "28x27"),
        (SceneRules(28, 28, 28, 28, max_shift=-1), "max_shift is -1"),
        (SceneRules(28, 28, 28, 28, num_distractors=-2), "num_distractors is -2"),
        (SceneRules(28, 28, 28, 28, distractor_size=29), "distractor_size is 29"),
        (SceneRules(28, 28, 28, 28, distractor_size=0), "distractor_size is 0"),
    ],
)
def test_impossible_rules_are_refused(rules: SceneRules, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        rules.check()
