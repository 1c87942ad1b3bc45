"""Is a submission true? Its arithmetic, and where it brings weights the play of its agents, scene by scene."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import gymnasium as gym
import numpy as np

from ..agent.envs import NAMESPACE
from ..entrants.playing import agent_successes, numbered, scene_env
from ..training.reinforce import Reinforce
from .reading import Read, read
from .submission import Submission, environment

TOLERANCE = 1e-6
"""Of stated figures, in %."""
MOST_DIFFERENT = 0.002
"""The share of scenes that may end otherwise when they are played again: processors round differently."""
IN_FAVOUR = 1 / 4
"""Of these: so many more successes than are played may be stated, on balance. Rounding takes as many as it gives."""
Tell = Callable[[str], object]


def verify(
    path: str | Path, *, play: bool = True, most_different: float = MOST_DIFFERENT, tell: Tell = lambda line: None
) -> Submission:
    """The submission in a file, if all that it states can be confirmed.

    Nothing in the file is run or unpickled; weights are agents' files of this package, see `Reinforce.load`.

    Args:
        path: of the file.
        play: play the weights that it brings, if any.
        most_different: see `MOST_DIFFERENT`.
        tell: is told each confirmation in a line.

    Raises:
        FileNotFoundError: there is no such file.
        ModuleNotFoundError: rliable is not installed.
        ValueError: it is no submission, or states what is not so; the message names the file and the field.
    """
    found = read(path)
    submission = found.submission
    seeds, scenes = submission.success.shape
    try:
        check_scenes(submission)
        few = "" if is_whole(submission) else f"of {num_test_scenes(*environment(submission)):,} "
        tell(f"schema: {seeds} seeds, {scenes:,} {few}test scenes of {submission.env_id}")
        check_arithmetic(found)
        tell(f"arithmetic: an error of {found.stated.interquartile_mean:.2f}% ({interval(found)})")
        if submission.weights is None or not any(submission.weights):
            tell("no weights: the successes are the submitter's word")
        elif play:
            check_play(submission, most_different=most_different, tell=tell)
        else:
            tell("weights: not played")
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return submission


def interval(found: Read) -> str:
    """The stated interval in words."""
    return f"{found.stated.low:.2f} to {found.stated.high:.2f}"


def check_scenes(submission: Submission) -> None:
    """Raise a ValueError unless the environment exists, takes the arguments, and has so many test scenes."""
    most = num_test_scenes(*environment(submission))
    if (scenes := submission.success.shape[1]) > most:
        raise ValueError(f"scenes is {scenes:,}; {submission.env_id} has {most:,} test scenes")


def is_whole(submission: Submission) -> bool:
    """Whether it tells of all test scenes, as a board wants it."""
    return submission.success.shape[1] == num_test_scenes(*environment(submission))


@cache
def num_test_scenes(env_id: str, env_kwargs: str) -> int:
    """How many test scenes an environment has, with arguments as JSON; of Catch those that count.

    Raises:
        ValueError: there is no such environment, or it does not take the arguments.
    """
    known = sorted(name for name, spec in gym.registry.items() if spec.namespace == NAMESPACE)
    if env_id not in known:
        raise ValueError(f"env_id is {env_id!r}; there are {', '.join(known)}")
    try:
        env = scene_env(env_id, json.loads(env_kwargs))
    except (TypeError, ValueError) as error:
        raise ValueError(f"env_kwargs do not fit {env_id}: {error}") from error
    most = len(numbered(env, "test"))
    env.close()
    return most


def check_arithmetic(found: Read) -> None:
    """Raise a ValueError unless the stated figures follow from the stated successes."""
    submission = found.submission
    for i, (stated, error) in enumerate(zip(found.stated_errors, submission.errors, strict=True)):
        _compare(f"errors[{i}]", stated, float(error))
    figures = submission.figures()
    _compare("interquartile_mean", found.stated.interquartile_mean, figures.interquartile_mean)
    _compare("interval[0]", found.stated.low, figures.low)
    _compare("interval[1]", found.stated.high, figures.high)


def _compare(name: str, stated: float, computed: float) -> None:
    if not math.isclose(stated, computed, rel_tol=0, abs_tol=TOLERANCE):
        raise ValueError(f"{name} is {stated:.6f}, and by the stated successes {computed:.6f}")


def check_play(submission: Submission, *, most_different: float = MOST_DIFFERENT, tell: Tell) -> None:
    """Raise a ValueError unless each agent that is there succeeds where it is stated to, but for rounding."""
    scenes, there = submission.success.shape[1], submission.weights or []
    most, most_gained = math.floor(most_different * scenes), math.floor(IN_FAVOUR * most_different * scenes)
    for i, (seed, weights) in enumerate(zip(submission.seeds, there, strict=True)):
        if weights is None:
            tell(f"seed {seed}: no weights")
            continue
        agent = _agent(f"weights[{i}]", weights)
        try:
            played = agent_successes(agent, submission.env_id, submission.env_kwargs, scenes=scenes)
        except (ValueError, FloatingPointError) as error:
            raise ValueError(f"weights[{i}] can't play {submission.env_id}: {error}") from error
        others = np.flatnonzero(played != submission.success[i])
        if len(others) > most:
            listed = ", ".join(map(str, others[:5].tolist()))
            raise ValueError(
                f"success[{i}]: played again, {len(others):,} of {scenes:,} scenes end otherwise ({listed}, ...), and "
                f"{most:,} may, by rounding"
            )
        if (gained := int(submission.success[i].sum()) - int(played.sum())) > most_gained:
            raise ValueError(
                f"success[{i}]: {gained:,} more successes are stated than played again, and {most_gained:,} may be, by "
                "rounding"
            )
        tell(
            f"seed {seed}: played again, {scenes - len(others):,} of {scenes:,} scenes end as stated; it errs on "
            f"{100 * (1 - played.mean()):.2f}%"
        )
    if lacking := sum(weights is None for weights in there):
        tell(f"{len(there) - lacking} of {len(there)} seeds were played; the others are the submitter's word")


def _agent(name: str, weights: bytes) -> Reinforce:
    """The agent in a file's bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agent.safetensors"
        path.write_bytes(weights)
        try:
            return Reinforce.load(path)
        except ValueError as error:
            raise ValueError(f"{name} is no agent of this package: {str(error).replace(str(path), 'it')}") from error
