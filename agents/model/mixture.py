"""A location's distribution where it is one of many places: at the cells of the retina, or at one of the agent's own.

Not in the paper.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .distribution import LOG_2_PI, draw, gaussian_kl, location_entropy, stds_of

LEAST = -87.0
"""e to the power of anything below is no normal number of float32: to compute it takes many times as long."""


class Mixture(NamedTuple):
    """M Gaussians of one std: at the cells of k grids of g x g, and at one place of the agent's own choosing.

    The cell in row i and column j of grid s, number (s * g + i) * g + j of M = k * g * g + 1, lies at origin + scale *
    (axis[s, j], axis[s, i]); of relative saccades its place is the action that leads there. Columns and rows are alike
    for all cells in them, so what is costly is done k * g times in each component, and not M times: but not where the
    eye lands beside the middles of the cells, of each by itself.
    """

    log_weight: Tensor
    """(..., M): of each part, its own place last; they sum to 1 when exponentiated."""
    own: Tensor
    """(..., 2)."""
    origin: Tensor
    """(..., 2)."""
    scale: Tensor
    """(..., 2)."""
    axis: Tensor
    """(k, g)."""
    std: float | Tensor
    """One for all, or of each, (..., 1)."""
    saccades: bool = False
    """A cell at d is told as the action sign(d) * sqrt(|d|), which moves the eye by d."""
    beside: Tensor | None = None
    """(..., 2, M - 1): how far from the middle of each cell its place is, in units of `axis`. None: nowhere."""

    @property
    def weight(self) -> Tensor:
        """Of each part, (..., M)."""
        return self.log_weight.clamp(min=LEAST).exp()

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw a part, then l around its place, (..., 2), without gradient."""
        below = self.weight.detach().cumsum(-1)
        drawn = torch.rand(below.shape[:-1], generator=generator, device=below.device, dtype=below.dtype)
        chosen = torch.searchsorted(below, (drawn * below[..., -1])[..., None].contiguous(), right=True).squeeze(-1)
        return draw(self._place(chosen.clamp(max=below.shape[-1] - 1)), self.std, generator)

    def mode(self) -> Tensor:
        """The place of the likeliest part, (..., 2), without gradient."""
        return self._place(self.log_weight.argmax(-1))

    def mean(self) -> Tensor:
        """Of all parts' places by their weights, (..., 2)."""
        weight = self.weight
        cells = weight[..., :-1].unflatten(-1, (*self.axis.shape, -1))
        each = torch.stack([(cells * places).sum((-3, -2, -1)) for places in self._places()], dim=-1)
        return each + weight[..., -1:] * self.own

    def log_prob(self, location: Tensor) -> Tensor:
        """Log-density at raw locations: (..., 2) -> (...).

        Raises:
            ValueError: the location carries a gradient.
        """
        if location.requires_grad:
            raise ValueError("detach the sampled location: log N(l; mu) of l = mu + noise has zero gradient in mu")
        distances = self._squared_distances(location)
        if isinstance(self.std, Tensor):
            parts = self.log_weight - 0.5 * distances / self.std.square()
            return log_sum_exp(parts) - 2 * self.std.squeeze(-1).log() - LOG_2_PI
        parts = torch.add(self.log_weight, distances, alpha=-0.5 / self.std**2)  # in one pass over all parts
        return log_sum_exp(parts) - (2 * math.log(self.std) + LOG_2_PI)

    def entropy(self) -> Tensor:
        """Of part and location together, (...), in nats: no less than the location's own, which has no closed form."""
        return -(self.weight * self.log_weight).sum(-1) + location_entropy(self.std)

    def kl(self, other: Mixture) -> Tensor:
        """KL of part and location together, (...), in nats: no less than the locations' own."""
        weight = self.weight
        parts = (weight * (self.log_weight - other.log_weight)).sum(-1)
        stds = stds_of(self.std, other.std, self.own)
        apart = [self._cell_shift(other), (self.own - other.own).square().sum(-1, keepdim=True)]
        moved = gaussian_kl(torch.cat(apart, dim=-1), stds[0][..., None], stds[1][..., None])
        return parts + (weight * moved).sum(-1)

    def _place(self, part: Tensor) -> Tensor:
        """Of the parts with these numbers, (...) -> (..., 2), without gradient."""
        scales, size = self.axis.shape
        is_own = (part == scales * size**2).unsqueeze(-1)
        cell = part.clamp(max=scales * size**2 - 1)
        scale, row, column = cell // size**2, cell // size % size, cell % size
        offset = torch.stack([self.axis[scale, column], self.axis[scale, row]], dim=-1)
        if self.beside is not None:
            chosen = cell[..., None, None].expand(*self.beside.shape[:-1], 1)
            offset = offset + self.beside.gather(-1, chosen).squeeze(-1)
        place = self.origin + self.scale * offset
        if self.saccades:
            place = saccade_to(place)
        return torch.where(is_own, self.own, place).detach()

    def _places(self) -> tuple[Tensor, Tensor]:
        """The x and the y of the cells, (..., k, 1, g) and (..., k, g, 1); each (..., k, g, g) with `beside`."""
        places = []
        for way, middles in enumerate((self.axis[:, None, :], self.axis[:, :, None])):
            if self.beside is not None:
                middles = middles + self.beside[..., way, :].unflatten(-1, (*self.axis.shape, -1))
            place = self.origin[..., way, None, None, None] + self.scale[..., way, None, None, None] * middles
            places.append(saccade_to(place) if self.saccades else place)
        return places[0], places[1]

    def _squared_distances(self, location: Tensor) -> Tensor:
        """From each place, (..., 2) -> (..., M)."""
        x, y = self._places()
        from_own = (location - self.own).square().sum(-1, keepdim=True)
        location = location[..., None, None, None]
        from_cells = (location[..., 0, :, :, :] - x).square() + (location[..., 1, :, :, :] - y).square()
        return torch.cat([from_cells.flatten(-3), from_own], dim=-1)

    def _cell_shift(self, other: Mixture) -> Tensor:
        """How far each cell is from the other's, squared, (..., M - 1)."""
        apart = [(mine - theirs).square() for mine, theirs in zip(self._places(), other._places(), strict=True)]
        return (apart[0] + apart[1]).flatten(-3)


def log_sum_exp(parts: Tensor) -> Tensor:
    """log(sum(exp(parts))) over the last dimension, (..., M) -> (...).

    Most places of a mixture lie many stds from a location: `torch.logsumexp` spends its time on what adds nothing.
    """
    return _LogSumExp.apply(parts)


class _LogSumExp(torch.autograd.Function):
    """Keeps the exponentials, so that the gradient needs none."""

    @staticmethod
    def forward(ctx: Any, parts: Tensor) -> Tensor:
        largest = parts.amax(-1, keepdim=True)
        each = (parts - largest).clamp_(min=LEAST).exp_()
        total = each.sum(-1, keepdim=True)
        ctx.save_for_backward(each, total)
        return (total.log() + largest).squeeze(-1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        each, total = ctx.saved_tensors
        return each * (gradient.unsqueeze(-1) / total)


def saccade_to(displacement: Tensor) -> Tensor:
    """The action a of a relative saccade that moves the eye by d = sign(a) * a**2, in units of its reach."""
    return displacement.sign() * displacement.abs().sqrt()
