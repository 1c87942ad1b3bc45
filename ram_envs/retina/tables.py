"""Summed-area tables (Crow 1984), with which a cell of the retina costs the same however many pixels it covers.

A table's entry is the sum of all pixels above a row and left of a column. Only every `BAND`-th row has entries: what
lies between the nearest such row and the edge of a cell, at most `BAND` / 2 rows, is read from the image. So a table
takes a byte a pixel in place of four, and is filled in a third of the time, since adding up along a row is the slow
part: each sum waits for the one before. Outside the image nothing is added, so tables need no border.

Sums of bytes are kept modulo 2**32, or 2**64 (`sum_type`): their differences are exact as long as one cell's sum is
below that, however large the image is. Sums of float32 are kept in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.retina.kernels import BAND


def empty_tables(images: NDArray[Any], largest_cell: int) -> NDArray[Any]:
    """Room for the tables of images (B, H, W[, C]): (B, H // BAND + 1, (W + 1) * C)."""
    batch, height, width, *channels = images.shape
    shape = batch, height // BAND + 1, (width + 1) * (channels[0] if channels else 1)
    return np.empty(shape, sum_type(images.dtype, largest_cell))


def no_tables(images: NDArray[Any]) -> NDArray[Any]:
    """What tells the retina that images have no tables."""
    return np.empty((0, 0, 0), sum_type(images.dtype, images.shape[1] * images.shape[2]))


def sum_type(dtype: np.dtype[Any], largest_cell: int) -> type[np.generic]:
    """What holds the sum of a cell of so many pixels."""
    if dtype != np.uint8:
        return np.float64
    return np.uint32 if 255 * largest_cell < 2**32 else np.uint64
