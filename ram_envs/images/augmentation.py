"""Variants of training images, against overfitting: distorted, mirrored, cropped, brighter or darker.

Not in the paper. As in `scenes`, everything random is a pure function of uniform draws in [0, 1), of which a variant
takes only those that its options ask for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_array, check_flag, check_number
from ram_envs.images.distortion import NUM_BEND_DRAWS, NUM_DRAWS, bends, distort, linear_maps

MOST_CROPPED = 0.9


class Crops(NamedTuple):
    """Which part of each of B images is shown."""

    sides: NDArray[np.float64]
    """(B,): the part's height as a share of the image's, and its width as one of the image's width."""
    middles: NDArray[np.float64]
    """(B, 2): (row, column) of the part's middle, in [-1, 1] of the image; a part lies inside of it."""


def flips(draws: NDArray[np.float64]) -> NDArray[np.bool_]:
    """From uniform draws (B, 1): which images are mirrored, left for right; half of them, (B,)."""
    return draws[:, 0] < 0.5


def crops(draws: NDArray[np.float64], max_crop: float) -> Crops:
    """From uniform draws (B, 3): up to `max_crop` of each side is cut off, and what is left lies anywhere."""
    sides = 1 - max_crop * draws[:, 0]
    return Crops(sides, (1 - sides)[:, None] * (2 * draws[:, 1:3] - 1))


def gains(draws: NDArray[np.float64], max_brightness: float) -> NDArray[np.float64]:
    """From uniform draws (B, 1): what light is multiplied by, (B,), from 1 - `max_brightness` to 1 + it."""
    return 1 + max_brightness * (2 * draws[:, 0] - 1)


def brighten(images: NDArray[np.uint8], gain: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Images (B, h, w[, C]) times their gains (B,), rounded, at most 255."""
    gain = check_array("gain", gain, np.float64, (len(images),))
    tables = np.rint(np.minimum(gain[:, None] * np.arange(256), 255)).astype(np.uint8)
    return np.stack([table[image] for table, image in zip(tables, images, strict=True)]) if len(images) else images


class Augmentation:
    """How training images vary from episode to episode.

    Args:
        max_distortion: see `distortion.linear_maps`; from 0 to 0.5.
        max_bend: see `distortion.bends`; pixels.
        flip: mirror a random half of the images, left for right.
        max_crop: show a part of the image in its place, scaled to its size: up to this share of height and width is
            cut off. From 0 to 0.9.
        max_brightness: multiply the light of an image by 1 - this to 1 + this. From 0 to 1.

    Raises:
        TypeError: an option of another type.
        ValueError: an option out of range.
    """

    def __init__(
        self,
        *,
        max_distortion: float = 0.0,
        max_bend: float = 0.0,
        flip: bool = False,
        max_crop: float = 0.0,
        max_brightness: float = 0.0,
    ) -> None:
        self.max_distortion = check_number("max_distortion", max_distortion, 0.5)
        self.max_bend = check_number("max_bend", max_bend)
        self.flip = check_flag("flip", flip)
        self.max_crop = check_number("max_crop", max_crop, MOST_CROPPED)
        self.max_brightness = check_number("max_brightness", max_brightness, 1)
        distorted = NUM_DRAWS if self.max_distortion or self.max_bend else 0
        bent = NUM_BEND_DRAWS if self.max_bend else 0
        self._parts = distorted + bent, int(self.flip), 3 * bool(self.max_crop), int(bool(self.max_brightness))

    @property
    def num_draws(self) -> int:
        """How many uniform draws make one variant; 0: images stay as they are."""
        return sum(self._parts)

    def parts(self, draws: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Draws (B, num_draws) as those that distort, mirror, crop and brighten."""
        return np.split(draws, np.cumsum(self._parts)[:-1], axis=1)

    def __call__(
        self, images: NDArray[np.uint8], indices: NDArray[np.int64], draws: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """The variants of some images, in fresh memory: (B, h, w) or (B, h, w, C).

        All that moves pixels is one map, so that the image is interpolated once.

        Args:
            images: (N, h, w) or (N, h, w, C).
            indices: (B,), which of them.
            draws: (B, num_draws), in [0, 1).
        """
        distorting, flipping, cropping, brightening = self.parts(draws)
        maps = np.tile(np.eye(2), (len(indices), 1, 1))
        bent = None
        if self._parts[0]:
            maps = linear_maps(distorting, self.max_distortion)
            bent = bends(distorting, self.max_bend) if self.max_bend else None
        if self.flip or self.max_crop:
            maps, bent = self._framed(maps, bent, flipping, cropping, images.shape[1:3])
        shown = distort(images, indices, maps, bent)
        return brighten(shown, gains(brightening, self.max_brightness)) if self.max_brightness else shown

    def _framed(
        self,
        maps: NDArray[np.float64],
        bent: NDArray[np.float64] | None,
        flipping: NDArray[np.float64],
        cropping: NDArray[np.float64],
        size: tuple[int, ...],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The maps (B, 2, 2) and bends (B, m, n, 2) of a distortion whose images are then mirrored and cropped."""
        scales = np.ones((len(maps), 2))
        offsets = np.zeros((len(maps), 2))
        if self.flip:
            scales[flips(flipping), 1] = -1
        if self.max_crop:
            sides, middles = crops(cropping, self.max_crop)
            scales *= sides[:, None]
            offsets = middles * (np.array(size) - 1) / 2
        bent = np.zeros((len(maps), 2, 2, 2)) if bent is None else bent
        return maps * scales[:, :, None], bent * scales[:, None, None] + offsets[:, None, None]
