"""Wrappers for libraries that take no Dict action, or that compute losses from observations alone.

Each comes for single and for vector environments, the latter with `Vector` before its name, and they may be combined in
any order. They fit every environment of this package, and any other with the action space
`Dict(location=Box(-1, 1, (2,)), action=Discrete(n))`; labels are those that `info["label"]` tells.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

Info = dict[str, Any]


class _VectorWrapper(VectorWrapper):
    @property
    def autoreset_mode(self) -> AutoresetMode:
        """The wrapped environment's; Gymnasium's base class does not pass it on."""
        return self.env.metadata["autoreset_mode"]


class FlatAction(gym.ActionWrapper, RecordConstructorArgs):
    """One flat vector as the action: the location (x, y), then a score for each of the n discrete actions.

    The action space becomes `Box(-1, 1, (2 + n,), float32)`. The discrete action is the one with the largest score, the
    first of them if several share it; scores may lie outside the Box. A location outside is refused, as without the
    wrapper. For Stable-Baselines3, TorchRL, tianshou and skrl.
    """

    def __init__(self, env: gym.Env) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self._num_actions = _num_actions(env.action_space)
        self.action_space = spaces.Box(-1, 1, (2 + self._num_actions,), np.float32)

    def action(self, action: Any) -> dict[str, Any]:
        """The flat action (2 + n,) as the environment's Dict."""
        return _from_flat(action, (2 + self._num_actions,))


class VectorFlatAction(_VectorWrapper):
    """`FlatAction` for vector environments: actions are (num_envs, 2 + n)."""

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env)
        self._num_actions = _num_actions(env.single_action_space)
        self.single_action_space = spaces.Box(-1, 1, (2 + self._num_actions,), np.float32)
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Info]:
        """See `gymnasium.vector.VectorEnv.step`."""
        return self.env.step(_from_flat(actions, (self.num_envs, 2 + self._num_actions)))


class GridAction(gym.ActionWrapper, RecordConstructorArgs):
    """Whole numbers as the action: a column and a row of a grid of locations, and the discrete action.

    The action space becomes `MultiDiscrete([columns, rows, n])`. The grid divides the image into columns x rows equal
    cells, (0, 0) the top-left one; the location is the middle of the cell.

    Args:
        env: the environment.
        columns: of the grid, at least 1.
        rows: of the grid, at least 1.
    """

    def __init__(self, env: gym.Env, *, columns: int = 7, rows: int = 7) -> None:
        RecordConstructorArgs.__init__(self, columns=columns, rows=rows)
        super().__init__(env)
        self._sizes = _grid_sizes(env.action_space, columns, rows)
        self.action_space = spaces.MultiDiscrete(self._sizes)

    def action(self, action: Any) -> dict[str, Any]:
        """The grid action (3,) as the environment's Dict."""
        return _from_grid(action, (3,), self._sizes)


class VectorGridAction(_VectorWrapper):
    """`GridAction` for vector environments: actions are (num_envs, 3).

    Args:
        env: the vector environment.
        columns: of the grid, at least 1.
        rows: of the grid, at least 1.
    """

    def __init__(self, env: VectorEnv, *, columns: int = 7, rows: int = 7) -> None:
        super().__init__(env)
        self._sizes = _grid_sizes(env.single_action_space, columns, rows)
        self.single_action_space = spaces.MultiDiscrete(self._sizes)
        self.action_space = batch_space(self.single_action_space, env.num_envs)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Info]:
        """See `gymnasium.vector.VectorEnv.step`."""
        return self.env.step(_from_grid(actions, (self.num_envs, 3), self._sizes))


