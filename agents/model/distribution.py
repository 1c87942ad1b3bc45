"""The policy's distribution pi(l, a | h_t) (section 3.1): of a location, a Gaussian or a mixture, times an action.

Everything that draws from it, or needs its log-probability, entropy or divergence, does it here: REINFORCE, PPO of
Stable-Baselines3 and PPO of RLlib.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_2_PI = math.log(2 * math.pi)


def location_log_prob(location: Tensor, mean: Tensor, std: float | Tensor) -> Tensor:
    """Log-density of N(mu_t, std) at the raw sample l_t, before any clamping: (..., 2), (..., 2) -> (...).

    Args:
        location: l_t.
        mean: mu_t.
        std: one for all, or of each, (..., 1).

    Raises:
        ValueError: the location carries a gradient; then its log-probability would have none in the mean.
    """
    assert location.shape == mean.shape == (*mean.shape[:-1], 2), (location.shape, mean.shape)
    if location.requires_grad:
        raise ValueError("detach the sampled location: log N(l; mu) of l = mu + noise has zero gradient in mu")
    if isinstance(std, Tensor):
        return ((location - mean) / std).square().sum(-1) * -0.5 - 2 * std.squeeze(-1).log() - LOG_2_PI
    constant = 2 * math.log(std) + LOG_2_PI
    return (location - mean).square().sum(-1) * (-0.5 / std**2) - constant


def location_entropy(std: float | Tensor) -> float | Tensor:
    """Of the Gaussian's two components together, in nats; a number for a number, (...) for (..., 1)."""
    log_std = std.squeeze(-1).log() if isinstance(std, Tensor) else math.log(std)
    return 1 + LOG_2_PI + 2 * log_std


class LocationDistribution(Protocol):
    """What the locations l_t of one step, or of many, are drawn from."""

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw l, (..., 2): raw, not clamped, and detached, so that no loss leaks by it."""

    def mode(self) -> Tensor:
        """The likeliest location (..., 2), without gradient."""

    def log_prob(self, location: Tensor) -> Tensor:
        """Log-density at raw locations: (..., 2) -> (...)."""

    def entropy(self) -> float | Tensor:
        """In nats, (...), or a number where it is the same for all."""

    def kl(self, other: Self) -> Tensor:
        """KL(self || other), (...), in nats."""


class Gaussian(NamedTuple):
    """The paper's: N(mu_t, std) in each of the two components."""

    mean: Tensor
    """mu_t, (..., 2)."""
    std: float | Tensor
    """One for all, or of each, (..., 1)."""

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw l, (..., 2), without gradient."""
        return _draw(self.mean.detach(), self.std, generator)

    def mode(self) -> Tensor:
        """The mean, (..., 2), without gradient."""
        return self.mean.detach()

    def log_prob(self, location: Tensor) -> Tensor:
        """See `location_log_prob`."""
        return location_log_prob(location, self.mean, self.std)

    def entropy(self) -> float | Tensor:
        """See `location_entropy`."""
        return location_entropy(self.std)

    def kl(self, other: Gaussian) -> Tensor:
        """KL(self || other), (...), in nats."""
        return gaussian_kl((self.mean - other.mean).square().sum(-1), *_stds(self.std, other.std, self.mean))


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

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """Draw a part, then l around its place, (..., 2), without gradient."""
        below = self.log_weight.detach().exp().cumsum(-1)
        drawn = torch.rand(below.shape[:-1], generator=generator, device=below.device, dtype=below.dtype)
        chosen = torch.searchsorted(below, (drawn * below[..., -1])[..., None].contiguous(), right=True).squeeze(-1)
        return _draw(self._place(chosen.clamp(max=below.shape[-1] - 1)), self.std, generator)

    def mode(self) -> Tensor:
        """The place of the likeliest part, (..., 2), without gradient."""
        return self._place(self.log_weight.argmax(-1))

    def mean(self) -> Tensor:
        """Of all parts' places by their weights, (..., 2)."""
        weight = self.log_weight.exp()
        own = weight[..., -1:] * self.own
        if self.beside is not None:
            return (weight[..., None, :-1] * self._each_place()).sum(-1) + own
        cells = weight[..., :-1].unflatten(-1, (*self.axis.shape, -1))
        each = torch.stack([cells.sum(-2), cells.sum(-1)], dim=-3)  # of columns, of rows: (..., 2, k, g)
        return (each * self._places()).sum((-2, -1)) + own

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
            return parts.logsumexp(-1) - 2 * self.std.squeeze(-1).log() - LOG_2_PI
        parts = torch.add(self.log_weight, distances, alpha=-0.5 / self.std**2)  # in one pass over all parts
        return parts.logsumexp(-1) - (2 * math.log(self.std) + LOG_2_PI)

    def entropy(self) -> Tensor:
        """Of part and location together, (...), in nats: no less than the location's own, which has no closed form."""
        return -(self.log_weight.exp() * self.log_weight).sum(-1) + location_entropy(self.std)

    def kl(self, other: Mixture) -> Tensor:
        """KL of part and location together, (...), in nats: no less than the locations' own."""
        weight = self.log_weight.exp()
        parts = (weight * (self.log_weight - other.log_weight)).sum(-1)
        stds = _stds(self.std, other.std, self.own)
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

    def _places(self) -> Tensor:
        """The x of all columns and the y of all rows, (..., 2, k, g)."""
        places = self.origin[..., None, None] + self.scale[..., None, None] * self.axis
        return saccade_to(places) if self.saccades else places

    def _each_place(self) -> Tensor:
        """Of each cell, (..., 2, M - 1)."""
        assert self.beside is not None
        size = self.axis.shape[1]
        columns = self.axis[:, None, :].expand(-1, size, -1)
        rows = self.axis[:, :, None].expand(-1, -1, size)
        middles = torch.stack([columns, rows]).flatten(1)  # (2, M - 1)
        places = self.origin[..., None] + self.scale[..., None] * (middles + self.beside)
        return saccade_to(places) if self.saccades else places

    def _squared_distances(self, location: Tensor) -> Tensor:
        """From each place, (..., 2) -> (..., M)."""
        from_own = (location - self.own).square().sum(-1, keepdim=True)
        if self.beside is not None:
            from_cells = (location[..., None] - self._each_place()).square().sum(-2)
        else:
            from_cells = _of_cells((location[..., None, None] - self._places()).square())
        return torch.cat([from_cells, from_own], dim=-1)

    def _cell_shift(self, other: Mixture) -> Tensor:
        """How far each cell is from the other's, squared, (..., M - 1)."""
        if self.beside is not None:
            return (self._each_place() - other._each_place()).square().sum(-2)
        return _of_cells((self._places() - other._places()).square())


