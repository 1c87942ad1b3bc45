"""The games of `ram play` without pictures: a person takes the agent's place, and the agent gets the same rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ram_envs.rendering.painting import patch_rgb

from ..agent.envs import declared
from ..model.forms import first_row, to_environment
from ..rendering.episodes import Episode, environment, record, viewer
from ..scanpaths.path import Scanpath, in_pixels

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

    from ..training.reinforce import Reinforce


class Game:
    """Rounds of a person in an environment that declares its `view`, each on another image or numbered game.

    Args:
        env_id: the environment.
        env_kwargs: its keyword arguments.
        numbers: what `reset(options={"index": ...})` takes, one for each round; of scenes without numbers, any.
        seed: of where the gaze starts, and of scenes without numbers.
    """

    def __init__(self, env_id: str, env_kwargs: dict[str, Any], *, numbers: Sequence[int], seed: int) -> None:
        self.env = gym.make(env_id, **env_kwargs)
        self._view = viewer(self.env)
        self.numbers = list(numbers)
        self.seed = seed
        self.results: list[bool] = []
        """Whether each finished round was won."""
        self.begin()

    @property
    def round(self) -> int:
        """The number of the current round, from 0; it changes with `begin`."""
        return len(self.results) - self.view.finished

    @property
    def over(self) -> bool:
        """Whether all rounds are finished."""
        return len(self.results) == len(self.numbers)

    @property
    def view(self) -> View:
        """What there is to see now."""
        return self._view(0)

    def begin(self) -> None:
        """Start the next round."""
        number = len(self.results)
        options = {"index": self.numbers[number]} if declared(self.env).num_scenes else None
        self.env.reset(seed=self.seed + number, options=options)

    def step(self, place: NDArray[np.float32], action: int) -> None:
        """Look at a place in [-1, 1] of the scene, or as near as one saccade leads; nothing happens after the end."""
        if not self.view.finished:
            places, look_at = np.asarray(place, np.float32)[None], declared(self.env).look_at
            batch = look_at(places) if look_at else places, np.array([action]), np.zeros(1, np.bool_)
            _, reward, terminated, _, info = self.env.step(first_row(to_environment(self.env.action_space, *batch)))
            if terminated:
                self.results.append(bool(info.get("is_success", float(reward) > 0)))


class NamingGame(Game):
    """Naming for a person: look `num_glimpses` times, then name what is seen; of several answers, one after the other.

    Args:
        env_id: the environment.
        env_kwargs: its keyword arguments.
        numbers: of the images, one for each round.
        seed: of where the gaze starts.
        clock: tells seconds, of how long the person looks somewhere.
    """

    def __init__(
        self,
        env_id: str,
        env_kwargs: dict[str, Any],
        *,
        numbers: Sequence[int],
        seed: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        super().__init__(env_id, env_kwargs, numbers=numbers, seed=seed)

    def begin(self) -> None:
        """Start the next image, with the first glimpse."""
        super().begin()
        self._places, self._times = [self.view.gaze[-1]], [self._clock()]
        self.memory = Memory(self.view)
        self.scene = self.view.scene
        """The scene as it was at the latest look: one that moves goes on with the answer."""
        self.looks = 1
        """Glimpses that the person chose to take, and the first."""
        self.allowed = self.looks_left
        """How often the person may choose where to look before the answer that comes next."""

    @property
    def reaches_anywhere(self) -> bool:
        """Whether one step leads to any place of the scene."""
        look_at, corner = declared(self.env).look_at, np.full((1, 2), 0.9, np.float32)
        far = -corner if self.view.gaze[-1].sum() > 0 else corner
        return look_at is None or bool((look_at(far) == far).all())

    @property
    def looks_left(self) -> int:
        """How often the person may still choose where to look."""
        view = self.view
        if view.looks_left is not None:
            return view.looks_left
        return 0 if view.finished else (view.num_glimpses or 0) - self.looks

    def look(self, location: NDArray[np.float32]) -> None:
        """Look there, if a glimpse is left."""
        if self.looks_left:
            self.step(location, 0)
            self.looks += 1
            self.memory.add(self.view)
            self.scene = self.view.scene
            self._places.append(self.view.gaze[-1])
            self._times.append(self._clock())

    def answer(self, name: int) -> None:
        """Name it; glimpses that are left are forgone. Of several answers the next is begun, if there is one."""
        given = len(self.view.answers)
        while not self.view.finished and len(self.view.answers) == given:
            self.step(self.view.gaze[-1], name)
        if not self.view.finished:
            self.looks, self.allowed = len(self.view.gaze), self.looks_left
            self.memory.add(self.view)
            self.scene = self.view.scene
        elif len(self._times) == len(self._places):
            self._times.append(self._clock())

    def scanpath(self, subject: str) -> Scanpath:
        """Where the person looked in this round, now that it is over: the last fixation lasts until the answer."""
        fixations = in_pixels(np.stack(self._places), self.view.scene.shape)
        return Scanpath(fixations, np.diff(self._times), str(self.numbers[self.round]), subject)


class Memory:
    """What a person has seen of a scene so far: the finest that was seen of each place.

    When the scene has changed, what was seen before fades by half, and all that is seen now lies over it.
    """

    FOG = 70  # the grey of what was never seen

    def __init__(self, view: View) -> None:
        self.picture = np.full((*view.scene.shape[:2], 3), self.FOG, np.uint8)
        self._scene = view.scene
        self._scale = np.full(view.scene.shape[:2], len(view.glimpse))
        self.add(view)

    def add(self, view: View) -> None:
        """Remember a glimpse."""
        if not np.array_equal(view.scene, self._scene):
            self._scene = view.scene
            self._scale[:] = len(view.glimpse)
            self.picture = (self.picture // 2 + self.FOG // 2).astype(np.uint8)
        height, width = view.scene.shape[:2]
        for scale, (patch, region) in reversed(list(enumerate(zip(view.glimpse, view.regions, strict=True)))):
            top, left, down, across = region
            rows = np.arange(max(top, 0), min(top + down, height))[:, None]
            columns = np.arange(max(left, 0), min(left + across, width))[None]
            seen = patch_rgb(patch, scale)[
                (rows - top) * patch.shape[0] // down, (columns - left) * patch.shape[1] // across
            ]
            finer = self._scale[rows, columns] >= scale
            self.picture[rows, columns] = np.where(finer[..., None], seen, self.picture[rows, columns])
            self._scale[rows, columns] = np.minimum(self._scale[rows, columns], scale)


def rival_episodes(
    agent: Reinforce, env_id: str, env_kwargs: dict[str, Any], *, numbers: Sequence[int], seed: int
) -> list[Episode]:
    """Record the agent on the same images or numbered games; its gaze starts at the same places."""
    env = environment(agent, env_id=env_id, env_kwargs=env_kwargs, num_envs=len(numbers))
    try:
        indices = np.array(numbers, np.int64) if declared(env).num_scenes else None
        return record(agent.policy, env, seed=seed, indices=indices)
    finally:
        env.close()
