"""Views without an agent, of a scene that a retina sees: for tests of what a person is shown of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.rendering.view import View


def seen(scene: NDArray[np.uint8], glimpse: NDArray[Any], regions: list[tuple[int, int, int, int]]) -> View:
    """What a retina of these patches sees at these places, before anything is answered."""
    return View(
        scene=scene,
        glimpse=glimpse.astype(np.float32),
        regions=regions,
        gaze=np.zeros((1, 2), np.float32),
        action_names=("0",),
        prediction=None,
        label=None,
        finished=False,
        success=False,
        counts={},
        probabilities=None,
    )
