"""What Stable-Baselines3 and sb3-contrib train: RAM as a policy, and their own policies as they come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import RecurrentPPO
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback

from ..sb3 import RAMPolicy, make_vec_env, to_agent
from ..training.reinforce import Reinforce
from .course import Course
from .entry import Challenge, NotForThis
from .playing import agent_successes, successes

NUM_ENVS = 256
"""Rows of PPO, each with one episode in an update."""
SAVED = "model.pt"
DQN_ENVS, DQN_WARMUP, DQN_MEMORY = 16, 1_000, 2**28
"""Rows of DQN, steps that fill its buffer before it learns, and the bytes of observations that the buffer holds."""


class _Ticks(BaseCallback):
    """Tells a course of every rollout, after the update that was made of it."""

    def __init__(self, course: Course) -> None:
        super().__init__()
        self.course, self.going = course, True
        self._episodes, self._told = 0, 0

    def _on_training_start(self) -> None:
        self._told = self.num_timesteps
        self.course.begin()

    def _on_step(self) -> bool:
        self._episodes += int(np.sum(self.locals["dones"]))
        return self.going

    def _on_rollout_start(self) -> None:
        self._tick()

    def _on_training_end(self) -> None:
        self._tick()

    def _tick(self) -> None:
        if self.going and self.model.num_timesteps > self._told:
            steps = self.model.num_timesteps - self._told
            self._told, episodes, self._episodes = self.model.num_timesteps, self._episodes, 0
            self.going = self.course.tick(steps=steps, episodes=episodes)


class BySB3:
    """A model of Stable-Baselines3.

    Its file holds weights and the optimiser's state alone, and nothing of it is unpickled: a run that goes on begins
    new episodes, and DQN fills a new buffer first.

    Args:
        challenge: what to learn.
        action: the form of its actions.
        label: whether to show it the label, for the hybrid loss.
    """

    def __init__(self, challenge: Challenge, *, action: str, label: bool = False) -> None:
        self.challenge, self.label = challenge, label
        self.env_kwargs = challenge.env_kwargs | {"action": action}
        self.model: BaseAlgorithm
        self._course: Course | None = None

    @property
    def left(self) -> float:
        """The share of the budget that is left, in [0, 1], for schedules."""
        return 1.0 if self._course is None else self._course.left

    def env(self, num_envs: int) -> Any:
        """The training environment."""
        return make_vec_env(
            self.challenge.env_id, num_envs, self.challenge.seed, label=self.label, env_kwargs=self.env_kwargs
        )

    def train(self, course: Course) -> None:
        """See `Entrant`."""
        model, self._course = self.model, course
        model.num_timesteps = course.steps
        if course.steps:  # what the run has not seen yet
            seed = np.random.SeedSequence([self.challenge.seed, course.steps]).generate_state(1)[0]
            model.set_random_seed(int(seed) >> 1)
        if isinstance(model, DQN):
            model.learning_starts = course.steps + DQN_WARMUP
        model.learn(course.budget.steps - course.steps, callback=_Ticks(course), reset_num_timesteps=False)

    def save(self, directory: Path) -> None:
        """See `Entrant`."""
        torch.save(self.model.get_parameters(), directory / SAVED)

    def load(self, directory: Path) -> None:
        """See `Entrant`."""
        self.model.set_parameters(torch.load(directory / SAVED, weights_only=True))

    def successes(self, split: str, scenes: int | None) -> NDArray[np.bool_]:
        """See `Entrant`."""
        if (agent := self.agent()) is not None:
            return agent_successes(agent, self.challenge.env_id, self.challenge.env_kwargs, split=split, scenes=scenes)
        return successes(self.model.predict, self.challenge.env_id, self.env_kwargs, split=split, scenes=scenes)

    def agent(self) -> Reinforce | None:
        """See `Entrant`."""
        if not isinstance(self.model.policy, RAMPolicy):
            return None
        assert isinstance(self.model, RecurrentPPO)
        return to_agent(self.model, env_id=self.challenge.env_id, env_kwargs=self.challenge.env_kwargs)


def _ppo_options(challenge: Challenge, *, label: bool) -> dict[str, Any]:
    """As in the examples: whole episodes in every update. With labels an episode is used once, as in the paper."""
    length = challenge.probe().num_glimpses
    size = NUM_ENVS * length
    return {
        "n_steps": length,
        "batch_size": size if label else size // 2,
        "n_epochs": 1 if label else 2,
        "gamma": 1.0,
        "gae_lambda": 1.0,
        "ent_coef": 0.0 if label else 0.01,
        "max_grad_norm": 5.0,
        "seed": challenge.seed,
        "device": "cpu",
    }


def ram_by_ppo(challenge: Challenge) -> BySB3:
    """RAM as a policy of RecurrentPPO, with the network that REINFORCE trains, and where there are labels with them."""
    nature = challenge.probe()
    if nature.can_stop:
        raise NotForThis("RAM in Stable-Baselines3 has no place for 'stop'")
    label = nature.labelled
    made = BySB3(challenge, action="flat", label=label)
    network = vars(challenge.config().model()) | ({} if label else {"baseline_probability": True})
    options = _ppo_options(challenge, label=label) | {"learning_rate": lambda _: 1e-3 * made.left}
    made.model = RecurrentPPO(RAMPolicy, made.env(NUM_ENVS), policy_kwargs=network, **options)
    return made


def lstm_by_ppo(challenge: Challenge) -> BySB3:
    """RecurrentPPO with its own policy, on a grid of places."""
    made = BySB3(challenge, action="grid")
    made.model = RecurrentPPO("MultiInputLstmPolicy", made.env(NUM_ENVS), **_ppo_options(challenge, label=False))
    return made


def ppo(challenge: Challenge) -> BySB3:
    """PPO with its own policy, which remembers nothing, on a grid of places."""
    made = BySB3(challenge, action="grid")
    made.model = PPO("MultiInputPolicy", made.env(NUM_ENVS), **_ppo_options(challenge, label=False))
    return made


def dqn(challenge: Challenge) -> BySB3:
    """DQN with its own policy and hyper-parameters; an action is a place of a grid together with an answer."""
    made = BySB3(challenge, action="discrete")
    env = made.env(DQN_ENVS)
    size = sum(int(np.prod(space.shape)) for space in env.observation_space.spaces.values())
    made.model = DQN(
        "MultiInputPolicy",
        env,
        buffer_size=min(1_000_000, DQN_MEMORY // (2 * 4 * size)),  # float32, before and after a step
        train_freq=1,
        gradient_steps=DQN_ENVS // 4,  # one for four steps, as by default
        gamma=1.0,
        seed=challenge.seed,
        device="cpu",
    )
    made.model.exploration_schedule = lambda _: max(
        0.05, 1 - 9.5 * (1 - made.left)
    )  # 1 to 0.05 in a tenth, as by default
    return made
