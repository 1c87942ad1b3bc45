"""RAM's distribution in Stable-Baselines3's form."""

from __future__ import annotations

from typing import Any

import torch
from stable_baselines3.common.distributions import Distribution
from torch import Tensor, nn
from torch.nn import functional as F

from ..model.distribution import LocationAction
from ..model.policy import RAM


class GlimpseDistribution(Distribution):
    """`LocationAction` over the flat action (B, 2 + n): a raw location, and the discrete action as one-hot.

    The location is not clamped: Stable-Baselines3 clips actions to the space's Box for the environment alone, so that
    log-probabilities are those of the raw sample. The one-hot scores are inside the Box already.

    Args:
        ram: gives the distribution of the locations.
        greedy: see `LocationAction`.
    """

    pair: LocationAction

    def __init__(self, ram: RAM, *, greedy: bool):
        super().__init__()
        self.ram = ram
        self.greedy = greedy

    def proba_distribution_net(self, *args: Any, **kwargs: Any) -> nn.Module:
        """Not used: f_l and f_a are RAM's own."""
        raise NotImplementedError("RAM's location and action networks give the parameters of this distribution")

    def proba_distribution(self, location_parameters: Tensor, logits: Tensor) -> GlimpseDistribution:
        """Set the parameters of the location's distribution (B, P) and the action's logits (B, n)."""
        self.pair = LocationAction(self.ram.location_distribution(location_parameters), logits, self.greedy)
        return self

    def log_prob(self, actions: Tensor) -> Tensor:
        """Log pi(l) + log pi(a), (B,), for flat actions (B, 2 + n), of whose scores the largest is a."""
        return self.pair.log_prob(actions[:, :2], actions[:, 2:].argmax(1))

    def entropy(self) -> Tensor:
        """(B,), in nats. A Gaussian location's part is a constant of its std."""
        return self.pair.entropy()

    def sample(self) -> Tensor:
        """Flat actions (B, 2 + n), without gradient."""
        return self._flat(*self.pair.sample())

    def mode(self) -> Tensor:
        """Flat actions (B, 2 + n): the likeliest location and action."""
        return self._flat(*self.pair.mode())

    def actions_from_params(self, location_parameters: Tensor, logits: Tensor, deterministic: bool = False) -> Tensor:
        """Actions for given parameters; see `proba_distribution`."""
        return self.proba_distribution(location_parameters, logits).get_actions(deterministic=deterministic)

    def log_prob_from_params(self, location_parameters: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
        """A sample for given parameters, and its log-probability."""
        actions = self.actions_from_params(location_parameters, logits)
        return actions, self.log_prob(actions)

    def _flat(self, location: Tensor, action: Tensor) -> Tensor:
        return torch.cat([location, F.one_hot(action, self.pair.logits.shape[1]).to(location.dtype)], dim=1)
