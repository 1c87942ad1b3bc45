"""The entries of the benchmark by name, and what each must be able to do."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from ram_envs.extras import how_to_install

from ..agent.config import Config
from ..agent.envs import declared
from ..agent.recipes import recipe
from ..evaluation.pretrained import BY_ENVIRONMENT
from ..model.forms import can_stop
from ..training.reinforce import Reinforce
from .course import Budget, Course


class Challenge(NamedTuple):
    """What an entry is to learn, from which seed, and within which budget."""

    env_id: str
    env_kwargs: dict[str, Any]
    seed: int
    budget: Budget

    def config(self) -> Config:
        """Of RAM: a recipe's network and optimiser, and its curriculum, in this environment as it is."""
        base = recipe(BY_ENVIRONMENT[self.env_id]) if self.env_id in BY_ENVIRONMENT else Config()
        return base.replace(env_id=self.env_id, env_kwargs=self.env_kwargs, validation_kwargs={}, seed=self.seed)

    def probe(self) -> Nature:
        """What the environment is like."""
        env = gym.make_vec(self.env_id, num_envs=1, **self.env_kwargs)
        _, info = env.reset(seed=0)
        nature = Nature(declared(env).num_glimpses or 1, "label" in info, can_stop(env.single_action_space))
        env.close()
        return nature


class Nature(NamedTuple):
    """What entries must know of an environment."""

    num_glimpses: int
    """In an episode, at most."""
    labelled: bool
    """Whether infos tell the label, which the hybrid loss learns from."""
    can_stop: bool
    """Whether an action may end the episode."""


class Entrant(Protocol):
    """One entry in one environment, from one seed."""

    def train(self, course: Course) -> None:
        """Learn until `course.tick` says that it is over, from the place that `course` tells."""

    def save(self, directory: Path) -> None:
        """Write all that is needed to go on into an empty directory."""

    def load(self, directory: Path) -> None:
        """Go on from what `save` wrote."""

    def successes(self, split: str, scenes: int | None) -> NDArray[np.bool_]:
        """Which of a split's scenes, or of the first so many, it succeeds in, (N,)."""

    def agent(self) -> Reinforce | None:
        """Itself as an agent of this package, if it is one."""


class NotForThis(ValueError):
    """An entry that makes no sense in an environment."""


class Entry(NamedTuple):
    """An algorithm that takes part."""

    title: str
    """As the table names it."""
    maker: str
    """The function that makes its entrants of a `Challenge`, as "module:function" of this room."""
    needs: str = ""
    """The package that it can't do without, beside those of the agents."""
    extra: str = ""
    """The extra that brings it."""

    def missing(self) -> str:
        """What to install before it can run; empty if nothing."""
        if not self.needs or find_spec(self.needs) is not None:
            return ""
        return f"it needs {self.needs}: run {how_to_install(self.extra)}"

    def make(self, challenge: Challenge) -> Entrant:
        """An entrant.

        Raises:
            NotForThis: the entry makes no sense in this environment.
        """
        module, _, function = self.maker.partition(":")
        maker: Callable[[Challenge], Entrant] = getattr(import_module(f".{module}", __package__), function)
        return maker(challenge)


ENTRIES = {
    "ram-reinforce": Entry("RAM by REINFORCE", "by_reinforce:ram"),
    "ram-recurrent-ppo": Entry("RAM by RecurrentPPO", "by_sb3:ram_by_ppo", "sb3_contrib", "sb3"),
    "ram-rllib-ppo": Entry("RAM by RLlib's PPO", "by_rllib:ram_by_ppo", "ray", "rllib"),
    "lstm-recurrent-ppo": Entry("stock LSTM by RecurrentPPO", "by_sb3:lstm_by_ppo", "sb3_contrib", "sb3"),
    "ppo": Entry("stock PPO, no memory", "by_sb3:ppo", "sb3_contrib", "sb3"),
    "dqn": Entry("stock DQN, no memory", "by_sb3:dqn", "sb3_contrib", "sb3"),
    "random-gaze": Entry("RAM with a random gaze", "by_reinforce:random_gaze"),
    "whole-image": Entry("sees the whole scene", "by_cnn:whole_scene"),
}
"""Of the benchmark, by the names that its options take."""
