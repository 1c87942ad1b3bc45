"""The policy's distribution pi(l, a | h_t) (section 3.1): of a location, a Gaussian or a mixture, times an action.

Everything that draws from it, or needs its log-probability, entropy or divergence, does it here, or of a mixture in
`mixture`: REINFORCE, PPO of Stable-Baselines3 and PPO of RLlib.
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
        return draw(self.mean.detach(), self.std, generator)

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
        return gaussian_kl((self.mean - other.mean).square().sum(-1), *stds_of(self.std, other.std, self.mean))


def gaussian_kl(apart: Tensor, std: Tensor, other: Tensor) -> Tensor:
    """KL of N(mu, std) from N(mu', other) in two components, whose means are `apart`, squared: (...) each -> (...)."""
    ratio = (std / other).square()
    return ratio - 1 - ratio.log() + 0.5 * apart / other.square()


def stds_of(std: float | Tensor, other: float | Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """Both, one for each row of `like` (..., 2): (...)."""
    ours, theirs = (torch.as_tensor(s, device=like.device).expand_as(like[..., :1]).squeeze(-1) for s in (std, other))
    return ours, theirs


def draw(mean: Tensor, std: float | Tensor, generator: torch.Generator | None) -> Tensor:
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
