"""Gymnasium's vector environments as Stable-Baselines3's `VecEnv`, at their own speed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorWrapper
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecMonitor
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices, VecEnvStepReturn

from ram_envs import wrappers

from ..agent.envs import AnyVectorEnv

Info = dict[str, Any]
Observation = dict[str, NDArray[Any]] | NDArray[Any]


class SB3VecEnv(VecEnv):
    """A Gymnasium vector environment with same-step autoreset, for Stable-Baselines3.

    Stable-Baselines3 wants the first observation of the next episode at once, and the ended one's last as
    `info["terminal_observation"]`: same-step autoreset. All rows are stepped in one call.

    Its rows are one environment: `get_attr` gives the same value for each, `set_attr` sets all of them, and
    `env_method` calls a method once. Options of a reset (`set_options({"index": 3})`, or a list with each row's) choose
    the scenes of this package's environments.

    Args:
        env: such as `gym.make_vec(id, num_envs=n, autoreset_mode="SameStep", action="flat")`.

    Raises:
        ValueError: another autoreset mode, or a Dict action.
    """

    def __init__(self, env: AnyVectorEnv):
        mode = AutoresetMode(env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(
                f"the autoreset mode is {mode.value!r}, and Stable-Baselines3 needs 'SameStep': make the environment "
                'with gym.make_vec(id, autoreset_mode="SameStep")'
            )
        if isinstance(env.single_action_space, spaces.Dict):
            raise ValueError(
                f"Stable-Baselines3 takes no Dict action, and the environment has {env.single_action_space}; make it "
                'with action="flat", "grid" or "discrete", or wrap it in ram_envs.wrappers.VectorFlatAction or another'
            )
        self.env = env
        self._actions: NDArray[Any] | None = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)

    def reset(self) -> Observation:
        """Begin new episodes in all rows, with the seed and the options that were set before."""
        observations, infos = self.env.reset(seed=self._seeds[0], options=self._reset_arguments())
        self.reset_infos = _rows(infos, self.num_envs)
        self._reset_seeds()
        self._reset_options()
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions (num_envs, ...) for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step all rows.

        Returns:
            Observations, rewards (num_envs,) float32, dones (num_envs,) and a list with each row's info. Where an
            episode has ended, the info is that of its last step, with its "terminal_observation"; the next episode's
            is in `reset_infos`.
        """
        observations, rewards, terminations, truncations, infos = self.env.step(self._actions)
        dones = np.logical_or(terminations, truncations)
        last_observations, last_infos = infos.pop("final_obs", None), infos.pop("final_info", {})
        rows = _rows(infos, self.num_envs)
        if dones.any():
            last_rows = _rows(last_infos, self.num_envs)
            for row in np.flatnonzero(dones).tolist():
                self.reset_infos[row] = rows[row]
                rows[row] = {**last_rows[row], "terminal_observation": _row(last_observations, row)}
        for info, truncated in zip(rows, (truncations & ~np.asarray(terminations)).tolist(), strict=True):
            info["TimeLimit.truncated"] = truncated
        return observations, rewards.astype(np.float32), dones, rows

    def close(self) -> None:
        """Close the environment."""
        self.env.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """A frame (H, W, 3) of each row; with render_mode "rgb_array"."""
        frames: Any = self.env.render()
        return frames

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The environment's attribute, once for each index."""
        return [self._find(attr_name)] * len(self._indices(indices))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set the environment's attribute, for all rows.

        Raises:
            ValueError: indices that leave rows out; an attribute is all rows'.
        """
        if len(set(self._indices(indices))) < self.num_envs:
            raise ValueError(f"indices={indices} leave rows out, but all rows are one environment: leave indices out")
        setattr(self.env.unwrapped, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **kwargs: Any
    ) -> list[Any]:
        """Call the environment's method once, and give its result for each index.

        A tuple with one item for each row, such as Gymnasium's vector environments return from `render`, is handed out
        row by row; any other result is everyone's.

        Raises:
            ValueError: `reset` or `step`, which move all rows: call this object's own.
        """
        if method_name in ("reset", "step"):
            raise ValueError(f"env_method({method_name!r}) would move all rows at once; call {method_name} itself")
        result = self._find(method_name)(*method_args, **kwargs)
        shared = not (isinstance(result, tuple) and len(result) == self.num_envs)
        return [result if shared else result[row] for row in self._indices(indices)]

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """Whether the environment is wrapped in a (vector) wrapper of this class, once for each index."""
        env, wrapped = self.env, False
        while isinstance(env, VectorWrapper):
            wrapped = wrapped or isinstance(env, wrapper_class)
            env = env.env
        return [wrapped] * len(self._indices(indices))

    def _find(self, name: str) -> Any:
        """An attribute of the outermost wrapper that has it, else of the environment."""
        env = self.env
        while isinstance(env, VectorWrapper) and not hasattr(env, name):
            env = env.env
        return getattr(env, name)

    def _indices(self, indices: VecEnvIndices) -> list[int]:
        chosen: Iterable[int] = self._get_indices(indices)
        return list(chosen)

    def _reset_arguments(self) -> Info | None:
        """The rows' options as the one dictionary that a vector environment's reset takes."""
        if not any(self._options):
            return None
        if any(set(options) != {"index"} for options in self._options):
            raise ValueError(f'the options are {self._options[:3]}...; give each row {{"index": i}} and nothing else')
        return {"indices": np.array([options["index"] for options in self._options])}


def make_vec_env(
    env_id: str,
    n_envs: int = 1,
    seed: int | None = None,
    *,
    label: bool = False,
    env_kwargs: dict[str, Any] | None = None,
    monitor_dir: str | None = None,
) -> VecMonitor:
    """A native, monitored vector environment: what Stable-Baselines3's function of this name does.

    Its action is the flat one, unless `env_kwargs` name another form, such as `action="grid"`.

    Args:
        env_id: such as "ram_envs/Catch-v0".
        n_envs: rows.
        seed: row i has the episodes of a single environment seeded with seed + i.
        label: show the label in the observation, for the hybrid loss of `RAMPolicy`.
        env_kwargs: the environment's arguments.
        monitor_dir: where to write the episodes' returns to a CSV file, if anywhere.
    """
    env: AnyVectorEnv = gym.make_vec(
        env_id, num_envs=n_envs, autoreset_mode=AutoresetMode.SAME_STEP.value, **(env_kwargs or {})
    )
    if isinstance(env.single_action_space, spaces.Dict):
        env = wrappers.VectorFlatAction(env)
    if label:
        env = wrappers.VectorLabelObservation(env)
    adapted = SB3VecEnv(env)
    if seed is not None:
        adapted.seed(seed)
    return VecMonitor(adapted, monitor_dir)


def _rows(infos: Info, num_envs: int) -> list[Info]:
    """A vector environment's infos as one dictionary for each row, numbers as Python's own."""
    rows: list[Info] = [{} for _ in range(num_envs)]
    for key, value in infos.items():
        if key.startswith("_"):
            continue
        items = _rows(value, num_envs) if isinstance(value, dict) else _items(value)
        mask = infos.get(f"_{key}")
        for row in range(num_envs) if mask is None or mask.all() else np.flatnonzero(mask).tolist():
            rows[row][key] = items[row]
    return rows


def _items(value: Any) -> Sequence[Any]:
    return value.tolist() if isinstance(value, np.ndarray) and value.ndim == 1 else value


def _row(observations: Any, row: int) -> Any:
    """One row of last observations: an object array with each row's, or a dictionary or an array of all of them."""
    if isinstance(observations, dict):
        return {key: value[row] for key, value in observations.items()}
    return observations[row]
