"""The paths of an agent through a split: one episode of each scene, and what can be told of their answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..agent.envs import AnyVectorEnv
from ..agent.rollout import collect_rollout
from ..agent.runner import Runner
from ..model.choice import Look, Stop
from ..training.callbacks import Progress

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce


class Paths(NamedTuple):
    """One episode for each of N scenes."""

    returns: NDArray[np.float64]
    """(N,)."""
    probability: NDArray[np.float32]
    """The softmax after each glimpse (T, N, n); after an episode's end its last one."""
    label: NDArray[np.int64] | None
    """(N,), of classification; (T, N) where an episode has several answers: what was to be named after each glimpse."""
    glimpses: NDArray[np.int64]
    """(N,): how many were taken."""
    answer: NDArray[np.bool_] | None = None
    """(T, N) where an episode has several answers: an answer was given after this glimpse; else None."""

    def error(self) -> NDArray[np.float64]:
        """In %: of the answer after each glimpse (T,), or without labels of the return (1,)."""
        if self.label is None:
            return np.array([100 - 100 * self.returns.mean()])
        return classification_error(self.probability, self.label)

    def answers(self) -> tuple[NDArray[np.floating[Any]], NDArray[np.int64]]:
        """Probabilities (M, n) and labels (M,) of all answers; of episodes with one answer, M is N."""
        assert self.label is not None, "of classification only"
        if self.answer is None:
            return self.probability[-1], self.label
        return self.probability[self.answer], self.label[self.answer]

    def answer_errors(self) -> NDArray[np.float64]:
        """Of several answers, in %: how many episodes have a wrong one, and how often each of the m is, (1 + m,)."""
        assert self.answer is not None, "of several answers only"
        wrong, number = self.probability.argmax(-1) != self.label, self.answer.cumsum(0)
        each = [wrong[self.answer & (number == i + 1)].mean() for i in range(number.max())]
        return 100 * np.array([(wrong & self.answer).any(0).mean(), *each])


def count_scenes(scenes: NDArray[np.int64] | int) -> int:
    """How many there are, with numbers or without."""
    return scenes if isinstance(scenes, int) else len(scenes)


def batches(scenes: NDArray[np.int64] | int, size: int) -> Iterator[NDArray[np.int64] | None]:
    """Scene numbers (size,) for one reset after another, None for scenes without numbers.

    The last batch is filled up with scenes that are already counted.
    """
    for start in range(0, count_scenes(scenes), size):
        yield None if isinstance(scenes, int) else np.take(scenes, start + np.arange(size), mode="wrap")


@torch.no_grad()
def follow(
    agent: Reinforce,
    env: AnyVectorEnv,
    scenes: NDArray[np.int64] | int,
    *,
    look: Look,
    sample_action: bool,
    stop: Stop = "likelier",
    generator: torch.Generator | None = None,
    progress: Progress | None = None,
    total: int = 0,
) -> Paths:
    """One episode of each scene; `progress` is told of them as a part of `total`. See `Runner` for the rest."""
    count, done = count_scenes(scenes), 0
    returns, probabilities, glimpses = [], [], []
    labels, answers = list[NDArray[np.int64]](), list[NDArray[np.bool_]]()
    for indices in batches(scenes, env.num_envs):
        runner = Runner(
            agent.policy, env, look=look, sample_action=sample_action, stop=stop, generator=generator, indices=indices
        )
        rollout = collect_rollout(runner)
        returns.append(rollout.reward.sum(0).double().cpu().numpy())
        glimpses.append(rollout.active.sum(0).cpu().numpy())
        probabilities.append(held(rollout.logits.softmax(-1), rollout.active).cpu().numpy())
        if rollout.label is not None:
            several = rollout.label.dim() == 2
            labels.append((held(rollout.label, rollout.active) if several else rollout.label).cpu().numpy())
            answers += [rollout.answer.cpu().numpy()] if several else []
        if progress is not None:
            progress(min(env.num_envs, count - done), total)
        done += env.num_envs
    whole = Paths(
        returns=np.concatenate(returns)[:count],
        probability=_joined(probabilities)[:, :count],
        label=(_joined(labels) if answers else np.concatenate(labels))[..., :count] if labels else None,
        glimpses=np.concatenate(glimpses)[:count],
    )
    return whole._replace(answer=_joined(answers, fill=False)[:, :count]) if answers else whole


def _joined(parts: list[Any], *, fill: bool | None = None) -> NDArray[Any]:
    """(T_i, B_i, ...) of batches as (T, N, ...), see `_extended`."""
    steps = max(map(len, parts))
    return np.concatenate([_extended(part, steps, fill=fill) for part in parts], axis=1)


def of_one_length(paths: list[Paths]) -> list[Paths]:
    """The paths with as many steps as the longest has: where all rows stop early, one path has fewer than another."""
    steps = max(len(path.probability) for path in paths)
    return [path._replace(probability=_extended(path.probability, steps)) for path in paths]


def _extended(values: NDArray[Any], steps: int, *, fill: bool | None = None) -> NDArray[Any]:
    """(T, N, ...) -> (steps, N, ...): the last step's stay, or give way to `fill`."""
    after = values[-1:] if fill is None else np.full_like(values[-1:], fill)
    return np.concatenate([values, *[after] * (steps - len(values))])


def held(values: torch.Tensor, active: torch.Tensor) -> torch.Tensor:
    """(T, B, ...), after each episode's end those of its last step."""
    last = (active.sum(0) - 1).expand(active.shape)
    step = torch.arange(len(active), device=active.device)[:, None].minimum(last)
    return values.gather(0, step.reshape(*step.shape, *[1] * (values.dim() - 2)).expand_as(values))


def classification_error(probability: NDArray[np.floating[Any]], label: NDArray[np.int64]) -> NDArray[np.float64]:
    """Wrong answers in % after each glimpse: (T, N, n), (N,) or (T, N) -> (T,)."""
    return 100 * (probability.argmax(-1) != label).mean(-1)


def confusion_matrix(label: NDArray[np.int64], probability: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """How often each label (row) got each answer (column): (N,), (N, n) -> (n, n)."""
    n = probability.shape[-1]
    return np.bincount(label * n + probability.argmax(-1), minlength=n * n).reshape(n, n)
