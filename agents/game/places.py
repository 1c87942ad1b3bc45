"""Where a game of `ram play` takes place, and which agent plays it against the person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import gymnasium as gym

from ..agent.envs import NAMESPACE, declared, import_module_of, in_split
from ..evaluation.pretrained import BY_ENVIRONMENT, load, pretrained_names, tell_images
from ..rendering.episodes import environment

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce

Kind = Literal["catch", "naming"]


class Place(NamedTuple):
    """Where a game takes place."""

    env_id: str
    env_kwargs: dict[str, Any]
    kind: Kind
    """What there is to do: catch a ball with a paddle, or name what is seen."""
    num_scenes: float
    """How many numbered scenes or games there are, see `Declared`."""
    rival: Reinforce | None
    """The agent that plays against the person, with this environment's spaces; None: there is none."""
    rival_name: str
    """What the rival was asked for by; empty where there is none."""


def find_place(name: str, env_kwargs: dict[str, Any] | None = None, *, allow_unsigned: bool = False) -> Place:
    """The place of a game.

    Args:
        name: of a pretrained agent, or an agent's file: the place is its own environment. Or an environment's id, such
            as "ram_envs/CircleSquare-v0" or "my_module:Mine-v0": the rival is an agent of `BY_ENVIRONMENT`, in its own
            environment too, if its spaces fit.
        env_kwargs: of the environment, in addition to the agent's.
        allow_unsigned: see `Reinforce.load`.

    Raises:
        ValueError: nothing has this name; or the environment is none that a person can play, or lacks an argument; or
            the agent does not fit into it. The message says what can be played.
    """
    given = env_kwargs or {}
    if Path(name).is_file() or name in pretrained_names():
        return _of_agent(name, given, allow_unsigned=allow_unsigned)
    import_module_of(name)
    env_id = name.rpartition(":")[2]
    if env_id not in gym.registry:
        raise ValueError(f"{name} can't be played: it is no file, no agent and no environment; {_playable()}")
    rival = BY_ENVIRONMENT.get(env_id, "")
    if rival in pretrained_names():
        try:
            return _of_agent(rival, given, allow_unsigned=allow_unsigned)
        except ValueError:  # other spaces: nobody plays against the person
            pass
    return _place(env_id, given, None, "")


def _of_agent(name: str, given: dict[str, Any], *, allow_unsigned: bool) -> Place:
    agent = load(name, allow_unsigned=allow_unsigned)
    tell_images(name, {key: value for key, value in agent.env_kwargs.items() if key not in given})
    place = _place(agent.env_id, agent.env_kwargs | given, agent, name)
    environment(agent, num_envs=1, env_id=place.env_id, env_kwargs=place.env_kwargs).close()  # it fits
    return place


def _place(env_id: str, env_kwargs: dict[str, Any], rival: Reinforce | None, rival_name: str) -> Place:
    """A place, whose environment is made once to see what there is to do in it."""
    kwargs = env_kwargs if "split" in env_kwargs else in_split(env_id, env_kwargs, "test")
    env = gym.make(env_id, **kwargs)
    try:
        _, info = env.reset(seed=0)
        kind = _kind(env, info)
        if kind is None:
            raise ValueError(
                f"{env_id} can't be played: it shows neither a ball and a paddle, nor a few glimpses of what has a "
                f"name; {_playable()}"
            )
        return Place(env_id, kwargs, kind, declared(env).num_scenes, rival, rival_name)
    finally:
        env.close()


def _kind(env: gym.Env[Any, Any], info: dict[str, Any]) -> Kind | None:
    """What there is to do in an environment that was reset; None: nothing for a person."""
    told = declared(env)
    if told.view is None:
        return None
    if {"ball", "paddle"} <= dict(told.view(0).objects).keys():
        return "catch"
    return "naming" if "label" in info and told.num_glimpses else None


def _playable() -> str:
    """What can be played, in words."""
    ours = sorted(name for name, spec in gym.registry.items() if spec.namespace == NAMESPACE)
    agents, environments = ", ".join(pretrained_names()), ", ".join(ours)
    return f"what can be: the agents {agents}, files of your own agents, and the environments {environments}"
