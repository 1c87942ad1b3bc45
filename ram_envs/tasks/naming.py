"""Naming the class of what is seen: what the rules of Glimpse-MNIST and of the user's own pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_flag, check_number, check_whole
from ram_envs.images.datasets import MOST_CLASSES, SPLITS
from ram_envs.retina.gaze import InitialLocation, Rows
from ram_envs.retina.retina import Pooling, Retina
from ram_envs.retina.saccade import Saccade
from ram_envs.tasks import kernels
from ram_envs.tasks.task import Outcome, Task


class Naming(Task):
    """Look `num_glimpses` times at a still scene, then name its class.

    The action of every step is the current prediction; only the last one is the answer, and brings reward 1 if it is
    right, else 0. With `can_stop` any step's action becomes the answer if it says "stop".

    Args:
        labels: (N,), the classes of the split's images.
        image_shape: (H, W) or (H, W, C) of the scene.
        num_draws: uniform draws an episode consumes beyond those that choose the gaze and the image.
        num_classes: n, if it is more than the largest label + 1.
        class_names: a name for each of the n classes, for pictures.
        can_stop: the agent may answer before the last glimpse (the extension that section 3 of the paper names).
        glimpse_cost: subtracted from the reward of each step that takes another glimpse: all but the last.
        saccade_cost: subtracted from it too, times the distance that the eye moves, between the observed locations
            before and after: absolute ones in halves of the scene, relative ones in units of the reach.
    """

    frames_per_second = 4
    count_names = ("right", "wrong")
    splits: tuple[str, ...] = SPLITS
    target_name = "the image"

    def __init__(
        self,
        labels: NDArray[np.int64],
        image_shape: tuple[int, ...],
        num_draws: int,
        *,
        batch_size: int = 1,
        num_glimpses: int = 6,
        patch_size: int = 8,
        num_scales: int = 1,
        pooling: Pooling = "average",
        initial_location: InitialLocation = "random",
        saccade: Saccade = "absolute",
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        can_stop: bool = False,
        glimpse_cost: float = 0.0,
        saccade_cost: float = 0.0,
    ) -> None:
        self.glimpse_cost = check_number("glimpse_cost", glimpse_cost)
        self.saccade_cost = check_number("saccade_cost", saccade_cost)
        self.all_labels = labels
        self.num_scenes: int = len(labels)
        self.num_labels = num_classes = _count_classes(labels, num_classes, class_names)
        self.label_counts = np.bincount(labels, minlength=num_classes)
        super().__init__(
            batch_size=batch_size,
            retina=Retina(patch_size, num_scales, pooling=pooling),
            image_shape=image_shape,
            num_steps=check_whole("num_glimpses", num_glimpses, 1),
            action_names=tuple(class_names or map(str, range(num_classes))),
            num_draws=1 + num_draws,
            initial_location=initial_location,
            saccade=saccade,
            can_stop=check_flag("can_stop", can_stop),
        )
        self.indices = np.zeros(batch_size, np.int64)
        self.labels = np.zeros(batch_size, np.int64)

    def chosen(self, draws: NDArray[np.float64]) -> NDArray[np.int64]:
        """The images that the draws (n, num_draws) of episodes choose, (n,)."""
        return (draws[:, 2] * self.num_scenes).astype(np.int64)

    def begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        """See `Task.begin`; `_begin` is told the indices, and gets the draws after that of the image."""
        indices = self.chosen(draws) if indices is None else indices
        where = self.where(rows)
        self.indices[where] = indices
        self.labels[where] = self.all_labels[indices]
        super().begin(rows, draws, indices)

    def _advance(self, rows: Rows, action: NDArray[np.int64]) -> Outcome:
        num_rows = len(rows)
        reward, terminated, correct = np.empty(num_rows), np.empty(num_rows, np.bool_), np.empty(num_rows, np.bool_)
        kernels.answer(rows, action, self.steps, self.num_steps, self.stopped, self.labels, reward, terminated, correct)
        return Outcome(self._less_costs(reward, rows, terminated), terminated, correct)

    def _less_costs(
        self, reward: NDArray[np.float64], rows: Rows, terminated: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """The rewards (n,) of a step less what the next glimpse costs, where one follows, and the way to it."""
        if self.glimpse_cost:
            reward[~terminated] -= self.glimpse_cost
        if self.saccade_cost:
            on = rows[~terminated]
            before, after = (
                self._saccades(on).location(self.path[on, step]) for step in (self.steps[on] - 1, self.steps[on])
            )
            reward[~terminated] -= self.saccade_cost * np.linalg.norm((after - before).astype(np.float64), axis=1)
        return reward

    def _info(self, rows: Rows, where: Rows | slice) -> dict[str, NDArray[Any]]:
        """The label (privileged), the image's index in the split, the last action (-1: none yet) and if it is right."""
        return {
            "label": self.labels[where],
            "index": self.indices[where],
            "prediction": self.last_action[where],
            "correct": self.success[where],
        }

    def label(self, row: int) -> int:
        """See `Task.label`."""
        return int(self.labels[row])


def _count_classes(labels: NDArray[np.int64], num_classes: int | None, class_names: Sequence[str] | None) -> int:
    needed = int(labels.max()) + 1
    if class_names:
        if num_classes not in (None, len(class_names)):
            raise ValueError(f"num_classes is {num_classes}, but there are {len(class_names)} class_names")
        num_classes = len(class_names)
    if num_classes is None:
        return needed
    if check_whole("num_classes", num_classes, 1, MOST_CLASSES) < needed:
        raise ValueError(f"num_classes is {num_classes}, but label {needed - 1} occurs; it must be at least {needed}")
    return int(num_classes)
