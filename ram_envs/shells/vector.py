"""The shell over many episodes of any task side by side: `TaskVectorEnv`, a batch of n.

It adds Gymnasium's rules and nothing of a task's own: seeding, checks of actions, autoreset, infos, rendering.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ram_envs.rendering import frames
from ram_envs.rendering.window import Window
from ram_envs.retina.gaze import Rows
from ram_envs.retina.retina import check_locations
from ram_envs.shells import checks
from ram_envs.shells.action_forms import LOCATION_KEY, make_form
from ram_envs.shells.declarations import Declarations
from ram_envs.shells.single import Info, Observation
from ram_envs.shells.streams import Streams
from ram_envs.tasks.task import build_task

# Steps of an additive sequence that fills the square evenly (with the generalised golden ratio): the rollouts of one
# scene start their gaze at places well apart, each by itself uniform.
START_STEP = np.array([0.7548776662466927, 0.5698402909980532])


class TaskVectorEnv(Declarations, VectorEnv[Observation, Any, NDArray[Any]]):
    """`num_envs` independent episodes of `task_class` side by side, stepped together in one batch.

    Seeded with s, row i has the episodes of a single environment seeded with s + i // repeats.

    Args:
        num_envs: n, the number of rows.
        autoreset_mode: Gymnasium's `AutoresetMode` or its value: "NextStep", "SameStep" or "Disabled".
        repeats: so many consecutive rows share their scenes (Monte-Carlo rollouts); it divides `num_envs`. Rows that
            share a scene start their gaze at different places.
        render_mode: "rgb_array" (one frame for each row), "human" (a window with a grid of rows), or None.
        action, grid_size, action_location_key: the form of an action; see `TaskEnv`.
        arguments: the task's.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
        *,
        num_envs: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        repeats: int = 1,
        render_mode: str | None = None,
        action: str = "dict",
        grid_size: int | tuple[int, int] | None = None,
        action_location_key: str = LOCATION_KEY,
        **arguments: Any,
    ) -> None:
        self._window: Window | None = None  # First, because older Gymnasiums close what could not be made, too.
        if num_envs < 1 or repeats < 1 or num_envs % repeats:
            raise ValueError(
                f"num_envs is {num_envs} and repeats {repeats}; repeats must divide num_envs, both at least 1"
            )
        self.num_envs = num_envs
        self.repeats = repeats
        self.autoreset_mode = checks.check_autoreset_mode(autoreset_mode)
        self.task = build_task(self.task_class, num_envs, arguments)
        fps = self.task.frames_per_second
        self.metadata = {**self.metadata, "render_fps": fps, "autoreset_mode": self.autoreset_mode}
        self.render_mode = checks.check_render_mode(render_mode, self.metadata)
        self._form = make_form(self.task.action_space, action, grid_size=grid_size, location_key=action_location_key)
        self.single_observation_space = self.task.observation_space
        self.single_action_space = self._form.space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.probabilities: NDArray[np.floating[Any]] | None = None
        """An attached agent's probability of each action in each row, (num_envs, n), drawn when set."""
        self._rows = np.arange(num_envs, dtype=np.intp)
        self._began = np.zeros(num_envs, np.bool_)
        self._streams = Streams(num_rows=num_envs, num_draws=self.task.num_draws, repeats=repeats)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Info]:
        """Start episodes in all rows, or in some.

        Args:
            seed: an int s seeds row i with s + i // repeats; a list seeds each row by itself.
            options: {"indices": (num_envs,) whole numbers} chooses the images; {"reset_mask": (num_envs,) bools} resets
                only those rows, while the others stay as they are.

        Raises:
            gymnasium.error.Error: a seed that is no int, or negative.
            ValueError, IndexError: seeds, options, indices or a mask that do not fit; nothing has changed then.
        """
        options = checks.check_options(options, "indices", "reset_mask")
        mask = options.get("reset_mask")
        rows = self._rows if mask is None else np.flatnonzero(checks.check_mask(mask, self.num_envs))
        indices = options.get("indices")
        if indices is not None:
            indices = checks.check_indices(indices, self.task)[rows]
        if seed is not None:
            self._streams.seed(seed, rows)
        self._begin(rows, indices)
        if self.render_mode == "human":
            self.render()
        return self.task.observe(self._rows), self._info(rows)

    def step(self, actions: Any) -> tuple[Observation, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Info]:
        """Step every row: {"location": (num_envs, 2) in [-1, 1], "action": (num_envs,) whole numbers}.

        Other forms of an action are (num_envs, 2 + n) for "flat", (num_envs, 3) for "grid", (num_envs,) for "discrete".
        With `can_stop` also {"stop": (num_envs,) 0 or 1}.

        Raises:
            ResetNeeded: before the first reset; and with autoreset disabled, while a row's episode is over.
            KeyError, TypeError, ValueError: actions that are not in the action space.
        """
        self._need_reset("step")
        location, choices, stopping = self._form.read(actions, (self.num_envs,))
        location = check_locations(location, self.num_envs)
        choices = checks.check_choices(choices, (self.num_envs,), self.task)
        stop = checks.check_stop(stopping, (self.num_envs,), self.task)
        over = self.task.finished
        if not over.any():
            reward, terminated = self._advance(self._rows, location, choices, stop)
        elif self.autoreset_mode is AutoresetMode.NEXT_STEP:
            going, beginning = np.flatnonzero(~over), np.flatnonzero(over)
            stop = None if stop is None else stop[going]
            reward, terminated = self._advance(going, location[going], choices[going], stop)
            self._begin(beginning, None)
        else:
            raise ResetNeeded(
                f"step was called after the end of the episodes of rows {np.flatnonzero(over)[:8].tolist()}; with "
                'autoreset disabled, call reset(options={"reset_mask": terminated | truncated}) first'
            )
        final: Info = {}
        if self.autoreset_mode is AutoresetMode.SAME_STEP and terminated.any():
            final = self._reset_at_once(terminated)
        if self.render_mode == "human":
            self.render()
        truncated = np.zeros(self.num_envs, np.bool_)
        return self.task.observe(self._rows), reward, terminated, truncated, self._info(self._rows) | final

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """One frame (H, W, 3) uint8 for each row, or with render_mode "human" the window with all of them."""
        if self.render_mode is None:
            checks.warn_no_render_mode(self.spec)
            return None
        self._need_reset("render")
        given = self.probabilities
        views = [self.view(row, None if given is None else given[row]) for row in range(self.num_envs)]
        if self.render_mode == "rgb_array":
            return tuple(map(frames.draw, views))
        self._window = self._window or Window()
        self._window.show(frames.draw_grid(views), fps=self.metadata["render_fps"])
        return None

    def close_extras(self, **kwargs: Any) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """Each row's generator, as `SyncVectorEnv` has it; see `Streams`."""
        return tuple(self._streams.generators)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """Each row's seed."""
        return tuple(self._streams.seeds)

    def _begin(self, rows: Rows, indices: NDArray[np.int64] | None) -> None:
        draws = self._streams.take(rows)
        if self.repeats > 1:
            draws[:, :2] = (draws[:, :2] + (rows % self.repeats)[:, None] * START_STEP) % 1
        self.task.begin(rows, draws, indices)
        if self.task.reads_ahead:
            if indices is None:
                self.task.expect(self._streams.peek(self._rows))
            else:
                self.task.expect_after(indices)
        self._began[rows] = True

    def _advance(
        self,
        rows: Rows,
        location: NDArray[np.floating[Any]],
        choices: NDArray[np.int64],
        stop: NDArray[np.bool_] | None,
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Step some rows; the others get reward 0 and go on. Returns all rows' rewards, and which episodes ended."""
        if not len(rows):
            return np.zeros(self.num_envs), np.zeros(self.num_envs, np.bool_)
        outcome = self.task.advance(rows, location, choices, stop)
        return self._spread(outcome.reward, rows), self._spread(outcome.terminated, rows)

    def _reset_at_once(self, terminated: NDArray[np.bool_]) -> Info:
        """Same-step autoreset: begin the ended rows anew, and return what they last saw and told."""
        ended = np.flatnonzero(terminated)
        last = self.task.observe(ended)
        final_obs = np.full(self.num_envs, None, object)
        for i, row in enumerate(ended):
            final_obs[row] = {key: value[i] for key, value in last.items()}
        final_info = self._info(ended)
        self._begin(ended, None)
        return {
            "final_obs": final_obs,
            "_final_obs": terminated.copy(),
            "final_info": final_info,
            "_final_info": terminated.copy(),
        }

    def _info(self, rows: Rows) -> Info:
        """What some rows tell, zero elsewhere, with Gymnasium's `_key` masks of the rows that tell it."""
        info, told = {}, self.task.info(rows)
        masks = np.zeros((len(told), self.num_envs), np.bool_)
        masks[:, self.task.where(rows)] = True
        for (key, value), mask in zip(told.items(), masks, strict=True):
            info[key], info[f"_{key}"] = self._spread(value.copy(), rows), mask  # it may be a part of the state
        return info

    def _spread(self, value: NDArray[Any], rows: Rows) -> NDArray[Any]:
        """Values of some rows as an array over all rows, zero elsewhere."""
        if len(rows) == self.num_envs:
            return value
        full = np.zeros((self.num_envs, *value.shape[1:]), value.dtype)
        full[rows] = value
        return full

    def _need_reset(self, name: str) -> None:
        if not self._began.all():
            raise ResetNeeded(f"{name} was called before reset; call reset first")
