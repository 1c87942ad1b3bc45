"""The compiled code of pyramids: filling them, and taking glimpses of them.

A level lies in tiles of 64x64 pixels, one page of memory each, and those of a picture's channels one after the other: a
window of 96 pixels touches nine pages where rows of a large picture would be 96. `levels` (n, 4) tells of each level
where its first tile begins, its height and width in pixels, and how many tiles are beside each other.
"""

from __future__ import annotations

import numpy as np
from numba import uintp

from ram_envs.retina.compiled import kernel, part
from ram_envs.retina.halving import first_pixel

SHIFT = 6
TILE = 1 << SHIFT
INSIDE = TILE - 1

FINER = 3
"""A scale is read from the level so many halvings finer, or from the picture: a window's place is then rounded by at
most half a pixel of that level, 1/16 of a cell."""


@kernel
def fill_levels(block, tiles, levels, first, last, top, left, use_max):  # type: ignore[no-untyped-def]
    """Fill what a block (h, w, C) of level `first`, at its pixel (top, left), covers of the levels up to `last`.

    The place is one of whole pixels of level `last`. Coarser pixels are rounded but once, from sums of the block's.
    """
    for channel in range(block.shape[2]):
        sums = block[:, :, channel].astype(np.uint32)
        for level in range(first, last + 1):
            if level > first:
                sums = _halve(sums, use_max)
            halved = level - first
            _put(sums, 0 if use_max else 2 * halved, tiles, levels[level], block.shape[2], channel,
                 top >> halved, left >> halved)  # fmt: skip


