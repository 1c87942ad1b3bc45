"""The vector environment that an agent trains on: made from an id, or described when it was given.

`declared` is the one place where agents learn of an environment what Gymnasium's interface does not tell.
"""

from __future__ import annotations

import importlib
import inspect
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec, load_env_creator
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv, VectorWrapper
from numpy.typing import NDArray

from ..model import forms
from ..model.forms import glimpse_shape, has_saccades, periphery_shape
from .config import CALLERS_OWN, Config

AnyVectorEnv = VectorEnv[Any, Any, Any]
NAMESPACE = "ram_envs"
"""Of the environments that come with the agents; an unknown id is answered with their names."""


class Declared(NamedTuple):
    """What an environment may declare, as attributes of these names; the defaults hold where it declares nothing.

    docs/architecture.md says more.
    """

    splits: tuple[str, ...] = ()
    """What its keyword argument `split` takes; empty: it has no such argument."""
    num_scenes: float = 0
    """How many scenes `reset` can be asked for by their numbers, from 0; infinity: there is no last one."""
    repeats: int = 1
    """So many consecutive rows share their scenes."""
    scene_shape: tuple[int, ...] | None = None
    """(H, W) or (H, W, C) of the scene that glimpses are taken of."""
    num_glimpses: int | None = None
    """How many glimpses an episode has at most."""
    look_at: Callable[[NDArray[Any]], NDArray[np.float32]] | None = None
    """Gives the locations of the next actions, (num_rows, 2), that bring each row's gaze as near as one step can to
    places (num_rows, 2) in [-1, 1] of its scene; None: the places are the locations."""
    target_name: str = "the target"
    """What there is to look at, such as "the ball"."""
    targets: Callable[[], NDArray[Any]] | None = None
    """Gives where that lies now: (num_rows, 4), each row's (top, left, height, width) in pixels of its scene."""
    whole_scenes: Callable[[], NDArray[Any]] | None = None
    """Gives the whole scenes as they are now, (num_rows, H, W) or (num_rows, H, W, C), uint8."""
    view: Callable[..., Any] | None = None
    """`view(row, probabilities)` gives a `ram_envs.rendering.view.View`: all that a picture of that row needs."""
    action_names: Sequence[str] | None = None
    """A short name for each discrete action, (n,)."""
    label_counts: Sequence[int] | None = None
    """How many of the numbered scenes each label has, (n,); None: there are no labels, or nobody counted."""


def declared(env: gym.Env[Any, Any] | AnyVectorEnv) -> Declared:
    """What an environment declares: each attribute of the outermost wrapper that has it, else of the environment.

    Gymnasium's vector of single environments declares what they do, but for numbered scenes: its rows can't be reset to
    different ones.
    """
    found, layer = dict[str, Any](), env
    while True:
        found = {name: getattr(layer, name) for name in Declared._fields if hasattr(layer, name)} | found
        if not isinstance(layer, (gym.Wrapper, VectorWrapper)):
            break
        layer = layer.env
    inside = _of_rows(layer) if isinstance(layer, SyncVectorEnv) else Declared()
    return inside._replace(**found)


def _of_rows(env: SyncVectorEnv) -> Declared:
    """What single environments of one kind declare together."""
    rows = [declared(row) for row in env.envs]
    return rows[0]._replace(
        num_scenes=0,
        look_at=rows[0].look_at and (lambda places: _row_by_row([row.look_at for row in rows], places)),
        targets=rows[0].targets and (lambda: np.concatenate([row.targets() for row in rows if row.targets])),
        whole_scenes=rows[0].whole_scenes
        and (lambda: np.concatenate([row.whole_scenes() for row in rows if row.whole_scenes])),
        view=rows[0].view and (lambda row, *probabilities: rows[row].view(0, *probabilities)),
    )


def _row_by_row(calls: Sequence[Callable[..., NDArray[Any]] | None], values: NDArray[Any]) -> NDArray[Any]:
    """The results of a call for each row, from and to arrays of one row."""
    return np.concatenate([call(values[i : i + 1]) for i, call in enumerate(calls) if call])


