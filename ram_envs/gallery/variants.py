"""Variants of pictures that are read when they are looked at: a part, mirrored, brighter or darker.

A frame (top, left, height, width, mirrored) is the part of a picture that an episode shows, in whole pixels; mirrored
ones show left for right. Outside of it is 0, as outside of any scene. No pixel is scaled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.images.augmentation import Augmentation, brighten, crops, flips, gains

Frames = NDArray[np.int64]


class Variants(NamedTuple):
    """How each of B pictures is shown."""

    frames: Frames
    """(B, 5)."""
    gains: NDArray[np.float32]
    """(B,): what its light is multiplied by; what would be brighter than white is white."""


def whole(sizes: NDArray[np.int64]) -> Variants:
    """Pictures of sizes (B, 2), each (H, W), as they are."""
    frames = np.zeros((len(sizes), 5), np.int64)
    frames[:, 2:4] = sizes
    return Variants(frames, np.ones(len(sizes), np.float32))


def vary(augmentation: Augmentation, sizes: NDArray[np.int64], draws: NDArray[np.float64]) -> Variants:
    """Variants of pictures of sizes (B, 2), from uniform draws (B, augmentation.num_draws)."""
    frames, light = whole(sizes)
    _, flipping, cropping, brightening = augmentation.parts(draws)
    if augmentation.max_crop:
        sides, middles = crops(cropping, augmentation.max_crop)
        frames[:, 2:4] = np.maximum(np.rint(sides[:, None] * sizes), 1)
        frames[:, :2] = np.rint((sizes - frames[:, 2:4]) * (_share(middles, sides)))
    if augmentation.flip:
        frames[:, 4] = flips(flipping)
    if augmentation.max_brightness:
        light[:] = gains(brightening, augmentation.max_brightness)
    return Variants(frames, light)


def _share(middles: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of what is cut off lies before the part, (B, 2), from its middle in [-1, 1] of the picture."""
    return (middles / np.maximum(1 - sides, 1e-9)[:, None] + 1) / 2


def shown(image: NDArray[np.uint8], frame: NDArray[Any], gain: float, level: int = 0) -> NDArray[np.uint8]:
    """What a frame (5,) shows of a picture's level (h, w[, C])."""
    top, left, height, width = (int(n) >> level for n in frame[:4])
    part = image[top : top + max(height, 1), left : left + max(width, 1)]
    part = part[:, ::-1] if frame[4] else part
    return part if gain == 1 else brighten(part[None], np.array([gain], np.float64))[0]
