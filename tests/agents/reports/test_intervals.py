"""Wilson's interval, the test of two proportions and Holm's correction by hand, and as what they are defined to be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ram_agents.reports.intervals import Z_95, holm, two_proportions, wilson


def test_by_hand() -> None:
    # 10 of 100: (0.1 + 0.019207 -+ 1.959964 * sqrt(0.0009 + 0.000096)) / 1.038415
    assert wilson(0.1, 100) == pytest.approx((0.05523, 0.17437), abs=1e-5)
    assert wilson(0.0, 10)[0] == 0.0
    assert wilson(0.0, 10)[1] == pytest.approx(Z_95**2 / (10 + Z_95**2))
    assert wilson(1.0, 10)[1] == pytest.approx(1.0)


@pytest.mark.parametrize(("share", "count"), [(0.02, 10_000), (0.5, 30), (0.9, 7)])
def test_its_ends_are_the_shares_that_are_just_not_rejected(share, count) -> None:
    for end in wilson(share, count):
        assert abs(share - end) / math.sqrt(end * (1 - end) / count) == pytest.approx(Z_95)


def test_two_proportions_by_hand() -> None:
    # 83 and 112 of 10,000: pooled 0.00975, so z = 0.0029 / sqrt(0.00975 * 0.99025 * 0.0002) = 2.0869
    assert two_proportions(0.0083, 10_000, 0.0112, 10_000) == pytest.approx(0.01845, abs=1e-5)
    # 20 of 100 and 90 of 300: pooled 0.275, z = 0.1 / sqrt(0.275 * 0.725 * (0.01 + 1 / 300)) = 1.9396
    assert two_proportions(0.2, 100, 0.3, 300) == pytest.approx(0.02622, abs=1e-5)


@pytest.mark.parametrize(
    ("z", "p"), [(0.0, 0.5), (1.281552, 0.1), (1.644854, 0.05), (2.326348, 0.01), (-1.0, 0.841345)]
)
def test_two_proportions_have_the_tables_of_the_normal_distribution(z, p) -> None:
    # Around 0.5 the pooled variance of two shares of 200 is 0.25 / 100, so z standard errors are 0.05 z.
    assert two_proportions(0.5 - 0.025 * z, 200, 0.5 + 0.025 * z, 200) == pytest.approx(p, abs=1e-6)


def test_two_shares_without_any_spread_tell_nothing() -> None:
    assert two_proportions(0.0, 10, 0.0, 20) == two_proportions(1.0, 10, 1.0, 20) == 0.5


def test_chance_is_significant_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(0)
    pairs = rng.binomial(10_000, 0.03, (20_000, 2)) / 10_000
    rejected = np.mean([two_proportions(a, 10_000, b, 10_000) < 0.05 for a, b in pairs.tolist()])
    assert rejected == pytest.approx(0.05, abs=0.005)


def test_holm_by_hand() -> None:
    # 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1, which is not below the one before it
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
