"""Run a policy for one episode in every row of a vector environment, and keep what losses need, time-major."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..model.choice import Choice
from ..model.policy import RAMOutput
from ..model.unrolled import Unrolled, can_unroll
from .runner import Runner, Step


class Rollout(NamedTuple):
    """B episodes of at most T steps; with gradients, where they were collected with them."""

    location: Tensor
    """l_t, (T, B, 2): the raw choice, before it is clamped for the environment. Never with a gradient."""
    location_parameters: Tensor
    """Of the distribution of l_t, (T, B, P): see `RAM.location_distribution`."""
    logits: Tensor
    """(T, B, n)."""
    action: Tensor
    """a_t, (T, B), int64."""
    stop: Tensor | None
    """(T, B) bool: chosen to end the episode here; None where the environment knows no stopping."""
    stop_logit: Tensor | None
    """(T, B)."""
    baseline: Tensor
    """b_t, (T, B)."""
    reward: Tensor
    """r_t from the environment, (T, B), 0 after the end."""
    active: Tensor
    """(T, B) bool: the episode lived to take this step."""
    last: Tensor
    """(T, B) bool: the step that ended the episode."""
    label: Tensor | None
    """(B,) int64, where infos tell the label, else None; where they tell of several answers (T, B): what each
    action was to name."""
    answer: Tensor
    """(T, B) bool: this step's action was an answer. Where infos tell of only one, that is the last."""
    glimpse: Tensor
    """The glimpses of the first `PICTURED` rows, (T, <= PICTURED, k, g, g[, C]), for pictures."""
    gaze: Tensor
    """Where those were taken, (T, <= PICTURED, 2), in [-1, 1] of the scene."""
    taught: Tensor | None = None
    """(T, B, n): the probability of each answer by a teacher that saw the whole scene, where there is one."""

    @property
    def looked(self) -> Tensor:
        """(T, B) bool: this step's location was looked at. The last step's never is: T glimpses are T - 1 choices."""
        return self.active & ~self.last

    @property
    def location_spread(self) -> Tensor:
        """How far apart the places of the same look are, (): their standard deviation over episodes, in either axis.

        It is hardly more than the policy's `location_std` where the gaze goes the same way whatever was seen.
        """
        looked = self.looked[..., None]
        middle = (self.location * looked).sum(1, keepdim=True) / looked.sum(1, keepdim=True).clamp(min=1)
        away = (self.location - middle) * looked
        return (away.square().sum() / (2 * looked.sum()).clamp(min=1)).sqrt()


PICTURED = 8


def collect_rollout(runner: Runner) -> Rollout:
    """Run to the end of every row's episode, and keep all that was seen and chosen on the way."""
    gradients = torch.is_grad_enabled()
    unrolls = gradients and can_unroll(runner.policy, runner.env.num_envs)
    unrolled = Unrolled(runner.policy) if unrolls else None
    glimpse, gaze, outputs, choices, steps = [], [], list[RAMOutput](), list[Choice](), list[Step]()
    with torch.set_grad_enabled(gradients and unrolled is None):
        while runner.active.any():
            choices.append(runner.choose(unrolled))
            glimpse.append(np.array(runner.observation["glimpse"][:PICTURED]))  # a view would keep all rows in memory
            gaze.append(runner.gaze[:PICTURED])
            outputs.append(runner.output)
            steps.append(runner.step())
    by_steps = (torch.stack(parts) for parts in zip(*outputs, strict=True))
    output = RAMOutput._make(by_steps) if unrolled is None else unrolled.outputs()
    tensor = partial(_stacked_arrays, device=output.logits.device)
    label, answer = asked(runner.info, steps)
    return Rollout(
        location=torch.stack([choice.location for choice in choices]),
        location_parameters=output.location_parameters,
        logits=output.logits,
        action=torch.stack([choice.action for choice in choices]),
        stop=_stacked([choice.stop for choice in choices]),
        stop_logit=runner.policy.stop_logit(output.h),
        baseline=output.baseline,
        reward=tensor([step.reward for step in steps], np.float32),
        active=tensor([step.active for step in steps], np.bool_),
        last=tensor([step.last for step in steps], np.bool_),
        label=None if label is None else tensor(label, np.int64),
        answer=tensor(answer, np.bool_),
        glimpse=tensor(glimpse, np.float32),
        gaze=tensor(gaze, np.float32),
    )


def asked(begun: dict[str, Any], steps: list[Step]) -> tuple[NDArray[Any] | None, NDArray[np.bool_]]:
    """What the actions were to name, and which of them were answers; see `Rollout`.

    Args:
        begun: the infos of the reset.
        steps: what followed.
    """
    last = np.stack([step.last for step in steps])
    if "answered" not in begun:
        return begun.get("label"), last
    before = [begun, *(step.info for step in steps[:-1])]
    more = [step.info["answered"] > info["answered"] for info, step in zip(before, steps, strict=True)]
    # In the step that ends an episode its infos may already be of the next one.
    answer = last | np.stack(more) & np.stack([step.active for step in steps])
    return np.stack([info["label"] for info in before]), answer


@torch.no_grad()
def glimpses(runner: Runner) -> Iterator[Tensor]:
    """What the rows whose episodes go on see, (n, k, g, g[, C]), step by step to the end of all episodes."""
    while runner.active.any():
        active = torch.from_numpy(runner.active)
        runner.choose()
        yield runner.seen["glimpse"][active.to(runner.seen["glimpse"].device)]
        runner.step()


def _stacked_arrays(arrays: Sequence[NDArray[Any]] | NDArray[Any], dtype: type, device: torch.device) -> Tensor:
    """All steps' arrays as one tensor."""
    return torch.from_numpy(np.asarray(arrays, dtype)).to(device)


def _stacked(parts: list[Tensor | None]) -> Tensor | None:
    """All steps' tensors as one, or None if the steps have none."""
    tensors = [part for part in parts if part is not None]
    return torch.stack(tensors) if tensors else None
