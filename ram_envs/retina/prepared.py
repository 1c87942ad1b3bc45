"""Images that are looked at many times: what all looks share is worked out once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_array, check_below, check_images, check_whole
from ram_envs.retina.retina import EACH_ITS_OWN, Retina, as_locations
from ram_envs.retina.tables import empty_tables, fill_tables, no_tables

TABLE_COST = 4
"""What filling a table costs for a pixel, in pixels that are pooled straight from the image.

Measured for 12x12, in µs: a glimpse takes 2.8 without and 2.2 with tables at 5 scales of 200x200, 8.2 and 3.3 at 6 of
400x400; at 7 of 1,000x1,000 20 and 4 where the image lies in the cache, 84 and 5 to 20 where it does not. Filling takes
5, 20 and 140. So tables pay from some 8, 4 and 2 to 9 glimpses on; this rule says 5, 4 and 6."""


class PreparedImages:
    """Images that one retina takes many glimpses of: those of `Retina.glimpse`, at less cost where it is large.

    On large images coarse scales come from summed-area tables, so that a cell costs the same however many pixels it
    covers. Where tables do not pay (see `tables_pay`) none are made, and glimpses are what `Retina.glimpse` takes.

    Args:
        retina: the glimpse sensor.
        images: (B, H, W) or (B, H, W, C), uint8 in 0..255 or float32 in 0..1, contiguous. They are not copied; if
            they change, tell `refresh`.
        num_glimpses: how many glimpses are going to be taken of each image before it changes, roughly.
        ready: False if the images are not there yet, but `refresh` is going to tell when they are.

    Raises:
        TypeError: images of another dtype, or a number of glimpses that is no whole number.
        ValueError: wrong shapes, images that are not contiguous, or a number of glimpses below 1.
    """

    def __init__(self, retina: Retina, images: NDArray[Any], *, num_glimpses: int, ready: bool = True) -> None:
        self.retina = retina
        self.images = check_images("images", images, (np.uint8, np.float32))
        if len(self.images) and not np.may_share_memory(self.images, images):
            raise ValueError("images are not one contiguous array, so their changes could not be followed; pass a copy")
        check_whole("num_glimpses", num_glimpses, 1)
        self._tables = no_tables(self.images)
        if tables_pay(retina, self.images.shape[1:], num_glimpses):
            self._tables = empty_tables(self.images, 4 ** (retina.num_scales - 1))
            if ready:
                self.refresh()

    @property
    def has_tables(self) -> bool:
        """Whether the coarse scales come from tables."""
        return len(self._tables) > 0

    def refresh(self, which: NDArray[np.int64] | None = None) -> None:
        """The images of these numbers (n,), or all, have changed.

        Raises:
            IndexError: a number of no image.
        """
        batch, height, *_ = self.images.shape
        which = np.arange(batch) if which is None else check_array("which", which, np.int64, (None,))
        check_below("which", which, batch)
        if not self.has_tables:
            return
        channels = self.images.shape[3] if self.images.ndim == 4 else 1
        fill_tables(self.images.reshape(batch, height, -1), which, (0,) * channels, self._tables)

    def glimpse(self, locations: NDArray[Any], which: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Take one glimpse at each location.

        Args:
            locations: (n, 2), each (x, y) in [-1, 1].
            which: (n,), the number of the image that each location lies in; None: of B locations one in each.

        Returns:
            (n, k, g, g) or (n, k, g, g, C), float32 in [0, 1], the finest scale first; a fresh array.

        Raises:
            TypeError: numbers or locations of another kind.
            IndexError: a number of no image.
            ValueError: wrong shapes, or locations that are not finite or lie outside [-1, 1].
        """
        if which is None:
            return self.look(as_locations(locations, len(self.images)), EACH_ITS_OWN)
        which = check_array("which", which, np.int64, (None,))
        return self.look(as_locations(locations, len(which)), which)

    def look(self, locations: NDArray[np.floating[Any]], which: NDArray[np.int64]) -> NDArray[np.float32]:
        """What `glimpse` does, at checked locations (n, 2); see `Retina.look`."""
        return self.retina.look(self.images, locations, which, self._tables)


def tables_pay(retina: Retina, image_shape: tuple[int, ...], num_glimpses: int) -> bool:
    """Whether summed-area tables make so many glimpses of an image (H, W[, C]) cheaper.

    They serve the average of the scales that are not halved from a copied window. Without them a glimpse reads what
    those patches cover of the image; a table reads the image once, at `TABLE_COST` for each pixel.
    """
    if retina.pooling != "average":
        return False
    height, width = image_shape[:2]
    sizes = [retina.patch_size << scale for scale in range(retina.num_halved, retina.num_scales)]
    covered = sum(min(size, height) * min(size, width) for size in sizes)
    return num_glimpses * covered > TABLE_COST * height * width
