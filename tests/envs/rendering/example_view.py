"""A view to draw, and how to find things in its frame: what the tests of pictures share."""

from typing import Any

import numpy as np

from ram_envs.rendering.view import View

# A 24 x 24 scene in a frame of 480: blocks of 18 frame pixels, from pixel 24 on.
BLOCK, MARGIN = 18, 24


def middle_of(row: int, column: int) -> tuple[int, int]:
    """The frame's pixel in the middle of a scene pixel."""
    return MARGIN + BLOCK * row + BLOCK // 2, MARGIN + BLOCK * column + BLOCK // 2


def make_view(**changes: Any) -> View:
    """A 24 x 24 scene; a 4 x 4 retina of two scales at column 12, row 12, each value of its patches another."""
    glimpse = np.arange(32, dtype=np.float32).reshape(2, 4, 4) / 31
    view = View(
        scene=np.arange(576, dtype=np.int64).reshape(24, 24).astype(np.uint8),
        glimpse=glimpse,
        regions=[(10, 10, 4, 4), (8, 8, 8, 8)],
        gaze=np.zeros((1, 2), np.float32),
        action_names=tuple("0123456789"),
        prediction=None,
        label=3,
        finished=False,
        success=False,
        counts={},
        probabilities=None,
    )
    return view._replace(**changes)


def has(frame: np.ndarray, colour: tuple[int, int, int]) -> bool:
    """Whether some pixel has a colour."""
    return bool((frame == colour).all(axis=-1).any())
