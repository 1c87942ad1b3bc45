"""A scanpath: where somebody looked, fixation by fixation, and the saccades between."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FEWEST = 3
"""Fixations of a path that can be compared: a direction is of a saccade, and a shape of two."""


class Scanpath(NamedTuple):
    """What one subject did on one image: n fixations."""

    fixations: NDArray[np.float64]
    """(n, 2): (x, y) in pixels from the image's top-left corner."""
    duration: NDArray[np.float64]
    """(n,): seconds, above 0; an agent's glimpses last 1 each."""
    image: str = ""
    """The image's name or number."""
    subject: str = ""
    """Who looked."""


class Saccades(NamedTuple):
    """A scanpath as MultiMatch takes it: n - 1 vectors from fixation to fixation."""

    start: NDArray[np.float64]
    """(n - 1, 2): the fixation that each leaves, in pixels."""
    vector: NDArray[np.float64]
    """(n - 1, 2): where it leads from there, in pixels."""
    duration: NDArray[np.float64]
    """(n,): of the fixation that each leaves, and of the last."""


def saccades_of(path: Scanpath) -> Saccades:
    """The saccades of a scanpath.

    Raises:
        ValueError: the path has fewer than three fixations; its arrays do not fit each other, or hold numbers that are
            not finite; or a duration is not above 0. The message names image and subject.
    """
    fixations, duration = np.asarray(path.fixations, float), np.asarray(path.duration, float)
    whose = f"the path of subject {path.subject!r} on image {path.image!r}"
    if fixations.shape != (len(duration), 2):
        raise ValueError(
            f"{whose} has fixations {fixations.shape} and durations {duration.shape}; expected (n, 2) and (n,)"
        )
    if len(fixations) < FEWEST:
        raise ValueError(f"{whose} has {len(fixations)} fixations; MultiMatch needs at least {FEWEST}: leave it out")
    if not (np.isfinite(fixations).all() and np.isfinite(duration).all() and (duration > 0).all()):
        raise ValueError(f"{whose} holds numbers that are not finite, or a duration that is not above 0")
    return Saccades(fixations[:-1], np.diff(fixations, axis=0), duration)


def in_pixels(location: NDArray[np.floating[Any]], scene_shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Locations (..., 2) in [-1, 1] as pixels (x, y) from the top-left corner of a scene (H, W) or (H, W, C)."""
    return (location.astype(float) + 1) / 2 * np.array(scene_shape[1::-1])


def diagonal(screen: tuple[float, float]) -> float:
    """The diagonal of a screen (width, height), in its unit.

    Raises:
        ValueError: a side is not a finite number above 0.
    """
    width, height = screen
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise ValueError(f"the screen is {screen}; it must be (width, height) in pixels, both above 0")
    return math.hypot(width, height)
