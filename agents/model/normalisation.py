"""Glimpses less a mean, over a standard deviation. Not in the paper, whose scenes are bright on black."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn

Normalise = Literal["none", "channels", "scales", "contrast"]
GREY_LEVEL = 1 / 255
"""The least std: light that hardly varies is not blown up to noise."""


class Normalisation(nn.Module):
    """(rho - mean) / std for each colour channel; rho itself until `measure_` was called.

    Args:
        glimpse_shape: (k, g, g) or (k, g, g, C).
        scales: each scale has a mean and a std of its own; else all scales share them.
    """

    def __init__(self, glimpse_shape: tuple[int, ...], *, scales: bool = False):
        super().__init__()
        self.num_scales = glimpse_shape[0]
        self.channels = glimpse_shape[3] if len(glimpse_shape) == 4 else 1
        own = (self.num_scales, 1, 1, *glimpse_shape[3:])
        self.scales = scales
        self.register_buffer("mean", torch.zeros(own if scales else self.channels))
        self.register_buffer("std", torch.ones(own if scales else self.channels))
        self.register_buffer("measured", torch.zeros(()))
        self.mean: Tensor
        """(C,), or with `scales` (k, 1, 1) or (k, 1, 1, C)."""
        self.std: Tensor
        """As the mean."""
        self.measured: Tensor
        """1 if mean and std are those of glimpses, else 0."""

    @torch.no_grad()
    def measure_(self, batches: Iterable[Tensor]) -> None:
        """Take mean and std from glimpses, each batch (n, k, g, g) or (n, k, g, g, C).

        Raises:
            ValueError: there are none.
        """
        count = 0
        total, squares = torch.zeros(2, self.num_scales, self.channels, dtype=torch.float64, device=self.mean.device)
        for batch in batches:
            light = batch.double().reshape(len(batch), self.num_scales, -1, self.channels)
            count += len(light) * light.shape[2]
            total, squares = total + light.sum((0, 2)), squares + light.square().sum((0, 2))
        if not count:
            raise ValueError("there are no glimpses to measure the light of")
        mean, square = total / count, squares / count
        if not self.scales:  # all have as many cells
            mean, square = mean.mean(0), square.mean(0)
        std = (square - mean**2).clamp(min=0).sqrt().clamp(min=GREY_LEVEL)
        self.mean.copy_(mean.view_as(self.mean))
        self.std.copy_(std.view_as(self.std))
        self.measured.fill_(1)

    def forward(self, glimpse: Tensor) -> Tensor:
        """From (B, k, g, g[, C]) to the same."""
        return (glimpse - self.mean) / self.std


class Contrast(nn.Module):
    """Each patch less its own mean, over its own standard deviation: of its light only the pattern is left."""

    def forward(self, glimpse: Tensor) -> Tensor:
        """From (B, k, g, g[, C]) to the same."""
        own = tuple(range(2, glimpse.dim()))
        std, mean = torch.std_mean(glimpse, own, correction=0, keepdim=True)
        return (glimpse - mean) / std.clamp(min=GREY_LEVEL)


def make_normalisation(normalise: Normalise, glimpse_shape: tuple[int, ...]) -> Normalisation | Contrast | None:
    """What the option of this name sees glimpses of shape (k, g, g[, C]) through; None: as they are."""
    if normalise == "none":
        return None
    return Contrast() if normalise == "contrast" else Normalisation(glimpse_shape, scales=normalise == "scales")