class Spaces(NamedTuple):
    """One row's spaces: all that an agent needs of an environment to predict."""

    observation: spaces.Space[Any]
    action: spaces.Space[Any]

    @classmethod
    def of(cls, env: AnyVectorEnv) -> Spaces:
        """Those of a vector environment's rows.

        Raises:
            TypeError: it is no vector environment.
        """
        if not isinstance(env, VectorEnv):
            raise TypeError(f"{env} is no vector environment; put single ones into gymnasium.vector.SyncVectorEnv")
        return cls(env.single_observation_space, env.single_action_space)

    def sizes(self) -> dict[str, Any]:
        """What the model depends on."""
        return {
            "glimpse": glimpse_shape(self.observation),
            "saccade": "relative" if has_saccades(self.observation) else "absolute",
            "can_stop": forms.can_stop(self.action),
            "actions": forms.num_actions(self.action),
        }

    def check_fit(self, env: AnyVectorEnv) -> None:
        """Raise a ValueError unless an agent that was made for these spaces can act in the environment."""
        wanted, found = self.sizes(), Spaces.of(env).sizes()
        if wanted != found:
            raise ValueError(
                f"the agent was made for {wanted}; this environment has {found}: give it the arguments that the agent "
                "was trained with, see agent.env_kwargs"
            )

    def describe(self) -> dict[str, Any]:
        """What builds these spaces again, JSON-able."""
        described: dict[str, Any] = {
            "glimpse": list(glimpse_shape(self.observation)),
            "action": forms.describe(self.action),
        }
        described |= {"saccade": "relative"} if has_saccades(self.observation) else {}
        whole = self.periphery()
        return described | ({} if whole is None else {"periphery": list(whole)})

    def periphery(self) -> tuple[int, ...] | None:
        """(h, w) or (h, w, C) of the whole scene, where it is observed too."""
        observed = isinstance(self.observation, spaces.Dict) and "periphery" in self.observation.spaces
        return periphery_shape(self.observation) if observed else None

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> Spaces:
        """The spaces of which `describe` gave the description."""
        furthest = math.inf if description.get("saccade") == "relative" else 1.0
        glimpse = spaces.Box(0, 1, tuple(description["glimpse"]))
        parts: dict[str, spaces.Space[Any]] = {"glimpse": glimpse, "location": spaces.Box(-furthest, furthest, (2,))}
        if "periphery" in description:
            parts["periphery"] = spaces.Box(0, 1, tuple(description["periphery"]))
        return cls(spaces.Dict(parts), forms.from_description(description["action"]))


def check_canvas(size: int, env: AnyVectorEnv) -> None:
    """Raise a ValueError if a canvas of so many pixels (0: none) is not as large as the scenes, where they tell it."""
    shape = declared(env).scene_shape
    if size and shape is not None and tuple(shape[:2]) != (size, size):
        raise ValueError(
            f"canvas_size={size}, and the environment's scenes have {shape[0]} x {shape[1]} pixels: a canvas must be "
            "as large as they are"
        )


def import_module_of(env_id: str) -> None:
    """Import the module that an id such as "my_module:Mine-v0" names, for a user who wrote the id."""
    module, colon, _ = env_id.partition(":")
    if not colon:
        return
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{env_id} names the module {module}, and {error.name} can't be found: install it, or put its folder on "
            "PYTHONPATH"
        ) from error


