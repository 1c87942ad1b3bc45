"""Measure an agent: single paths and averaged ones, the error after every glimpse, and what is taken for what."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..agent.envs import AnyVectorEnv, declared, make_env
from ..model.choice import Look
from ..training.callbacks import Progress
from .paths import Paths, confusion_matrix, count_scenes, follow, of_one_length
from .scores import area_under_curve, balanced_accuracy

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce

NUM_EPISODES = {"train": 10_000, "validation": 2_000, "test": 10_000}
OFFSETS = {"train": 2_000_000, "validation": 1_000_000, "test": 0}
"""What makes up a split where there is no last scene: so many numbered ones from this number on, as of Catch's games;
or, where scenes have no numbers, so many episodes after a seed larger by this."""


class Evaluation(NamedTuple):
    """Errors in %: of classification the wrong answers, else 100 - 100 x mean return (of Catch, the balls missed)."""

    episodes: int
    """Episodes that each figure is of: every scene once."""
    mean: NDArray[np.float64]
    """Single path that looks at the mean locations: error after each glimpse (T,); for other tasks at the end (1,)."""
    sampled: NDArray[np.float64] | None
    """Single path of sampled locations (and actions, where they learned by REINFORCE): the mean error of all paths."""
    averaged: NDArray[np.float64] | None
    """Classification: the error of the softmax averaged over the sampled paths, (T,)."""
    confusion: NDArray[np.int64] | None
    """Classification: (n, n) counts of label (row) and answer (column) on the path with mean locations."""
    glimpses: float
    """Mean number of glimpses on the path with mean locations: T, if the agent can't stop before.

    The columns of one who stops hold its answer from there on; the last is the error of its own answers."""
    sampled_glimpses: float | None
    """The same of the sampled paths."""
    balanced_accuracy: dict[str, float | None] | None = None
    """Classification: the mean recall of the classes in %, of the answers on "mean", on "sampled" (the mean of all
    paths) and "averaged"; see `scores`."""
    auc: dict[str, float | None] | None = None
    """Two classes: the area under the ROC curve in [0, 1], of the same; None where only one of the classes occurs."""
    several: dict[str, list[float]] | None = None
    """Where an episode has several answers: the error in % of the whole, in which an answer is wrong, and then of each
    answer in turn, of the episodes that have it; of the same. The error after a glimpse is then of what was to be named
    there, and scores are over all answers."""


def evaluate(
    agent: Reinforce,
    env: AnyVectorEnv | None = None,
    *,
    split: str = "test",
    episodes: int | None = None,
    paths: int = 10,
    look: Look | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure the error over every scene of a split, each path from a start of its own.

    Args:
        agent: whom to measure.
        env: a vector environment of the split; by default `evaluation_env(agent, split)`.
        split: "train", "validation" or "test"; see `scene_indices` where the environment has no splits.
        episodes: only the first so many scenes.
        paths: how many sampled paths for each scene; 0 leaves these columns out.
        look: look this way in place of the agent's: at "random", at the "center", or along a "scan".
        seed: of initial locations that are random, and of the sampling.
        progress: is told of episodes.
    """
    env = env or evaluation_env(agent, split, num_envs=min(500, episodes or 500))
    scenes = scene_indices(env, split, episodes)
    env.reset(seed=seed + (OFFSETS[split] if isinstance(scenes, int) else 0))
    generator = torch.Generator(agent.device).manual_seed(seed)
    run = partial(
        follow, agent, env, scenes, generator=generator, progress=progress, total=(1 + paths) * count_scenes(scenes)
    )
    single = run(look=look or agent.look(deterministic=True), sample_action=False)
    sampled = [
        run(look=look or agent.look(deterministic=False), sample_action=not agent.hybrid, stop="sample")
        for _ in range(paths)
    ]
    single, *sampled = of_one_length([single, *sampled])
    gazes = {"mean": [single], "sampled": sampled}
    averaged = confusion = None
    if single.label is not None:
        probability, label = single.answers()
        confusion = confusion_matrix(label, probability)
        if sampled:
            together = single._replace(probability=np.mean([path.probability for path in sampled], axis=0))
            averaged, gazes["averaged"] = together.error(), [together]
    return Evaluation(
        episodes=len(single.returns),
        mean=single.error(),
        sampled=np.mean([path.error() for path in sampled], axis=0) if sampled else None,
        averaged=averaged,
        confusion=confusion,
        glimpses=float(single.glimpses.mean()),
        sampled_glimpses=float(np.mean([path.glimpses.mean() for path in sampled])) if sampled else None,
        balanced_accuracy=_score_by_gaze(balanced_accuracy, gazes),
        auc=_score_by_gaze(area_under_curve, gazes) if single.probability.shape[-1] == 2 else None,
        several=None if single.answer is None else {gaze: _several_errors(of) for gaze, of in gazes.items() if of},
    )


