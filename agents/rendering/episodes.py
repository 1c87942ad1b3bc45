"""Episodes to look at: of each step all that a picture needs, the agent's probabilities among it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode

from ..agent.envs import AnyVectorEnv, declared, make_env
from ..agent.runner import Runner
from ..model.policy import RAM

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

    from ..training.reinforce import Reinforce

BATCH = 16  # episodes that are recorded at once


class Episode(NamedTuple):
    """One episode of T glimpses."""

    views: list[View]
    """T + 1 views: what the agent saw and thought at each glimpse, and the end."""
    success: bool
    """Whether the answer was right, or the ball caught."""
    number: int
    """Of the scene, where infos have its `index`; else -1."""
    fps: float
    """The environment's frames a second; 4 where its metadata have none."""


@torch.no_grad()
def record(
    policy: RAM,
    env: AnyVectorEnv,
    *,
    seed: int,
    indices: np.ndarray | None = None,
    sample: bool = False,
) -> list[Episode]:
    """One episode in each row of a vector environment.

    Args:
        policy: the agent's model.
        env: declares its `view`; such as `environment` makes.
        seed: of the scenes, the first locations and the sampling.
        indices: (num_envs,) the images, or None for random ones.
        sample: draw locations, actions and when to stop, rather than take means and likeliest.

    Returns:
        The rows' episodes.

    Raises:
        ValueError: the environment declares no `view`, or resets a row in the step that ends its episode.
    """
    view = viewer(env)
    runner = Runner(
        policy,
        env,
        look="sample" if sample else "mean",
        sample_action=sample,
        stop="sample" if sample else "likelier",
        generator=torch.Generator(policy.f_a.weight.device).manual_seed(seed),
        seed=seed,
        indices=indices,
    )
    if runner.autoreset_mode is AutoresetMode.SAME_STEP:
        raise ValueError(f"{env} resets a row in the step that ends its episode, so there is no view of the end")
    views: list[list[View]] = [[] for _ in range(env.num_envs)]
    success = np.zeros(env.num_envs, bool)
    while runner.active.any():
        action = runner.choose().action.tolist()
        probabilities = runner.output.logits.softmax(-1).cpu().numpy()
        for row in np.flatnonzero(runner.active):
            views[row].append(_shared(_thinking(view(row, probabilities[row]), action[row]), views[row]))
        step = runner.step()
        for row in np.flatnonzero(step.last):
            views[row].append(_shared(view(row, probabilities[row]), views[row]))
            success[row] = views[row][-1].success
    fps = env.metadata.get("render_fps", 4)
    numbers = runner.info.get("index", np.full(env.num_envs, -1)).tolist()
    return [Episode(*row, fps) for row in zip(views, success.tolist(), numbers, strict=True)]


def _shared(view: View, before: list[View]) -> View:
    """The view with the very scene of the one before, where nothing has moved: a large scene is kept once."""
    still = before and np.array_equal(view.scene, before[-1].scene)
    return view._replace(scene=before[-1].scene) if still else view


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

    @property
    def num_envs(self) -> int:
        """Rows of the environment that shows them."""
        return len(self.indices) or BATCH


def environment(
    agent: Reinforce,
    *,
    num_envs: int,
    split: str | None = None,
    env_id: str | None = None,
    env_kwargs: dict[str, Any] | None = None,
) -> AnyVectorEnv:
    """A vector environment to see the agent in, without autoreset.

    Args:
        agent: whose spaces it must have.
        num_envs: rows.
        split: which scenes, where the environment has splits.
        env_id: another environment than the one that the agent was trained on.
        env_kwargs: keyword arguments, in addition to those that the agent was trained with, or of the other one.

    Raises:
        ValueError: the environment declares no `view`, or has other spaces or splits.
    """
    own = agent.env_kwargs if env_id is None else {}
    config = agent.config.without_repeats(
        env_id=env_id or agent.env_id, env_kwargs=own | (env_kwargs or {}), num_envs=num_envs
    )
    env = make_env(config, split=None if "split" in (env_kwargs or {}) else split)
    viewer(env)
    agent.check_fit(env)
    return env


def viewer(env: gym.Env[Any, Any] | AnyVectorEnv) -> Callable[..., View]:
    """What draws up an environment's views; see `Declared.view`.

    Raises:
        ValueError: the environment declares no `view`.
    """
    view = declared(env).view
    if view is None:
        name = env.spec.id if env.spec else env
        raise ValueError(f"{name} can't be shown: it declares no view, see docs/architecture.md")
    return view


def episodes(agent: Reinforce, env: AnyVectorEnv, selection: Selection) -> Iterator[Episode]:
    """Episodes one after another, without end where no indices are given; counts run on from one to the next.

    Args:
        agent: who acts in them.
        env: such as `environment` makes, with `selection.num_envs` rows; closed at the end.
        selection: which ones.

    Raises:
        ValueError: the environment has no numbered scenes; or 2,000 episodes in a row are not such as `only` asks for.
    """
    fixed = np.array(selection.indices, np.int64)
    if len(fixed) and not declared(env).num_scenes:
        raise ValueError(f"the scenes of {agent.env_id} have no numbers: leave the indices {fixed.tolist()} out")
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
        # Some views have no counts.
        views.append(view._replace(counts=dict(zip(view.counts, after.tolist(), strict=False))))
    return episode._replace(views=views)
