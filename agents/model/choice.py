"""What to do after a glimpse: where to look, by the policy or as a control, which action to take, and when to stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import torch
from gymnasium import spaces
from torch import Tensor

from .forms import to_environment
from .policy import RAM, RAMOutput

Look = Literal["sample", "mean", "random", "center", "scan"]
Stop = Literal["sample", "likelier", "never"]
CONTROL_LOOKS: tuple[Look, ...] = ("random", "center", "scan")
"""Whoever looks so looks at places of the scene, whatever the policy says."""


class Choice(NamedTuple):
    """What B rows do next, without gradients."""

    location: Tensor
    """l_t (B, 2): raw, before it is clamped for the environment."""
    action: Tensor
    """a_t (B,), int64."""
    stop: Tensor | None
    """(B,) bool: end the episode with this action. None where the environment knows no stopping."""

    def to_environment(self, space: spaces.Space[Any]) -> Any:
        """The action in the environment's own form; `space` is one row's."""
        stop = None if self.stop is None else self.stop.cpu().numpy()
        return to_environment(space, self.location.cpu().numpy(), self.action.cpu().numpy(), stop)


def choose_location(policy: RAM, output: RAMOutput, look: Look, generator: torch.Generator | None) -> Tensor:
    """The next location (B, 2) as the policy has it, without gradient.

    Args:
        policy: the model.
        output: what it said.
        look: "sample" from the distribution, or at the "mean".
        generator: of the sampling, on the device of the output.
    """
    if look == "sample":
        return policy.location_distribution(output.location_parameters).sample(generator)
    if look == "mean":
        return output.location_mean.detach()
    raise ValueError(f"look must be 'sample', 'mean', 'random', 'center' or 'scan', not {look!r}")


def control_places(
    look: Look,
    batch_size: int,
    generator: torch.Generator | None,
    device: torch.device | str,
    *,
    place: Sequence[float] = (0.0, 0.0),
) -> Tensor:
    """Where a control looks next, (B, 2) in [-1, 1] of the scene.

    Args:
        look: at "random", uniform over the scene; or at the "center"; or to "scan", at `place`.
        batch_size: B.
        generator: of what is random, on the device.
        device: of the result.
        place: of the raster, (x, y).
    """
    if look == "random":
        return torch.rand(batch_size, 2, generator=generator, device=device) * 2 - 1
    return torch.tensor(place if look == "scan" else (0.0, 0.0), device=device).expand(batch_size, 2)


def raster(count: int, scene_shape: tuple[int, ...] = (1, 1)) -> list[tuple[float, float]]:
    """A scan of a scene in `count` looks, each (x, y) in [-1, 1], as evenly as that many allow.

    The scene is cut into rows of equal height, as many as make the cells nearly square, and each row into cells of
    equal width, of which no row has two more than another. The looks go to the cells' middles, from the top left, to
    the right in one row and back to the left in the next.

    Args:
        count: of the looks, at least 1.
        scene_shape: (H, W) or (H, W, C).
    """
    height, width = scene_shape[:2]
    rows = min(max(round(math.sqrt(count * height / width)), 1), count)
    bounds = [row * count // rows for row in range(rows + 1)]
    places: list[tuple[float, float]] = []
    for row in range(rows):
        cells = bounds[row + 1] - bounds[row]
        line = [((2 * cell + 1) / cells - 1, (2 * row + 1) / rows - 1) for cell in range(cells)]
        places += line[::-1] if row % 2 else line
    return places


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
    location: Tensor,
    generator: torch.Generator | None,
    *,
    sample_action: bool,
    stop: Stop,
) -> Choice:
    """What to do after a glimpse beside looking at `location` (B, 2); see `choose_action` and `choose_stop`."""
    action = choose_action(output.logits, generator, sample=sample_action)
    logit = policy.stop_logit(output.h.detach())  # the loss asks for all steps' logits at once
    return Choice(location, action, None if logit is None else choose_stop(logit, stop, generator))
