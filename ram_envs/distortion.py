"""Random distortions of training images: rotated, slanted and stretched a little, against overfitting.

Not in the paper. As in `scenes`, everything random is a pure function of uniform draws in [0, 1).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

NUM_DRAWS = 5
"""How many uniform draws distort one image."""


def linear_maps(draws: NDArray[np.float64], max_distortion: float) -> NDArray[np.float64]:
    """From uniform draws (B, 5) to maps (B, 2, 2) of (row, column): the identity, plus up to `max_distortion` in each.

    Off the diagonal alike they slant, unlike they rotate; on it they stretch. A random half stays as it is:
    interpolation blurs, and who has seen blurred strokes alone is worse at sharp ones.
    """
    distorted = draws[:, 4] < 0.5
    return np.eye(2) + max_distortion * distorted[:, None, None] * (2 * draws[:, :4].reshape(-1, 2, 2) - 1)


def distort(images: NDArray[np.uint8], indices: NDArray[np.int64], maps: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Images seen through linear maps around their middle: pixel p shows what was at middle + map (p - middle).

    Between pixels by bilinear interpolation; outside the image is 0.

    Args:
        images: (N, h, w) or (N, h, w, C).
        indices: (B,), which of them.
        maps: (B, 2, 2), from `linear_maps`.

    Returns:
        (B, h, w) or (B, h, w, C), fresh.
    """
    out = np.empty((len(indices), *images.shape[1:]), np.uint8)
    channels = images.shape[3] if images.ndim == 4 else 1
    shape = (*images.shape[1:3], channels)
    _distort(out.reshape(-1, *shape), images.reshape(-1, *shape), indices, maps)
    return out


@njit(cache=True, nogil=True)
def _distort(out, images, indices, maps):  # type: ignore[no-untyped-def]
    height, width, channels = images.shape[1:]
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    for b in range(len(out)):
        for i in range(height):
            for j in range(width):
                y = middle_y + maps[b, 0, 0] * (i - middle_y) + maps[b, 0, 1] * (j - middle_x)
                x = middle_x + maps[b, 1, 0] * (i - middle_y) + maps[b, 1, 1] * (j - middle_x)
                top, left = int(np.floor(y)), int(np.floor(x))
                down, right = y - top, x - left
                for channel in range(channels):
                    value = 0.5  # rounds
                    for row, weight in ((top, 1 - down), (top + 1, down)):
                        if 0 <= row < height:
                            if 0 <= left < width:
                                value += weight * (1 - right) * images[indices[b], row, left, channel]
                            if 0 <= left + 1 < width:
                                value += weight * right * images[indices[b], row, left + 1, channel]
                    out[b, i, j, channel] = int(value)
