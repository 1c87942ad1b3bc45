"""The compiled code of the retina. It reads no memory outside its arrays, whatever the locations are."""

from __future__ import annotations

import numpy as np
from numba import uintp

from ram_envs.retina.compiled import copy_items, kernel, part

BAND = 4
"""Rows of pixels for one row of entries of a table, see `tables`."""

# All is in one file, since the compiled code that is kept on the disk is made anew only if its own file has changed.
# Types are inferred. Indices are unsigned because a signed one may be negative (counted from the end), and the test for
# that keeps the loops out of the vector registers. docs/performance.md has the measurements.


@kernel
def first_pixel(centre, size):  # type: ignore[no-untyped-def]
    """The first pixel of a window of `size` pixels around `centre`."""
    return int(np.floor(centre - size / 2 + 0.5))


@kernel
def all_inside(locations):  # type: ignore[no-untyped-def]
    """Whether all of the locations (n, 2) lie in [-1, 1]; NaN does not."""
    inside = True
    for x in locations.reshape(-1):
        inside &= abs(x) <= 1
    return inside


@kernel
def glimpse_images(images, which, pixel, locations, tables, halved, output, sums, unit, use_max):  # type: ignore[no-untyped-def]
    """Fill `output` (n, k, g, g * channels) from `images` (B, H, W * channels).

    Row i is the glimpse of image `which[i]`, or of image i where `which` is empty. The first `halved` scales are pooled
    from a copied window; coarser ones come from `tables`, or where that has none straight from the image.

    Returns False at a location outside [-1, 1] or at no image, else True.
    """
    channels = len(pixel)  # Known when compiling, so that the grey version has steps of 1.
    height, row_length = images.shape[1:]
    num_scales, patch_size = output.shape[1:3]
    width, widest = row_length // channels, patch_size << (halved - 1)
    window = np.empty(widest * widest + patch_size * patch_size, images.dtype)
    strip = np.empty(width, tables.dtype)
    edges, lines = np.empty(patch_size + 1, np.int64), np.empty((2, patch_size), tables.dtype)
    pixels, entries, result = images.reshape(-1), tables.reshape(-1), output.reshape(-1)
    for n in range(len(locations)):
        b = which[n] if len(which) else n
        if not (0 <= b < len(images) and abs(locations[n, 0]) <= 1 and abs(locations[n, 1]) <= 1):
            return False
        row_centre = (np.float64(locations[n, 1]) + 1.0) / 2.0 * height
        column_centre = (np.float64(locations[n, 0]) + 1.0) / 2.0 * width
        for channel in range(channels):
            image = pixels, b * height * row_length + channel, height, width, pixel
            to = n * num_scales * patch_size * patch_size * channels + channel
            centre = row_centre, column_centre
            _put_halved(image, centre, halved, window, sums, unit, use_max, patch_size, result, to)
            for scale in range(halved, num_scales):
                size, gain = patch_size << scale, unit if use_max else unit / np.float32(1 << (2 * scale))
                place = first_pixel(row_centre, size), first_pixel(column_centre, size), scale
                start = uintp(to + scale * patch_size * patch_size * channels)
                if len(tables):
                    entry = b * tables.shape[1] * tables.shape[2] + channel
                    _put_from_table(image, entries, entry, place, edges, lines, gain, result, start)
                else:
                    _put_straight(image, place, strip, use_max, patch_size, gain, result, start)
    return True


@part
def _put_halved(image, centre, halved, window, sums, unit, use_max, patch_size, result, to):  # type: ignore[no-untyped-def]
    """Fill the patches of the scales below `halved`, from `result[to]` on.

    The window of the coarsest is copied once into `window`, zeros around it, so that pooling meets no border. It is
    halved again and again, into `sums` (2 * halved, ...). A finer patch is the middle of what as many halvings have
    left, but for an odd one, whose blocks may not be those of the window: then its own pixels are halved.
    """
    pixel, widest = image[4], patch_size << (halved - 1)
    top, left = first_pixel(centre[0], widest), first_pixel(centre[1], widest)
    _copy_window(image, top, left, widest, window)
    _halve_often(window, uintp(0), widest, widest, halved - 1, sums, use_max)
    for scale in range(halved):
        size, stride = patch_size << scale, widest >> scale
        down, across = first_pixel(centre[0], size) - top, first_pixel(centre[1], size) - left
        start = uintp(to + scale * patch_size * patch_size * len(pixel))
        if scale == 0:
            _put_cells(window, down * widest + across, widest, patch_size, unit, result, start, pixel)
            continue
        pooled, first = sums[scale - 1], (down >> scale) * stride + (across >> scale)
        if (down | across) & ((1 << scale) - 1):
            _halve_often(window, uintp(down * widest + across), widest, size, scale, sums[halved:], use_max)
            pooled, first, stride = sums[halved + scale - 1], 0, patch_size
        gain = unit if use_max else unit / np.float32(1 << (2 * scale))
        _put_cells(pooled, first, stride, patch_size, gain, result, start, pixel)


