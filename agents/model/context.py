"""The context network of Ba et al. 2015: a coarse view of the whole scene, before the first glimpse is made use of."""

from __future__ import annotations

import torch
from torch import Tensor

from .networks import Convolutions


class ContextNetwork(Convolutions):
    """f_c: what a coarse view of the whole scene tells of where to look, the location layer's first state.

    Args:
        shape: (h, w) or (h, w, C).
        output_size: units of that layer.
    """

    def __init__(self, shape: tuple[int, ...], output_size: int):
        super().__init__((1, *shape), output_size)

    def forward(self, periphery: Tensor) -> Tensor:
        """From (B, h, w[, C]) in [0, 1] to (B, output_size)."""
        return torch.relu_(super().forward(periphery.unsqueeze(1)))