def _several_errors(paths: list[Paths]) -> list[float]:
    """The error of the whole and of each answer, the mean over paths."""
    return [float(error) for error in np.mean([path.answer_errors() for path in paths], axis=0)]


def _score_by_gaze(
    score: Callable[[NDArray[np.floating[Any]], NDArray[np.int64]], float | None], gazes: dict[str, list[Paths]]
) -> dict[str, float | None] | None:
    """A score of the answers, for each gaze the mean over its paths; None where the score is, or without labels."""
    found = dict[str, float | None]()
    for gaze, paths in gazes.items():
        scores = [score(*path.answers()) for path in paths if path.label is not None]
        known = [value for value in scores if value is not None]
        if scores:
            found[gaze] = float(np.mean(known)) if len(known) == len(scores) else None
    return found or None


def evaluation_env(agent: Reinforce, split: str = "test", *, num_envs: int = 500) -> AnyVectorEnv:
    """A vector environment like the one that the agent was trained on; of a split, where it has splits.

    Raises:
        ValueError: the environment has other splits; or `agent.config.env_kwargs` were changed to such as the model
            does not fit.
    """
    env = make_env(agent.config.without_repeats(num_envs=num_envs), split=split)
    agent.check_fit(env)
    return env


def validation_env(agent: Reinforce, *, num_envs: int = 500) -> AnyVectorEnv:
    """The environment to validate on while an agent trains: with `validation_kwargs`, whatever the curriculum says.

    Args:
        agent: that trains.
        num_envs: rows.

    Raises:
        ValueError: the environment has no split "validation", though it has others; or the model does not fit it.
    """
    config = agent.config
    config = config.without_repeats(env_kwargs=config.env_kwargs | config.validation_kwargs, num_envs=num_envs)
    env = make_env(config, split="validation")
    agent.check_fit(env)
    return env


def scene_indices(env: AnyVectorEnv, split: str, episodes: int | None = None) -> NDArray[np.int64] | int:
    """The numbers of a split's scenes, or of its first `episodes`; only how many where the environment has no numbers.

    Where there is no last number, as of Catch's games, some of them are the test and others the validation. Where an
    environment has a number for each of its scenes, but no splits, all of them are in each.

    Raises:
        ValueError: an unknown split, where the scenes are not all numbered.
    """
    num_scenes = declared(env).num_scenes
    if 0 < num_scenes < math.inf:
        return np.arange(min(episodes or num_scenes, num_scenes), dtype=np.int64)
    if split not in NUM_EPISODES:
        raise ValueError(f"split must be {', '.join(map(repr, NUM_EPISODES))}, not {split!r}")
    count = episodes or NUM_EPISODES[split]
    return OFFSETS[split] + np.arange(count) if num_scenes else count


def validation_errors(agent: Reinforce, env: AnyVectorEnv) -> list[float]:
    """Error in % over the validation scenes after each glimpse, single path with mean locations (of Catch one number).

    Of the first `validation_scenes` alone, where the configuration says how many. Of several answers one more number
    follows, of the whole. The last is what models are chosen by.
    """
    result = evaluate(agent, env, split="validation", episodes=agent.config.validation_scenes, paths=0)
    return result.mean.tolist() + (result.several["mean"][:1] if result.several else [])
