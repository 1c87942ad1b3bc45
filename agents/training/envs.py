"""The vector environment that an agent trains on: made from an id, or described when it was given."""

from __future__ import annotations

import importlib
import sys
from typing import Any, NamedTuple

import gymnasium as gym
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv

from ..model import actions
from ..model.policy import glimpse_shape
from .config import CALLERS_OWN, Config

AnyVectorEnv = VectorEnv[Any, Any, Any]


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
            "can_stop": actions.can_stop(self.action),
            "actions": actions.num_actions(self.action),
        }

    def check_fit(self, env: AnyVectorEnv) -> None:
        """Raise a ValueError unless an agent that was made for these spaces can play in the environment."""
        wanted, found = self.sizes(), Spaces.of(env).sizes()
        if wanted != found:
            raise ValueError(
                f"the agent was made for {wanted}; this environment has {found}: give it the arguments that the agent "
                "was trained with, see agent.env_kwargs"
            )

    def describe(self) -> dict[str, Any]:
        """What builds these spaces again, JSON-able."""
        return {"glimpse": list(glimpse_shape(self.observation)), "action": actions.describe(self.action)}

    @classmethod
    def from_description(cls, description: dict[str, Any]) -> Spaces:
        """The spaces that `describe` told of."""
        glimpse, location = spaces.Box(0, 1, tuple(description["glimpse"])), spaces.Box(-1, 1, (2,))
        observation = spaces.Dict(glimpse=glimpse, location=location)
        return cls(observation, actions.from_description(description["action"]))


def import_module_of(env_id: str) -> None:
    """Import the module that an id such as "my_module:Mine-v0" names, for a user who wrote the id."""
    module, colon, _ = env_id.partition(":")
    if colon:
        importlib.import_module(module)


def make_env(config: Config, **kwargs: Any) -> AnyVectorEnv:
    """The vector environment that a configuration names, without autoreset.

    Args:
        config: `env_id`, `env_kwargs`, `num_envs` and `repeats`.
        kwargs: add to the environment's keyword arguments, or replace them.

    Raises:
        ValueError: there is no id, or one of a module that is not imported, or an environment of another kind is asked
            for repeats.
    """
    module, colon, _ = config.env_id.partition(":")
    if colon and module not in sys.modules:
        raise ValueError(
            f"the environment {config.env_id} is of the module {module}, and a file alone imports no module, "
            f"which would run its code; import {module} first if you trust it"
        )
    if not config.env_id:
        raise ValueError("this agent was trained on an environment without an id: pass it, `load(path, env)`")
    native = gym.spec(config.env_id).vector_entry_point is not None
    if not native and config.repeats > 1:
        raise ValueError(f"{config.env_id} can't repeat scenes: use repeats=1, not {config.repeats}")
    arguments: dict[str, Any]
    if native:
        arguments = {"repeats": config.repeats, "autoreset_mode": AutoresetMode.DISABLED.value}
    else:
        arguments = {"vectorization_mode": "sync", "vector_kwargs": {"autoreset_mode": AutoresetMode.DISABLED}}
    return gym.make_vec(config.env_id, **(arguments | {"num_envs": config.num_envs} | config.env_kwargs | kwargs))


def adopt(config: Config, env: AnyVectorEnv) -> Config:
    """The configuration with what a given environment decides: its id and arguments, its rows and their repeats."""
    spec, repeats = env.spec, getattr(env.unwrapped, "repeats", 1)
    if config.repeats not in (1, repeats):
        raise ValueError(f"repeats={config.repeats}, but the environment repeats each scene {repeats} times")
    kwargs = {} if spec is None else {key: value for key, value in spec.kwargs.items() if key not in CALLERS_OWN}
    env_id = "" if spec is None else spec.id
    return config.replace(env_id=env_id, env_kwargs=kwargs, num_envs=env.num_envs, repeats=repeats)
