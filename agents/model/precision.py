"""How exactly matrices are multiplied while a model trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

MatmulPrecision = Literal["highest", "high", "medium"]


@contextmanager
def matmul_precision(precision: MatmulPrecision, device: torch.device | str = "cpu") -> Iterator[None]:
    """Multiply matrices with this precision inside of the block; what was set before is put back after it.

    "highest", torch's default of float32 throughout, leaves all settings alone, for who has made some. "high" is
    torch's own setting. "medium" rounds the factors to bfloat16 and adds up in float32, and what a layer hands to the
    next is bfloat16 too, on a device that has units for it (Intel's AMX, a GPU's tensor cores); on another it is
    float32 as before. Weights, gradients, and what runs under `float32` keep their precision.
    """
    if precision == "highest":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        rounded = precision == "medium" and multiplies_bfloat16(device)
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=rounded):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def float32(device: torch.device) -> Iterator[None]:
    """Leave bfloat16 out inside of the block, where a `matmul_precision` around it has it."""
    if not torch.is_autocast_enabled(device.type):
        yield
        return
    with torch.autocast(device.type, enabled=False):
        yield


def multiplies_bfloat16(device: torch.device | str) -> bool:
    """Whether a device has matrix units for bfloat16; without them it is slower than float32."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.device(device).type == "cpu" and torch.cpu._is_amx_tile_supported()
