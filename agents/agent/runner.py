"""The policy acting in a vector environment, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from torch import Tensor

from ..model.choice import CONTROL_LOOKS, Choice, Look, Stop, choose, choose_location, control_places, raster
from ..model.policy import RAM, RAMOutput, has_saccades
from ..model.unrolled import Unrolled
from .envs import declared


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

    def choose(self, unrolled: Unrolled | None = None) -> Choice:
        """What to do next in each row. With gradients the autograd graph is made on the way.

        Args:
            unrolled: of this policy, takes its step instead, without a graph, and keeps what its gradients need.

        Raises:
            FloatingPointError: the policy's outputs are not finite; it says where that entered.
        """
        if self.autoreset_mode is AutoresetMode.DISABLED and self._over.any():
            self.observation, info = self.env.reset(options={"reset_mask": self._over})
            self.gaze = _gaze(self.observation, info, self.gaze)
        self.seen = to_tensors(self.observation, self._device, self.policy.observed)
        if unrolled is not None:
            self.output = unrolled.step(self.seen)
        else:
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

    def play(self, after: Callable[[Step], object] = lambda step: None) -> list[NDArray[np.float32]]:
        """Go on to the end of every row's episode.

        Args:
            after: is called after each step.

        Returns:
            Where each row looked from now on, (T, 2) each, in [-1, 1] of its scene.
        """
        gaze, active = [], []
        while self.active.any():
            gaze.append(self.gaze)
            active.append(self.active)
            self.choose()
            after(self.step())
        looked = np.stack(gaze)
        return [looked[:length, row] for row, length in enumerate(np.sum(active, axis=0))]


def _gaze(
    observation: dict[str, NDArray[Any]], info: dict[str, Any], before: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Where each row looks, (B, 2): as infos tell, those that do not as before; else the observed location."""
    if "gaze" not in info:
        return np.asarray(observation["location"], np.float32)
    told = info.get("_gaze")
    if told is None or told.all():
        return np.asarray(info["gaze"], np.float32)
    return np.where(told[:, None], info["gaze"], before).astype(np.float32)


def _looker(env: VectorEnv[Any, Any, Any]) -> Callable[[NDArray[Any]], NDArray[np.float32]] | None:
    """What brings the gaze to places; None where a location is a place."""
    if not can_look_anywhere(env):
        raise ValueError(f"{env} has relative saccades and declares no look_at: see docs/architecture.md")
    return declared(env).look_at


def can_look_anywhere(env: VectorEnv[Any, Any, Any]) -> bool:
    """Whether a gaze can be brought to places of the scene."""
    return declared(env).look_at is not None or not has_saccades(env.single_observation_space)


def _scan(env: VectorEnv[Any, Any, Any]) -> list[tuple[float, float]]:
    """The places of a scan: one for each glimpse of an episode but the first."""
    num_glimpses, shape = declared(env).num_glimpses, declared(env).scene_shape
    if num_glimpses is None:
        raise ValueError(f"{env} declares no num_glimpses, which a scan needs: see docs/architecture.md")
    return raster(max(num_glimpses - 1, 1), shape or (1, 1))


def _is_finite(output: RAMOutput) -> bool:
    """Whether all that is chosen from is; a sum is not as soon as one number is not."""
    return math.isfinite((output.logits.sum() + output.location_parameters.sum()).item())


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
