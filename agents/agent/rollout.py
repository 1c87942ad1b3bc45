"""Run a policy for one episode in every row of a vector environment, and keep what losses need, time-major."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from torch import Tensor

from ..model.choice import CONTROL_LOOKS, Choice, Look, Stop, choose, choose_location, control_places, raster
from ..model.policy import RAM, RAMOutput, has_saccades
from .envs import declared


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

    @property
    def looked(self) -> Tensor:
        """(T, B) bool: this step's location was looked at. The last step's never is: T glimpses are T - 1 choices."""
        return self.active & ~self.last


PICTURED = 8


def to_tensors(
    observation: dict[str, NDArray[Any]], device: torch.device | str, keys: Sequence[str] = ("glimpse", "location")
) -> dict[str, Tensor]:
    """A batch's glimpses (B, k, g, g[, C]) and locations (B, 2), or other `keys`, as float32 tensors on a device."""
    return {key: torch.from_numpy(np.asarray(observation[key], np.float32)).to(device) for key in keys}


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
        look: where to look: as the policy says, see `choose_location`; or as a control, see `control_places`, at
            places of the scene whatever the saccades are, as far as they lead.
        sample_action: draw a_t from the softmax; else take the likeliest.
        stop: when to stop, where the environment knows it; see `choose_stop`.
        generator: of all sampling, on the policy's device; None for torch's global one.
        seed: for the reset.
        indices: (B,) which scenes to reset to, where the environment has numbered ones.

    Raises:
        ValueError: a control's look in an environment that does not declare what it needs.
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
        self._look_at = _looker(env) if look in CONTROL_LOOKS else None
        self._scan = _scan(env) if look == "scan" else raster(1)
        self.observation, self.info = env.reset(seed=seed, options=None if indices is None else {"indices": indices})
        """The environment's: after its latest step, and after the reset."""
        self.gaze = _gaze(self.observation, self.info, np.zeros((env.num_envs, 2), np.float32))
        """Where each row looks, (B, 2) in [-1, 1] of its scene."""
        self.active = np.ones(env.num_envs, bool)
        """(B,) whose episode goes on."""
        self.seen: dict[str, Tensor]
        """What the latest choice was made on: glimpses (B, k, g, g[, C]) and locations (B, 2)."""
        self.output: RAMOutput
        """What the policy made of it."""
        self.choice: Choice
        self._device = policy.f_a.weight.device
        self._state: Tensor | None = None
        self._over = ~self.active
        self._steps = 0
        self.autoreset_mode = AutoresetMode(env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))

    def choose(self) -> Choice:
        """What to do next in each row. The autograd graph is made on the way: training needs no second pass.

        Raises:
            FloatingPointError: the policy's outputs are not finite; it says where that entered.
        """
        if self.autoreset_mode is AutoresetMode.DISABLED and self._over.any():
            self.observation, info = self.env.reset(options={"reset_mask": self._over})
            self.gaze = _gaze(self.observation, info, self.gaze)
        self.seen = to_tensors(self.observation, self._device, self.policy.observed)
        self.output, self._state = self.policy.step(self.seen, self._state)
        if not _is_finite(self.output):
            raise FloatingPointError(_where_not_finite(self.seen, self.policy))
        location = self._choose_location()
        self.choice = choose(
            self.policy, self.output, location, self.generator, sample_action=self.sample_action, stop=self.stop
        )
        return self.choice

    def _choose_location(self) -> Tensor:
        if self.look not in CONTROL_LOOKS:
            return choose_location(self.policy, self.output, self.look, self.generator)
        place = self._scan[min(self._steps, len(self._scan) - 1)]  # the last step's is not looked at
        places = control_places(self.look, self.env.num_envs, self.generator, self._device, place=place)
        if self._look_at is None:
            return places
        return torch.from_numpy(self._look_at(places.cpu().numpy())).to(places)

    def step(self) -> Step:
        """Do what was chosen."""
        action = self.choice.to_environment(self.env.single_action_space)
        self.observation, reward, terminated, truncated, info = self.env.step(action)
        self.gaze = _gaze(self.observation, info, self.gaze)
        self._steps += 1
        self._over, active = np.logical_or(terminated, truncated), self.active
        self.active = active & ~self._over
        return Step(np.where(active, reward, 0.0), active, active & self._over, info)


def _gaze(
    observation: dict[str, NDArray[Any]], info: dict[str, Any], before: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Where each row looks, (B, 2): as infos tell, those that do not as before; else the observed location."""
    if "gaze" not in info:
        return np.asarray(observation["location"], np.float32)
    told = info.get("_gaze", np.ones(len(before), bool))
    return np.where(told[:, None], info["gaze"], before).astype(np.float32)


def _looker(env: VectorEnv[Any, Any, Any]) -> Callable[[NDArray[Any]], NDArray[np.float32]] | None:
    """What brings the gaze to places; None where a location is a place."""
    look_at = declared(env).look_at
    if look_at is None and has_saccades(env.single_observation_space):
        raise ValueError(f"{env} has relative saccades and declares no look_at: see docs/architecture.md")
    return look_at


def _scan(env: VectorEnv[Any, Any, Any]) -> list[tuple[float, float]]:
    """The places of a scan: one for each glimpse of an episode but the first."""
    num_glimpses, shape = declared(env).num_glimpses, declared(env).scene_shape
    if num_glimpses is None:
        raise ValueError(f"{env} declares no num_glimpses, which a scan needs: see docs/architecture.md")
    return raster(max(num_glimpses - 1, 1), shape or (1, 1))


def _is_finite(output: RAMOutput) -> bool:
    """Whether all that is chosen from is; a sum is not as soon as one number is not."""
    return math.isfinite((output.logits.detach().sum() + output.location_parameters.detach().sum()).item())


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
    seen, gaze, outputs, choices, steps = [], [], list[RAMOutput](), list[Choice](), list[Step]()
    while runner.active.any():
        choices.append(runner.choose())
        seen.append(runner.seen)
        gaze.append(torch.from_numpy(runner.gaze[:PICTURED]).to(runner.seen["glimpse"]))
        outputs.append(runner.output)
        steps.append(runner.step())
    device = runner.output.logits.device
    label, answer = asked(runner.info, steps)
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
        answer=torch.from_numpy(answer).to(device),
        glimpse=torch.stack([observation["glimpse"][:PICTURED] for observation in seen]),
        gaze=torch.stack(gaze),
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


def _stacked(parts: list[Tensor | None]) -> Tensor | None:
    """All steps' tensors as one, or None if the steps have none."""
    tensors = [part for part in parts if part is not None]
    return torch.stack(tensors) if tensors else None
