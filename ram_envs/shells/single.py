"""The shell over one episode of any task at a time: `TaskEnv`, a batch of one.

It adds Gymnasium's rules and nothing of a task's own: seeding, checks of actions, infos, rendering.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ram_envs.rendering import frames
from ram_envs.rendering.window import Window
from ram_envs.retina.retina import check_locations
from ram_envs.shells import checks
from ram_envs.shells.action_forms import LOCATION_KEY, make_form
from ram_envs.shells.declarations import Declarations
from ram_envs.tasks.task import build_task

Observation = dict[str, NDArray[np.float32]]
Info = dict[str, Any]


class TaskEnv(Declarations, gym.Env[Observation, Any]):
    """One episode at a time of `task_class`.

    Args:
        render_mode: "human" (a window), "rgb_array" (frames), or None.
        action: the form of an action: "dict", "flat", "grid" or "discrete"; see `ram_envs.shells.action_forms`.
        grid_size: columns and rows of the grid of "grid" and "discrete": one number for both, or (columns, rows); None
            for 7.
        action_location_key: what the location of a Dict action is called, for libraries that keep actions and
            observations in one dictionary, where it must not be "location", as the observation's is.
        arguments: the task's.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
        *,
        render_mode: str | None = None,
        action: str = "dict",
        grid_size: int | tuple[int, int] | None = None,
        action_location_key: str = LOCATION_KEY,
        **arguments: Any,
    ) -> None:
        self.task = build_task(self.task_class, 1, arguments)
        self.metadata = {**self.metadata, "render_fps": self.task.frames_per_second}
        self.render_mode = checks.check_render_mode(render_mode, self.metadata)
        self._form = make_form(self.task.action_space, action, grid_size=grid_size, location_key=action_location_key)
        self.observation_space = self.task.observation_space  # type: ignore[assignment]
        self.action_space = self._form.space
        self.probabilities: NDArray[np.floating[Any]] | None = None
        """An attached agent's probability of each action, (n,), drawn beside the scene when set."""
        self._row, self._choice = np.zeros(1, np.intp), np.zeros(1, np.int64)
        self._began = False
        self._window: Window | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, Info]:
        """Start an episode and take the first glimpse, at the initial location.

        Args:
            seed: seeds the environment's generator.
            options: {"index": i} chooses the image of the split (of Catch: the numbered game).

        Raises:
            gymnasium.error.Error: a seed that is no int, or negative.
            ValueError, IndexError: unknown options, or an index that there is not.
        """
        index = checks.check_options(options, "index").get("index")
        indices = None if index is None else checks.check_indices([index], self.task)
        super().reset(seed=None if seed is None else checks.check_seed(seed))
        self.task.begin(self._row, self.np_random.random((1, self.task.num_draws)), indices)
        if self.task.reads_ahead:
            if indices is None:
                self.task.expect(deepcopy(self.np_random).random((1, self.task.num_draws)))
            else:
                self.task.expect_after(indices)
        self._began = True
        if self.render_mode == "human":
            self.render()
        return self._observe(), self._info()

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, Info]:
        """Give `action["action"]` and look at `action["location"]`, (x, y) in [-1, 1]; or what other forms mean by it.

        With `can_stop`, `action["stop"]` is 1 to end the episode with this step, else 0.

        Raises:
            ResetNeeded: before the first reset, and after the end of an episode.
            KeyError, TypeError, ValueError: an action that is not in the action space.
        """
        self._need_reset("step")
        if self.task.finished[0]:
            raise ResetNeeded("step was called after the end of the episode; call reset first")
        location, choice, stopping = self._form.read(action, ())
        locations = check_locations(np.asarray(location)[None], 1)
        self._choice[0] = checks.check_choice(choice, self.task)
        stop = checks.check_stop(stopping, (), self.task)
        outcome = self.task.advance(self._row, locations, self._choice, stop)
        if self.render_mode == "human":
            self.render()
        return self._observe(), outcome.reward.item(), outcome.terminated.item(), False, self._info()

    def render(self) -> NDArray[np.uint8] | None:
        """The current frame, (H, W, 3) uint8, or with render_mode "human" the window."""
        if self.render_mode is None:
            checks.warn_no_render_mode(self.spec)
            return None
        self._need_reset("render")
        frame = frames.draw(self.view(0, self.probabilities))
        if self.render_mode == "rgb_array":
            return frame
        self._window = self._window or Window()
        self._window.show(frame, fps=self.metadata["render_fps"])
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def _observe(self) -> Observation:
        return {key: value[0] for key, value in self.task.observe(self._row).items()}

    def _info(self) -> Info:
        """The only row of the batched info, numbers as Python's own."""
        info = self.task.info(self._row)
        return {key: value.item() if value.ndim == 1 else value[0] for key, value in info.items()}

    def _need_reset(self, name: str) -> None:
        if not self._began:
            raise ResetNeeded(f"{name} was called before reset; call reset first")
