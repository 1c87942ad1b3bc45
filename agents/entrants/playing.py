"""How everyone is measured: each numbered scene of a split is played once, and it is kept which ended in success."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from ..agent.agent import Agent
from ..agent.envs import AnyVectorEnv, declared, in_split
from ..agent.runner import Runner, Step
from ..evaluation.evaluate import scene_indices
from ..evaluation.paths import batches

MOST_ROWS, MOST_PIXELS = 500, 2**25
"""Scenes that are played side by side, and their pixels together. Where first looks are random, they follow from it."""
SEED = 0
"""Of first looks, and of what a player draws."""
Predict = Callable[..., tuple[Any, Any]]
"""`predict(observation, state, episode_start, deterministic)`, which returns (action, state), all of them batched: that
of Stable-Baselines3's models, and of the built-in agent."""


def scene_env(env_id: str, env_kwargs: dict[str, Any] | None = None, *, split: str = "test") -> AnyVectorEnv:
    """The vector environment in which scenes are played: so many rows as its scenes' size allows, without autoreset.

    Args:
        env_id: such as "ram_envs/Catch-v0".
        env_kwargs: its arguments.
        split: which scenes, where it has splits.
    """
    kwargs = in_split(env_id, env_kwargs or {}, split)
    probe = gym.make_vec(env_id, num_envs=1, **kwargs)
    pixels = math.prod((declared(probe).scene_shape or (1, 1))[:2])
    probe.close()
    rows = max(1, min(MOST_ROWS, MOST_PIXELS // pixels))
    return gym.make_vec(env_id, num_envs=rows, autoreset_mode=AutoresetMode.DISABLED, **kwargs)


def numbered(env: AnyVectorEnv, split: str, count: int | None = None) -> NDArray[np.int64]:
    """The numbers of a split's scenes, or of the first `count` of them.

    Raises:
        ValueError: the environment's scenes have no numbers, so that nobody could play the same.
    """
    scenes = scene_indices(env, split, count)
    if isinstance(scenes, int):
        raise ValueError(f"{env} does not number its scenes, so a success can't be told by its scene")
    return scenes


def successes(
    predict: Predict,
    env_id: str,
    env_kwargs: dict[str, Any] | None = None,
    *,
    split: str = "test",
    scenes: int | None = None,
) -> NDArray[np.bool_]:
    """Which of the scenes a player succeeds in, (N,), each played once and deterministically.

    Args:
        predict: of the player; see `Predict`.
        env_id: such as "ram_envs/GlimpseMNIST-Cluttered100-v0".
        env_kwargs: the environment's arguments; among them `action`, the form that the player acts in.
        split: "test" to report, "validation" to choose.
        scenes: only the first so many.
    """
    env = scene_env(env_id, env_kwargs, split=split)
    indices = numbered(env, split, scenes)
    env.reset(seed=SEED)
    found = [_play(predict, env, batch) for batch in batches(indices, env.num_envs) if batch is not None]
    env.close()
    return np.concatenate(found)[: len(indices)]


def _play(predict: Predict, env: AnyVectorEnv, indices: NDArray[np.int64]) -> NDArray[np.bool_]:
    """One episode in every row; a row that has ended before others goes on with scenes that do not count."""
    observation, _ = env.reset(options={"indices": indices})
    success, going, state = np.zeros(len(indices), bool), np.ones(len(indices), bool), None
    starts = going
    while going.any():
        action, state = predict(observation, state, starts, True)
        observation, _, terminated, truncated, info = env.step(action)
        starts = np.logical_or(terminated, truncated)
        ended = starts & going
        success[ended] = info["is_success"][ended]
        going = going & ~starts
        if going.any() and starts.any():
            observation, _ = env.reset(options={"reset_mask": starts})
    return success


@torch.no_grad()
def agent_successes(
    agent: Agent,
    env_id: str,
    env_kwargs: dict[str, Any] | None = None,
    *,
    split: str = "test",
    scenes: int | None = None,
) -> NDArray[np.bool_]:
    """As `successes`, of an agent of this package; controls of the gaze look where they are made to.

    Raises:
        ValueError: the agent was made for other spaces, or has a canvas of another size.
    """
    env = scene_env(env_id, env_kwargs, split=split)
    agent.check_fit(env)
    indices = numbered(env, split, scenes)
    env.reset(seed=SEED)
    generator = torch.Generator(agent.device).manual_seed(SEED)
    found = []
    for batch in batches(indices, env.num_envs):
        success = np.zeros(env.num_envs, bool)

        def keep(step: Step, success: NDArray[np.bool_] = success) -> None:
            success[step.last] = step.info["is_success"][step.last]

        look = agent.look(deterministic=True)
        Runner(agent.policy, env, look=look, sample_action=False, generator=generator, indices=batch).play(keep)
        found.append(success)
    env.close()
    return np.concatenate(found)[: len(indices)]