@part
def _copy_window(image, top, left, size, window):  # type: ignore[no-untyped-def]
    """Copy one channel of an image into `window` (size x size), from its pixel (top, left) on; zeros outside it.

    An image is a tuple: flat pixels, where its channel begins in them, height, width, a tuple of as many as channels.
    """
    pixels, first, height, width, pixel = image
    channels, step = len(pixel), uintp(len(pixel))
    begin, end = max(-left, 0), min(width - left, size)
    count = uintp(max(end - begin, 0))
    window[: size * size] = 0
    for row in range(max(-top, 0), min(height - top, size)):
        source = uintp(first + ((top + row) * width + left + begin) * channels)
        to = uintp(row * size + begin)
        if channels == 1:
            copy_items(window, to, pixels, source, count)
            continue
        for j in range(count):
            window[to + j] = pixels[source + j * step]


@part
def _put_cells(source, start, stride, patch_size, gain, result, to, pixel):  # type: ignore[no-untyped-def]
    """Fill a patch, at `result[to]`, with the cells from `source[start]`, rows `stride` apart.

    One loop over all cells runs in the vector registers, one over a row does not: so rows that lie apart are first
    brought together, in the room at the end of `source`.
    """
    size, step, first = uintp(patch_size), uintp(len(pixel)), uintp(start)
    if stride != patch_size:
        first = uintp(len(source)) - size * size
        for i in range(size):
            copy_items(source, first + i * size, source, uintp(start) + i * uintp(stride), size)
    for i in range(size * size):
        result[to + i * step] = gain * np.float32(source[first + i])


@part
def _halve_often(window, start, stride, size, times, sums, use_max):  # type: ignore[no-untyped-def]
    """Pool the `size` x `size` pixels from `window[start]` by 2 x 2, and that again, into the first rows of `sums`."""
    if times > 0:
        _halve(window, start, uintp(stride), uintp(size), sums[0], use_max)
    for i in range(1, times):
        size = size >> 1
        _halve(sums[i - 1], uintp(0), uintp(size), uintp(size), sums[i], use_max)


@part
def _put_straight(image, place, strip, use_max, patch_size, gain, result, to):  # type: ignore[no-untyped-def]
    """Fill a patch, at `result[to]`, whose window begins at a place (top, left, scale) of the image.

    The rows of pixels that a row of cells covers are pooled into `strip` (width,), then its columns.
    """
    pixels, first, height, width, pixel = image
    top, left, scale = place
    step = uintp(len(pixel))
    begin, end = min(max(left, 0), width), min(max(left + (patch_size << scale), 0), width)
    for i in range(patch_size):
        strip[: end - begin] = 0
        for row in range(max(top + (i << scale), 0), min(top + ((i + 1) << scale), height)):
            source = uintp(first + (row * width + begin) * len(pixel))
            for x in range(uintp(end - begin)):
                value = strip.dtype.type(pixels[source + x * step])
                strip[x] = max(strip[x], value) if use_max else strip[x] + value
        for j in range(patch_size):
            cell, start = strip.dtype.type(0), min(max(left + (j << scale), 0), width)
            stop = min(max(left + ((j + 1) << scale), 0), width)
            for x in range(uintp(start - begin), uintp(stop - begin)):
                cell = max(cell, strip[x]) if use_max else strip.dtype.type(cell + strip[x])
            result[to + uintp(i * patch_size + j) * step] = gain * np.float32(cell)


