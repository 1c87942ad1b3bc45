"""Episodes to look at: an agent plays, and every step is kept as a picture's `View` with the agent's probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import VectorEnv

from ..model.policy import RAM
from ..training.rollout import choose, to_tensors

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

    from ..training.reinforce import Reinforce

BATCH = 16  # episodes that are played at once


class Episode(NamedTuple):
    """One episode of T glimpses."""

    views: list[View]
    """T + 1 views: what the agent saw and thought at each glimpse, and the end."""
    success: bool
    """Whether the answer was right, or the ball caught."""
    number: int
    """Of the image within its split, or of the game; -1 for a game without a number."""
    fps: float
    """The environment's frames a second."""


@torch.no_grad()
def record(
    policy: RAM,
    env: VectorEnv,
    *,
    seed: int,
    indices: np.ndarray | None = None,
    sample: bool = False,
) -> list[Episode]:
    """Play one episode in each row of a vector environment of `ram_envs`, with autoreset disabled.

    Args:
        policy: the agent's model.
        env: without autoreset, so that the ends of episodes can be seen.
        seed: of the scenes, the first locations and the sampling.
        indices: (num_envs,) the images, or None for random ones.
        sample: draw locations, actions and when to stop, rather than take means and likeliest.

    Returns:
        The rows' episodes.
    """
    task = env.unwrapped.task  # type: ignore[attr-defined]
    device = policy.f_a.weight.device
    generator = torch.Generator(device).manual_seed(seed)
    observation, info = env.reset(seed=seed, options=None if indices is None else {"indices": indices})
    state = policy.initial_state(env.num_envs)
    views: list[list[View]] = [[] for _ in range(env.num_envs)]
    success = np.zeros(env.num_envs, bool)
    active = np.ones(env.num_envs, bool)
    while active.any():
        output, state = policy.step(to_tensors(observation, device), state)
        choice = choose(
            policy,
            output,
            generator,
            look="sample" if sample else "mean",
            sample_action=sample,
            stop="sample" if sample else "likelier",
        )
        odds, action = output.logits.softmax(-1).cpu().numpy(), choice.action.tolist()
        for row in np.flatnonzero(active):
            views[row].append(_thinking(task.view(row, odds[row]), action[row]))
        observation, _, terminated, truncated, step_info = env.step(choice.to_environment(env.single_action_space))
        over = np.logical_or(terminated, truncated)
        done = active & over
        for row in np.flatnonzero(done):
            views[row].append(task.view(row, odds[row]))
            success[row] = step_info["is_success"][row]
        active &= ~done
        if over.any() and active.any():
            observation, _ = env.reset(options={"reset_mask": over})
    fps = env.metadata["render_fps"]
    return [Episode(*row, fps) for row in zip(views, success.tolist(), info["index"].tolist(), strict=True)]


def _thinking(view: View, action: int) -> View:
    """A view of the moment between a glimpse and the step: the action is what the agent would answer now."""
    return view._replace(prediction=action, success=action == view.label)


class Selection(NamedTuple):
    """Which episodes to show."""

    indices: tuple[int, ...] = ()
    """Of images or numbered games, in this order; empty for random ones."""
    only: str = "all"
    """"all", "right" or "wrong"."""
    seed: int = 0
    """Of the random ones, and of where the gaze starts."""
    sample: bool = False
    """See `record`."""


def make_fitting_env(agent: Reinforce, env_id: str, env_kwargs: dict[str, Any], *, num_envs: int) -> VectorEnv:
    """A vector environment of `ram_envs` without autoreset, with the spaces of the agent.

    Raises:
        ValueError: the environment is none of `ram_envs`, or has other spaces.
    """
    if not env_id.startswith("ram_envs/"):
        raise ValueError(f"{env_id} can't be shown: only the environments of ram_envs tell what a picture needs")
    env = gym.make_vec(env_id, num_envs=num_envs, autoreset_mode="Disabled", **env_kwargs)
    agent.spaces.check_fit(env)
    return env


def episodes(agent: Reinforce, env_id: str, env_kwargs: dict[str, Any], selection: Selection) -> Iterator[Episode]:
    """Episodes one after another, without end where no indices are given; counts run on from one to the next.

    Raises:
        ValueError: see `make_fitting_env`; or 2,000 episodes in a row are not such as `only` asks for.
    """
    fixed = np.array(selection.indices, np.int64)
    env = make_fitting_env(agent, env_id, env_kwargs, num_envs=len(fixed) or BATCH)
    counts = np.zeros(2, int)
    unfit, seed = 0, selection.seed
    try:
        while True:
            indices = fixed if len(fixed) else None
            for episode in record(agent.policy, env, seed=seed, indices=indices, sample=selection.sample):
                if selection.only != "all" and episode.success != (selection.only == "right"):
                    unfit += 1
                    continue
                unfit = 0
                yield _counted(episode, counts)
                counts[0 if episode.success else 1] += 1
            if len(fixed):
                return
            if unfit >= 2000:
                raise ValueError(f"{unfit} episodes in a row were not {selection.only}; show others with --only all")
            seed += env.num_envs  # row i was seeded with seed + i
    finally:
        env.close()


def _counted(episode: Episode, before: np.ndarray) -> Episode:
    """The episode with the counts of all that were shown so far, rather than of its own row."""
    views = []
    for view in episode.views:
        after = before + (view.finished and [episode.success, not episode.success])
        views.append(view._replace(counts=dict(zip(view.counts, after.tolist(), strict=True))))
    return episode._replace(views=views)
