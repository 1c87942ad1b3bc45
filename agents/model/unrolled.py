"""Backwards through time by hand, for the paper's layers: each weight's gradient is one product over all steps.

Autograd would take a step's gradients one by one, each over B rows alone, and add them up. T steps of B rows at once
keep a processor's matrix units busier, and of the small operations between the products few are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from .networks import CoreNetwork, GlimpseNetwork, Matrix

LARGEST_STEP = 2**15
"""Numbers in the h_t of all rows for which this pays. Of more rows or units a step's products are large enough by
themselves, and all steps' layers together leave the processor's caches."""


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


def can_unroll(f_g: GlimpseNetwork, f_h: CoreNetwork) -> bool:
    """Whether these are the layers that `unrolled` knows: a matrix for the glimpse, and the ReLU recurrence."""
    return isinstance(f_g.what, Matrix) and f_h.core == "rnn"


def unrolled(f_g: GlimpseNetwork, f_h: CoreNetwork, steps: Sequence[Layers]) -> Tensor:
    """h_t of all steps, (T, B, hidden_size) in float32, with a gradient in the weights of both networks.

    Args:
        f_g: the glimpse network, and
        f_h: the core, for which `can_unroll` holds, with the weights that the steps were taken with.
        steps: from h_0 = 0 on, taken without gradients.
    """
    layers = (torch.stack(made) for made in zip(*steps, strict=True))
    weights = (layer.weight for layer in (f_g.what, f_g.where, f_g.both, f_h.glimpse, f_h.hidden))
    biases = (layer.bias for layer in (f_g.what, f_g.where, f_g.both, f_h.glimpse))
    h: Tensor = _Unrolled.apply(*layers, *weights, *biases)
    return h


class _Unrolled(torch.autograd.Function):
    """From what the layers made, and their weights and biases, to all h_t; see `unrolled`."""

    @staticmethod
    def forward(ctx: FunctionCtx, *tensors: Tensor) -> Tensor:
        *_, h, what = tensors[:6]
        ctx.save_for_backward(*tensors[:10])  # biases are not needed
        return h.to(what.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_h: Tensor) -> tuple[Tensor | None, ...]:
        glimpse, location, parts, g, h, *weights = ctx.saved_tensors
        what, _, both, seen, hidden = (weight.to(h.dtype) for weight in weights)
        d_h = _through_time(d_h.to(h.dtype, copy=True), h, hidden).flatten(0, 1)
        d_g = _through_relu_(d_h @ seen, g.flatten(0, 1))
        d_parts = _through_relu_(d_g @ both, parts.flatten(0, 1))
        d_what, d_where = d_parts.tensor_split([len(what)], dim=1)
        layers = [(d_what, glimpse), (d_where, location), (d_g, parts), (d_h, g), (d_h[h.shape[1] :], h[:-1])]
        d_weights = [_product(d, x).to(weight.dtype) for (d, x), weight in zip(layers, weights, strict=True)]
        d_biases = [d.sum(0).to(weight.dtype) for (d, _), weight in zip(layers[:4], weights, strict=False)]
        return *[None] * len(Layers._fields), *d_weights, *d_biases


def _through_time(d_h: Tensor, h: Tensor, hidden: Tensor) -> Tensor:
    """From the gradient that each h_t gets of its own to that of the sum under its ReLU, in place: (T, B, n)."""
    for t in reversed(range(len(h))):
        if t + 1 < len(h):
            d_h[t].addmm_(d_h[t + 1], hidden)
        _through_relu_(d_h[t], h[t])
    return d_h


def _through_relu_(d: Tensor, y: Tensor) -> Tensor:
    """The gradient d of what a ReLU gave, y, becomes that of what it was given, in place: 0 where y is."""
    return torch.ops.aten.threshold_backward.grad_input(d, y, 0, grad_input=d)


def _product(d: Tensor, x: Tensor) -> Tensor:
    """A weight's gradient, (m, n), of its outputs' (N, m) and its inputs (T, B, n), N = T B."""
    return d.T @ x.flatten(0, 1).to(d.dtype)
