"""Run a policy for one episode in every row of a vector environment, and keep what losses need, time-major."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from torch import Tensor

from ..model.actions import to_environment
from ..model.policy import RAM, RAMOutput

Look = Literal["sample", "mean", "random", "center"]
Stop = Literal["sample", "likelier", "never"]


class Choice(NamedTuple):
    """What B rows do next; none of it carries a gradient but the logit."""

    location: Tensor
    """l_t (B, 2): raw, before it is clamped for the environment."""
    action: Tensor
    """a_t (B,), int64."""
    stop: Tensor | None
    """(B,) bool: end the episode with this action. None where the environment knows no stopping."""
    stop_logit: Tensor | None
    """(B,): of which `stop` was drawn."""

    def to_environment(self, space: spaces.Space[Any]) -> Any:
        """The action in the environment's own form; `space` is one row's."""
        stop = None if self.stop is None else self.stop.cpu().numpy()
        return to_environment(space, self.location.cpu().numpy(), self.action.cpu().numpy(), stop)


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
    """(B,) int64, where the infos of the reset tell the label, else None."""
    glimpse: Tensor
    """The glimpses of the first `PICTURED` rows, (T, <= PICTURED, k, g, g[, C]), for pictures."""
    gaze: Tensor
    """Where those were taken, (T, <= PICTURED, 2)."""

    @property
    def looked(self) -> Tensor:
        """(T, B) bool: this step's location was looked at. The last step's never is: T glimpses are T - 1 choices."""
        return self.active & ~self.last


PICTURED = 8


def to_tensors(observation: dict[str, NDArray[Any]], device: torch.device | str) -> dict[str, Tensor]:
    """A batch's glimpses (B, k, g, g[, C]) and locations (B, 2) as float32 tensors on a device."""
    return {
        key: torch.from_numpy(np.asarray(observation[key], np.float32)).to(device) for key in ("glimpse", "location")
    }


def choose_location(policy: RAM, output: RAMOutput, look: Look, generator: torch.Generator | None) -> Tensor:
    """The next location (B, 2), without gradient.

    Args:
        policy: the model.
        output: what it said.
        look: "sample" from the distribution, at the "mean", or for controls at "random" (uniform) or at the "center".
        generator: of the sampling, on the device of the output.
    """
    mean = output.location_mean
    if look == "sample":
        return policy.location_distribution(output.location_parameters).sample(generator)
    if look == "mean":
        return mean.detach()
    if look == "random":
        return torch.rand(mean.shape, generator=generator, device=mean.device) * 2 - 1
    if look == "center":
        return torch.zeros_like(mean)
    raise ValueError(f"look must be 'sample', 'mean', 'random' or 'center', not {look!r}")


def choose_action(logits: Tensor, generator: torch.Generator | None, *, sample: bool) -> Tensor:
    """Actions (B,) for logits (B, n): drawn from the softmax, or the likeliest."""
    if not sample:
        return logits.argmax(-1)
    return torch.multinomial(logits.detach().softmax(-1), 1, generator=generator).squeeze(-1)


def choose_stop(logit: Tensor, stop: Stop, generator: torch.Generator | None) -> Tensor:
    """Who stops, (B,) bool, for logits (B,): "sample" it, do what is "likelier", or "never"."""
    probability = logit.detach().sigmoid()
    if stop == "sample":
        return torch.rand(logit.shape, generator=generator, device=logit.device) < probability
    if stop == "likelier":
        return probability > 0.5
    if stop == "never":
        return torch.zeros_like(probability, dtype=torch.bool)
    raise ValueError(f"stop must be 'sample', 'likelier' or 'never', not {stop!r}")


def choose(
    policy: RAM,
    output: RAMOutput,
    generator: torch.Generator | None,
    *,
    look: Look,
    sample_action: bool,
    stop: Stop,
) -> Choice:
    """What to do after a glimpse; see `choose_location`, `choose_action` and `choose_stop`."""
    location = choose_location(policy, output, look, generator)
    action = choose_action(output.logits, generator, sample=sample_action)
    logit = policy.stop_logit(output.h)
    return Choice(location, action, None if logit is None else choose_stop(logit, stop, generator), logit)


class Step(NamedTuple):
    """What one step brought to each of B rows."""

    reward: NDArray[np.float64]
    """(B,): 0 in rows whose episode was over before."""
    active: NDArray[np.bool_]
    """(B,): the row's episode took this step."""
    last: NDArray[np.bool_]
    """(B,): this step ended the row's episode."""
    info: dict[str, Any]
    """The environment's own."""


