"""The forms of an action: `gym.make(id, action="flat")` chooses one, and the wrappers of those names make them.

A form has the space of one action, and reads an action that a caller hands to `step`: the location, the discrete
action, and where the task has it whether to stop.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ram_envs.shells.checks import action_parts

NAMES = ("dict", "flat", "grid", "discrete")
GRID_SIZE = 7
LOCATION_KEY = "location"


class Parts(NamedTuple):
    """What an action, or a batch of them, says."""

    location: Any
    choice: Any
    """The discrete action."""
    stop: Any
    """1 or True to end the episode; None where nothing is said of it."""


class ActionForm(ABC):
    """One form of an action."""

    space: spaces.Space[Any]
    """Of one action."""

    @abstractmethod
    def read(self, action: Any, shape: tuple[int, ...]) -> Parts:
        """The locations (*shape, 2), the discrete actions `shape` and who stops, `shape`, of a batch of actions.

        Args:
            action: of the space, or a batch of them.
            shape: (num_rows,), or () for one action.

        Raises:
            KeyError, TypeError, ValueError: an action of another form.
        """


class DictForm(ActionForm):
    """`Dict(location=Box(-1, 1, (2,)), action=Discrete(n))`, with "stop" where the task has it.

    Its parts are read as they are; the shells check them.

    Args:
        space: the task's own action space.
        location_key: what the location is called in place of "location".
    """

    def __init__(self, space: spaces.Dict, location_key: str = LOCATION_KEY) -> None:
        if not isinstance(location_key, str) or location_key in ("", "action", "stop"):
            raise ValueError(
                f'action_location_key is {location_key!r}; it must be a name other than "action" and "stop"'
            )
        self.location_key = location_key
        self.space = spaces.Dict({location_key if k == LOCATION_KEY else k: v for k, v in space.spaces.items()})

    def read(self, action: Any, shape: tuple[int, ...]) -> Parts:
        """See `ActionForm.read`."""
        return Parts(*action_parts(action, self.location_key), action.get("stop"))


class FlatForm(ActionForm):
    """`Box(-1, 1, (2 + n,), float32)`: the location (x, y), then a score for each of the n discrete actions.

    The discrete action is the one with the largest score, the first of them if several share it. Where the task has
    "stop" one number more follows, in [0, 1], which stops if it is above 1/2.

    Args:
        space: the task's own action space.
    """

    def __init__(self, space: spaces.Space[Any]) -> None:
        self.num_actions, self.can_stop = num_actions(space), can_stop(space)
        low = np.full(2 + self.num_actions + self.can_stop, -1, np.float32)
        low[2 + self.num_actions :] = 0
        self.space: spaces.Box = spaces.Box(low, 1, dtype=np.float32)

    def read(self, action: Any, shape: tuple[int, ...]) -> Parts:
        """See `ActionForm.read`; scores and the last number may lie outside the Box."""
        action, expected = np.asarray(action), (*shape, *self.space.shape)
        if action.shape != expected or action.dtype.kind not in "fiu":
            raise ValueError(
                f"the action has shape {action.shape} and dtype {action.dtype}; expected floats of shape {expected}: "
                f"x, y, then a score for each discrete action{', then whether to stop' if self.can_stop else ''}"
            )
        scores = action[..., 2:]
        if np.isnan(scores).any():
            raise ValueError(f"a score is nan in the action {action[np.isnan(scores).any(axis=-1)].tolist()}")
        choice = scores[..., : self.num_actions].argmax(axis=-1)
        return Parts(action[..., :2], choice, scores[..., -1] > 0.5 if self.can_stop else None)


class GridForm(ActionForm):
    """`MultiDiscrete([columns, rows, n])`: a cell of a grid of equal cells, (0, 0) the top-left one, and the action.

    The location is the middle of the cell. Where the task has "stop" a fourth number is 1 to stop, else 0.

    Args:
        space: the task's own action space.
        columns, rows: of the grid.
    """

    def __init__(self, space: spaces.Space[Any], columns: int = GRID_SIZE, rows: int = GRID_SIZE) -> None:
        self.can_stop = can_stop(space)
        self.sizes = np.array([*_grid_sizes(num_actions(space), columns, rows), *([2] if self.can_stop else [])])
        self.space = spaces.MultiDiscrete(self.sizes)

    def read(self, action: Any, shape: tuple[int, ...]) -> Parts:
        """See `ActionForm.read`."""
        action, expected = np.asarray(action), (*shape, len(self.sizes))
        if action.shape != expected or action.dtype.kind not in "iu":
            raise ValueError(
                f"the action has shape {action.shape} and dtype {action.dtype}; expected whole numbers of shape "
                f"{expected}: column, row, discrete action{', whether to stop' if self.can_stop else ''}"
            )
        outside = (action < 0) | (action >= self.sizes)
        if outside.any():
            raise ValueError(
                f"the action {action[outside.any(axis=-1)].tolist()} is out of range; sizes are {self.sizes.tolist()}"
            )
        return Parts(_middles(action[..., :2], self.sizes), action[..., 2], action[..., 3] if self.can_stop else None)


class DiscreteForm(ActionForm):
    """`Discrete(columns * rows * n)`: number i is action i % n at cell i // n, counted row by row from the top left.

    So the action a at (column, row) of the grid is number (row * columns + column) * n + a. Where the task has "stop"
    there are as many numbers more, which mean the same in the same order, and stop.

    Args:
        space: the task's own action space.
        columns, rows: of the grid.
    """

    def __init__(self, space: spaces.Space[Any], columns: int = GRID_SIZE, rows: int = GRID_SIZE) -> None:
        self.can_stop = can_stop(space)
        self.sizes = np.array(_grid_sizes(num_actions(space), columns, rows))
        self.space: spaces.Discrete = spaces.Discrete(int(self.sizes.prod()) * (1 + self.can_stop))

    def read(self, action: Any, shape: tuple[int, ...]) -> Parts:
        """See `ActionForm.read`."""
        action = np.asarray(action)
        if action.shape != shape or action.dtype.kind not in "iu":
            raise ValueError(
                f"the action has shape {action.shape} and dtype {action.dtype}; expected whole numbers of shape {shape}"
            )
        outside = (action < 0) | (action >= self.space.n)
        if outside.any():
            raise ValueError(
                f"the action {action[outside][0]} is out of range; it must be from 0 to {self.space.n - 1}"
            )
        stop, number = np.divmod(action, self.sizes.prod())
        cell, choice = np.divmod(number, self.sizes[2])
        row, column = np.divmod(cell, self.sizes[0])
        return Parts(_middles(np.stack([column, row], axis=-1), self.sizes), choice, stop if self.can_stop else None)


def make_form(
    space: spaces.Dict, name: str, *, grid_size: int | tuple[int, int] | None, location_key: str
) -> ActionForm:
    """The form of an action that an environment's arguments name.

    Args:
        space: the task's own action space.
        name: "dict", "flat", "grid" or "discrete".
        grid_size: columns and rows of "grid" and "discrete", one number or (columns, rows); None for 7.
        location_key: of "dict"; see `DictForm`.

    Raises:
        ValueError: an unknown name, an impossible grid, or an argument that is not for this form.
    """
    if name not in NAMES:
        raise ValueError(f"action is {name!r}; it must be one of {', '.join(map(repr, NAMES))}")
    if grid_size is not None and name not in ("grid", "discrete"):
        raise ValueError(f'grid_size is {grid_size!r}, but action={name!r} has no grid; leave it out, or take "grid"')
    if name == "dict":
        return DictForm(space, location_key)
    if location_key != LOCATION_KEY:
        raise ValueError(f"action_location_key is {location_key!r}, but action={name!r} has no keys; leave it out")
    if name == "flat":
        return FlatForm(space)
    grid_size = GRID_SIZE if grid_size is None else grid_size
    sizes = tuple(grid_size) if isinstance(grid_size, (tuple, list)) else (grid_size, grid_size)
    if len(sizes) != 2:
        raise ValueError(f"grid_size is {grid_size!r}; it must be one whole number, or (columns, rows)")
    return (GridForm if name == "grid" else DiscreteForm)(space, *sizes)


def can_stop(space: spaces.Space[Any]) -> bool:
    """Whether an action of this space, of `num_actions`, says "stop" too."""
    return isinstance(space, spaces.Dict) and "stop" in space.spaces


def num_actions(space: spaces.Space[Any]) -> int:
    """The n of `Dict(location=Box(-1, 1, (2,)), action=Discrete(n))`, perhaps with "stop".

    Raises:
        TypeError: another space; the message shows it.
    """
    if isinstance(space, spaces.Dict) and set(space.spaces) - {"stop"} == {"location", "action"}:
        action = space["action"]
        if isinstance(action, spaces.Discrete) and action.start == 0 and space["location"].shape == (2,):
            return int(action.n)
    raise TypeError(f"the action space is {space}; needed is Dict(location=Box(-1, 1, (2,)), action=Discrete(n))")


def _grid_sizes(num_actions: int, columns: int, rows: int) -> tuple[int, int, int]:
    for name, value in (("columns", columns), ("rows", rows)):
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is {value!r}; the grid needs a whole number of them, at least 1")
    return columns, rows, num_actions


def _middles(cells: NDArray[np.integer[Any]], sizes: NDArray[np.int64]) -> NDArray[np.float32]:
    """The locations (..., 2) of the middles of cells (..., 2), (column, row)."""
    return ((2 * cells + 1) / sizes[:2] - 1).astype(np.float32)
