"""An episode through the paper's layers by hand: forwards without a graph, and backwards with one product a weight.

Autograd would take a step's gradients one by one, each over B rows alone, and add them up. T steps of B rows at once
keep a processor's matrix units busier, and of the small operations between the products few are left.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from ..precision import float32
from .networks import LocationNetwork, Matrix
from .policy import RAM, RAMOutput

LARGEST_STEP = 2**18
"""Numbers in the h_t of all rows for which this was measured to pay, by 5% in bfloat16 at this size. Of more rows or
units a step's products are large enough by themselves, and all steps' layers together leave the processor's caches."""

COLUMNS = 16
"""The heads are brought to a multiple of so many columns, by zeros: 16 are multiplied in half the time of 13."""


class Layers(NamedTuple):
    """What each layer made of a glimpse, (B, ...), or of the glimpses of T steps, (T, B, ...); without gradients."""

    glimpse: Tensor
    """As h_g's matrix saw it: (B, k * g * g * C)."""
    location: Tensor
    """The eye's place, (B, 2)."""
    parts: Tensor
    """h_g and h_l side by side, (B, glimpse_size + location_size)."""
    g: Tensor
    """g_t (B, hidden_size)."""
    h: Tensor
    """h_t (B, hidden_size)."""
    read: Tensor
    """What the heads' first layers read in h_t, see `_Readers`: (B, columns), never rounded."""


def can_unroll(policy: RAM, rows: int) -> bool:
    """Whether `Unrolled` knows the layers of this model, and pays for so many episodes at once.

    It knows a matrix for the glimpse, the ReLU recurrence, and location networks that see h_t alone.
    """
    known = isinstance(policy.f_g.what, Matrix) and policy.f_h.core == "rnn" and policy.f_h2 is None
    known = known and isinstance(policy.f_l, LocationNetwork)
    return known and rows * policy.f_h.hidden_size <= LARGEST_STEP


class Unrolled:
    """Episodes from h_0 = 0 on, one in each of B rows, first step by step and then as a whole, with gradients.

    It takes the weights, and the precision of products that `matmul_precision` has set, as they are when it is made.

    Args:
        policy: for which `can_unroll` holds.
    """

    def __init__(self, policy: RAM):
        self.policy = policy
        self._readers = _Readers.of(policy)
        f_g, f_h = policy.f_g, policy.f_h
        assert isinstance(f_g.what, Matrix)
        assert isinstance(policy.f_l, LocationNetwork)
        self._above = policy.f_l.above
        layers: list[nn.Linear] = [f_g.what, f_g.where, f_g.both, f_h.glimpse]
        self._weights = [*(layer.weight for layer in layers), f_h.hidden.weight]
        self._biases = [layer.bias for layer in layers]
        device, own = policy.f_a.weight.device, policy.f_a.weight.dtype
        autocast = torch.is_autocast_enabled(device.type)
        self._device, self._dtype = device, torch.get_autocast_dtype(device.type) if autocast else own
        self._rounded = [weight.detach().to(self._dtype) for weight in self._weights]
        self._rounded_biases = [bias.detach().to(self._dtype) for bias in self._biases]
        self._made: list[Layers] = []

    def step(self, observation: dict[str, Tensor]) -> RAMOutput:
        """One glimpse, as `RAM.step` takes it, of these episodes: (B, ...), without gradients."""
        normalise, location = self.policy.normalisation, observation["location"]
        glimpse = observation["glimpse"] if normalise is None else normalise(observation["glimpse"])
        with torch.no_grad(), float32(self._device):
            what, _, both, seen, hidden = self._rounded
            what_bias, _, both_bias, seen_bias = self._rounded_biases
            light = glimpse.flatten(1).to(self._dtype)
            h_g = F.linear(light, what, what_bias)
            h_l = F.linear(location, self._weights[1], self._biases[1])  # two numbers are not worth rounding
            parts = torch.cat([h_g, h_l.to(self._dtype)], dim=1).relu_()
            g = F.linear(parts, both, both_bias).relu_()
            h = F.linear(g, seen, seen_bias)
            if self._made:
                h.addmm_(self._made[-1].h, hidden.T)
            h.relu_()
            exact = h.to(h_l.dtype)
            read = F.linear(exact, self._readers.weight, self._readers.bias)
            self._made.append(Layers(light, location, parts, g, h, read))
            return self._output(exact, read)

    def outputs(self) -> RAMOutput:
        """The outputs of all steps, (T, B, ...) in place of (B, ...), with gradients in the policy's weights."""
        layers = (torch.stack(made) for made in zip(*self._made, strict=True))
        with float32(self._device):
            h, read = _Through.apply(*layers, *self._rounded, *self._weights, *self._biases, *self._readers[:3])
            return self._output(h.to(read.dtype), read)

    def _output(self, h: Tensor, read: Tensor) -> RAMOutput:
        logits, location, baseline, _ = read.split_with_sizes(self._readers.sizes, -1)
        mean = self._above(location)
        return RAMOutput(mean, mean, logits, baseline.squeeze(-1), h)


