"""Weights in fewer bits, for files of agents that are not trained on: half or a quarter of the size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

Bits = Literal[32, 16, 8]
LARGEST = 127
"""Of int8, and as far below 0."""
SCALE = ".scale"
"""Behind the name of a tensor of int8: what a step is worth in each of its rows."""


def rounded(weights: Mapping[str, Tensor], bits: Bits) -> dict[str, Tensor]:
    """Round weights for a file.

    With 16 bits all are float16. With 8 bits a matrix, or a convolution, is int8: each output's weights in steps of a
    size of their own, 1/127 of the largest among them. All else is float16.

    Args:
        weights: by their names, float32.
        bits: of a number; with 32 they stay as they are.

    Raises:
        ValueError: another number of bits.
    """
    if bits == 32:
        return dict(weights)
    if bits == 16:
        return {name: tensor.half() for name, tensor in weights.items()}
    if bits != 8:
        raise ValueError(f"bits must be 32, 16 or 8, not {bits!r}")
    packed = {}
    for name, tensor in weights.items():
        if tensor.dim() < 2:
            packed[name] = tensor.half()
            continue
        steps, packed[name + SCALE] = _in_steps(tensor.flatten(1))
        packed[name] = steps.to(torch.int8).view(tensor.shape)
    return packed


def _in_steps(rows: Tensor) -> tuple[Tensor, Tensor]:
    """The rows (n, m) in steps, and the size of a step in each, (n,): what was rounded so before stays as it is.

    Of those the largest weight is 127 steps, rounded to a float32: the division may miss the step by its last bits.
    """
    scale = rows.abs().amax(1) / LARGEST
    steps = (rows / scale.clamp(min=torch.finfo(scale.dtype).tiny)[:, None]).round()
    for beside in (scale.nextafter(scale + 1), scale.nextafter(torch.zeros_like(scale))):
        now, then = ((steps * size[:, None] == rows).all(1) for size in (scale, beside))
        scale = torch.where(then & ~now, beside, scale)
    return steps, scale


def restored(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What `rounded` packed, as float32.

    Raises:
        KeyError: a tensor of int8 comes without its steps' sizes.
        ValueError: they are not one for each of its rows.
    """
    weights = {}
    for name, tensor in tensors.items():
        if name.endswith(SCALE):
            continue
        if tensor.dtype == torch.int8:
            scale = tensors[name + SCALE]
            if scale.shape != tensor.shape[:1]:
                raise ValueError(f"{name} has {tensor.shape[0]} rows, and {tuple(scale.shape)} sizes of a step")
            tensor = (tensor.flatten(1).float() * scale[:, None].float()).view(tensor.shape)
        weights[name] = tensor.float()
    return weights
