"""The retina (the paper's "glimpse sensor", section 3.1), and the one statement of what a location means.

A location is (x, y) in [-1, 1]^2: (-1, -1) is the image's top-left corner, (0, 0) its middle, (1, 1) its bottom-right
corner. For an image of H x W pixels the centre of gaze lies at column (x + 1) / 2 * W and row (y + 1) / 2 * H, counted
from the outer edge of the first pixel. The patch of scale i is `width = patch_size * 2**i` pixels wide and its first
column is `floor(column - width / 2 + 1/2)`, so a patch that fits between pixels is placed exactly, and the half pixel
that is left for an even patch between two pixels goes to the right and down. Outside the image everything is 0.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_array, check_below, check_images
from ram_envs.retina import kernels
from ram_envs.retina.halving import PAIR, can_put_bytes, room_for_bytes
from ram_envs.retina.tables import no_tables

MOST_HALVED = 4
"""So many of the finest scales are halved again and again from one copied window; coarser ones, with cells of 16
pixels and more, are pooled straight from the image, or come from a table (docs/performance.md has the measurements).
The sums of 4 scales stay below 64 x 255, which 16 bits hold."""

MOST_SCALES = 31  # The area of a cell, 4**30 pixels, and the numbers of all pixels stay within 64 bits.

FAR_OUTSIDE = 5  # A location beyond this is taken for pixels: no policy's noise leads so far.

UNIT_OF_BYTES, UNIT_OF_FLOATS = np.float32(1 / 255), np.float32(1)
"""What a pixel's value is multiplied by to be in [0, 1]."""

EACH_ITS_OWN = np.empty(0, np.int64)
"""Row i looks at image i."""

Pooling = Literal["average", "max"]


class Region(NamedTuple):
    """The part of the image that one scale of the retina covers, in pixels; it may hang outside."""

    top: int
    left: int
    height: int
    width: int