class _Readers(NamedTuple):
    """The first layers of f_a, f_l and f_b, which all read h_t, as one."""

    weight: Tensor
    """(columns, hidden_size)."""
    bias: Tensor
    """(columns,)."""
    reaches: Tensor
    """(columns,): 1 where the gradient reaches h_t, 0 where it is detached."""
    sizes: list[int]
    """How many columns f_a, f_l and f_b have; the last number counts the zeros beside them."""

    @classmethod
    def of(cls, policy: RAM) -> _Readers:
        """Those of a policy, with gradients in its weights."""
        assert isinstance(policy.f_l, LocationNetwork)
        layers = (policy.f_a, policy.f_l.first, policy.f_b)
        like = policy.f_a.weight
        sizes = [layer.out_features for layer in layers]
        sizes.append(-sum(sizes) % COLUMNS)
        reach = [1.0, float(not policy.detaches_location), float(not policy.detaches_baseline), 0.0]
        return cls(
            torch.cat([*(layer.weight for layer in layers), like.new_zeros(sizes[-1], like.shape[1])]),
            torch.cat([*(layer.bias for layer in layers), like.new_zeros(sizes[-1])]),
            like.new_tensor([reaching for n, reaching in zip(sizes, reach, strict=True) for _ in range(n)]),
            sizes,
        )


class _Through(torch.autograd.Function):
    """From what the layers made, their weights, rounded and as they are, and biases to all h_t and what is read."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)  # of h_t itself there is hardly ever a gradient
        made, rounded, readers = Layers(*tensors[:6]), tensors[6:11], tensors[20::2]
        ctx.save_for_backward(*made, *rounded, *readers)  # biases are not needed
        return made.h, made.read

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_h: Tensor | None, d_read: Tensor | None) -> tuple[Tensor | None, ...]:
        glimpse, location, parts, g, h, read, what, _, both, seen, hidden, readers, reaches = ctx.saved_tensors
        d_read = (torch.zeros_like(read) if d_read is None else d_read).flatten(0, 1)
        d_own = ((d_read * reaches) @ readers).view(h.shape)
        d_own = d_own if d_h is None else d_own.add_(d_h)
        d_h = _through_time(d_own.to(h.dtype), h, hidden).flatten(0, 1)
        d_g = _through_relu_(d_h @ seen, g.flatten(0, 1))
        d_parts = _through_relu_(d_g @ both, parts.flatten(0, 1))
        d_what, d_where = d_parts.tensor_split([len(what)], dim=1)
        layers = [(d_what, glimpse), (d_where, location), (d_g, parts), (d_h, g), (d_h[h.shape[1] :], h[:-1])]
        d_weights = [_product(d, x).to(readers.dtype) for d, x in layers]
        d_biases = [d.sum(0).to(readers.dtype) for d in (d_parts, d_g, d_h)]
        d_readers = _product(d_read.to(h.dtype), h).to(readers.dtype), d_read.sum(0)
        d_biases[:1] = d_biases[0].tensor_split([len(what)])
        return *[None] * 11, *d_weights, *d_biases, *d_readers, None


def _through_time(d_h: Tensor, h: Tensor, hidden: Tensor) -> Tensor:
    """From the gradient that each h_t gets of its own to that of the sum under its ReLU, in place: (T, B, n)."""
    later: Tensor | None = None
    for d, y in zip(reversed(d_h.unbind()), reversed(h.unbind()), strict=True):
        if later is not None:
            d.addmm_(later, hidden)
        later = _through_relu_(d, y)
    return d_h


def _through_relu_(d: Tensor, y: Tensor) -> Tensor:
    """The gradient d of what a ReLU gave, y, becomes that of what it was given, in place: 0 where y is."""
    if d.dtype == y.dtype == torch.bfloat16:  # as whole numbers of so many bits, in half the time
        d.view(torch.int16).mul_(y.view(torch.int16).clamp(0, 1))
        return d
    return torch.ops.aten.threshold_backward.grad_input(d, y, 0, grad_input=d)


def _product(d: Tensor, x: Tensor) -> Tensor:
    """A weight's gradient, (m, n), of its outputs' (N, m) and its inputs (T, B, n), N = T B."""
    return d.T @ x.flatten(0, 1).to(d.dtype)
