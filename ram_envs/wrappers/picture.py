"""Pictures of a gaze over any environment's images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ram_envs.rendering import frames
from ram_envs.rendering.view import View
from ram_envs.retina.gaze import Gaze


class Picture:
    """What pictures of the rows need to remember: the latest images and actions, and the gaze's path.

    Args:
        gaze: of the rows.
        action_names: of each discrete action; empty for their numbers.
        action_space: of one row; only actions of a Discrete space that begins at 0 have names.

    Raises:
        ValueError: another number of names than of actions.
    """

    def __init__(self, gaze: Gaze, action_names: Sequence[str], action_space: spaces.Space[Any]) -> None:
        self.gaze = gaze
        self.action_names = _names(action_names, action_space)
        self._paths: list[list[NDArray[np.float32]]] = [[] for _ in gaze.eyes]
        self._images: Any = None
        self._centres = gaze.saccades.centre(gaze.eyes).copy()
        self._actions: list[int | None] = [None] * len(self._paths)

    def note(self, images: Any, begun: NDArray[np.bool_], actions: Any) -> None:
        """Remember a batch of images, which rows `begun` an episode with them, and the actions, if there were any."""
        self._images, places = images, self.gaze.places()
        self._centres = self.gaze.saccades.centre(self.gaze.eyes).copy()
        for row, path in enumerate(self._paths):
            if begun[row]:
                path.clear()
            if begun[row] or actions is not None:
                path.append(places[row])
                has_name = actions is not None and self.action_names and not begun[row]
                self._actions[row] = int(actions[row]) if has_name else None

    def draw(self, row: int) -> NDArray[np.uint8]:
        """The picture of one row; a pure function of what was noted.

        Raises:
            gymnasium.error.ResetNeeded: before the first reset.
        """
        if not self._paths[row]:
            raise gym.error.ResetNeeded("render was called before reset; call reset first")
        image = self.gaze.form.pixels(self._images[row][None])
        scene = image[0] if image.dtype == np.uint8 else np.rint(image[0] * 255).astype(np.uint8)
        centre = self._centres[row : row + 1]
        view = View(
            scene=scene,
            glimpse=self.gaze.retina.glimpse(image, centre)[0],
            regions=[(*region,) for region in self.gaze.retina.regions(centre[0], scene.shape)],
            gaze=np.array(self._paths[row]),
            action_names=self.action_names,
            prediction=self._actions[row],
            label=None,
            finished=False,
            success=False,
            counts={},
            probabilities=None,
        )
        return frames.draw(view)


def _names(names: Sequence[str], space: spaces.Space[Any]) -> tuple[str, ...]:
    if not isinstance(space, spaces.Discrete) or space.start != 0:
        return ()
    if names and len(names) != space.n:
        raise ValueError(f"{len(names)} action_names {list(names)} were given for {space.n} actions")
    return tuple(names) or tuple(map(str, range(space.n)))
