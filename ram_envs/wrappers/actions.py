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

from ram_envs.shells.action_forms import GRID_SIZE, ActionForm, DiscreteForm, FlatForm, GridForm, Parts, num_actions

Info = dict[str, Any]


class _VectorWrapper(VectorWrapper):
    @property
    def autoreset_mode(self) -> AutoresetMode:
        """The wrapped environment's; Gymnasium's base class does not pass it on."""
        return self.env.metadata["autoreset_mode"]


class _FormAction(gym.ActionWrapper):
    def __init__(self, env: gym.Env, form: ActionForm) -> None:
        super().__init__(env)
        self._form = form
        self.action_space = form.space

    def action(self, action: Any) -> dict[str, Any]:
        """The action as the environment's Dict."""
        return _as_dict(self._form.read(action, ()))


class _VectorFormAction(_VectorWrapper):
    def __init__(self, env: VectorEnv, form: ActionForm) -> None:
        super().__init__(env)
        self._form = form
        self.single_action_space = form.space
        self.action_space = batch_space(form.space, env.num_envs)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Info]:
        """See `gymnasium.vector.VectorEnv.step`."""
        return self.env.step(_as_dict(self._form.read(actions, (self.num_envs,))))


def _as_dict(parts: Parts) -> dict[str, Any]:
    """The action as the environment's Dict."""
    stop = {} if parts.stop is None else {"stop": np.int64(parts.stop)}
    return {"location": parts.location, "action": parts.choice, **stop}


class FlatAction(_FormAction, RecordConstructorArgs):
    """One flat vector as the action: the location (x, y), then a score for each of the n discrete actions.

    The action space becomes `Box(-1, 1, (2 + n,), float32)`. The discrete action is the one with the largest score, the
    first of them if several share it; scores may lie outside the Box. A location outside is refused, as without the
    wrapper. For Stable-Baselines3, TorchRL, tianshou and skrl.
    """

    def __init__(self, env: gym.Env) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env, FlatForm(env.action_space))


class VectorFlatAction(_VectorFormAction):
    """`FlatAction` for vector environments: actions are (num_envs, 2 + n)."""

    def __init__(self, env: VectorEnv) -> None:
        super().__init__(env, FlatForm(env.single_action_space))


class GridAction(_FormAction, RecordConstructorArgs):
    """Whole numbers as the action: a column and a row of a grid of locations, and the discrete action.

    The action space becomes `MultiDiscrete([columns, rows, n])`. The grid divides the image into columns x rows equal
    cells, (0, 0) the top-left one; the location is the middle of the cell.

    Args:
        env: the environment.
        columns: of the grid, at least 1.
        rows: of the grid, at least 1.
    """

    def __init__(self, env: gym.Env, *, columns: int = GRID_SIZE, rows: int = GRID_SIZE) -> None:
        RecordConstructorArgs.__init__(self, columns=columns, rows=rows)
        super().__init__(env, GridForm(env.action_space, columns, rows))


class VectorGridAction(_VectorFormAction):
    """`GridAction` for vector environments: actions are (num_envs, 3).

    Args:
        env: the vector environment.
        columns: of the grid, at least 1.
        rows: of the grid, at least 1.
    """

    def __init__(self, env: VectorEnv, *, columns: int = GRID_SIZE, rows: int = GRID_SIZE) -> None:
        super().__init__(env, GridForm(env.single_action_space, columns, rows))


class DiscreteAction(_FormAction, RecordConstructorArgs):
    """One whole number as the action, which tells the cell of a grid of locations and the discrete action; for DQN.

    The action space becomes `Discrete(columns * rows * n)`. Action a at (column, row) of `GridAction`'s grid is number
    (row * columns + column) * n + a.

    Args:
        env: the environment.
        columns: of the grid, at least 1.
        rows: of the grid, at least 1.
    """

    def __init__(self, env: gym.Env, *, columns: int = GRID_SIZE, rows: int = GRID_SIZE) -> None:
        RecordConstructorArgs.__init__(self, columns=columns, rows=rows)
        super().__init__(env, DiscreteForm(env.action_space, columns, rows))


class VectorDiscreteAction(_VectorFormAction):
    """`DiscreteAction` for vector environments: actions are (num_envs,).

    Args:
        env: the vector environment.
        columns: of the grid, at least 1.
        rows: of the grid, at least 1.
    """

    def __init__(self, env: VectorEnv, *, columns: int = GRID_SIZE, rows: int = GRID_SIZE) -> None:
        super().__init__(env, DiscreteForm(env.single_action_space, columns, rows))


class LabelObservation(gym.Wrapper, RecordConstructorArgs):
    """The right class as one more key of the observation: "label", `Discrete(n)`.

    For supervised losses in libraries whose learners see observations and no infos. The label is privileged: a policy
    that reads it cheats, so keep it from the network. It is a number and not a one-hot Box because that is what losses
    want; libraries that want one-hot vectors (Stable-Baselines3) make them of `Discrete` themselves.

    Raises:
        TypeError: the environment declares that it has no labels, as Catch does. One that declares nothing is refused
            by a KeyError at the first reset.
    """

    def __init__(self, env: gym.Env) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.observation_space = _labelled_space(env.observation_space, env.unwrapped, env.unwrapped.action_space)

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
        self.single_observation_space = _labelled_space(
            env.single_observation_space, env.unwrapped, env.unwrapped.single_action_space
        )
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


def _labelled_space(space: spaces.Space, env: gym.Env | VectorEnv, action_space: spaces.Space) -> spaces.Dict:
    """The observation space with the label: of as many classes as the environment declares, else as it has actions."""
    if not isinstance(space, spaces.Dict):
        raise TypeError(f"the observation space is {space}; a label can be added to a Dict only")
    count = getattr(env, "num_labels", None)
    if count == 0:
        raise TypeError(f"{env} tells no label; only environments with labels can show them")
    return spaces.Dict({**space.spaces, "label": spaces.Discrete(count or num_actions(action_space))})


def _label(info: Info) -> Any:
    if "label" not in info:
        raise KeyError(f"info tells {sorted(info)} and no label; only environments with labels can show them")
    return info["label"]
