"""Classification of pictures that do not fit into memory, each of its own size."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.gallery.ahead import ReadingAhead
from ram_envs.gallery.cache import CACHE_BYTES, Cache
from ram_envs.gallery.gallery import Gallery
from ram_envs.gallery.pyramid import Pyramid
from ram_envs.gallery.sources import list_split
from ram_envs.gallery.variants import shown, vary, whole
from ram_envs.images.augmentation import Augmentation
from ram_envs.retina.gaze import Rows
from ram_envs.retina.retina import Region
from ram_envs.retina.saccade import Saccades
from ram_envs.tasks.naming import Naming

OVERVIEW = 1024  # Pixels to a side, at most, of what pictures show of a scene.
UNKNOWN = (1, 1)  # The size of a scene before its first episode.


class GalleryClassification(Naming):
    """Name the class of a picture, each of its own size, of which only what is looked at is read.

    The picture is the scene. Pixels of the scales 0 to 3 are exact; patches of coarser ones lie off their place by at
    most 1/16 of a cell, see `ram_envs.gallery.pyramid`.

    Args:
        images, labels, split, hold_out: see `ram_envs.gallery.sources.list_split`.
        lazy: see `ram_envs.gallery.sources.is_lazy`.
        class_names: a name for each class; those of the folder or the table if None.
        cache_dir: where the pyramids are kept; None for `ram_envs` in the user's directory of caches.
        cache_bytes: how much they may take there; the longest unused give way to others.
        flip, max_crop, max_brightness: in the "train" split, mirror a random half of the pictures, show parts of them,
            make them brighter or darker; see `ram_envs.images.augmentation.Augmentation`. No pixel is scaled: a part is
            a smaller scene.
        arguments: of `Naming`.
    """

    reads_ahead = True

    def __init__(
        self,
        *,
        images: Any = None,
        labels: Any = None,
        split: str = "train",
        hold_out: bool | None = None,
        lazy: bool | None = None,
        class_names: Sequence[str] | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        cache_bytes: int = CACHE_BYTES,
        flip: bool = False,
        max_crop: float = 0.0,
        max_brightness: float = 0.0,
        **arguments: Any,
    ) -> None:
        augmentation = Augmentation(flip=flip, max_crop=max_crop, max_brightness=max_brightness)
        self.augmentation = augmentation if split == "train" else Augmentation()
        listing = list_split(images, labels, split=split, hold_out=hold_out)
        super().__init__(
            listing.labels,
            (*UNKNOWN, *listing.channels),
            num_draws=self.augmentation.num_draws,
            class_names=class_names or listing.class_names,
            **arguments,
        )
        self.gallery = Gallery(
            listing.items,
            listing.channels,
            Cache(cache_dir, cache_bytes),
            pooling=self.retina.pooling,
            most_open=2 * self.batch_size,
        )
        self.ahead = ReadingAhead(self.gallery)
        self.pyramids: list[Pyramid | None] = [None] * self.batch_size
        self.variants = whole(np.tile(np.array(UNKNOWN, np.int64), (self.batch_size, 1)))
        """How each row's picture is shown."""

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(H, W) of what each row shows, (batch_size, 2)."""
        return self.variants.frames[:, 2:4]

    @property
    def scene_shape(self) -> None:
        """See `Task.scene_shape`: each picture has its own."""
        return

    def begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        """See `Task.begin`. If a picture is damaged no row has changed."""
        indices = self.chosen(draws) if indices is None else indices
        pyramids = [self.gallery.pyramid(index) for index in indices.tolist()]
        for row, pyramid in zip(rows.tolist(), pyramids, strict=True):
            self.pyramids[row] = pyramid
        sizes = np.array([pyramid.shape[:2] for pyramid in pyramids], np.int64).reshape(-1, 2)
        variants = vary(self.augmentation, sizes, draws[:, draws.shape[1] - self.augmentation.num_draws :])
        self.variants.frames[rows] = variants.frames
        self.variants.gains[rows] = variants.gains
        super().begin(rows, draws, indices)

    def expect(self, draws: NDArray[np.float64]) -> None:
        """See `Task.expect`: the pictures are read ahead."""
        self.ahead.expect(self.chosen(draws).tolist())

    def expect_after(self, indices: NDArray[np.int64]) -> None:
        """See `Task.expect_after`: as many as these, if these followed each other."""
        first, end = int(indices.min()), int(indices.max()) + 1
        if end - first == len(np.unique(indices)):
            self.ahead.expect(range(end, min(end + end - first, self.num_scenes)))

    def _begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        """Nothing more: the pictures are the scenes."""

    def _saccades(self, rows: Rows) -> Saccades:
        return self.saccades.over(self.sizes[rows])

    def _glimpse(self, rows: Rows, centres: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        output = np.zeros((len(rows), *self.retina.shape(self.image_shape)), np.float32)
        together: dict[int, tuple[Pyramid, list[int]]] = {}
        for i, row in enumerate(rows.tolist()):
            pyramid = self.pyramids[row]
            if pyramid is not None:  # Until its first episode a row sees nothing.
                together.setdefault(id(pyramid), (pyramid, []))[1].append(i)
        for pyramid, those in together.values():
            chosen = np.array(those)
            frames = self.variants.frames[rows[chosen]] if self.augmentation.num_draws else None
            pyramid.look(self.retina, centres[chosen], chosen, output, frames)
        if self.augmentation.max_brightness:
            output *= self.variants.gains[rows].reshape(-1, *[1] * (output.ndim - 1))
            np.minimum(output, 1, out=output)
        return output

    def _pyramid(self, row: int) -> Pyramid:
        pyramid = self.pyramids[row]
        assert pyramid is not None, "the shells show no row before its first episode"
        return pyramid

    def _overview(self, row: int, centre: NDArray[np.floating[Any]]) -> tuple[NDArray[np.uint8], list[Region]]:
        """The finest level that is small enough, and the regions in its pixels."""
        pyramid = self._pyramid(row)
        scene, level = pyramid.overview(OVERVIEW)
        scene = shown(scene, self.variants.frames[row], float(self.variants.gains[row]), level)
        regions = self.retina.regions(centre, tuple(self.sizes[row].tolist()))
        return scene, [Region(r.top >> level, r.left >> level, *(max(n >> level, 1) for n in r[2:])) for r in regions]

    def scenes(self, rows: Rows) -> NDArray[np.uint8]:
        """See `Task.scenes`: pictures as they are shown, of rows of one size, read for it."""
        frames, light = self.variants
        return np.stack([shown(self._pyramid(row).level(0), frames[row], float(light[row])) for row in rows.tolist()])

    def targets(self, rows: Rows) -> NDArray[np.int64]:
        """See `Task.targets`: the whole picture."""
        sizes = self.sizes[rows]
        return np.concatenate([np.zeros_like(sizes), sizes], axis=1)
