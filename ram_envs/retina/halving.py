"""The finest scales of a glimpse: pixels halved again and again, compiled.

`put_halved` does it for any image, from a copied window. `put_bytes` does it for grey bytes pooled by their average, in
about half the time: it reads the rows of pixels where they lie, and every operation is on `LANES` numbers.
"""

from __future__ import annotations

import numpy as np
from numba import uintp

from ram_envs.retina.compiled import copy_items, kernel, part
from ram_envs.retina.lanes import LANES, pool_row, pool_rows, pool_two_rows, put_cells, put_pixels

PAIR = 2 * LANES


@kernel
def first_pixel(centre, size):  # type: ignore[no-untyped-def]
    """The first pixel of a window of `size` pixels around `centre`."""
    return int(np.floor(centre - size / 2 + 0.5))


@part
def put_halved(image, centre, halved, window, sums, unit, use_max, patch_size, result, to):  # type: ignore[no-untyped-def]
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


@part
def put_bytes(pixels, frame, centre, halved, visible, sums, unit, patch_size, result, to):  # type: ignore[no-untyped-def]
    """Fill the patches of the scales below `halved`, from `result[to]` on, of a grey image of bytes.

    The scales are such as `can_put_bytes` allows. Rows of pixels are read up to the end of a group of lanes. What lies
    beyond the image's edge there is masked by `visible`, and what is written beyond a row of cells is written over by
    the next row, patch or glimpse. Where either would leave its array, at the first and last of the images and
    glimpses, it does nothing and returns False.
    """
    first, height, width = frame
    size = patch_size << (halved - 1)
    top, left = first_pixel(centre[0], size), first_pixel(centre[1], size)
    begin, end = max(-top, 0), min(height - top, size)  # the window's rows that lie in the image
    start = first + top * width + left
    reads_to = start + (end - 1) * width + (size + PAIR - 1) // PAIR * PAIR
    writes_to = to + halved * patch_size * patch_size + LANES
    if start + begin * width < 0 or reads_to > len(pixels) or writes_to > len(result):
        return False
    _put_finest(pixels, frame, centre, visible, size, unit, patch_size, result, to)
    if halved == 1:
        return True
    groups, group = uintp((patch_size + LANES - 1) // LANES), LANES << (halved - 2)
    stride, rows, source = uintp((size // 2 + group - 1) // group * group), uintp(size // 2), uintp(0)
    _pool_window(pixels, start, width, begin, end, visible, size + left, size, sums, stride)
    for scale in range(1, halved):
        across = (size - (patch_size << scale)) >> (scale + 1)  # from the window's edge to the patch's, in cells
        cells, gain = source + uintp(across) * (stride + uintp(1)), unit / np.float32(1 << (2 * scale))
        patch = uintp(to + scale * patch_size * patch_size)
        for i in range(uintp(patch_size)):
            for j in range(groups):
                x = j * uintp(LANES)
                put_cells(result, patch + i * uintp(patch_size) + x, sums, cells + i * stride + x, gain)
        if scale < halved - 1:
            source, rows, stride = _pool_again(sums, source, rows, stride)
    return True


@part
def _put_finest(pixels, frame, centre, visible, size, unit, patch_size, result, to):  # type: ignore[no-untyped-def]
    """Fill the finest patch, at `result[to]`: pixels as they are, zeros outside the image."""
    first, height, width = frame
    top, left, g = first_pixel(centre[0], patch_size), first_pixel(centre[1], patch_size), uintp(patch_size)
    begin, end = min(max(-top, 0), patch_size), max(min(height - top, patch_size), 0)
    groups = uintp((patch_size + LANES - 1) // LANES)
    _put_zeros(result, uintp(to), uintp(to) + uintp(begin) * g)
    for i in range(uintp(begin), uintp(end)):
        row, here = uintp(first + (top + int(i)) * width + left), uintp(to) + i * g
        for j in range(groups):
            x = j * uintp(LANES)
            put_pixels(result, here + x, pixels, row + x, visible, uintp(size + left) + x, unit)
    _put_zeros(result, uintp(to) + uintp(end) * g, uintp(to) + g * g)


@part
def _put_zeros(array, start, stop):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        array[i] = 0


@part
def _pool_window(pixels, start, width, begin, end, visible, seen, size, sums, stride):  # type: ignore[no-untyped-def]
    """Pool the window of `size` x `size` pixels from `pixels[start]` by 2 x 2, into rows of `sums`, `stride` apart.

    Its rows `begin` to `end` lie in the image, which is `width` wide; what counts of a row begins at `visible[seen]`.
    """
    groups = uintp((size + PAIR - 1) // PAIR)
    _put_zeros(sums, uintp(0), uintp(begin // 2) * stride)
    for row in range((begin + 1) // 2, end // 2):
        above, to = uintp(start + 2 * row * width), uintp(row) * stride
        below = above + uintp(width)
        for i in range(groups):
            x = i * uintp(PAIR)
            pool_two_rows(sums, to + i * uintp(LANES), pixels, above + x, below + x, visible, uintp(seen) + x)
    for row, is_alone in ((begin, begin & 1), (end - 1, end & 1)):  # its fellow lies outside
        if is_alone:
            alone, to = uintp(start + row * width), uintp(row // 2) * stride
            for i in range(groups):
                x = i * uintp(PAIR)
                pool_row(sums, to + i * uintp(LANES), pixels, alone + x, visible, uintp(seen) + x)
    _put_zeros(sums, uintp((end + 1) // 2) * stride, uintp(size // 2) * stride)


@part
def _pool_again(sums, source, rows, stride):  # type: ignore[no-untyped-def]
    """Pool `rows` of cells from `sums[source]` by 2 x 2, into what follows them; where that is, its rows and stride."""
    target, half = source + rows * stride, stride >> uintp(1)
    for i in range(rows >> uintp(1)):
        above, to = source + uintp(2) * i * stride, target + i * half
        for j in range(half // uintp(LANES)):
            x = j * uintp(LANES)
            pool_rows(sums, to + x, sums, above + uintp(2) * x, above + stride + uintp(2) * x)
    return target, rows >> uintp(1), half


def can_put_bytes(patch_size: int, halved: int) -> bool:
    """Whether `put_bytes` knows these scales: each patch has to begin at a whole cell of the coarsest one's window."""
    return patch_size % 2 == 0 or halved <= 2


def room_for_bytes(patch_size: int, halved: int) -> int:
    """How many numbers `put_bytes` needs for its sums."""
    half, group = (patch_size << (halved - 1)) // 2, LANES << max(halved - 2, 0)
    return 2 * half * -(-half // group) * group + PAIR
