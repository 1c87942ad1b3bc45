"""Random distortions of training images, against overfitting: rotated, slanted and stretched a little, or bent.

Not in the paper. As in `scenes`, everything random is a pure function of uniform draws in [0, 1).
"""

from __future__ import annotations

import numpy as np
from numba import uintp
from numpy.typing import NDArray

from ram_envs.arguments import MODERATE, check_array, check_below, check_images, check_moderate
from ram_envs.retina.compiled import kernel, part

NUM_DRAWS = 5
"""How many uniform draws make one linear map."""
MESH = 5
"""The number of nodes each way at which a bent image is moved; the outer ones lie on its edge."""
NUM_BEND_DRAWS = 2 * MESH**2
"""How many more uniform draws bend one image."""


def linear_maps(draws: NDArray[np.float64], max_distortion: float) -> NDArray[np.float64]:
    """From uniform draws (B, 5) to maps (B, 2, 2) of (row, column): the identity, plus up to `max_distortion` in each.

    The numbers on the diagonal stretch; those off it slant if they are alike, and rotate if they are opposite. A random
    half of the maps stays the identity: interpolation blurs, and an agent that has seen blurred strokes alone is worse
    at sharp ones.
    """
    return np.eye(2) + max_distortion * _chosen(draws)[:, None, None] * (2 * draws[:, :4].reshape(-1, 2, 2) - 1)


def bends(draws: NDArray[np.float64], max_bend: float) -> NDArray[np.float64]:
    """From uniform draws (B, 5 + 50) to displacements (B, 5, 5, 2) of a mesh's nodes, up to `max_bend` pixels each way.

    A coarse form of elastic distortion (Simard et al. 2003). It bends the images that `linear_maps` of the same draws
    distorts.
    """
    nodes = 2 * draws[:, NUM_DRAWS : NUM_DRAWS + NUM_BEND_DRAWS].reshape(-1, MESH, MESH, 2) - 1
    return max_bend * _chosen(draws)[:, None, None, None] * nodes


def _chosen(draws: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which images are distorted, (B,)."""
    return draws[:, 4] < 0.5


def distort(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    maps: NDArray[np.float64],
    bent: NDArray[np.float64] | None = None,
) -> NDArray[np.uint8]:
    """Images seen through linear maps around their middle: pixel p shows what was at middle + map (p - middle) + bend.

    Between pixels, and between the nodes of the bend, by bilinear interpolation; outside the image is 0.

    Args:
        images: (N, h, w) or (N, h, w, C).
        indices: (B,), which of them.
        maps: (B, 2, 2), from `linear_maps`.
        bent: (B, m, n, 2) pixels, of a mesh of m x n nodes, as from `bends`; None for straight images.

    Returns:
        (B, h, w) or (B, h, w, C), fresh.

    Raises:
        TypeError: an array of another dtype.
        ValueError: an array of another shape, or maps or bends that are not finite, or beyond 1e300.
        IndexError: an index of no image.
    """
    images = check_images("images", images)
    indices = check_array("indices", indices, np.int64, (None,))
    check_below("indices", indices, len(images))
    bent = np.zeros((len(indices), 2, 2, 2)) if bent is None else bent
    maps = check_array("maps", maps, np.float64, (len(indices), 2, 2))
    bent = check_array("bends", bent, np.float64, (len(indices), None, None, 2))
    if min(bent.shape[1:3]) < 2:
        raise ValueError(f"bends have shape {bent.shape}; a mesh has at least 2 nodes each way")
    check_moderate("maps", maps, MODERATE)
    check_moderate("bends", bent, MODERATE)
    out = np.empty((len(indices), *images.shape[1:]), np.uint8)
    channels = images.shape[3] if images.ndim == 4 else 1
    shape = (*images.shape[1:3], channels)
    _distort(out.reshape(-1, *shape), images.reshape(-1, *shape), indices, maps, bent)
    return out


@kernel
def _distort(out, images, indices, maps, bent):  # type: ignore[no-untyped-def]
    height, width, channels = images.shape[1:]
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    cell_y, below = _between(height, bent.shape[1] - 1)
    cell_x, beyond = _between(width, bent.shape[2] - 1)
    # With a frame of zeros, and places kept within it, no pixel has to ask whether its neighbours exist.
    framed = np.zeros((height + 3, width + 3, channels), np.float32)
    for b in range(len(out)):
        (yy, yx), (xy, xx) = maps[b]
        if yy == xx == 1 and yx == xy == 0 and not bent[b].any():
            out[b] = images[indices[b]]
            continue
        framed[1 : height + 1, 1 : width + 1] = images[indices[b]]
        for i in range(height):
            nodes = (1 - below[i]) * bent[b, cell_y[i]] + below[i] * bent[b, cell_y[i] + 1]
            for j in range(width):
                left_node, right_node = nodes[cell_x[j]], nodes[cell_x[j] + 1]
                y = middle_y + yy * (i - middle_y) + yx * (j - middle_x)
                x = middle_x + xy * (i - middle_y) + xx * (j - middle_x)
                y += (1 - beyond[j]) * left_node[0] + beyond[j] * right_node[0]
                x += (1 - beyond[j]) * left_node[1] + beyond[j] * right_node[1]
                y, x = min(max(y, -1.0), height) + 1, min(max(x, -1.0), width) + 1
                top, left = uintp(y), uintp(x)
                down, right = y - top, x - left
                for channel in range(channels):
                    upper = (1 - right) * framed[top, left, channel] + right * framed[top, left + 1, channel]
                    lower = (1 - right) * framed[top + 1, left, channel] + right * framed[top + 1, left + 1, channel]
                    out[b, i, j, channel] = uintp((1 - down) * upper + down * lower + 0.5)  # rounds


@part
def _between(pixels, cells):  # type: ignore[no-untyped-def]
    """The cell of the mesh that each row (or column) lies in, and how far it is in it, from 0 to 1."""
    position = np.arange(pixels) * (cells / max(pixels - 1, 1))
    cell = np.minimum(position.astype(np.int64), cells - 1)
    return cell, position - cell
