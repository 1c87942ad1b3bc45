"""RAM's distribution in RLlib's form."""

from __future__ import annotations

from typing import Any, NoReturn

from gymnasium import spaces
from ray.rllib.core.distribution.distribution import Distribution
from torch import Tensor

from ..model.cells import CellLocationNetwork
from ..model.distribution import Gaussian, LocationAction, LocationDistribution
from ..model.forms import num_actions
from ..model.networks import LocationNetwork

Action = dict[str, Tensor]
"""{"location": (..., 2), "action": (...)}; the location is raw, and RLlib clips it for the environment alone."""


class GlimpseDistribution(Distribution):
    """`LocationAction` over {"location": (..., 2), "action": (...)}.

    Args:
        parameters: (..., P + 1 + n): those of the location's distribution (mu_t for the Gaussian), its std, the
            action's logits. The std is among them because RLlib builds distributions of old rollouts from what it has
            stored.
        deterministic: samples are the mode.
    """

    greedy = False
    """See `LocationAction`."""
    num_parameters = LocationNetwork.num_parameters
    """P."""

    def __init__(self, parameters: Tensor, *, deterministic: bool = False):
        super().__init__()
        self.parameters, self.deterministic = parameters, deterministic
        location, std, logits = parameters.tensor_split([self.num_parameters, self.num_parameters + 1], dim=-1)
        self.pair = LocationAction(self.location(location, std), logits, self.greedy)

    @staticmethod
    def location(parameters: Tensor, std: Tensor) -> LocationDistribution:
        """The location's distribution, for parameters (..., P) and stds (..., 1)."""
        return Gaussian(parameters, std)

    @classmethod
    def from_logits(cls, logits: Tensor, **kwargs: Any) -> GlimpseDistribution:
        """The distribution of parameters (..., P + 1 + n), which RLlib calls logits."""
        return cls(logits)

    @classmethod
    def required_input_dim(cls, space: spaces.Space[Any], **kwargs: Any) -> int:
        """P + 1 + n, for an action space with n discrete actions."""
        return cls.num_parameters + 1 + num_actions(space)

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
        """Log pi(l) + log pi(a), (...)."""
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


def glimpse_distribution(f_l: LocationNetwork | CellLocationNetwork, *, greedy: bool) -> type[GlimpseDistribution]:
    """The class of the distributions whose parameters a location network gives."""
    cls = GreedyGlimpseDistribution if greedy else GlimpseDistribution
    if isinstance(f_l, LocationNetwork):
        return cls
    members = {"num_parameters": f_l.num_parameters, "location": staticmethod(f_l.distribution)}
    return type(f"Cell{cls.__name__}", (cls,), members)
