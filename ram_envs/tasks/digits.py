"""Scenes of several digits: name them one after the other, or tell their sum (after Ba et al. 2015), batched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_whole
from ram_envs.rendering.view import View
from ram_envs.retina.gaze import Rows
from ram_envs.tasks import kernels
from ram_envs.tasks.classification import MNISTClassification
from ram_envs.tasks.placing import Placement
from ram_envs.tasks.task import Outcome

END = 10
"""The action that says that there are no more digits, where their number varies."""


class SeveralDigits(MNISTClassification):
    """A scene of several digits; each has the columns that it lies in to itself.

    A scene's number is that of one of its digits; the others, their number and all places are drawn. In a split of
    fixed scenes they are a function of that number.

    Args:
        num_digits: how many there are; or the fewest and the most, each number as likely.
        arguments: of `MNISTClassification`.
    """

    own_arguments = frozenset({"num_classes", "class_names"})

    def __init__(self, *, num_digits: int | tuple[int, int] = 2, **arguments: Any) -> None:
        self.fewest, self.most = _bounds(num_digits)
        super().__init__(self.most, self.most, **arguments)
        self.label_counts = None
        self.order = np.zeros((self.batch_size, self.most), np.int64)
        """Of the digits of each row, from left to right; those that there are not are the last."""
        self.present = np.zeros(self.batch_size, np.int64)
        """How many digits there are in each row."""

    def _arrange(
        self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64]
    ) -> tuple[Placement, NDArray[np.int64]]:
        """See `Classification._arrange`: a digit that there is not lies below the scene."""
        placement, _ = super()._arrange(rows, draws, indices)
        chosen = draws[:, self.rules.num_draws :]
        others = np.floor(chosen[:, 1:] * self.num_scenes).astype(np.int64)
        present = self.fewest + np.floor(chosen[:, 0] * (self.most - self.fewest + 1)).astype(np.int64)
        missing = np.arange(self.most) >= present[:, None]
        placement.corners[missing] = self.rules.canvas_height, self.rules.canvas_width
        self.present[rows], self.order[rows] = present, placement.corners[..., 1].argsort(1, kind="stable")
        return placement, np.concatenate([indices[:, None], others], axis=1)

    def digits(self, rows: Rows, missing: int) -> NDArray[np.int64]:
        """The classes of the digits of `rows` from left to right, (n, most), with `missing` for those there are not."""
        classes = self.all_labels[np.take_along_axis(self.shown[rows], self.order[rows], 1)]
        return np.where(np.arange(self.most) < self.present[rows, None], classes, missing)


class Addition(SeveralDigits):
    """Look `num_glimpses` times at a scene of several digits, then tell their sum; see `Naming`."""

    target_name = "the nearest digit"

    def __init__(self, **arguments: Any) -> None:
        _, most = _bounds(arguments.get("num_digits", 2))
        super().__init__(num_classes=9 * most + 1, **arguments)

    def _begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        super()._begin(rows, draws, indices)
        self.labels[rows] = self.digits(rows, 0).sum(1)

    def targets(self, rows: Rows) -> NDArray[np.int64]:
        """See `Task.targets`: the box around the ink of the digit whose middle is the nearest to where a row looks."""
        boxes, size = self.boxes(rows), np.array(self.image_shape[1::-1])
        middles = boxes[..., 1::-1] + boxes[..., :1:-1] / 2  # (n, most, 2), each (x, y) in pixels
        looks = (self.saccades.gaze(self.eye[rows])[:, None] + 1) / 2 * size
        distances = np.linalg.norm(middles - looks, axis=-1)
        distances[np.arange(self.most) >= self.present[rows, None]] = np.inf
        return boxes[np.arange(len(rows)), distances.argmin(1)]


class Reading(SeveralDigits):
    """Name the digits of a scene one after the other, from left to right, each after `glimpses_per_object` looks.

    Every `glimpses_per_object`-th action is an answer, and brings reward 1 if it is right; the actions before it are
    guesses at the same. If the number of digits varies, the last answer is to be `END`.

    Args:
        glimpses_per_object: how many looks there are for each answer.
        arguments: of `SeveralDigits`.
    """

    target_name = "the digit to name"
    own_arguments = SeveralDigits.own_arguments | {"num_glimpses", "can_stop"}

    def __init__(self, *, glimpses_per_object: int = 4, **arguments: Any) -> None:
        fewest, most = _bounds(arguments.get("num_digits", 2))
        self.has_end = fewest < most
        self.glimpses_per_object = check_whole("glimpses_per_object", glimpses_per_object, 1)
        names = (*map(str, range(10)), *(["end"] if self.has_end else []))
        num_answers = most + self.has_end
        super().__init__(num_glimpses=num_answers * self.glimpses_per_object, class_names=names, **arguments)
        self.answers = np.zeros((self.batch_size, num_answers), np.int64)
        """The classes to name in each row, (batch_size, num_answers)."""
        self.given = np.full((self.batch_size, num_answers), -1, np.int64)
        """The answers that were given; -1: not yet."""
        self.right = np.zeros(self.batch_size, np.bool_)
        """Whether each row's last action named what it was to; False before the first."""

    def _begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        super()._begin(rows, draws, indices)
        digits = self.digits(rows, END)
        self.answers[rows] = np.pad(digits, ((0, 0), (0, int(self.has_end))), constant_values=END)
        self.given[rows], self.right[rows] = -1, False
        self.labels[rows] = self.answers[rows, 0]

    def _advance(self, rows: Rows, action: NDArray[np.int64]) -> Outcome:
        """As `Naming` has it; afterwards `labels` are what the next actions are to name."""
        num_rows, last = len(rows), self.present - 1 + self.has_end
        reward, terminated, correct = np.empty(num_rows), np.empty(num_rows, np.bool_), np.empty(num_rows, np.bool_)
        kernels.answer_in_turn(
            rows,
            action,
            self.steps,
            self.glimpses_per_object,
            last,
            self.answers,
            self.given,
            self.labels,
            self.right,
            reward,
            terminated,
            correct,
        )
        return Outcome(self._less_costs(reward, rows, terminated), terminated, correct)

    def _answered(self, rows: Rows | slice) -> NDArray[np.int64]:
        """How many answers were given."""
        return self.steps[rows] // self.glimpses_per_object

    def _info(self, rows: Rows, where: Rows | slice) -> dict[str, NDArray[Any]]:
        """As `Naming` has it, of the answer at hand; all that there is to name (privileged), and how much was named."""
        return super()._info(rows, where) | {
            "correct": self.right[where],
            "labels": self.answers[where].copy(),
            "answered": self._answered(where),
        }

    def targets(self, rows: Rows) -> NDArray[np.int64]:
        """See `Task.targets`: the box around the ink of the digit to name now; the last one's, when all are named."""
        number = np.minimum(self._answered(rows), self.present[rows] - 1)
        return self.boxes(rows)[np.arange(len(rows)), self.order[rows, number]]

    def view(self, row: int, probabilities: NDArray[np.floating[Any]] | None = None) -> View:
        """See `Task.view`: once an answer is given, nothing is said of the next digit yet."""
        view, given = super().view(row, probabilities), self.given[row][self.given[row] >= 0]
        early = int(self.steps[row]) % self.glimpses_per_object
        answers = tuple(zip(given.tolist(), self.answers[row].tolist(), strict=False))
        return view._replace(
            answers=answers,
            looks_left=0 if view.finished else self.glimpses_per_object - 1 - early,
            prediction=view.prediction if early or view.finished else None,
        )


def _bounds(num_digits: int | tuple[int, int]) -> tuple[int, int]:
    """The fewest and the most digits, or an error that names what can't be."""
    bounds = (num_digits, num_digits) if isinstance(num_digits, (int, np.integer)) else num_digits
    if isinstance(num_digits, bool) or not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
        raise TypeError(f"num_digits is {num_digits!r}; it must be a whole number, or the fewest and the most")
    fewest = check_whole("num_digits, the fewest,", bounds[0], 1)
    return fewest, check_whole("num_digits, the most,", bounds[1], fewest)
