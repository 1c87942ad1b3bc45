"""A sensor that lies between the pixels: another way to see an image than the retina's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uintp
from numpy.typing import NDArray

from ram_envs.arguments import check_below
from ram_envs.retina.compiled import kernel


def sense(
    images: NDArray[np.float32],
    which: NDArray[np.int64],
    centres: NDArray[np.floating[Any]],
    size: int,
    *,
    windows: tuple[NDArray[np.int64], int] | None = None,
) -> NDArray[np.float32]:
    """What a sensor of `size` x `size` cells, a pixel apart, sees between the pixels: bilinear interpolation.

    Args:
        images: (N, H, W).
        which: (n,), the numbers of the images that are looked at.
        centres: (n, 2), the places of the sensor's middle, in [-1, 1] of the image, such that it lies inside.
        size: g.
        windows: what is looked at are square windows of the images, in place of whole ones: their first columns and
            rows, (n, 2), and their width.

    Returns:
        (n, g, g), a fresh array.

    Raises:
        IndexError: a number of no image, or a window that hangs out of one.
        ValueError: a sensor that is as large as the image, a window wider than it, places that are not finite, or
            others than one for each image that is looked at.
    """
    height, width = images.shape[1:] if windows is None else (windows[1], windows[1])
    if size >= min(height, width):
        raise ValueError(f"a sensor of {size} cells needs an image of {size + 1} pixels; this one has {width}x{height}")
    if max(height - images.shape[1], width - images.shape[2]) > 0:
        raise ValueError(f"windows are {width} pixels wide; the images have {images.shape[2]}x{images.shape[1]}")
    first = np.zeros((len(which), 2), np.int64) if windows is None else windows[0]
    if centres.shape != (len(which), 2) or first.shape != (len(which), 2):
        raise ValueError(
            f"{len(which)} images are looked at: centres and windows must be ({len(which)}, 2), "
            f"not {centres.shape} and {first.shape}"
        )
    seen = np.empty((len(which), size, size), np.float32)
    pixels, places = np.ascontiguousarray(images), centres.astype(np.float64, order="C", copy=False)
    if not _sense(pixels, which, places, first, (height, width), seen):
        check_below("which", which, len(images))
        check_below("windows", first, (images.shape[2] - width + 1, images.shape[1] - height + 1))
        raise ValueError(f"centres are {centres.tolist()}; they must be finite")
    return seen


@kernel
def _sense(images, which, centres, first, shape, seen):  # type: ignore[no-untyped-def]
    """Fill `seen` (n, g, g); returns False where something would be read outside the images, else True."""
    (height, width), size = shape, seen.shape[1]
    pixels, cells = images.reshape(-1), seen.reshape(-1)
    for n in range(len(which)):
        column, row = first[n, 0], first[n, 1]
        inside = 0 <= column <= images.shape[2] - width and 0 <= row <= images.shape[1] - height
        if not (inside and 0 <= which[n] < len(images) and np.isfinite(centres[n, 0]) and np.isfinite(centres[n, 1])):
            return False
        # Where the sensor's first cell lies, and the whole pixel before it.
        x, y = (centres[n, 0] + 1) / 2 * width - size / 2, (centres[n, 1] + 1) / 2 * height - size / 2
        left, top = min(max(np.floor(x), 0), width - size - 1), min(max(np.floor(y), 0), height - size - 1)
        across, down, one = np.float32(x - left), np.float32(y - top), np.float32(1)
        start = (which[n] * images.shape[1] + row + int(top)) * images.shape[2] + column + int(left)
        for i in range(size):
            above, to = uintp(start + i * images.shape[2]), uintp((n * size + i) * size)
            below = above + uintp(images.shape[2])
            for j in range(uintp(size)):
                before = pixels[above + j] + down * (pixels[below + j] - pixels[above + j])
                after = pixels[above + j + uintp(1)]
                after += down * (pixels[below + j + uintp(1)] - after)
                cells[to + j] = min(max(before + across * (after - before), np.float32(0)), one)
    return True