def make_env(config: Config, *, split: str | None = None) -> AnyVectorEnv:
    """The vector environment that a configuration names, without autoreset where it can be chosen.

    Args:
        config: `env_id`, `env_kwargs`, `num_envs` and `repeats`.
        split: which scenes, in place of those that `env_kwargs` name; see `in_split`.

    Raises:
        gymnasium.error.UnregisteredEnv: an unknown id; the message lists those of this package.
        ValueError: there is no id, or one of a module that is not imported; an environment without a vector entry point
            is asked for repeats; or the environment has other splits.
    """
    module, colon, _ = config.env_id.partition(":")
    if colon and module not in sys.modules:
        raise ValueError(
            f"the environment {config.env_id} is of the module {module}, and a file alone imports no module, "
            f"which would run its code; import {module} first if you trust it (on the command line: --env-id "
            f"{config.env_id})"
        )
    if not config.env_id:
        raise ValueError("this agent was trained on an environment without an id: pass it, `load(path, env)`")
    spec = _spec(config.env_id)
    if spec.vector_entry_point is None and config.repeats > 1:
        raise ValueError(f"{config.env_id} can't repeat scenes: use repeats=1, not {config.repeats}")
    env_kwargs = config.env_kwargs if split is None else in_split(config.env_id, config.env_kwargs, split)
    return gym.make_vec(config.env_id, **{"num_envs": config.num_envs, **_batching(spec, config.repeats), **env_kwargs})


def _spec(env_id: str) -> EnvSpec:
    try:
        return gym.spec(env_id.rpartition(":")[2])  # which knows no modules
    except gym.error.Error as error:
        ours = ", ".join(sorted(name for name, spec in gym.registry.items() if spec.namespace == NAMESPACE))
        raise gym.error.UnregisteredEnv(
            f"there is no environment {env_id!r} ({str(error).rstrip('.')}); there are {ours}, and those of your own "
            "modules, such as my_module:Mine-v0"
        ) from error


def _batching(spec: EnvSpec, repeats: int) -> dict[str, Any]:
    """The arguments by which an environment is made a batch without autoreset, beside `num_envs`."""
    disabled = {"autoreset_mode": AutoresetMode.DISABLED}
    if spec.vector_entry_point is None:
        return {"vectorization_mode": "sync", "vector_kwargs": disabled}
    takes_mode = "autoreset_mode" in inspect.signature(_creator(spec.vector_entry_point)).parameters
    return (disabled if takes_mode else {}) | ({"repeats": repeats} if repeats > 1 else {})


def in_split(env_id: str, env_kwargs: dict[str, Any], split: str) -> dict[str, Any]:
    """The keyword arguments by which an environment shows the scenes of a split.

    They are unchanged where the environment has no splits: it neither declares any, nor do the arguments name one.

    Raises:
        ValueError: it has other splits.
    """
    splits = find_splits(env_id, env_kwargs)
    if splits and split not in splits:
        raise ValueError(f"{env_id} has no split {split!r}; it has {', '.join(map(repr, splits))}")
    return env_kwargs | {"split": split} if splits or "split" in env_kwargs else env_kwargs


def find_splits(env_id: str, env_kwargs: dict[str, Any]) -> tuple[str, ...]:
    """The splits that an environment declares.

    The class that is its entry point tells, before anything is made. Where the entry point is a function without such
    an attribute, or the class has a property, an environment is made and asked.
    """
    spec = _spec(env_id)
    creator = _creator(spec.vector_entry_point or spec.entry_point)
    found = getattr(creator, "splits", () if inspect.isclass(creator) else None)
    if isinstance(found, (tuple, list)):
        return tuple(found)
    env = gym.make(env_id, **env_kwargs) if spec.vector_entry_point is None else gym.make_vec(env_id, **env_kwargs)
    splits = declared(env).splits
    env.close()
    return splits


def _creator(entry_point: Any) -> Callable[..., Any]:
    return load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point


def adopt(config: Config, env: AnyVectorEnv, processes: int = 1) -> Config:
    """The configuration with what a given environment decides: its id and arguments, its rows and their repeats.

    So many processes each have an environment like it.
    """
    spec, repeats = env.spec, declared(env).repeats
    if config.repeats not in (1, repeats):
        raise ValueError(f"repeats={config.repeats}, but the environment repeats each scene {repeats} times")
    kwargs = {} if spec is None else {key: value for key, value in spec.kwargs.items() if key not in CALLERS_OWN}
    env_id = "" if spec is None else spec.id
    if env_id and config.env_id.rpartition(":")[2] == env_id:
        env_id = config.env_id  # with the module that registers it
    return config.replace(env_id=env_id, env_kwargs=kwargs, num_envs=env.num_envs * processes, repeats=repeats)
