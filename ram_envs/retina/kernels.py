"""The compiled code of the retina. It reads no memory outside its arrays, whatever the locations are."""

from __future__ import annotations

import numpy as np
from numba import uintp

from ram_envs.retina.compiled import kernel, part
from ram_envs.retina.halving import first_pixel, put_bytes, put_halved
from ram_envs.retina.tables import put_from_table

# Types are inferred. Indices are unsigned because a signed one may be negative (counted from the end), and the test for
# that keeps the loops out of the vector registers. docs/performance.md has the measurements.


@kernel
def all_inside(locations):  # type: ignore[no-untyped-def]
    """Whether all of the locations (n, 2) lie in [-1, 1]; NaN does not."""
    inside = True
    for x in locations.reshape(-1):
        inside &= abs(x) <= 1
    return inside


@part
def _centre(x, y, height, width):  # type: ignore[no-untyped-def]
    """The row and the column, counted from the image's outer edge, of the location (x, y) in [-1, 1]."""
    return (y + 1.0) / 2.0 * height, (x + 1.0) / 2.0 * width


@kernel
def glimpse_images(images, which, chosen, pixel, locations, halved, output, sums, unit, use_max):  # type: ignore[no-untyped-def]
    """Fill the first `halved` scales of `output` (n, k, g, g * channels) from `images` (B, H, W * channels).

    Row i is the glimpse of image `which[i]`, or of image i where `which` is empty. Those rows are filled that `chosen`
    (m,) numbers, or all where it is empty.

    Returns False at a location outside [-1, 1] or at no image, else True.
    """
    channels = len(pixel)  # Known when compiling, so that the grey version has steps of 1.
    height, row_length = images.shape[1:]
    num_scales, patch_size = output.shape[1:3]
    width, widest = row_length // channels, patch_size << (halved - 1)
    window = np.empty(widest * widest + patch_size * patch_size, images.dtype)
    pixels, result = images.reshape(-1), output.reshape(-1)
    for i in range(len(chosen) if len(chosen) else len(locations)):
        n = chosen[i] if len(chosen) else i
        b = which[n] if len(which) else n
        if not (0 <= b < len(images) and abs(locations[n, 0]) <= 1 and abs(locations[n, 1]) <= 1):
            return False
        centre = _centre(locations[n, 0], locations[n, 1], height, width)
        for channel in range(channels):
            to = n * num_scales * patch_size * patch_size * channels + channel
            image = pixels, b * height * row_length + channel, height, width, pixel
            put_halved(image, centre, halved, window, sums, unit, use_max, patch_size, result, to)
    return True


@kernel
def glimpse_bytes(images, which, locations, halved, output, sums, visible, unit, left):  # type: ignore[no-untyped-def]
    """Do what `glimpse_images` does, of grey bytes pooled by their average, straight from the rows of pixels.

    The numbers of the few glimpses for which `put_bytes` has no room are put into `left` (n,).

    Returns how many those are; -1 at a location outside [-1, 1] or at no image.
    """
    height, width = images.shape[1:]
    num_scales, patch_size = output.shape[1:3]
    pixels, result, numbers, count = images.reshape(-1), output.reshape(-1), sums.reshape(-1), 0
    for n in range(len(locations)):
        b = which[n] if len(which) else n
        if not (0 <= b < len(images) and abs(locations[n, 0]) <= 1 and abs(locations[n, 1]) <= 1):
            return -1
        centre = _centre(locations[n, 0], locations[n, 1], height, width)
        frame, to = (b * height * width, height, width), n * num_scales * patch_size * patch_size
        if not put_bytes(pixels, frame, centre, halved, visible, numbers, unit, patch_size, result, to):
            left[count] = n
            count += 1
    return count


@kernel
def glimpse_coarse(images, which, pixel, locations, halved, output, strip, unit, use_max):  # type: ignore[no-untyped-def]
    """Fill the scales from `halved` on, straight from the images; places are as in `glimpse_images`, and checked.

    `strip` (W,) is for work.
    """
    channels = len(pixel)
    height, row_length = images.shape[1:]
    num_scales, patch_size = output.shape[1:3]
    width, pixels, result = row_length // channels, images.reshape(-1), output.reshape(-1)
    for n in range(len(locations)):
        b = which[n] if len(which) else n
        centre = _centre(locations[n, 0], locations[n, 1], height, width)
        for scale in range(halved, num_scales):
            size, gain = patch_size << scale, unit if use_max else unit / np.float32(1 << (2 * scale))
            place = first_pixel(centre[0], size), first_pixel(centre[1], size), scale
            for channel in range(channels):
                image = pixels, b * height * row_length + channel, height, width, pixel
                to = uintp((n * num_scales + scale) * patch_size * patch_size * channels + channel)
                _put_straight(image, place, strip, use_max, patch_size, gain, result, to)


@kernel
def glimpse_tables(images, which, pixel, locations, halved, output, tables, unit):  # type: ignore[no-untyped-def]
    """Do what `glimpse_coarse` does, of averages, from the images' tables."""
    channels = len(pixel)
    height, row_length = images.shape[1:]
    num_scales, patch_size = output.shape[1:3]
    edges, lines = np.empty(patch_size + 1, np.int64), np.empty(2 * patch_size, tables.dtype)
    width, pixels, entries, result = row_length // channels, images.reshape(-1), tables.reshape(-1), output.reshape(-1)
    for n in range(len(locations)):
        b = which[n] if len(which) else n
        centre = _centre(locations[n, 0], locations[n, 1], height, width)
        for scale in range(halved, num_scales):
            size, gain = patch_size << scale, unit / np.float32(1 << (2 * scale))
            place = first_pixel(centre[0], size), first_pixel(centre[1], size), scale
            for channel in range(channels):
                frame = b * height * row_length + channel, height, width
                entry = b * tables.shape[1] * tables.shape[2] + channel
                to = uintp((n * num_scales + scale) * patch_size * patch_size * channels + channel)
                put_from_table(pixels, frame, pixel, entries, entry, place, edges, lines, gain, result, to)


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
        centre = _centre(locations[b, 0], locations[b, 1], height, width)
        for scale in range(num_scales):
            size, gain = patch_size << scale, np.float32(1 if use_max else 1 / (1 << (2 * scale)))
            first = (b * num_scales + scale) * patch_size * patch_size
            top, left = first_pixel(centre[0], size), first_pixel(centre[1], size)
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