@part
def _halve(sums, use_max):  # type: ignore[no-untyped-def]
    """Pool blocks of 2 x 2; beyond the edges all is 0."""
    height, width = sums.shape
    halved = np.empty(((height + 1) // 2, (width + 1) // 2), np.uint32)
    for i in range(halved.shape[0]):
        above = sums[2 * i]
        for j in range(width // 2):
            halved[i, j] = max(above[2 * j], above[2 * j + 1]) if use_max else above[2 * j] + above[2 * j + 1]
        if width & 1:
            halved[i, width // 2] = above[width - 1]
        if 2 * i + 1 == height:
            continue
        below = sums[2 * i + 1]
        for j in range(width // 2):
            pair = max(below[2 * j], below[2 * j + 1]) if use_max else below[2 * j] + below[2 * j + 1]
            halved[i, j] = max(halved[i, j], pair) if use_max else halved[i, j] + pair
        if width & 1:
            last = below[width - 1]
            j = width // 2
            halved[i, j] = max(halved[i, j], last) if use_max else halved[i, j] + last
    return halved


@part
def _put(sums, bits, tiles, level, channels, channel, top, left):  # type: ignore[no-untyped-def]
    """Put sums of 2**bits pixels, divided and rounded, into one channel of a level, at its pixel (top, left)."""
    half = np.uint32((1 << bits) >> 1)
    for i in range(sums.shape[0]):
        line = first_tile(level, channels, channel, top + i)
        for j in range(sums.shape[1]):
            x = left + j
            to = line + (x >> SHIFT) * channels * (TILE * TILE) + (x & INSIDE)
            tiles[uintp(to)] = (sums[i, j] + half) >> np.uint32(bits)


@part
def first_tile(level, channels, channel, row):  # type: ignore[no-untyped-def]
    """Where a row of one channel of a level begins: in the first of its tiles."""
    return level[0] + ((row >> SHIFT) * level[3] * channels + channel) * (TILE * TILE) + (row & INSIDE) * TILE


@kernel
def glimpse_pyramid(tiles, levels, channels, locations, rows, frames, output, unit, use_max):  # type: ignore[no-untyped-def]
    """Fill the `rows` (n,) of `output` (B, k, g, g, C) with the glimpses of one pyramid at locations (n, 2).

    A frame (top, left, height, width, mirrored) is the part that is seen, in which locations are told; outside is 0.
    There are n of them, or one for all. What a mirrored one shows is written unmirrored.

    Returns False at a location outside [-1, 1], else True.
    """
    num_scales, patch_size = output.shape[1:3]
    top_level = len(levels) - 1
    strip, result = np.empty((3, (patch_size << FINER) + 2 * TILE), np.uint16), output.reshape(-1)
    for n in range(len(rows)):
        if not (abs(locations[n, 0]) <= 1 and abs(locations[n, 1]) <= 1):
            return False
        frame = frames[n % len(frames)]
        row_centre = (np.float64(locations[n, 1]) + 1.0) / 2.0 * frame[2]
        column_centre = (np.float64(locations[n, 0]) + 1.0) / 2.0 * frame[3]
        for scale in range(num_scales):
            size, number = patch_size << scale, min(max(scale - FINER, 0), top_level)
            half, cell = (1 << number) >> 1, scale - number
            gain = unit if use_max else unit / np.float32(1 << (2 * cell))
            column = first_pixel(column_centre, size)
            if frame[4]:
                column = frame[3] - size - column
            top = (frame[0] + first_pixel(row_centre, size) + half) >> number
            left = (frame[1] + column + half) >> number
            edges = _edges(frame, levels, number, half)
            for channel in range(channels):
                to = ((rows[n] * num_scales + scale) * patch_size * patch_size) * channels + channel
                target = result, to, channels, gain, patch_size
                if cell <= FINER:
                    _put_cells(tiles, levels[number], channel, top, left, edges, cell, strip, use_max, target)
                else:
                    _put_large_cells(tiles, channel, levels[number], top, left, edges, cell, strip, use_max, target)
    return True


@part
def _edges(frame, levels, number, half):  # type: ignore[no-untyped-def]
    """Where a frame lies in a level: its first row and column, and those behind its last."""
    level, bottom, right = levels[number], frame[0] + frame[2], frame[1] + frame[3]
    return (
        (frame[0] + half) >> number,
        (frame[1] + half) >> number,
        level[1] if bottom == levels[0, 1] else (bottom + half) >> number,
        level[2] if right == levels[0, 2] else (right + half) >> number,
    )


@part
def _put_cells(tiles, level, channel, top, left, edges, cell, strip, use_max, target):  # type: ignore[no-untyped-def]
    """Fill a patch with cells of 2**cell pixels of a level to a side, at most 8, the first at its pixel (top, left).

    Only what lies inside of the edges is seen.
    A target is a tuple: flat numbers, where the patch begins in them, channels, what sums are multiplied by, and g.
    Whole rows of tiles are pooled into `strip` (3, ...): their width is known when compiling.
    """
    result, to, channels, gain, patch_size = target
    first, last = left >> SHIFT, (left + (patch_size << cell) - 1) >> SHIFT
    used, pooled = uintp((last - first + 1) << SHIFT), strip[0]
    for i in range(patch_size):
        for x in range(used):
            pooled[x] = np.uint16(0)
        for row in range(max(top + (i << cell), edges[0]), min(top + ((i + 1) << cell), edges[2])):
            line = first_tile(level, channels, channel, row)
            for column in range(max(first, edges[1] >> SHIFT), min(last + 1, (edges[3] + INSIDE) >> SHIFT)):
                source, at = uintp(line + column * channels * (TILE * TILE)), uintp((column - first) << SHIFT)
                _add_tile(tiles, source, pooled, at, use_max)
        _clear_outside(pooled, edges[1] - (first << SHIFT), edges[3] - (first << SHIFT), used)
        cells, spare, start, size = pooled, strip[1], uintp(left & INSIDE), uintp(patch_size << cell)
        for k in range(cell):
            size = size // uintp(2)
            _halve_strip(cells, start, size, spare, use_max)
            cells, spare, start = spare, strip[2 - (k & 1)], uintp(0)
        for j in range(uintp(patch_size)):
            result[uintp(to + (uintp(i * patch_size) + j) * channels)] = gain * np.float32(cells[start + j])


@part
def _clear_outside(strip, first, end, used):  # type: ignore[no-untyped-def]
    """Put 0 into what the outermost tiles have of a strip's `used` numbers outside of `first` to `end`."""
    for x in range(max(first & ~INSIDE, 0), min(first, used)):
        strip[uintp(x)] = np.uint16(0)
    for x in range(max(end, 0), min((end + INSIDE) & ~INSIDE, used)):
        strip[uintp(x)] = np.uint16(0)


@part
def _add_tile(tiles, source, strip, to, use_max):  # type: ignore[no-untyped-def]
    """Pool the row of a tile that begins at `tiles[source]` into `strip[to]` and what follows."""
    if use_max:
        for j in range(uintp(TILE)):
            strip[to + j] = max(strip[to + j], np.uint16(tiles[source + j]))
    else:
        for j in range(uintp(TILE)):
            strip[to + j] = np.uint16(strip[to + j] + np.uint16(tiles[source + j]))


@part
def _halve_strip(source, start, size, target, use_max):  # type: ignore[no-untyped-def]
    """Pool pairs of numbers from `source[start]` on to the first `size` of `target`."""
    for j in range(size):
        one, other = source[start + uintp(2) * j], source[start + uintp(2) * j + uintp(1)]
        target[j] = max(one, other) if use_max else np.uint16(one + other)


@part
def _put_large_cells(tiles, channel, level, top, left, edges, cell, strip, use_max, target):  # type: ignore[no-untyped-def]
    """Fill a patch as `_put_cells` does, of a level that has but one tile, with cells of any size."""
    result, to, channels, gain, patch_size = target
    for i in range(patch_size):
        strip[0, :TILE] = 0
        for row in range(max(top + (i << cell), edges[0]), min(top + ((i + 1) << cell), edges[2])):
            _add_tile(tiles, uintp(first_tile(level, channels, channel, row)), strip[0], uintp(0), use_max)
        for j in range(patch_size):
            total = uintp(0)
            for x in range(max(left + (j << cell), edges[1]), min(left + ((j + 1) << cell), edges[3])):
                total = max(total, uintp(strip[0, uintp(x)])) if use_max else total + uintp(strip[0, uintp(x)])
            result[uintp(to + (i * patch_size + j) * channels)] = gain * np.float32(total)
