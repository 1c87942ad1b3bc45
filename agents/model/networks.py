"""The paper's five networks (section 3.1), each a small module named as there; one more to stop, and one for context.

B is the number of episodes; h_g and h_l are the two parts of the glimpse vector g_t, h_t is the core's state.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from .canvas import Canvas
from .distribution import Gaussian, LocationDistribution

Core = Literal["rnn", "lstm", "gru"]
Init = Literal["uniform", "orthogonal"]
GlimpseLayers = Literal["mlp", "conv", "canvas"]


class Matrix(nn.Linear):
    """The paper's Linear(rho): every number of a glimpse, in one matrix.

    Args:
        glimpse_shape: (k, g, g) or (k, g, g, C).
        output_size: units of h_g.
    """

    def __init__(self, glimpse_shape: tuple[int, ...], output_size: int):
        super().__init__(math.prod(glimpse_shape), output_size)

    @property
    def layers(self) -> list[nn.Linear | nn.Conv2d]:
        """Those with a weight, from the glimpse upwards."""
        return [self]

    def forward(self, glimpse: Tensor) -> Tensor:
        """From (B, k, g, g[, C]) to (B, output_size)."""
        return super().forward(glimpse.flatten(1))


class Convolutions(nn.Module):
    """Two convolutions over a glimpse's cells and a matrix in place of `Matrix`: what is learned at a cell serves all.

    The scales, of each colour, are the channels: all of them tell of about the same place. A cell of scale s is the
    mean over 2**s pixels a side, so its light is times 2**s here: a stroke in it is about as bright at every scale.

    Args:
        glimpse_shape: (k, g, g) or (k, g, g, C); any g.
        output_size: units of h_g.
        alike: the scales are normalised, each by itself, and taken as they are.
    """

    FILTERS = 16, 32

    def __init__(self, glimpse_shape: tuple[int, ...], output_size: int, *, alike: bool = False):
        super().__init__()
        scales, height, width, *colours = glimpse_shape
        first, second = self.FILTERS
        self.first = nn.Conv2d(scales * math.prod(colours), first, 3, padding=1)
        self.second = nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.last = nn.Linear(second * ((height + 1) // 2) * ((width + 1) // 2), output_size)
        widths = torch.ones(scales) if alike else 2.0 ** torch.arange(scales)
        self.register_buffer("widths", widths.reshape(-1, *[1] * (len(glimpse_shape) - 1)), persistent=False)
        self.widths: Tensor

    @property
    def layers(self) -> list[nn.Linear | nn.Conv2d]:
        """Those with a weight, from the glimpse upwards."""
        return [self.first, self.second, self.last]

    def forward(self, glimpse: Tensor) -> Tensor:
        """From (B, k, g, g[, C]) to (B, output_size)."""
        scaled = glimpse * self.widths
        if scaled.dim() == 5:
            scaled = scaled.permute(0, 1, 4, 2, 3).flatten(1, 2)  # (B, k * C, g, g)
        filtered = torch.relu_(self.second(torch.relu_(self.first(scaled))))
        return self.last(filtered.flatten(1))


class ContextNetwork(Convolutions):
    """f_c of Ba et al. 2015: what a coarse view of the whole scene, before the first glimpse, tells of where to look.

    Args:
        shape: (h, w) or (h, w, C).
        output_size: units of the second recurrent layer, whose first state it gives.
    """

    def __init__(self, shape: tuple[int, ...], output_size: int):
        super().__init__((1, *shape), output_size)

    def forward(self, periphery: Tensor) -> Tensor:
        """From (B, h, w[, C]) in [0, 1] to (B, output_size)."""
        return torch.relu_(super().forward(periphery.unsqueeze(1)))


class GlimpseNetwork(nn.Module):
    """f_g: what was seen, and where, as one vector.

    h_g = ReLU(Linear(rho)), h_l = ReLU(Linear(l)), g_t = ReLU(Linear(h_g) + Linear(h_l)). The two Linears of g_t are
    one here, over h_g and h_l side by side: the same sum, in one matrix product.

    Args:
        glimpse_shape: (k, g, g) or (k, g, g, C).
        network: the paper's "mlp", in which h_g sees the glimpse through one `Matrix`, or "conv": `Convolutions`; or
            "canvas": a `Canvas`, which reads all glimpses so far.
        glimpse_size: units of h_g (128 in the paper).
        location_size: units of h_l (128 in the paper).
        output_size: units of g_t (256 in the paper).
        alike: see `Convolutions`.
        canvas_size: of a `Canvas`.
        relative: locations are in units of a saccade's reach, which a `Canvas` does not take.
    """

    def __init__(
        self,
        *,
        glimpse_shape: tuple[int, ...],
        network: GlimpseLayers = "mlp",
        glimpse_size: int = 128,
        location_size: int = 128,
        output_size: int = 256,
        alike: bool = False,
        canvas_size: int = 0,
        relative: bool = False,
    ):
        super().__init__()
        self.what: Matrix | Convolutions | Canvas
        if network == "canvas":
            self.what = Canvas(glimpse_shape, glimpse_size, size=canvas_size, relative=relative)
        elif network == "conv":
            self.what = Convolutions(glimpse_shape, glimpse_size, alike=alike)
        else:
            self.what = Matrix(glimpse_shape, glimpse_size)
        self.where = nn.Linear(2, location_size)
        self.both = nn.Linear(glimpse_size + location_size, output_size)

    def forward(self, glimpse: Tensor, location: Tensor) -> Tensor:
        """From a glimpse (B, k, g, g[, C]) in [0, 1], or what a `Canvas` reads, and the eye's place (B, 2) to g_t.

        g_t is (B, output_size).
        """
        h_g = torch.relu_(self.what(glimpse))
        h_l = torch.relu_(self.where(location))
        return torch.relu_(self.both(torch.cat([h_g, h_l], dim=1)))


class CoreNetwork(nn.Module):
    """f_h: what the agent remembers.

    The state is (S, B, hidden_size) and its first slice is h_t; S is 2 for the LSTM (h_t and its cell), else 1.

    Args:
        input_size: units of g_t.
        hidden_size: units of h_t.
        core: "rnn" for the paper's h_t = ReLU(Linear(h_{t-1}) + Linear(g_t)), "lstm" (the paper's for Catch), or "gru".
        identity: for "rnn", begin with h_t = ReLU(h_{t-1} + Linear(g_t)), so that nothing is forgotten at first
            (Le, Jaitly and Hinton 2015). Not in the paper; a help on cluttered scenes.
    """

    def __init__(self, *, input_size: int, hidden_size: int = 256, core: Core = "rnn", identity: bool = False):
        super().__init__()
        if core not in ("rnn", "lstm", "gru"):
            raise ValueError(f"core must be 'rnn', 'lstm' or 'gru', not {core!r}")
        if identity and core != "rnn":
            raise ValueError(f"identity initialisation is for core='rnn', not {core!r}: leave identity_core off")
        self.core: Core = core
        self.identity = identity
        self.hidden_size = hidden_size
        self.num_states = 2 if core == "lstm" else 1
        if core == "rnn":
            self.glimpse = nn.Linear(input_size, hidden_size)
            self.hidden = nn.Linear(hidden_size, hidden_size, bias=False)
            if identity:
                nn.init.eye_(self.hidden.weight)
        else:
            self.cell = (nn.LSTMCell if core == "lstm" else nn.GRUCell)(input_size, hidden_size)

    def forward(self, g: Tensor, state: Tensor | None) -> Tensor:
        """From g_t (B, input_size) and the last state to the next state, (S, B, hidden_size) each.

        A state of None is 0, and saves its matrix product.
        """
        if self.core == "rnn":
            seen = self.glimpse(g)
            return torch.relu_(seen if state is None else self.hidden(state[0]) + seen).unsqueeze(0)
        if self.core == "gru":
            return self.cell(g, None if state is None else state[0]).unsqueeze(0)
        return torch.stack(self.cell(g, None if state is None else (state[0], state[1])))


class LocationNetwork(nn.Module):
    """f_l: the mean of the next location's Gaussian, tanh(Linear(h_t)), strictly inside the image.

    The weights begin small, so that the gaze begins near the middle, where tanh has its gradient. The paper's mean is
    linear and clipped; a clipped mean that has left the image has no gradient to come back by.

    Args:
        input_size: units of h_t.
        hidden_size: units of a hidden ReLU layer; 0 for none, as in the paper.
    """

    def __init__(self, *, input_size: int, hidden_size: int = 0):
        super().__init__()
        self.hidden = nn.Linear(input_size, hidden_size) if hidden_size else None
        self.mean = nn.Linear(hidden_size or input_size, 2)
        nn.init.normal_(self.mean.weight, std=0.01)
        nn.init.zeros_(self.mean.bias)

    num_parameters = 2
    """Of the distribution."""

    def distribution(self, parameters: Tensor, std: float | Tensor) -> LocationDistribution:
        """The Gaussian with this mean (..., 2)."""
        return Gaussian(parameters, std)

    @property
    def first(self) -> nn.Linear:
        """The layer that reads h_t."""
        return self.mean if self.hidden is None else self.hidden

    def above(self, read: Tensor) -> Tensor:
        """From what the first layer made, (..., its units), to the mean (..., 2) in (-1, 1)."""
        return torch.tanh(read if self.hidden is None else self.mean(torch.relu(read)))

    def forward(self, h: Tensor) -> Tensor:
        """From h_t (..., input_size) to the mean (..., 2) in (-1, 1)."""
        return self.above(self.first(h))


class ActionNetwork(nn.Linear):
    """f_a: from h_t (..., hidden_size) to the action's logits (..., n); the paper's softmax is in the losses."""


class BaselineNetwork(nn.Linear):
    """b_t: the return that is to be expected from h_t (section 3.2), one linear unit without a bound."""

    def __init__(self, input_size: int):
        super().__init__(input_size, 1)

    def forward(self, h: Tensor) -> Tensor:
        """From h_t (..., input_size) to b_t (...)."""
        return super().forward(h).squeeze(-1)


class StopNetwork(nn.Linear):
    """f_s: the logit of taking no more glimpses, the extension that section 3 of the paper names.

    It begins by going on: who can't tell anything yet would learn that it never pays to look.
    """

    def __init__(self, input_size: int):
        super().__init__(input_size, 1)
        nn.init.normal_(self.weight, std=0.01)
        nn.init.constant_(self.bias, -2.0)

    def forward(self, h: Tensor) -> Tensor:
        """From h_t (..., input_size) to the logit (...)."""
        return super().forward(h).squeeze(-1)


@torch.no_grad()
def orthogonal_(f_g: GlimpseNetwork, f_h: CoreNetwork, f_a: ActionNetwork) -> None:
    """Begin with orthogonal matrices, which keep a signal's size from layer to layer, and without biases.

    PyTorch's uniform weights shrink it at each layer; where a glimpse is nearly empty, as in Catch, it takes long until
    anything of it reaches the heads. The core's matrices are made gate by gate, an LSTM's forget gate begins open; an
    identity recurrence stays. The action network begins near 0: all actions alike.
    """
    for layer in (*f_g.what.layers, f_g.where, f_g.both):
        nn.init.orthogonal_(layer.weight, nn.init.calculate_gain("relu"))
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
    orthogonal_core_(f_h)
    nn.init.orthogonal_(f_a.weight, 0.01)
    nn.init.zeros_(f_a.bias)


@torch.no_grad()
def orthogonal_core_(core: CoreNetwork) -> None:
    """The part of a recurrent layer in `orthogonal_`."""
    for name, weight in core.named_parameters():
        if weight.dim() == 1:
            nn.init.zeros_(weight)
        elif not (core.identity and name == "hidden.weight"):
            for gate in weight.split(core.hidden_size):
                nn.init.orthogonal_(gate)
    if core.core == "lstm":
        core.cell.bias_ih.split(core.hidden_size)[1].fill_(1.0)
