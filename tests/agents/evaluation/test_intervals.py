"""Wilson's interval by hand, and as what it is defined to be."""

from __future__ import annotations

import math

import pytest
from ram_agents.evaluation.intervals import Z_95, wilson


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
