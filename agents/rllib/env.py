"""Vector environments for RLlib's env runners: made in each runner, seeded apart, checked for the autoreset mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from ray.tune.registry import register_env

import ram_envs  # noqa: F401  (registers the ids, in every worker that imports this)
from ram_envs import wrappers

from ..agent.envs import AnyVectorEnv

ENV = "ram_envs"
"""What the environments are registered as with Ray; `env_config` says which one is meant."""


class SeedApart(VectorWrapper):
    """Give every env runner scenes of its own.

    RLlib seeds runner w with seed + w, and a vector environment its row i with that + i: of two runners, all rows but
    one would have the same scenes. So a reset's seed is hashed before it is handed on.
    """

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """See `gymnasium.vector.VectorEnv.reset`; a list of seeds is handed on as it is."""
        if isinstance(seed, int | np.integer):
            seed = int(np.random.SeedSequence(int(seed)).generate_state(1)[0]) >> 1  # room to add each row's number
        return self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]


def make_env(config: Mapping[str, Any]) -> AnyVectorEnv:
    """What RLlib calls in each env runner: a native vector environment, with labels where they are asked for.

    Args:
        config: RLlib's `env_config`: "env_id"; "env_kwargs", the environment's arguments; "label", whether to show the
            label in the observation; and "num_envs", which RLlib adds where environments are vectorised by themselves.

    Raises:
        ValueError: RLlib asks for a single environment, or the autoreset mode is not RLlib's.
    """
    if "num_envs" not in config:
        raise ValueError(
            "RLlib asked for a single environment, and these are vectorised by themselves: use "
            'config.env_runners(gym_env_vectorize_mode="vector_entry_point")'
        )
    env: AnyVectorEnv = gym.make_vec(config["env_id"], num_envs=config["num_envs"], **config.get("env_kwargs", {}))
    check_autoreset(env)
    if config.get("label", False):
        env = wrappers.VectorLabelObservation(env)
    return SeedApart(env)


def check_autoreset(env: VectorEnv[Any, Any, Any], **kwargs: Any) -> None:
    """Refuse what RLlib would take wrongly in silence: it takes the step after an episode's end for a reset.

    With same-step autoreset that step is the next episode's first, and its transition is lost; without autoreset there
    is no step after the end. RLlib checks neither. Serves as its callback `on_environment_created` too.

    Args:
        env: any vector environment.
        kwargs: what else RLlib gives its callbacks.

    Raises:
        ValueError: the autoreset mode is not next-step.
    """
    mode = AutoresetMode(env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))
    if mode is not AutoresetMode.NEXT_STEP:
        raise ValueError(
            f"the autoreset mode is {mode.value!r}, and RLlib's env runners need 'NextStep', or they lose a transition "
            "of every episode: leave autoreset_mode out of env_kwargs, or set it to 'NextStep'"
        )


register_env(ENV, make_env)  # On import, so that a checkpoint finds it in any process: its configuration imports this.
