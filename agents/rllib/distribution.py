"""RAM's distribution in RLlib's form."""

from __future__ import annotations

from typing import Any, NoReturn

from gymnasium import spaces
from ray.rllib.core.distribution.distribution import Distribution
from torch import Tensor

from ..model.actions import num_actions
from ..model.distribution import LocationAction

Action = dict[str, Tensor]
"""{"location": (..., 2), "action": (...)}; the location is raw, and RLlib clips it for the environment alone."""


class GlimpseDistribution(Distribution):
    """`LocationAction` over {"location": (..., 2), "action": (...)}.

    Args:
        parameters: (..., 3 + n): mu_t, the location's std, the action's logits. The std is among them because RLlib
            builds distributions of old rollouts from what it has stored.
        deterministic: samples are the mode.
    """

    greedy = False
    """See `LocationAction`."""

    def __init__(self, parameters: Tensor, *, deterministic: bool = False):
        super().__init__()
        self.parameters, self.deterministic = parameters, deterministic
        self.pair = LocationAction(parameters[..., :2], parameters[..., 2:3], parameters[..., 3:], self.greedy)

    @classmethod
    def from_logits(cls, logits: Tensor, **kwargs: Any) -> GlimpseDistribution:
        """The distribution of parameters (..., 3 + n), which RLlib calls logits."""
        return cls(logits)

    @staticmethod
    def required_input_dim(space: spaces.Space[Any], **kwargs: Any) -> int:
        """3 + n, for an action space with n discrete actions."""
        return 3 + num_actions(space)

    def to_deterministic(self) -> GlimpseDistribution:
        """The same distribution, whose samples are its mode."""
        return type(self)(self.parameters, deterministic=True)

    def sample(self, **kwargs: Any) -> Action:
        """Draw a location and an action, without gradient."""
        location, action = self.pair.mode() if self.deterministic else self.pair.sample()
        return {"location": location, "action": action}

    def rsample(self, **kwargs: Any) -> NoReturn:
        """Not for a discrete action."""
        raise NotImplementedError("a discrete action has no reparameterised samples; use an algorithm such as PPO")

    def logp(self, value: Action, **kwargs: Any) -> Tensor:
        """Log N(l; mu_t) + log pi(a), (...)."""
        return self.pair.log_prob(value["location"], value["action"])

    def entropy(self, **kwargs: Any) -> Tensor:
        """(...), in nats."""
        return self.pair.entropy()

    def kl(self, other: Distribution, **kwargs: Any) -> Tensor:
        """KL(self || other), (...), in nats."""
        assert isinstance(other, GlimpseDistribution)
        return self.pair.kl(other.pair)


class GreedyGlimpseDistribution(GlimpseDistribution):
    """For actions that learn from labels, not from reward: the likeliest action, and the location's distribution."""

    greedy = True
