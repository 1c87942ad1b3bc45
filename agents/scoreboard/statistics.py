"""The figures of a board by the package rliable (Agarwal et al. 2021): few seeds, told with their uncertainty."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ram_envs.extras import how_to_install

REPEATS = 2_000
"""Of the bootstrap."""
SEED = 0
"""Of the bootstrap, so that everyone computes the same."""
CONFIDENCE = 0.95


class Figures(NamedTuple):
    """Of an entry, in the unit of its scores."""

    interquartile_mean: float
    low: float
    """The lower end of the interval."""
    high: float


def check_installed() -> None:
    """Raise a ModuleNotFoundError that says how to install rliable, if it is missing."""
    if find_spec("rliable") is None:
        message = f"the figures of the scoreboard need rliable: run {how_to_install('benchmark')}"
        raise ModuleNotFoundError(message, name="rliable")


def figures(scores: ArrayLike) -> Figures:
    """The interquartile mean of scores, and its 95% interval by the stratified bootstrap over seeds.

    Of all scores together, those of every seed in every environment, a quarter at each end is left out (rounded down:
    of three, none). The bootstrap draws seeds anew within each environment.

    Args:
        scores: (seeds, environments), or (seeds,) of one environment.

    Raises:
        ModuleNotFoundError: rliable is not installed; the message says how to install it.
    """
    check_installed()
    from rliable import library, metrics

    matrix: NDArray[np.float64] = np.asarray(scores, np.float64)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([metrics.aggregate_iqm(values)])

    before: Any = np.random.get_state()  # noqa: NPY002 (rliable draws from numpy's global generator)
    np.random.seed(SEED)  # noqa: NPY002
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of two scores that are equal, an interval without a width
            point, interval = library.get_interval_estimates(
                {"": matrix}, mean, reps=REPEATS, confidence_interval_size=CONFIDENCE
            )
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return Figures(float(point[""][0]), *map(float, interval[""][:, 0]))
