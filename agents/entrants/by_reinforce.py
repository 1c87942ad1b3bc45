"""RAM by the built-in REINFORCE; and the same with a gaze that chooses nothing, as a control."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..agent.config import Config
from ..evaluation.controls import as_control
from ..training.callbacks import Callback, Metrics
from ..training.reinforce import Reinforce
from .course import Course
from .entry import Challenge
from .playing import agent_successes

SAVED = "agent.safetensors"


class _Ticks(Callback):
    """Tells a course of every update, and lets the run be as long as the course will be at this rate."""

    def __init__(self, course: Course) -> None:
        self.course = course

    def on_start(self, agent: Reinforce) -> None:
        self.course.begin()

    def on_update(self, agent: Reinforce, metrics: Metrics) -> bool:
        assert agent.last_rollout is not None, "an update has just been made"
        going = self.course.tick(steps=int(agent.last_rollout.active.sum()), episodes=agent.config.num_envs)
        updates = max(agent.updates + 1, math.ceil(agent.updates / self.course.done))
        agent.config = agent.config.replace(total_episodes=updates * agent.config.num_envs)
        return going


class ByReinforce:
    """RAM as a configuration has it, trained in its environment, and measured in that of the challenge.

    Args:
        config: of the training.
    """

    def __init__(self, config: Config) -> None:
        self._agent = Reinforce(config=config)

    def train(self, course: Course) -> None:
        """See `Entrant`. The schedules end with the budget, whether steps or time end it."""
        self._agent.learn(callback=_Ticks(course), resume=self._agent.updates > 0)

    def save(self, directory: Path) -> None:
        """See `Entrant`."""
        self._agent.save(directory / SAVED)

    def load(self, directory: Path) -> None:
        """See `Entrant`."""
        self._agent = Reinforce.load(directory / SAVED)

    def successes(self, split: str, scenes: int | None) -> NDArray[np.bool_]:
        """See `Entrant`."""
        return agent_successes(self._agent, self._agent.env_id, self._agent.env_kwargs, split=split, scenes=scenes)

    def agent(self) -> Reinforce:
        """See `Entrant`."""
        return self._agent


def ram(challenge: Challenge) -> ByReinforce:
    """RAM by REINFORCE, and where there are labels by the paper's hybrid loss."""
    return ByReinforce(challenge.config())


def random_gaze(challenge: Challenge) -> ByReinforce:
    """The same, but that it looks at random places."""
    return ByReinforce(as_control(challenge.config(), "random"))
