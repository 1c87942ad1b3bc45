"""RAM as RLlib's PPO trains it, in this process alone, so that its processor time can be counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray

from ..rllib import ppo_config, to_agent
from ..training.reinforce import Reinforce
from .course import Course
from .entry import Challenge, NotForThis
from .playing import agent_successes

NUM_ENVS = 64
SAVED = "algorithm"


class ByRLlib:
    """RAM, with the network that REINFORCE trains, as an RLModule of PPO.

    Its directory holds RLlib's own checkpoint, which is pickled: go on with runs of your own alone.
    """

    def __init__(self, challenge: Challenge) -> None:
        self.challenge = challenge
        length, labelled, can_stop = challenge.probe()
        if can_stop:
            raise NotForThis("RAM in RLlib has no place for 'stop'")
        if not ray.is_initialized():
            ray.init("local", num_cpus=1, include_dashboard=False, log_to_driver=False)
        network = vars(challenge.config().model())
        config = (
            ppo_config(
                challenge.env_id,
                label=labelled,
                env_kwargs=challenge.env_kwargs,
                max_seq_len=length + 1,
                baseline_probability=not labelled,
                **network,
            )
            .env_runners(num_env_runners=0, num_envs_per_env_runner=NUM_ENVS, rollout_fragment_length=length)
            .training(**_options(NUM_ENVS * length, challenge.budget.steps, labelled=labelled))
            .debugging(seed=challenge.seed, log_level="ERROR")
        )
        self._algorithm = config.build_algo()
        self._steps = NUM_ENVS * length

    def train(self, course: Course) -> None:
        """See `Entrant`. RLlib's rate falls with the steps, whatever the time."""
        course.begin()
        going = not course.over
        while going:
            self._algorithm.train()
            going = course.tick(steps=self._steps, episodes=NUM_ENVS)

    def save(self, directory: Path) -> None:
        """See `Entrant`."""
        self._algorithm.save_to_path((directory / SAVED).resolve())

    def load(self, directory: Path) -> None:
        """See `Entrant`."""
        self._algorithm.restore_from_path((directory / SAVED).resolve())

    def successes(self, split: str, scenes: int | None) -> NDArray[np.bool_]:
        """See `Entrant`."""
        return agent_successes(
            self.agent(), self.challenge.env_id, self.challenge.env_kwargs, split=split, scenes=scenes
        )

    def agent(self) -> Reinforce:
        """See `Entrant`."""
        return to_agent(self._algorithm)


def _options(batch: int, steps: int, *, labelled: bool) -> dict[str, Any]:
    """As in the example: whole episodes in every update; with labels they are used once, as in the paper."""
    return {
        "train_batch_size_per_learner": batch,
        "minibatch_size": None,
        "num_epochs": 1 if labelled else 2,
        "entropy_coeff": 0.0 if labelled else 0.01,
        "use_kl_loss": False,
        "lr": [[0, 1e-3], [steps, 0.0]],
        "gamma": 1.0,
        "lambda_": 1.0,
        "grad_clip": 5.0,
    }


def ram_by_ppo(challenge: Challenge) -> ByRLlib:
    """An entrant."""
    return ByRLlib(challenge)