class LabelObservation(gym.Wrapper, RecordConstructorArgs):
    """The right class as one more key of the observation: "label", `Discrete(n)`.

    For supervised losses in libraries whose learners see observations and no infos. The label is privileged: a policy
    that reads it cheats, so keep it from the network. It is a number and not a one-hot Box because that is what losses
    want; libraries that want one-hot vectors (Stable-Baselines3) make them of `Discrete` themselves.
    """

    def __init__(self, env: gym.Env) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.observation_space = _labelled_space(env.observation_space, env.unwrapped.action_space)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Info]:
        """See `gymnasium.Env.reset`; the observation holds the label."""
        observation, info = self.env.reset(seed=seed, options=options)
        return {**observation, "label": np.int64(_label(info))}, info

    def step(self, action: Any) -> tuple[dict[str, Any], Any, bool, bool, Info]:
        """See `gymnasium.Env.step`; the observation holds the label."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return {**observation, "label": np.int64(_label(info))}, reward, terminated, truncated, info


class VectorLabelObservation(_VectorWrapper):
    """`LabelObservation` for vector environments: "label" is (num_envs,) int64.

    With same-step autoreset the last observations in `final_obs` hold their labels too.
    """

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env)
        self.single_observation_space = _labelled_space(env.single_observation_space, env.unwrapped.single_action_space)
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)
        self._labels = np.zeros(env.num_envs, np.int64)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], Info]:
        """See `gymnasium.vector.VectorEnv.reset`; the observations hold the labels."""
        observations, infos = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]
        return self._labelled(observations, infos), infos

    def step(self, actions: Any) -> tuple[dict[str, Any], Any, Any, Any, Info]:
        """See `gymnasium.vector.VectorEnv.step`; the observations hold the labels."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        if "final_obs" in infos:
            labels = _label(infos["final_info"])
            for row in np.flatnonzero(infos["_final_obs"]):
                infos["final_obs"][row] = {**infos["final_obs"][row], "label": labels[row]}
        return self._labelled(observations, infos), rewards, terminations, truncations, infos

    def _labelled(self, observations: dict[str, Any], infos: Info) -> dict[str, Any]:
        # A reset by mask tells the labels of its own rows; the others keep theirs.
        labels = _label(infos)
        self._labels = np.where(infos["_label"], labels, self._labels)
        return {**observations, "label": self._labels.copy()}


def _num_actions(space: spaces.Space, *, may_stop: bool = False) -> int:
    """The n of `Dict(location=Box(-1, 1, (2,)), action=Discrete(n))`, or a TypeError that shows another space.

    With `may_stop` the space may have a "stop" too.
    """
    if isinstance(space, spaces.Dict) and "stop" in space.spaces and not may_stop:
        raise TypeError(
            f'the action space is {space}; this wrapper has no place for "stop": make the environment with '
            "can_stop=False, or use its Dict action as it is"
        )
    if isinstance(space, spaces.Dict) and set(space.spaces) - {"stop"} == {"location", "action"}:
        action = space["action"]
        if isinstance(action, spaces.Discrete) and action.start == 0 and space["location"].shape == (2,):
            return int(action.n)
    raise TypeError(
        f"the action space is {space}; this wrapper needs Dict(location=Box(-1, 1, (2,)), action=Discrete(n))"
    )


def _grid_sizes(space: spaces.Space, columns: int, rows: int) -> NDArray[np.int64]:
    for name, value in (("columns", columns), ("rows", rows)):
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} is {value!r}; the grid needs a whole number of them, at least 1")
    return np.array([columns, rows, _num_actions(space)])


def _labelled_space(space: spaces.Space, action_space: spaces.Space) -> spaces.Dict:
    if not isinstance(space, spaces.Dict):
        raise TypeError(f"the observation space is {space}; a label can be added to a Dict only")
    return spaces.Dict({**space.spaces, "label": spaces.Discrete(_num_actions(action_space, may_stop=True))})


def _label(info: Info) -> Any:
    if "label" not in info:
        raise KeyError(f"info tells {sorted(info)} and no label; only environments with labels can show them")
    return info["label"]


def _from_flat(action: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """Flat actions (..., 2 + n) as {"location": (..., 2), "action": (...)}."""
    action = np.asarray(action)
    if action.shape != shape or action.dtype.kind not in "fiu":
        raise ValueError(
            f"the action has shape {action.shape} and dtype {action.dtype}; expected floats of shape {shape}: "
            "x, y, then a score for each discrete action"
        )
    location, scores = action[..., :2], action[..., 2:]
    if np.isnan(scores).any():
        raise ValueError(f"a score is nan in the action {action[np.isnan(scores).any(axis=-1)].tolist()}")
    return {"location": location, "action": scores.argmax(axis=-1)}


def _from_grid(action: Any, shape: tuple[int, ...], sizes: NDArray[np.int64]) -> dict[str, Any]:
    """Grid actions (..., 3) as {"location": (..., 2), "action": (...)}."""
    action = np.asarray(action)
    if action.shape != shape or action.dtype.kind not in "iu":
        raise ValueError(
            f"the action has shape {action.shape} and dtype {action.dtype}; expected whole numbers of shape {shape}: "
            "column, row, discrete action"
        )
    outside = (action < 0) | (action >= sizes)
    if outside.any():
        raise ValueError(
            f"the action {action[outside.any(axis=-1)].tolist()} is out of range; sizes are {sizes.tolist()}"
        )
    location = (2 * action[..., :2] + 1) / sizes[:2] - 1
    return {"location": location.astype(np.float32), "action": action[..., 2]}
