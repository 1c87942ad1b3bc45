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
from numba import uintp
from numpy.typing import NDArray

from ram_envs.retina.compiled import kernel, part

BAND = 4
"""Rows of pixels for one row of entries."""


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


@kernel
def fill_tables(images, which, pixel, tables):  # type: ignore[no-untyped-def]
    """Fill the tables of the images (B, H, W * channels) that `which` (n,) numbers."""
    height, row_length = images.shape[1:]
    entries, channels = uintp(tables.shape[2]), uintp(len(pixel))
    strip = np.empty(row_length, tables.dtype)
    pixels, sums = images.reshape(-1), tables.reshape(-1)
    for b in which:
        to = uintp(b * tables.shape[1]) * entries
        sums[to : to + entries] = 0
        for q in range(1, tables.shape[1]):
            to += entries
            _add_band(pixels, uintp((b * height + (q - 1) * BAND) * row_length), strip)
            for channel in range(channels):
                sums[to + channel] = total = tables.dtype.type(0)
                for x in range(channel, uintp(row_length), channels):
                    total += strip[x]
                    after = to + x + channels
                    sums[after] = sums[after - entries] + total


@part
def _add_band(pixels, start, strip):  # type: ignore[no-untyped-def]
    """Fill `strip` (W * channels,) with the sums of the columns of `BAND` rows, which begin at `pixels[start]`."""
    length = uintp(len(strip))
    for x in range(length):
        strip[x] = pixels[start + x]
    for row in range(uintp(1), uintp(BAND)):
        for x in range(length):
            strip[x] += pixels[start + row * length + x]


@part
def put_from_table(pixels, frame, pixel, sums, entry, place, edges, lines, gain, result, to):  # type: ignore[no-untyped-def]
    """Fill a patch, at `result[to]`, whose window begins at a place (top, left, scale) of an image.

    The image is the `frame` (first, height, width) of `pixels`; the tuple `pixel` is as long as one has channels. The
    table begins at `sums[entry]`; `edges` (g + 1) and `lines` (2 * g) are for work.
    """
    top, left, scale = place
    size, step = uintp(len(edges) - 1), uintp(len(pixel))
    for j in range(size + uintp(1)):
        edges[j] = min(max(left + (int(j) << scale), 0), frame[2])
    _add_above(pixels, frame, pixel, sums, entry, top, edges, lines, uintp(0))
    for i in range(size):
        above = size * (i & uintp(1))
        below = size - above
        _add_above(pixels, frame, pixel, sums, entry, top + (int(i + uintp(1)) << scale), edges, lines, below)
        for j in range(size):
            # As if none of the sums had wrapped around. Floats may fall below 0 by their rounding.
            cell = lines.dtype.type(lines[below + j] - lines[above + j])
            result[to + (i * size + j) * step] = gain * np.float32(max(cell, lines.dtype.type(0)))


@part
def _add_above(pixels, frame, pixel, sums, entry, row, edges, lines, at):  # type: ignore[no-untyped-def]
    """Fill g of `lines`, from `lines[at]` on, with the sums of all pixels above a row, from each edge to the next."""
    (first, height, width), channels, size = frame, len(pixel), uintp(len(edges) - 1)
    row = min(max(row, 0), height)
    nearest = min((row + BAND // 2) // BAND, height // BAND)
    start = entry + nearest * (width + 1) * channels
    for j in range(size):
        end = sums[uintp(start + edges[j + uintp(1)] * channels)]
        lines[at + j] = end - sums[uintp(start + edges[j] * channels)]
    for r in range(nearest * BAND, row):
        for j in range(size):
            begin = first + r * width * channels
            lines[at + j] += _segment(pixels, begin, edges[j], edges[j + uintp(1)], lines, pixel)
    for r in range(row, nearest * BAND):
        for j in range(size):
            begin = first + r * width * channels
            lines[at + j] -= _segment(pixels, begin, edges[j], edges[j + uintp(1)], lines, pixel)


@part
def _segment(pixels, start, begin, end, lines, pixel):  # type: ignore[no-untyped-def]
    """The sum of one channel of the pixels from column `begin` to `end` of the row that begins at `start`."""
    step, source, total = uintp(len(pixel)), uintp(start + begin * len(pixel)), lines.dtype.type(0)
    for x in range(uintp(end - begin)):
        total = lines.dtype.type(total + pixels[source + x * step])
    return total
