"""A sensor that lies between the pixels: another way to see an image than the retina's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    """
    shape = np.array(images.shape[:0:-1] if windows is None else [windows[1]] * 2)
    first = (centres.astype(np.float64) + 1) / 2 * shape - size / 2
    whole = np.clip(np.floor(first), 0, shape - size - 1).astype(np.int64)
    x, y = np.moveaxis((first - whole).astype(np.float32), 1, 0)[..., None, None]
    if windows is not None:
        whole += windows[0]
    cells = np.arange(size + 1)
    window = images[which[:, None, None], (whole[:, 1, None] + cells)[..., None], (whole[:, 0, None] + cells)[:, None]]
    lines = window[:, :-1] + y * (window[:, 1:] - window[:, :-1])
    return np.clip(lines[..., :-1] + x * (lines[..., 1:] - lines[..., :-1]), 0, 1)
