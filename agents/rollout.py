"""Play one episode in every row of a vector environment, and keep what the losses need, time-major."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from torch import Tensor

from .actions import to_environment
from .policy import RAM, RAMOutput


class Rollout(NamedTuple):
    """B episodes of at most T steps. With gradients, where the rollout was made with them."""

    location: Tensor
    """l_t, (T, B, 2): the raw sample, before the environment's clamp. No gradient."""
    location_mean: Tensor
    """mu_t, (T, B, 2)."""
    logits: Tensor
    """(T, B, n)."""
    action: Tensor
    """a_t, (T, B), int64."""
    baseline: Tensor
    """b_t, (T, B)."""
    reward: Tensor
    """r_t from the environment, (T, B), 0 after the end."""
    active: Tensor
    """(T, B) bool: the episode lived to take this step."""
    last: Tensor
    """(T, B) bool: the step that ended the episode."""
    label: Tensor | None
    """(B,) int64, where the environment's infos tell the label, else None."""
    glimpse: Tensor
    """The first row's glimpses, (T, k, g, g[, C]), for pictures."""

    @property
    def looked(self) -> Tensor:
        """(T, B) bool: the location of this step was looked at. The last step's never is."""
        return self.active & ~self.last


def to_tensors(observation: dict[str, NDArray[Any]], device: torch.device | str) -> dict[str, Tensor]:
    """The glimpse and its location as float32 tensors on a device."""
    return {
        key: torch.from_numpy(np.asarray(observation[key], np.float32)).to(device) for key in ("glimpse", "location")
    }


def play(
    policy: RAM,
    env: VectorEnv,
    *,
    generator: torch.Generator | None,
    sample_location: bool = True,
    sample_action: bool = True,
    reset_seed: int | None = None,
    reset_options: dict[str, Any] | None = None,
) -> Rollout:
    """One episode in every row.

    The autograd graph is made on the way, so that a training update needs no second pass. Rows that end early are masked from there on, in every
    autoreset mode; where the environment does not start them again by itself, they are reset so that the others can go on.

    Args:
        policy: the model.
        env: a vector environment with the model's spaces.
        generator: of all sampling, on the policy's device.
        sample_location: draw l_t from the Gaussian; else look at its mean.
        sample_action: draw a_t from the softmax; else take the likeliest.
        reset_seed: passed to `env.reset`.
        reset_options: passed to `env.reset`.
    """
    device = policy.f_a.weight.device
    disabled = env.metadata.get("autoreset_mode") in (AutoresetMode.DISABLED, AutoresetMode.DISABLED.value)
    observation, info = env.reset(seed=reset_seed, options=reset_options)
    label = torch.from_numpy(np.asarray(info["label"], np.int64)).to(device) if "label" in info else None
    state = policy.initial_state(env.num_envs)
    outputs: list[RAMOutput] = []
    locations, actions, glimpses, rewards, actives, lasts = [], [], [], [], [], []
    active = np.ones(env.num_envs, bool)
    while active.any():
        seen = to_tensors(observation, device)
        output, state = policy.step(seen, state)
        location = policy.sample_location(output.location_mean, generator) if sample_location else output.location_mean
        location = location.detach()
        action = _choose(output.logits.detach(), generator if sample_action else None, sample_action)
        step = to_environment(env.single_action_space, location.cpu().numpy(), action.cpu().numpy())
        observation, reward, terminated, truncated, _ = env.step(step)
        done = np.logical_or(terminated, truncated)
        outputs.append(output)
        locations.append(location)
        actions.append(action)
        glimpses.append(seen["glimpse"][0])
        rewards.append(np.where(active, reward, 0.0))
        actives.append(active)
        lasts.append(active & done)
        active = active & ~done
        if disabled and done.any() and active.any():
            observation, _ = env.reset(options={"reset_mask": done})
    return Rollout(
        location=torch.stack(locations),
        location_mean=torch.stack([output.location_mean for output in outputs]),
        logits=torch.stack([output.logits for output in outputs]),
        action=torch.stack(actions),
        baseline=torch.stack([output.baseline for output in outputs]),
        reward=torch.from_numpy(np.stack(rewards).astype(np.float32)).to(device),
        active=torch.from_numpy(np.stack(actives)).to(device),
        last=torch.from_numpy(np.stack(lasts)).to(device),
        label=label,
        glimpse=torch.stack(glimpses),
    )


def _choose(logits: Tensor, generator: torch.Generator | None, sample: bool) -> Tensor:
    """Actions (B,) of logits (B, n): a draw from the softmax, or the likeliest."""
    if not sample:
        return logits.argmax(-1)
    return torch.multinomial(logits.softmax(-1), 1, generator=generator).squeeze(-1)
