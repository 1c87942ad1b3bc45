"""How far a measured share can be trusted, and whether it is smaller than another."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z_95 = 1.959964
"""The standard normal distribution has 95% of its mass within so many standard deviations."""


def wilson(share: float, count: int, *, z: float = Z_95) -> tuple[float, float]:
    """The interval of Wilson (1927) for a share of `count` independent trials, such as an error of scenes.

    Unlike the one of mean and standard deviation it stays within [0, 1], and has a width where the share is 0.

    Args:
        share: in [0, 1].
        count: at least 1.
        z: standard deviations; by default for 95%.

    Returns:
        Its lower end and its upper end, in [0, 1].
    """
    middle = share + z**2 / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    scale = 1 + z**2 / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def two_proportions(share: float, count: int, other: float, other_count: int) -> float:
    """The one-sided test of two shares with a pooled variance: is the first smaller than the other by chance?

    Args:
        share: in [0, 1], of `count` independent trials.
        count: at least 1.
        other: in [0, 1], of `other_count` trials, which are independent of the first's.
        other_count: at least 1.

    Returns:
        The p-value in [0, 1]: how likely a difference as large as this one or larger is where there is none, by the
        normal approximation. Below 0.5 if `share` is the smaller one.
    """
    pooled = (share * count + other * other_count) / (count + other_count)
    variance = pooled * (1 - pooled) * (1 / count + 1 / other_count)
    z = (other - share) / math.sqrt(variance) if variance else 0.0
    return 0.5 * math.erfc(z / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of several tests so that none of them errs by chance more often than one alone (Holm 1979).

    The smallest of m is multiplied by m, the next by m - 1, and so on; none becomes smaller than the one before it,
    nor larger than 1. Nothing is assumed of how the tests depend on each other.

    Returns:
        In the order of the arguments; those below 0.05 are significant at 5%, all together.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, largest = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted
