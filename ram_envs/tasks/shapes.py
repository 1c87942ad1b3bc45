"""A circle or a square, looked for with a small sensor: the rules of ap-gym's CircleSquare, batched."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ram_envs.arguments import check_flag, check_number, check_whole
from ram_envs.rendering.view import View
from ram_envs.retina.gaze import Rows
from ram_envs.retina.saccade import InsideSaccades
from ram_envs.retina.sensor import sense
from ram_envs.tasks.naming import Naming

SQUARE, CIRCLE = 0, 1


class CircleSquare(Naming):
    """Find the shape with a sensor that moves a little at each step, then tell what it is; see `Naming`.

    Scene i has the shape i % 2, around the pixel in row i // 2 // image_size and column i // 2 % image_size.

    Args:
        image_size: width and height of the scenes in pixels.
        object_size: diameter of the circle and width of the square in pixels, from the middle of a pixel to that of
            another.
        gradient: the scene is the brighter the nearer to the shape; else it is black.
        max_step: the longest way of the sensor in a step, in halves of the way that it has from edge to edge.
        arguments: of `Naming`. `patch_size` is the sensor's.
    """

    splits = ()
    own_arguments = frozenset({"num_scales", "pooling", "saccade", "num_classes", "class_names"})
    target_name = "the shape"

    def __init__(
        self,
        *,
        image_size: int = 28,
        object_size: int = 8,
        gradient: bool = True,
        max_step: float = 0.2,
        num_glimpses: int = 16,
        patch_size: int = 5,
        **arguments: Any,
    ) -> None:
        self.object_size = check_whole("object_size", object_size, 1)
        size = check_whole("image_size", image_size, check_whole("patch_size", patch_size, 1) + 1)
        self._pictures = Pictures(size, self.object_size, check_flag("gradient", gradient))
        super().__init__(
            np.arange(len(self._pictures)) % 2,
            (size, size),
            0,
            class_names=("square", "circle"),
            num_glimpses=num_glimpses,
            patch_size=patch_size,
            **arguments,
        )
        if not check_number("max_step", max_step, 2):
            raise ValueError(f"max_step is {max_step}; it must be above 0, or the sensor stays where it is")
        self.saccades = InsideSaccades(max_step, patch_size / size)

    def _begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        """`Naming` has chosen all that there is to choose."""

    def scenes(self, rows: Rows) -> NDArray[np.uint8]:
        """See `Task.scenes`; the sensor sees the light before it is rounded to bytes."""
        return np.rint(255 * self._pictures[self.indices[self.where(rows)]]).astype(np.uint8)

    def targets(self, rows: Rows) -> NDArray[np.int64]:
        """See `Task.targets`: the smallest box around the shape."""
        middles = _middles(self.indices[self.where(rows)], self.image_shape[0])
        first = np.maximum(np.ceil(middles - self.object_size / 2), 0)
        last = np.minimum(np.floor(middles + self.object_size / 2), self.image_shape[0] - 1)
        return np.concatenate([first, last - first + 1], axis=1).astype(np.int64)

    def view(self, row: int, probabilities: NDArray[np.floating[Any]] | None = None) -> View:
        """See `Task.view`."""
        return super().view(row, probabilities)._replace(light=self._pictures[self.indices[row]])

    def _glimpse(self, rows: Rows, centres: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        numbers, pictures = self.indices[self.where(rows)], self._pictures
        windows = pictures.first(numbers), pictures.size
        return sense(pictures.surroundings, numbers % 2, centres, self.retina.patch_size, windows=windows)[:, None]


class Pictures:
    """All scenes, in [0, 1]. Each is a window of the surroundings of its shape: all together would take gigabytes.

    On a slope the light is 1 less the distance from the shape's middle in units of the image's diagonal.

    Args:
        size: width and height of a scene.
        object_size: see `CircleSquare`.
        gradient: likewise.
    """

    def __init__(self, size: int, object_size: int, gradient: bool) -> None:
        self.size = size
        away = np.abs(np.arange(1 - size, size))
        distance = np.hypot(away[:, None], away)
        inside = np.empty((2, *distance.shape), np.bool_)
        inside[SQUARE], inside[CIRCLE] = np.maximum(away[:, None], away) <= object_size / 2, distance <= object_size / 2
        slope = 1 - distance / np.hypot(size, size) if gradient else np.zeros_like(distance)
        self.surroundings = np.where(inside, 1, slope).astype(np.float32)
        """Of a square and of a circle, which are in the middle, (2, 2 * size - 1, 2 * size - 1)."""
        self.surroundings.flags.writeable = False

    def __len__(self) -> int:
        return int(2 * self.size**2)

    def __getitem__(self, numbers: Any) -> NDArray[np.float32]:
        """The scenes (..., size, size) of these numbers (...); not to be written to."""
        windows = sliding_window_view(self.surroundings, (self.size, self.size), axis=(1, 2))
        first = self.first(numbers)
        return windows[numbers % 2, first[..., 1], first[..., 0]]

    def first(self, numbers: Any) -> NDArray[np.int64]:
        """The first column and row (..., 2) of the scenes' windows."""
        return self.size - 1 - _middles(numbers, self.size)[..., ::-1]


def _middles(numbers: Any, size: int) -> NDArray[np.int64]:
    """The row and the column of the shape's middle in scenes (...): (..., 2)."""
    return np.stack([numbers // 2 // size, numbers // 2 % size], axis=-1)
