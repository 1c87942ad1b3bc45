"""Where the digit and its distractors lie in a scene (the paper's section 4.1).

`place` turns uniform draws in [0, 1), one row of draws for each scene, into positions; nothing else is random in it.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.retina.compiled import kernel


class SceneRules(NamedTuple):
    """What a scene is made of; sizes in pixels.

    An image as large as the canvas can only lie centred; on a larger canvas it lies at a uniformly random position.
    With `max_shift` it may also hang over the edge by so many pixels: small random shifts of a centred digit.
    Several images (`num_objects`) each have the columns that they lie in to themselves, so that there is no doubt which
    is left of which.
    """

    canvas_height: int
    canvas_width: int
    image_height: int
    image_width: int
    max_shift: int = 0
    num_distractors: int = 0
    distractor_size: int = 8
    num_objects: int = 1

    @property
    def num_draws(self) -> int:
        """How many uniform draws place one scene: row and column of each image, and five for each distractor."""
        return 2 * self.num_objects + 5 * self.num_distractors

    def check(self) -> None:
        """Raise a ValueError that names the first size that cannot be."""
        if self.canvas_height < self.image_height or self.canvas_width < self.image_width:
            raise ValueError(
                f"the canvas of {self.canvas_height}x{self.canvas_width} pixels is smaller than the images of "
                f"{self.image_height}x{self.image_width}; make it at least as large"
            )
        if self.canvas_width < self.num_objects * self.image_width:
            raise ValueError(
                f"{self.num_objects} images of {self.image_width} columns lie beside each other, and the canvas has "
                f"{self.canvas_width} columns; make it at least {self.num_objects * self.image_width} wide"
            )
        for name in ("max_shift", "num_distractors"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 0")
        largest = min(self.image_height, self.image_width)
        if not 1 <= self.distractor_size <= largest:
            raise ValueError(f"distractor_size is {self.distractor_size}; it must be from 1 to {largest} pixels")


class Placement(NamedTuple):
    """Where things lie in B scenes, in pixels."""

    corners: NDArray[np.int64]
    """(B, num_objects, 2): the top row and left column of each image."""
    distractors: NDArray[np.int64]
    """(B, n, 5): of each distractor the index of the image that it is cut from, the top row and left column of the cut,
    and the top row and left column where it lands."""


def place(draws: NDArray[np.float64], rules: SceneRules, *, num_images: int) -> Placement:
    """Turn uniform draws into positions, each possible position equally likely, the last row and column included.

    Args:
        draws: (B, rules.num_draws), in [0, 1); more columns are not looked at.
        rules: what the scenes are made of.
        num_images: of how many images distractors are cut.

    Raises:
        ValueError: too few draws.
    """
    if draws.shape[1] < rules.num_draws:
        raise ValueError(f"draws have shape {draws.shape}; {rules.num_draws} numbers place a scene")
    corners = np.empty((len(draws), rules.num_objects, 2), np.int64)
    distractors = np.empty((len(draws), rules.num_distractors, 5), np.int64)
    _choose(draws, *_limits(rules, num_images), rules.max_shift, corners, distractors)
    if rules.num_objects > 1:  # From left to right in the order of their second draws.
        corners[..., 1] += rules.image_width * draws[:, 1 : 2 * rules.num_objects : 2].argsort(1).argsort(1)
    return Placement(corners, distractors)


@kernel
def _choose(draws, free, choices, max_shift, corners, distractors):  # type: ignore[no-untyped-def]
    """Fill in whole numbers from 0 to limit - 1, each equally likely: draws times their limits, rounded down.

    The limits of corners are `free` (2,), those of distractors `choices` (5,).
    """
    first = 2 * corners.shape[1]
    for b in range(len(draws)):
        for i in range(corners.shape[1]):
            for k in range(2):
                corners[b, i, k] = np.int64(draws[b, 2 * i + k] * free[k]) - max_shift
        for i in range(distractors.shape[1]):
            for k in range(5):
                distractors[b, i, k] = np.int64(draws[b, first + 5 * i + k] * choices[k])


@cache
def _limits(rules: SceneRules, num_images: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many values each number of a corner can have, (2,), and each number of a distractor, (5,): whole numbers.

    The columns that several images leave free are shared out among the gaps between them.
    """
    size = rules.distractor_size
    image, canvas = (rules.image_height, rules.image_width), (rules.canvas_height, rules.canvas_width)
    free = canvas[0] - image[0], canvas[1] - rules.num_objects * image[1]
    cut, landing = ((height - size + 1, width - size + 1) for height, width in (image, canvas))
    return np.array(free, float) + 2 * rules.max_shift + 1, np.array([num_images, *cut, *landing], float)