class Retina:
    """rho(x, l): `num_scales` square patches centred on a location, each twice as wide as the one before.

    Every patch is brought down to `patch_size` x `patch_size`: an output pixel of scale i is the average (or, with
    `pooling="max"`, the largest) of a block of 2**i x 2**i image pixels.

    Args:
        patch_size: g, the width in pixels of the finest patch, and of every patch after pooling; at least 1.
        num_scales: k, the number of patches, from 1 to 31.
        pooling: "average", or "max", which keeps a single lit pixel fully bright at the coarse scales.
    """

    def __init__(self, patch_size: int = 8, num_scales: int = 1, *, pooling: Pooling = "average") -> None:
        if not _is_integer(patch_size) or patch_size < 1:
            raise ValueError(f"patch_size is {patch_size!r}; it must be a whole number of pixels, at least 1")
        if not _is_integer(num_scales) or num_scales < 1:
            raise ValueError(f"num_scales is {num_scales!r}; it must be a whole number, at least 1")
        if num_scales > MOST_SCALES:
            raise ValueError(f"num_scales is {num_scales}; at most {MOST_SCALES} are possible: take fewer scales")
        if pooling not in ("average", "max"):
            raise ValueError(f"pooling is {pooling!r}; it must be 'average' or 'max'")
        self.patch_size = int(patch_size)
        self.num_scales = int(num_scales)
        self.pooling = pooling
        halved = self.num_halved = min(self.num_scales, MOST_HALVED)
        """How many of the finest scales are halved again and again."""
        self._window = self.patch_size << (halved - 1)  # the widest of them
        self._in_lanes = pooling == "average" and can_put_bytes(self.patch_size, halved)
        of_window = self._window**2 // 4 + self.patch_size**2
        self._room = max(of_window, room_for_bytes(self.patch_size, halved) // halved)

    def __repr__(self) -> str:
        return f"Retina(patch_size={self.patch_size}, num_scales={self.num_scales}, pooling={self.pooling!r})"

    def shape(self, image_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a glimpse of an image of shape (H, W) or (H, W, C): (k, g, g) or (k, g, g, C)."""
        return (self.num_scales, self.patch_size, self.patch_size, *image_shape[2:])

    def __call__(self, images: NDArray[Any], locations: NDArray[Any]) -> NDArray[np.float32]:
        """See `glimpse`."""
        return self.glimpse(images, locations)

    def glimpse(self, images: NDArray[Any], locations: NDArray[Any]) -> NDArray[np.float32]:
        """Take one glimpse of each image.

        Args:
            images: (B, H, W) or (B, H, W, C), uint8 in 0..255 or float32 in 0..1.
            locations: (B, 2), each (x, y) in [-1, 1].

        Returns:
            (B, k, g, g) or (B, k, g, g, C), float32 in [0, 1], the finest scale first; a fresh array.

        Raises:
            TypeError: images of another dtype.
            ValueError: wrong shapes, or locations that are not finite or lie outside [-1, 1].
        """
        images = check_images("images", images, (np.uint8, np.float32))
        return self.look(images, as_locations(locations, len(images)), EACH_ITS_OWN, no_tables(images))

    def look(
        self, images: NDArray[Any], locations: NDArray[np.floating[Any]], which: NDArray[np.int64], tables: NDArray[Any]
    ) -> NDArray[np.float32]:
        """Take glimpses at checked locations (n, 2), of the checked images that `which` (n,) numbers.

        `which` is `EACH_ITS_OWN` where each image is looked at once; `tables` are the images' or `no_tables`.
        """
        channels = images.shape[3:]
        pixel = (0,) * (channels[0] if channels else 1)
        output = np.empty((len(locations), self.num_scales, self.patch_size, self.patch_size, *channels), np.float32)
        pixels, patches = images, output
        if images.ndim == 4:
            pixels = images.reshape(*images.shape[:2], images.shape[2] * len(pixel))
            patches = output.reshape(*output.shape[:3], self.patch_size * len(pixel))
        exact = locations.astype(np.float64, copy=False)  # one compiled version serves both
        halved, unit = self.num_halved, UNIT_OF_BYTES if images.itemsize == 1 else UNIT_OF_FLOATS
        if not self._look_finely(pixels, which, pixel, exact, patches, unit):
            check_below("which", which, len(images))
            _refuse_outside(locations)
        if halved == self.num_scales:
            return output
        if len(tables):
            kernels.glimpse_tables(pixels, which, pixel, exact, halved, patches, tables, unit)
        else:
            strip = np.empty(images.shape[2], tables.dtype)
            kernels.glimpse_coarse(pixels, which, pixel, exact, halved, patches, strip, unit, self.pooling == "max")
        return output

    def _look_finely(
        self,
        images: NDArray[Any],
        which: NDArray[np.int64],
        pixel: tuple[int, ...],
        locations: NDArray[np.float64],
        output: NDArray[np.float32],
        unit: np.float32,
    ) -> bool:
        """Fill the scales that are halved; whether all locations lie in [-1, 1], and `which` numbers images."""
        is_bytes, halved, chosen = images.itemsize == 1, self.num_halved, EACH_ITS_OWN
        sums = np.empty((2 * halved, self._room), np.uint16 if is_bytes else np.float32)
        if self._in_lanes and is_bytes and len(pixel) == 1 and len(locations) > 1:  # one alone gains little
            visible, chosen = _visible(images.shape[2], self._window), np.empty(len(locations), np.int64)
            left = kernels.glimpse_bytes(images, which, locations, halved, output, sums, visible, unit, chosen)
            if left <= 0:
                return bool(left == 0)
            chosen = chosen[:left]
        complete: bool = kernels.glimpse_images(
            images, which, chosen, pixel, locations, halved, output, sums, unit, self.pooling == "max"
        )
        return complete

    def glimpse_pixels(
        self, pixels: NDArray[np.int64], locations: NDArray[Any], image_shape: tuple[int, ...]
    ) -> NDArray[np.float32]:
        """Take one glimpse of each of B black images (H, W) with a few white pixels, without making the images.

        Args:
            pixels: (B, P, 2), the white pixels' columns and rows, inside the image; a pixel may be named twice.
            locations: (B, 2), each (x, y) in [-1, 1].
            image_shape: (H, W).

        Returns:
            What `glimpse` gives for those images, (B, k, g, g).

        Raises:
            TypeError: pixels of another dtype.
            IndexError: a pixel outside the image.
            ValueError: wrong shapes, or locations that are not finite or lie outside [-1, 1].
        """
        pixels = check_array("pixels", pixels, np.int64, (None, None, 2))
        return self.look_at_pixels(pixels, as_locations(locations, len(pixels)), image_shape)

    def look_at_pixels(
        self, pixels: NDArray[np.int64], locations: NDArray[np.floating[Any]], image_shape: tuple[int, ...]
    ) -> NDArray[np.float32]:
        """What `glimpse_pixels` does, with contiguous pixels (B, P, 2) and locations (B, 2) of checked shapes."""
        output = np.zeros((len(pixels), self.num_scales, self.patch_size, self.patch_size), np.float32)
        exact = locations.astype(np.float64, copy=False)
        if not kernels.glimpse_pixels(pixels, exact, image_shape[0], image_shape[1], output, self.pooling == "max"):
            check_below("pixels", pixels, image_shape[1::-1])
            _refuse_outside(locations)
        return output

    def regions(self, location: NDArray[Any], image_shape: tuple[int, ...]) -> list[Region]:
        """Where each scale looks: one `Region` per scale for a location (2,) and an image of shape (H, W[, C])."""
        row = (float(location[1]) + 1) / 2 * image_shape[0]
        column = (float(location[0]) + 1) / 2 * image_shape[1]
        regions = []
        for scale in range(self.num_scales):
            size = self.patch_size << scale
            top, left = kernels.first_pixel(row, size), kernels.first_pixel(column, size)
            regions.append(Region(int(top), int(left), size, size))
        return regions


@lru_cache(maxsize=64)
def _visible(width: int, window: int) -> NDArray[np.uint8]:
    """What of rows is an image's, of so many columns: 255, and before and behind that zeros, for windows that hang out.

    The row of a window that begins at column `left` of the image begins at `window + left`.
    """
    visible = np.zeros(2 * window + width + 2 * PAIR, np.uint8)
    visible[window : window + width] = 255
    return visible


def check_locations(locations: Any, batch: int) -> NDArray[np.floating[Any]]:
    """The locations as a float array (batch, 2), or a ValueError that names the first bad one."""
    locations = as_locations(locations, batch)
    if batch == 1:
        ((x, y),) = locations.tolist()
        inside = -1 <= x <= 1 and -1 <= y <= 1  # in half of the time that a compiled function takes to be called
    else:
        inside = kernels.all_inside(locations.astype(np.float64, order="C"))  # fresh: one compiled version serves all
    if not inside:
        _refuse_outside(locations)
    return locations


def as_locations(locations: Any, batch: int) -> NDArray[np.floating[Any]]:
    """The locations as a float array (batch, 2); what lies outside [-1, 1] is left to compiled code to find."""
    locations = np.asarray(locations)
    if locations.shape != (batch, 2):
        raise ValueError(f"locations have shape {locations.shape}; expected ({batch}, 2), one (x, y) per row")
    if locations.dtype.kind != "f":
        if locations.dtype.kind not in "iu":
            raise TypeError(f"locations have dtype {locations.dtype}; expected floats in [-1, 1]")
        locations = locations.astype(np.float32)
    return locations


def _refuse_outside(locations: NDArray[np.floating[Any]]) -> None:
    row = int(np.argmin((np.abs(locations) <= 1).all(axis=1)))
    value = locations[row].tolist()
    if not np.isfinite(value).all():
        remedy = "it must be finite"
    elif np.abs(value).max() > FAR_OUTSIDE:
        remedy = "a pixel (column, row) is (2 * column / width - 1, 2 * row / height - 1)"
    else:
        remedy = "clip it with numpy.clip(location, -1, 1)"
    raise ValueError(f"location {value} of row {row} is outside [-1, 1]; {remedy}")


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
