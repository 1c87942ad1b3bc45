"""How far a measured share can be trusted."""

from __future__ import annotations

import math

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
