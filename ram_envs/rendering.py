"""Frames as RGB arrays, and the window: the only place that imports pygame, and only when a frame is drawn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class View(NamedTuple):
    """Everything that a picture of one episode needs; a task fills it, `draw` paints it."""

    scene: NDArray[np.uint8]
    """The whole current scene, (H, W) or (H, W, C)."""
    glimpse: NDArray[np.float32]
    """What the agent sees, (k, g, g) or (k, g, g, C), in [0, 1], fine scale first."""
    windows: list[tuple[int, int, int, int]]
    """For each scale its window in the scene: (top, left, height, width) in pixels; may hang outside."""
    gaze: NDArray[np.float32]
    """The locations looked at so far, (n, 2), each (x, y) in [-1, 1], the current one last."""
    action_names: tuple[str, ...]
    """A short name for each discrete action: digits, or left, stay, right."""
    prediction: int | None
    """The latest discrete action, if there was one."""
    label: int | None
    """The right class, for classification."""
    finished: bool
    """Whether the episode is over."""
    success: bool
    """Whether the latest answer is right, or the ball was caught."""
    counts: dict[str, int]
    """Running counts over episodes, such as {"caught": 3, "missed": 1}; empty for none."""
    probabilities: NDArray[np.floating[Any]] | None
    """An attached agent's probability of each action, (n,), or None."""