class Runner:
    """A policy at work in a vector environment: one episode in every row, from a reset, step by step.

    ```python
    while runner.active.any():
        runner.choose()
        step = runner.step()
    ```

    In every autoreset mode a row counts until its first episode ends. Where the environment does not begin it anew by
    itself, it is reset before the next choice, so that the others can go on.

    Args:
        policy: the model.
        env: a vector environment with the model's spaces.
        look: where to look; see `choose_location`.
        sample_action: draw a_t from the softmax; else take the likeliest.
        stop: when to stop, where the environment knows it; see `choose_stop`.
        generator: of all sampling, on the policy's device; None for torch's global one.
        seed: for the reset.
        indices: (B,) which scenes to reset to, where the environment has numbered ones.
    """

    def __init__(
        self,
        policy: RAM,
        env: VectorEnv[Any, Any, Any],
        *,
        look: Look,
        sample_action: bool,
        stop: Stop = "likelier",
        generator: torch.Generator | None = None,
        seed: int | None = None,
        indices: NDArray[np.integer[Any]] | None = None,
    ) -> None:
        self.policy, self.env = policy, env
        self.look: Look = look
        self.sample_action = sample_action
        self.stop: Stop = stop
        self.generator = generator
        self.observation, self.info = env.reset(seed=seed, options=None if indices is None else {"indices": indices})
        """The environment's: after its latest step, and after the reset."""
        self.active = np.ones(env.num_envs, bool)
        """(B,) whose episode goes on."""
        self.seen: dict[str, Tensor]
        """What the latest choice was made on: glimpses (B, k, g, g[, C]) and locations (B, 2)."""
        self.output: RAMOutput
        """What the policy made of it."""
        self.choice: Choice
        self._device = policy.f_a.weight.device
        self._state = policy.initial_state(env.num_envs)
        self._over = ~self.active
        self.autoreset_mode = AutoresetMode(env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))

    def choose(self) -> Choice:
        """What to do next in each row. The autograd graph is made on the way: training needs no second pass.

        Raises:
            FloatingPointError: the policy's outputs are not finite; it says where that entered.
        """
        if self.autoreset_mode is AutoresetMode.DISABLED and self._over.any():
            self.observation, _ = self.env.reset(options={"reset_mask": self._over})
        self.seen = to_tensors(self.observation, self._device)
        self.output, self._state = self.policy.step(self.seen, self._state)
        if not _is_finite(self.output):
            raise FloatingPointError(_where_not_finite(self.seen, self.policy))
        self.choice = choose(
            self.policy,
            self.output,
            self.generator,
            look=self.look,
            sample_action=self.sample_action,
            stop=self.stop,
        )
        return self.choice

    def step(self) -> Step:
        """Do what was chosen."""
        action = self.choice.to_environment(self.env.single_action_space)
        self.observation, reward, terminated, truncated, info = self.env.step(action)
        self._over, active = np.logical_or(terminated, truncated), self.active
        self.active = active & ~self._over
        return Step(np.where(active, reward, 0.0), active, active & self._over, info)


def _is_finite(output: RAMOutput) -> bool:
    """Whether all that is chosen from is; a sum is not as soon as one number is not."""
    return bool(torch.isfinite(output.logits.detach().sum() + output.location_parameters.detach().sum()))


def _where_not_finite(seen: dict[str, Tensor], policy: RAM) -> str:
    """Where numbers that are not finite entered: with the observation, with a weight, or between them."""
    for key, value in seen.items():
        rows = (~torch.isfinite(value)).flatten(1).any(1).nonzero().flatten()
        if len(rows):
            return f'the environment\'s "{key}" of row {rows[0].item()} is not finite: it holds NaN, or infinity'
    for name, weight in policy.named_parameters():
        if not torch.isfinite(weight).all():
            return f"the weight {name} is not finite: the run has diverged; begin it anew with a lower learning rate"
    return "the policy's outputs are not finite, though observation and weights are: its weights have grown too large"


def collect_rollout(runner: Runner) -> Rollout:
    """Run to the end of every row's episode, and keep all that was seen and chosen on the way."""
    seen, outputs, choices, steps = [], list[RAMOutput](), list[Choice](), list[Step]()
    while runner.active.any():
        choices.append(runner.choose())
        seen.append(runner.seen)
        outputs.append(runner.output)
        steps.append(runner.step())
    device = runner.output.logits.device
    label = runner.info.get("label")
    return Rollout(
        location=torch.stack([choice.location for choice in choices]),
        location_parameters=torch.stack([output.location_parameters for output in outputs]),
        logits=torch.stack([output.logits for output in outputs]),
        action=torch.stack([choice.action for choice in choices]),
        stop=_stacked([choice.stop for choice in choices]),
        stop_logit=_stacked([choice.stop_logit for choice in choices]),
        baseline=torch.stack([output.baseline for output in outputs]),
        reward=torch.from_numpy(np.stack([step.reward for step in steps]).astype(np.float32)).to(device),
        active=torch.from_numpy(np.stack([step.active for step in steps])).to(device),
        last=torch.from_numpy(np.stack([step.last for step in steps])).to(device),
        label=None if label is None else torch.from_numpy(np.asarray(label, np.int64)).to(device),
        glimpse=torch.stack([observation["glimpse"][:PICTURED] for observation in seen]),
        gaze=torch.stack([observation["location"][:PICTURED] for observation in seen]),
    )


def _stacked(parts: list[Tensor | None]) -> Tensor | None:
    """All steps' tensors as one, or None if the steps have none."""
    tensors = [part for part in parts if part is not None]
    return torch.stack(tensors) if tensors else None
