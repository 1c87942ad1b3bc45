"""RAM, the recurrent attention model: the five networks of `networks` joined, and sized by an environment's spaces."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from gymnasium import spaces
from torch import Tensor, nn

from .actions import can_stop, num_actions
from .networks import (
    ActionNetwork,
    BaselineNetwork,
    Core,
    CoreNetwork,
    GlimpseNetwork,
    Init,
    LocationNetwork,
    StopNetwork,
    orthogonal_,
)
from .precision import float32


class RAMOutput(NamedTuple):
    """What the model says at one step, for B episodes."""

    location_mean: Tensor
    """mu_t (B, 2) in (-1, 1): the next location is drawn from Normal(mu_t, location_std)."""
    logits: Tensor
    """(B, n): the softmax of these is the distribution of the action."""
    baseline: Tensor
    """b_t (B,): the return expected from here; a logit where it is trained as a probability."""
    h: Tensor
    """h_t (B, hidden_size)."""


class RAM(nn.Module):
    """The recurrent attention model of Mnih et al. 2014, section 3.

    Args:
        observation_space: one row's Dict(glimpse=Box(k, g, g[, C]), location=Box(2)); other keys are not looked at.
        action_space: one row's Dict(location=Box(2), action=Discrete(n)), or the flat Box(2 + n). With stop=Discrete(2)
            in the Dict there is a stop network too.
        core: "rnn" (ReLU, the paper's for classification), "lstm" (the paper's for Catch) or "gru".
        glimpse_size: units of h_g.
        location_size: units of h_l.
        hidden_size: units of g_t and of h_t.
        location_hidden: units of a hidden layer in the location network; 0 for none, as in the paper.
        location_std: standard deviation of the location's Gaussian, in units of half the image. Training may anneal it.
        identity_core: begin the "rnn" core's recurrence as the identity.
        init: "uniform", PyTorch's own, or "orthogonal", see `networks.orthogonal_`.
        detach_location: keep the location network's gradient out of the core. At a std of 0.1 a log-probability's
            gradient is about 10, and would swamp what the core learns from the action.
        detach_baseline: keep the baseline network's gradient out of the core.

    Raises:
        ValueError: spaces of another form, or an argument out of range.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        *,
        core: Core = "rnn",
        glimpse_size: int = 128,
        location_size: int = 128,
        hidden_size: int = 256,
        location_hidden: int = 0,
        location_std: float = 0.1,
        identity_core: bool = False,
        init: Init = "uniform",
        detach_location: bool = True,
        detach_baseline: bool = True,
    ):
        super().__init__()
        if location_std <= 0:
            raise ValueError(f"location_std must be above 0, not {location_std}")
        self._sizes = {
            "core": core,
            "glimpse_size": glimpse_size,
            "location_size": location_size,
            "hidden_size": hidden_size,
            "location_hidden": location_hidden,
            "identity_core": identity_core,
            "init": init,
        }
        self.location_std = location_std
        self.detach_location = detach_location
        self.detach_baseline = detach_baseline
        self.f_g = GlimpseNetwork(
            num_pixels=math.prod(glimpse_shape(observation_space)),
            glimpse_size=glimpse_size,
            location_size=location_size,
            output_size=hidden_size,
        )
        self.f_h = CoreNetwork(input_size=hidden_size, hidden_size=hidden_size, core=core, identity=identity_core)
        self.f_l = LocationNetwork(input_size=hidden_size, hidden_size=location_hidden)
        self.f_a = ActionNetwork(hidden_size, num_actions(action_space))
        self.f_b = BaselineNetwork(hidden_size)
        self.f_s = StopNetwork(hidden_size) if can_stop(action_space) else None
        if init == "orthogonal":
            orthogonal_(self.f_g, self.f_h, self.f_a)
        elif init != "uniform":
            raise ValueError(f"init must be 'uniform' or 'orthogonal', not {init!r}")

    def config(self) -> dict[str, Any]:
        """The keyword arguments that build this model again; JSON-able."""
        return {
            **self._sizes,
            "location_std": self.location_std,
            "detach_location": self.detach_location,
            "detach_baseline": self.detach_baseline,
        }

    def hidden_matrices(self) -> list[tuple[Tensor, int]]:
        """The matrices from hidden layer to hidden layer, and from the glimpse; with how many each is, stacked.

        Not the heads', whose outputs are the agent's choices, nor that of the two numbers of a location.
        """
        gates = {"rnn": 1, "gru": 3, "lstm": 4}[self.f_h.core]
        layers = [self.f_g.what, self.f_g.both, *([self.f_l.hidden] if self.f_l.hidden else [])]
        core = [parameter for parameter in self.f_h.parameters() if parameter.dim() == 2]
        return [(layer.weight, 1) for layer in layers] + [(matrix, gates) for matrix in core]

    def initial_state(self, batch_size: int) -> Tensor:
        """h_0 = 0: the state (S, B, hidden_size) before the first glimpse."""
        return self.f_a.weight.new_zeros(self.f_h.num_states, batch_size, self.f_h.hidden_size)

    def step(self, observation: dict[str, Tensor], state: Tensor) -> tuple[RAMOutput, Tensor]:
        """One glimpse (figure 1 of the paper).

        Args:
            observation: "glimpse" (B, k, g, g[, C]) in [0, 1] and the "location" (B, 2) that it was taken at.
            state: (S, B, hidden_size), from `initial_state` or the step before.

        Returns:
            The output for these B episodes, and the next state.
        """
        g = self.f_g(observation["glimpse"], observation["location"])
        state = self.f_h(g, state)
        h = state[0].to(self.f_a.weight.dtype)
        with float32(h.device):  # what is chosen is not rounded
            location_mean = self.f_l(h.detach() if self.detach_location else h)
            logits = self.f_a(h)
            baseline = self.f_b(h.detach() if self.detach_baseline else h)
        return RAMOutput(location_mean, logits, baseline, h), state

    def stop_logit(self, h: Tensor) -> Tensor | None:
        """The logit of stopping, (...), from h_t (..., hidden_size); None where the environment knows no stopping.

        Its gradient goes into the core, which has to know how sure it is: that of a yes or no is at most 1, and swamps
        nothing.
        """
        return None if self.f_s is None else self.f_s(h)

    def forward(self, observation: dict[str, Tensor], state: Tensor) -> tuple[RAMOutput, Tensor]:
        """The same as `step`."""
        return self.step(observation, state)

    def sample_location(self, mean: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw l from Normal(mean, location_std), (..., 2): not clamped, and detached, so that no loss leaks by it."""
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        return mean.detach() + self.location_std * noise


def glimpse_shape(space: spaces.Space[Any]) -> tuple[int, ...]:
    """(k, g, g) or (k, g, g, C) of one row's observation space.

    Raises:
        ValueError: the space is not of the form that RAM needs.
    """
    if isinstance(space, spaces.Dict) and {"glimpse", "location"} <= set(space):
        glimpse, location = space["glimpse"], space["location"]
        if isinstance(glimpse, spaces.Box) and len(glimpse.shape) in (3, 4) and location.shape == (2,):
            return glimpse.shape
    raise ValueError(
        "RAM needs the observation space Dict(glimpse=Box(0, 1, (k, g, g[, C])), location=Box(-1, 1, (2,))); "
        f"this environment has {space}"
    )
