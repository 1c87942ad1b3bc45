"""Measure an agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from .rollout import play

if TYPE_CHECKING:
    from .reinforce import Reinforce


@torch.no_grad()
def validate(agent: Reinforce, *, episodes: int = 5000, seed: int = 1) -> float:
    """Error in % (100 - 100 x mean return) over held-out images, single path with mean locations."""
    env = agent.validation_env()
    returns: list[float] = []
    options = [None]
    if agent.hybrid:
        indices = np.arange(min(episodes, 5000))
        blocks = np.array_split(indices, max(1, len(indices) // env.num_envs))
        options = [{"indices": np.resize(block, env.num_envs)} for block in blocks]
        sizes = [len(block) for block in blocks]
    else:
        options = [None] * max(1, episodes // env.num_envs)
        sizes = [env.num_envs] * len(options)
    env.reset(seed=seed)
    for size, option in zip(sizes, options, strict=True):
        rollout = play(
            agent.policy, env, generator=None, sample_location=False, sample_action=False, reset_options=option
        )
        returns.extend(rollout.reward.sum(0)[:size].tolist())
    return 100 - 100 * float(np.mean(returns))
