"""How exactly matrices are multiplied while a model trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

MatmulPrecision = Literal["highest", "high", "medium"]


@contextmanager
def matmul_precision(precision: MatmulPrecision) -> Iterator[None]:
    """Multiply float32 matrices with this precision inside of the block; torch's own setting is put back after it.

    "highest", torch's default of float32 throughout, leaves the setting alone, for who has made one. "medium" lets a
    processor that can (Intel's AMX, a GPU's tensor cores) round the factors to bfloat16 and add up in float32; another
    may go on in float32.
    """
    if precision == "highest":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
