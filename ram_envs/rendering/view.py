"""What a picture of one episode needs: a task fills it, `frames.draw` paints it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class View(NamedTuple):
    """Everything that a picture of one episode needs; a task fills it, `draw` paints it."""

    scene: NDArray[np.uint8]
    """The whole current scene, (H, W) or (H, W, C), 0..255."""
    glimpse: NDArray[np.float32]
    """What the agent sees, (k, g, g) or (k, g, g, C), in [0, 1], fine scale first."""
    regions: list[tuple[int, int, int, int]]
    """For each scale its region of the scene: (top, left, height, width) in pixels; may hang outside."""
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
    num_glimpses: int | None = None
    """How many glimpses the episode has, if that is known."""
    objects: tuple[tuple[str, tuple[int, int, int, int]], ...] = ()
    """Things in the scene to point out, such as the ball: names and regions (top, left, height, width) in pixels."""
    answers: tuple[tuple[int, int], ...] = ()
    """Of an episode with several answers, those that were given so far, each with the right one."""
    looks_left: int | None = None
    """Of an episode with several answers, how many more glimpses there are before the next one; else None."""
    light: NDArray[np.float32] | None = None
    """The scene's light, (H, W) in [0, 1], before it was rounded to bytes, where a sensor sees it between the pixels;
    None: a retina sees the bytes."""

    def said(self) -> str:
        """What was answered, in words; of several answers all so far, the one at hand with a question mark."""
        names = self.action_names
        if self.looks_left is None:
            return "" if self.prediction is None else names[self.prediction]
        words = [names[answer] for answer, _ in self.answers]
        if not self.finished and self.prediction is not None:
            words.append(f"{names[self.prediction]}?")
        return " ".join(words)

    def truth(self) -> str:
        """What would have been right, in the same words; empty where there is no label."""
        if self.looks_left is None:
            return "" if self.label is None else self.action_names[self.label]
        return " ".join(self.action_names[right] for _, right in self.answers)
