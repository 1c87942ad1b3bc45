"""A digit that moves through moving clutter while it is looked at, batched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_number, check_whole
from ram_envs.retina.gaze import Rows
from ram_envs.retina.prepared import PreparedImages
from ram_envs.tasks.classification import MNISTClassification
from ram_envs.tasks.placing import Placement
from ram_envs.tasks.task import Outcome


class Moving(MNISTClassification):
    """Look `num_glimpses` times at a scene in which everything moves at each step, then name the digit; see `Naming`.

    Digit and distractors begin where they lie in a still scene. Each sets out in a random direction, turns by the same
    angle at each step, and bounces off the edges.

    Args:
        speed: pixels that everything moves in a step.
        max_turn: the largest angle in degrees by which a course turns in a step, to either side; each is uniform.
        num_distractors: as in a still scene.
        arguments: of `MNISTClassification`.
    """

    own_arguments = frozenset({"max_shift"})

    def __init__(
        self, *, speed: float = 2.0, max_turn: float = 15.0, num_distractors: int = 0, **arguments: Any
    ) -> None:
        self.speed = check_number("speed", speed)
        self.max_turn = math.radians(check_number("max_turn", max_turn, 180))
        things = 1 + check_whole("num_distractors", num_distractors, 0)
        super().__init__(1, 2 * things, num_distractors=num_distractors, **arguments)
        rows, rules = self.batch_size, self.rules
        canvas = np.array([rules.canvas_height, rules.canvas_width])
        sizes = np.full((things, 2), rules.distractor_size)
        sizes[0] = rules.image_height, rules.image_width
        self._free = canvas - sizes
        """The last top row and left column that each thing can have, (things, 2)."""
        self._courses = np.zeros((rows, self.num_steps + 1, things, 2), np.int64)
        """The top row and left column of each thing after each step, the digit's first."""
        self._cuts = np.zeros((rows, things - 1, 3), np.int64)
        """What each distractor is cut from, see `Placement`."""
        self._digits = np.zeros((rows, rules.image_height, rules.image_width), np.uint8)
        # A scene is looked at once.
        self._seen = PreparedImages(self.retina, self._scenes, num_glimpses=1, ready=False)

    def _arrange(
        self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64]
    ) -> tuple[Placement, NDArray[np.int64]]:
        placement, shown = super()._arrange(rows, draws, indices)
        starts = np.concatenate([placement.corners, placement.distractors[..., 3:]], axis=1)
        courses = draws[:, self.rules.num_draws :].reshape(*starts.shape)
        self._courses[rows] = self._course(starts, 2 * math.pi * courses[..., 0], 2 * courses[..., 1] - 1)
        self._cuts[rows] = placement.distractors[..., :3]
        return placement, shown

    def _course(
        self, starts: NDArray[np.int64], direction: NDArray[np.float64], turn: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Where things are at each step, (n, T + 1, things, 2): the whole pixels of a smooth path.

        Args:
            starts: (n, things, 2).
            direction: (n, things), in radians from the columns' direction towards the rows'.
            turn: (n, things), in [-1, 1] of the largest.
        """
        angles = direction[:, None] + self.max_turn * turn[:, None] * np.arange(self.num_steps)[:, None]
        moves = self.speed * np.stack([np.sin(angles), np.cos(angles)], axis=-1)
        path = np.concatenate([np.zeros_like(moves[:, :1]), moves.cumsum(1)], axis=1) + starts[:, None]
        # A path that bounces between two edges is a smooth one folded at them.
        period = 2 * np.maximum(self._free, 1)
        folded = period / 2 - np.abs(path % period - period / 2)
        return np.rint(np.minimum(folded, self._free)).astype(np.int64)

    def _paint(self, rows: Rows, images: NDArray[np.uint8], shown: NDArray[np.int64], placement: Placement) -> None:
        """See `Classification._paint`; the digits, distorted or not, are kept for the steps to come."""
        self._digits[rows] = images[shown[:, 0]]
        super()._paint(rows, images, shown, placement)

    def _advance(self, rows: Rows, action: NDArray[np.int64]) -> Outcome:
        """As `Naming` has it; then everything moves on."""
        where = self.where(rows)
        places = self._courses[rows, self.steps[where]]
        self.corners[where] = places[:, :1]
        distractors = np.concatenate([self._cuts[where], places[:, 1:]], axis=-1)
        super()._paint(rows, self._digits, rows[:, None], Placement(self.corners[where], distractors))
        return super()._advance(rows, action)
