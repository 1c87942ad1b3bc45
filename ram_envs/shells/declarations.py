"""What the environments declare of themselves, for agents and pictures; beyond Gymnasium's interface."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec
from numpy.typing import NDArray

from ram_envs.rendering.view import View
from ram_envs.retina.retina import check_locations
from ram_envs.shells.specs import with_arrays
from ram_envs.tasks.task import Task


class Declarations:
    """The attributes that docs/architecture.md lists under "What an environment may declare", read off the task."""

    task_class: type[Task]
    task: Task
    splits: tuple[str, ...] = ()
    """What the keyword argument `split` takes; empty: there is no such argument."""
    _spec: EnvSpec | None = None

    def __init_subclass__(cls) -> None:
        """Take the splits over from the task's class: they are known before anything is made."""
        super().__init_subclass__()
        if "task_class" in vars(cls):
            cls.splits = cls.task_class.splits

    @property
    def num_scenes(self) -> float:
        """How many scenes `reset` can be asked for by their numbers, from 0; infinity: there is no last one."""
        return self.task.num_scenes

    @property
    def num_labels(self) -> int:
        """How many classes `info["label"]` tells apart; 0: there are no labels."""
        return self.task.num_labels

    @property
    def action_names(self) -> tuple[str, ...]:
        """A short name for each discrete action: of classification, the classes'."""
        return self.task.action_names

    @property
    def label_counts(self) -> NDArray[np.int64] | None:
        """How many of the scenes each label has, (num_labels,); None: there are no labels, or nobody counted."""
        return self.task.label_counts

    @property
    def num_glimpses(self) -> int:
        """How many glimpses an episode has at most."""
        return self.task.num_steps

    @property
    def scene_shape(self) -> tuple[int, ...] | None:
        """(H, W) or (H, W, C) of the scenes; None where they differ in size."""
        return self.task.scene_shape

    @property
    def target_name(self) -> str:
        """What there is to look at: "the digit", "the image" or "the ball"."""
        return self.task.target_name

    def targets(self) -> NDArray[np.int64]:
        """Where that lies now, (num_rows, 4): each row's (top, left, height, width) in pixels; privileged."""
        return self.task.targets(np.arange(self.task.batch_size))

    def whole_scenes(self) -> NDArray[np.uint8]:
        """The whole scenes as they are now, (num_rows, H, W) or (num_rows, H, W, C); privileged, not to be written to.

        Raises:
            ValueError: scenes that differ in size.
        """
        return self.task.scenes(np.arange(self.task.batch_size))

    def look_at(self, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The locations of the next actions that bring each row's gaze as near as one step can to a place.

        Args:
            places: (num_rows, 2), each (x, y) in [-1, 1] of the scene.

        Returns:
            (num_rows, 2) in [-1, 1]: with absolute saccades the places themselves.

        Raises:
            ValueError: wrong shapes, or places outside [-1, 1].
        """
        rows = np.arange(self.task.batch_size)
        return self.task.look_at(rows, check_locations(places, len(rows)))

    @property
    def spec(self) -> EnvSpec | None:
        """How `gym.make` or `gym.make_vec` made it; Gymnasium's, which sets it."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = with_arrays(spec)

    def view(self, row: int = 0, probabilities: NDArray[np.floating[Any]] | None = None) -> View:
        """All that a picture of one row needs, with an agent's probability of each action, (n,), if it is given."""
        return self.task.view(row, probabilities)