def _of_cells(squares: Tensor) -> Tensor:
    """The sum of a column's number and a row's, for each cell: (..., 2, k, g) -> (..., k * g * g)."""
    columns, rows = squares[..., 0, :, None, :], squares[..., 1, :, :, None]
    return (columns + rows).flatten(-3)


def saccade_to(displacement: Tensor) -> Tensor:
    """The action a of a relative saccade that moves the eye by d = sign(a) * a**2, in units of its reach."""
    return displacement.sign() * displacement.abs().sqrt()


def gaussian_kl(apart: Tensor, std: Tensor, other: Tensor) -> Tensor:
    """KL of N(mu, std) from N(mu', other) in two components, whose means are `apart`, squared: (...) each -> (...)."""
    ratio = (std / other).square()
    return ratio - 1 - ratio.log() + 0.5 * apart / other.square()


def _stds(std: float | Tensor, other: float | Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Both, one for each row of `like` (..., 2): (...)."""
    ours, theirs = (torch.as_tensor(s, device=like.device).expand_as(like[..., :1]).squeeze(-1) for s in (std, other))
    return ours, theirs


def _draw(mean: Tensor, std: float | Tensor, generator: torch.Generator | None) -> Tensor:
    """Of N(mean, std), for a mean (..., 2) without gradient."""
    if not isinstance(std, Tensor):
        return torch.normal(mean, std, generator=generator)
    return mean + std.detach() * torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)


def sample_action(logits: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Draw a from the softmax, without gradient: (..., n) -> (...)."""
    n = logits.shape[-1]
    drawn = torch.multinomial(logits.detach().softmax(-1).reshape(-1, n), 1, generator=generator)
    return drawn.reshape(logits.shape[:-1])


def action_log_prob(logits: Tensor, action: Tensor) -> Tensor:
    """Log-probability of the action under the softmax: (..., n), (...) -> (...)."""
    assert logits.shape[:-1] == action.shape, (logits.shape, action.shape)
    return logits.log_softmax(-1).gather(-1, action.long().unsqueeze(-1)).squeeze(-1)


def action_entropy(logits: Tensor) -> Tensor:
    """Of the softmax, in nats: (..., n) -> (...)."""
    log_p = logits.log_softmax(-1)
    return -(log_p.exp() * log_p).sum(-1)


def stop_log_prob(logit: Tensor, stop: Tensor) -> Tensor:
    """Log-probability of stopping where `stop`, else of going on; P(stop) = sigmoid(logit). (...), (...) -> (...)."""
    assert logit.shape == stop.shape, (logit.shape, stop.shape)
    return -F.binary_cross_entropy_with_logits(logit, stop.to(logit.dtype), reduction="none")


class LocationAction(NamedTuple):
    """The distribution of (l_t, a_t): location and action are independent given h_t."""

    location: LocationDistribution
    logits: Tensor
    """(..., n)."""
    greedy: bool = False
    """The action is always the likeliest one, and has no part in log-probability, entropy and divergence: for an action
    that learns from labels, not from reward."""

    def sample(self) -> tuple[Tensor, Tensor]:
        """Draw a raw location (..., 2) and an action (...), without gradient."""
        action = self.logits.argmax(-1) if self.greedy else sample_action(self.logits)
        return self.location.sample(), action

    def mode(self) -> tuple[Tensor, Tensor]:
        """The likeliest location (..., 2), without gradient, and the likeliest action (...)."""
        return self.location.mode(), self.logits.argmax(-1)

    def log_prob(self, location: Tensor, action: Tensor) -> Tensor:
        """The sum log pi(l) + log pi(a): (..., 2), (...) -> (...)."""
        log_prob = self.location.log_prob(location)
        return log_prob if self.greedy else log_prob + action_log_prob(self.logits, action)

    def entropy(self) -> Tensor:
        """(...), in nats."""
        choice = self.logits.new_zeros(self.logits.shape[:-1]) if self.greedy else action_entropy(self.logits)
        return self.location.entropy() + choice

    def kl(self, other: LocationAction) -> Tensor:
        """KL(self || other), (...), in nats."""
        location = self.location.kl(other.location)
        if self.greedy:
            return location
        log_p, log_q = self.logits.log_softmax(-1), other.logits.log_softmax(-1)
        return location + (log_p.exp() * (log_p - log_q)).sum(-1)
