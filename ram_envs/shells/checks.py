"""Checks of what a caller hands to an environment.

Each returns the value in its working form, or raises an error that names the bad value and the remedy.
"""

from __future__ import annotations

import operator
from typing import Any, NoReturn

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from ram_envs.tasks.task import Task

MOST_SCENES = 2**62  # that can be told apart by a whole number of 64 bits; Catch's games have no last one


def action_parts(action: Any, location_key: str = "location") -> tuple[Any, Any]:
    """The location and the discrete action of a Dict action, or a KeyError that says what is expected."""
    try:
        return action[location_key], action["action"]
    except (TypeError, KeyError, IndexError) as error:
        raise KeyError(
            f'the action {action!r} is not of the form {{"{location_key}": (x, y), "action": a}}; '
            'for other forms make the environment with action="flat", "grid" or "discrete", or wrap it, see '
            "ram_envs.wrappers"
        ) from error


def check_choice(choice: Any, task: Task) -> int:
    """A single discrete action as a whole number of Python's own, or an error that names it."""
    try:
        number = operator.index(choice)
    except TypeError as error:
        raise TypeError(f"action {choice!r} is not a whole number") from error
    if not 0 <= number < len(task.action_names):
        _refuse_choice(number, task)
    return number


def check_choices(choices: Any, shape: tuple[int, ...], task: Task) -> NDArray[np.int64]:
    """Discrete actions as a fresh array of the given shape, or an error that names the first bad one."""
    choices = np.asarray(choices)
    if choices.shape != shape:
        raise ValueError(f"actions have shape {choices.shape}; expected {shape}, one for each row")
    if choices.dtype.kind not in "iu":
        raise TypeError(f"actions have dtype {choices.dtype}; expected whole numbers")
    # Without its sign a negative number is a huge one: one comparison finds both.
    numbers = choices.astype(np.int64, order="C")
    outside = numbers.view(np.uint64) >= len(task.action_names)
    if outside.any():
        _refuse_choice(choices[outside][0], task)
    return numbers


def _refuse_choice(choice: Any, task: Task) -> NoReturn:
    raise ValueError(f"action {choice} is out of range; it must be from 0 to {len(task.action_names) - 1}")


def check_stop(stop: Any, shape: tuple[int, ...], task: Task) -> NDArray[np.bool_] | None:
    """Who stops, as bools of the given shape; None where the task knows no stopping.

    Raises:
        KeyError: the action says nothing of it, so that `stop` is None.
        ValueError: it has another shape, or values other than 0 and 1.
    """
    if not task.can_stop:
        return None
    if stop is None:
        raise KeyError('the action has no "stop", 0 or 1, which can_stop=True asks for')
    stop = np.asarray(stop)
    if stop.shape != shape:
        raise ValueError(f'"stop" has shape {stop.shape}; expected {shape}')
    if stop.dtype.kind not in "iub" or ((stop != 0) & (stop != 1)).any():
        raise ValueError(f'"stop" is {stop.tolist()}; it must be 0 or 1')
    return stop.astype(np.bool_)


def check_options(options: dict[str, Any] | None, *known: str) -> dict[str, Any]:
    """The reset options, or a ValueError that names the unknown ones."""
    unknown = set(options or {}) - set(known)
    if unknown:
        raise ValueError(f"unknown reset options {sorted(unknown)}; known are {list(known)}")
    return options or {}


def check_seed(seed: Any) -> int:
    """A seed by Gymnasium's rule for single environments: one of Python's own whole numbers, not negative.

    Raises:
        gymnasium.error.Error: it is none.
    """
    if not isinstance(seed, int):
        hint = f"; use int(seed), {int(seed)}" if isinstance(seed, np.integer) else ""
        raise gym.error.Error(f"the seed {seed!r} is not a whole number of Python's own, an int{hint}")
    if seed < 0:
        raise gym.error.Error(f"the seed {seed} is negative; it must be at least 0")
    return int(seed)


def check_indices(indices: Any, task: Task) -> NDArray[np.int64]:
    """The indices of images (or of Catch's games), one for each row of the task."""
    indices = np.asarray(indices)
    if indices.shape != (task.batch_size,) or indices.dtype.kind not in "iu":
        raise ValueError(f"indices {indices!r} are not {task.batch_size} whole numbers")
    count = min(task.num_scenes, MOST_SCENES)
    outside = (indices < 0) | (indices >= count)
    if outside.any():
        raise IndexError(f"index {indices[outside][0]} is out of range; it must be from 0 to {count - 1}")
    return indices.astype(np.int64)


def check_mask(mask: Any, count: int) -> NDArray[np.bool_]:
    """A reset mask that chooses at least one row."""
    mask = np.asarray(mask)
    if mask.shape != (count,) or mask.dtype != np.bool_:
        raise ValueError(f"reset_mask has shape {mask.shape} and dtype {mask.dtype}; expected ({count},) and bool")
    if not mask.any():
        raise ValueError("reset_mask chooses no row; set at least one to True")
    return mask


def check_autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    """Gymnasium's enum, from itself or from its value."""
    try:
        return AutoresetMode(mode)
    except ValueError:
        values = ", ".join(repr(known.value) for known in AutoresetMode)
        raise ValueError(f"autoreset_mode is {mode!r}; it must be an AutoresetMode or one of {values}") from None


def check_render_mode(mode: str | None, metadata: dict[str, Any]) -> str | None:
    """The render mode, if the environment has it."""
    if mode is not None and mode not in metadata["render_modes"]:
        raise ValueError(f"render_mode is {mode!r}; it must be None or one of {metadata['render_modes']}")
    return mode


def warn_no_render_mode(spec: Any) -> None:
    """Warn as Gymnasium's own environments do when `render` has no mode."""
    name = spec.id if spec is not None else "the environment"
    gym.logger.warn(f'render was called without a render mode; make {name} with render_mode="rgb_array" or "human"')