@part
def _halve(source, start, stride, size, target, use_max):  # type: ignore[no-untyped-def]
    """Pool blocks of 2 x 2: `size` x `size` pixels of `source`, rows `stride` apart, fill the first of `target`."""
    two, half = uintp(2), uintp(size // 2)
    for i in range(half):
        above, to = start + two * i * stride, i * half
        below = above + stride
        if use_max:
            for j in range(half):
                pair = max(source[above + two * j], source[above + two * j + uintp(1)])
                target[to + j] = max(pair, max(source[below + two * j], source[below + two * j + uintp(1)]))
        else:
            for j in range(half):
                pair = source[above + two * j] + source[above + two * j + uintp(1)]
                target[to + j] = pair + source[below + two * j] + source[below + two * j + uintp(1)]


@kernel
def glimpse_pixels(pixels, locations, height, width, output, use_max):  # type: ignore[no-untyped-def]
    """Light in `output` (B, k, g, g), all 0, the cells in which the pixels (B, P, 2) lie.

    Returns False at a pixel outside the image or a location outside [-1, 1], else True.
    """
    num_scales, patch_size = output.shape[1:3]
    cells = output.reshape(-1)
    # Looked at in one pass of its own, which runs in the vector registers; no branch for the lights to wait for.
    inside, numbers, places = True, pixels.reshape(-1), locations.reshape(-1)
    for i in range(len(places)):
        inside &= abs(places[i]) <= 1
    for i in range(0, len(numbers), 2):  # an unsigned number that was negative is huge
        inside &= (uintp(numbers[i]) < uintp(width)) & (uintp(numbers[i + 1]) < uintp(height))
    if not inside:
        return False
    for b in range(len(pixels)):
        row_centre = (locations[b, 1] + 1.0) / 2.0 * height
        column_centre = (locations[b, 0] + 1.0) / 2.0 * width
        for scale in range(num_scales):
            size, gain = patch_size << scale, np.float32(1 if use_max else 1 / (1 << (2 * scale)))
            first = (b * num_scales + scale) * patch_size * patch_size
            top, left = first_pixel(row_centre, size), first_pixel(column_centre, size)
            for p in range(pixels.shape[1]):
                down, across = pixels[b, p, 1] - top, pixels[b, p, 0] - left
                counts = (down >= 0) & (down < size) & (across >= 0) & (across < size)
                for q in range(p):  # A pixel that was named before is lit already.
                    counts &= (pixels[b, q, 0] != pixels[b, p, 0]) | (pixels[b, q, 1] != pixels[b, p, 1])
                # No branch, which the processor could not foresee: what does not count adds 0 to the first cell.
                cell = uintp(first + (((down >> scale) * patch_size + (across >> scale)) if counts else 0))
                light = gain if counts else np.float32(0)
                cells[cell] = max(cells[cell], light) if use_max else cells[cell] + light
    return True


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
def _put_from_table(image, sums, entry, place, edges, lines, gain, result, to):  # type: ignore[no-untyped-def]
    """Fill a patch, at `result[to]`, whose window begins at a place (top, left, scale) of an image.

    The table begins at `sums[entry]`; `edges` (g + 1) and `lines` (2, g) are for work.
    """
    top, left, scale = place
    patch_size, step = lines.shape[1], uintp(len(image[4]))
    for j in range(patch_size + 1):
        edges[j] = min(max(left + (j << scale), 0), image[3])
    _add_above(image, sums, entry, top, edges, lines[0])
    for i in range(patch_size):
        above, below = lines[i & 1], lines[1 - (i & 1)]
        _add_above(image, sums, entry, top + ((i + 1) << scale), edges, below)
        for j in range(uintp(patch_size)):
            above[j] = below[j] - above[j]  # As if none of the sums had wrapped around.
            cell = np.float32(max(above[j], lines.dtype.type(0)))  # Floats may fall below by their rounding.
            result[to + (uintp(i * patch_size) + j) * step] = gain * cell


@part
def _add_above(image, sums, entry, row, edges, line):  # type: ignore[no-untyped-def]
    """Fill `line` (g,) with the sums of all pixels above a row, from each of the `edges` to the next."""
    pixels, first, height, width, pixel = image
    channels = len(pixel)
    row = min(max(row, 0), height)
    nearest = min((row + BAND // 2) // BAND, height // BAND)
    start = entry + nearest * (width + 1) * channels
    for j in range(uintp(len(line))):
        line[j] = sums[uintp(start + edges[j + 1] * channels)] - sums[uintp(start + edges[j] * channels)]
    for r in range(nearest * BAND, row):
        for j in range(uintp(len(line))):
            line[j] += _segment(pixels, first + r * width * channels, edges[j], edges[j + 1], line, pixel)
    for r in range(row, nearest * BAND):
        for j in range(uintp(len(line))):
            line[j] -= _segment(pixels, first + r * width * channels, edges[j], edges[j + 1], line, pixel)


@part
def _segment(pixels, start, begin, end, line, pixel):  # type: ignore[no-untyped-def]
    """The sum of one channel of the pixels from column `begin` to `end` of the row that begins at `start`."""
    step, source, total = uintp(len(pixel)), uintp(start + begin * len(pixel)), line.dtype.type(0)
    for x in range(uintp(end - begin)):
        total = line.dtype.type(total + pixels[source + x * step])
    return total
