"""The compiled code of the retina. It reads no memory outside its arrays, whatever the locations are."""

from __future__ import annotations

import numpy as np
from numba import uintp

from ram_envs.retina.compiled import copy_items, kernel, part

# Types are inferred. Indices are unsigned because a signed one may be negative (counted from the end), and the test for
# that keeps the loops out of the vector registers. docs/performance.md has the measurements.


@kernel
def first_pixel(centre, size):  # type: ignore[no-untyped-def]
    """The first pixel of a window of `size` pixels around `centre`."""
    return int(np.floor(centre - size / 2 + 0.5))


@kernel
def glimpse_images(images, pixel, locations, output, window, sums, spare, unit, use_max):  # type: ignore[no-untyped-def]
    """Fill `output` (B, k, g, g * channels) from `images` (B, H, W * channels).

    The coarsest window is copied once into `window`, zeros around it, so that pooling meets no border. A finer scale
    is a smaller part of that window; a patch of scale i is pooled i times by 2 x 2, in `sums` and `spare`.

    Returns False at a location outside [-1, 1], else True.
    """
    channels = len(pixel)  # Known when compiling, so that the grey version has steps of 1.
    batch, height, row_length = images.shape
    num_scales, patch_size = output.shape[1:3]
    width = row_length // channels
    coarsest = patch_size << (num_scales - 1)
    pixels, result = images.reshape(-1), output.reshape(-1)
    for b in range(batch):
        if not (abs(locations[b, 0]) <= 1 and abs(locations[b, 1]) <= 1):
            return False
        row_centre = (np.float64(locations[b, 1]) + 1.0) / 2.0 * height
        column_centre = (np.float64(locations[b, 0]) + 1.0) / 2.0 * width
        top, left = first_pixel(row_centre, coarsest), first_pixel(column_centre, coarsest)
        for channel in range(channels):
            first = b * height * row_length + channel
            _copy_window(pixels, pixel, first, height, width, top, left, coarsest, window)
            for scale in range(num_scales):
                down = first_pixel(row_centre, patch_size << scale) - top
                across = first_pixel(column_centre, patch_size << scale) - left
                start = uintp(down * coarsest + across)
                to = uintp((b * num_scales + scale) * patch_size * patch_size * channels + channel)
                if scale == 0:
                    _put_finest(window, start, coarsest, patch_size, unit, result, to, pixel)
                else:
                    _put_pooled(
                        window, start, coarsest, patch_size, scale, sums, spare, unit, use_max, result, to, pixel
                    )
    return True


@part
def _copy_window(pixels, pixel, first, height, width, top, left, size, window):  # type: ignore[no-untyped-def]
    """Copy one channel of an image, which begins at `pixels[first]`, into `window` (size x size); zeros outside it."""
    channels = len(pixel)
    step = uintp(channels)
    begin, end = max(-left, 0), min(width - left, size)
    count = uintp(max(end - begin, 0))
    window[:] = 0
    for row in range(max(-top, 0), min(height - top, size)):
        source = uintp(first + ((top + row) * width + left + begin) * channels)
        to = uintp(row * size + begin)
        if channels == 1:
            copy_items(window, to, pixels, source, count)
            continue
        for j in range(count):
            window[to + j] = pixels[source + j * step]


@part
def _put_finest(window, start, stride, patch_size, unit, result, to, pixel):  # type: ignore[no-untyped-def]
    """Fill a patch of scale 0, at `result[to]`, with the pixels from `window[start]`, rows `stride` apart."""
    stride, patch_size, step = uintp(stride), uintp(patch_size), uintp(len(pixel))
    for i in range(patch_size):
        for j in range(patch_size):
            result[to + (i * patch_size + j) * step] = unit * np.float32(window[start + i * stride + j])


@part
def _put_pooled(window, start, stride, patch_size, scale, sums, spare, unit, use_max, result, to, pixel):  # type: ignore[no-untyped-def]
    """Fill a patch of a coarser scale, at `result[to]`, with the pooled pixels from `window[start]`."""
    size, step = uintp(patch_size << scale), uintp(len(pixel))
    _halve(window, start, uintp(stride), size, sums, use_max)
    for _ in range(1, scale):
        size = size // uintp(2)
        _halve(sums, uintp(0), size, size, spare, use_max)
        sums, spare = spare, sums
    gain = unit if use_max else unit / np.float32(1 << (2 * scale))
    for i in range(uintp(patch_size * patch_size)):
        result[to + i * step] = gain * np.float32(sums[i])


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
