"""Pyramids (Burt and Adelson 1983): a picture and its levels, each half as wide as the one before, in one file.

The file begins with a page that tells the picture's size, then come the levels, of bytes, the finest first: 4/3 bytes a
pixel and channel, the last tiles of a row or column filled up with zeros. It is mapped to memory, so that only pages
that a glimpse touches are ever read, and processes share them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_images, shown
from ram_envs.gallery.kernels import TILE, fill_levels, glimpse_pyramid
from ram_envs.retina.retina import Pooling, Retina, as_locations, check_locations

PAGE = 4096
MAGIC = np.frombuffer(b"RAMPYR01", np.int64)[0]
BLOCK_SHIFT = 10
BLOCK = 1 << BLOCK_SHIFT
"""A picture is read in blocks of so many pixels to a side, whose sums 32 bits hold."""
POOLINGS: tuple[Pooling, ...] = "average", "max"

Read = Callable[[int, int, int, int], NDArray[np.uint8]]
"""A part of a picture: its top, left, height and width, inside the picture -> (height, width[, C])."""


class Picture(NamedTuple):
    """A picture that is read part by part."""

    shape: tuple[int, ...]
    """(H, W) or (H, W, C)."""
    read: Read


def level_table(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """The levels of a picture (H, W[, C]), as `kernels` wants them: (n, 4); the last fits into one tile."""
    height, width, channels = shape[0], shape[1], shape[2] if len(shape) == 3 else 1
    levels, offset = [], 0
    while True:
        rows, columns = -(-height // TILE), -(-width // TILE)
        levels.append((offset, height, width, columns))
        if rows == columns == 1:
            return np.array(levels, np.int64)
        offset += rows * columns * channels * TILE * TILE
        height, width = (height + 1) // 2, (width + 1) // 2


def file_size(shape: tuple[int, ...]) -> int:
    """How many bytes the pyramid of a picture (H, W[, C]) takes."""
    offset, *_ = level_table(shape)[-1].tolist()
    return PAGE + offset + (shape[2] if len(shape) == 3 else 1) * TILE * TILE


class Pyramid:
    """A picture on disk that a retina looks at: at the scales 0 to 3 exactly, at coarser ones from coarser levels.

    There a patch lies off its place by at most 1/16 of a cell, and a pixel of a level is a rounded byte.

    Args:
        path: of a file that `build` has filled.

    Raises:
        ValueError: no such file, or one that is damaged.
    """

    def __init__(self, path: Path) -> None:
        content = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
        header = content[:64].view(np.int64).tolist() if len(content) > PAGE else [0] * 8
        self.shape = tuple(header[1:4] if header[3] else header[1:3])
        if header[0] != MAGIC or min(self.shape) < 1 or len(content) != file_size(self.shape):
            raise ValueError(f"{shown(path)} is not a whole pyramid; delete it")
        self.pooling = POOLINGS[header[4]]
        self.levels = level_table(self.shape)
        # A plain array over the mapped memory: numpy's own class costs more at each use.
        self.tiles = np.asarray(content)[PAGE:]
        self.whole = np.array([[0, 0, *self.shape[:2], 0]], np.int64)
        """The frame that is all of the picture, (1, 5)."""

    @property
    def channels(self) -> int:
        """C, or 1 of a grey picture."""
        return self.shape[2] if len(self.shape) == 3 else 1

    def glimpse(self, retina: Retina, locations: NDArray[Any]) -> NDArray[np.float32]:
        """Take a glimpse at each of n locations.

        Args:
            retina: of the pooling that the pyramid was built with.
            locations: (n, 2), each (x, y) in [-1, 1].

        Returns:
            (n, k, g, g) or (n, k, g, g, C), float32 in [0, 1], the finest scale first; a fresh array.

        Raises:
            ValueError: another pooling, wrong shapes, or locations that are not finite or lie outside [-1, 1].
        """
        locations = as_locations(locations, len(locations))
        output = np.empty((len(locations), *retina.shape(self.shape)), np.float32)
        self.look(retina, locations, np.arange(len(locations)), output)
        return output

    def look(
        self,
        retina: Retina,
        locations: NDArray[Any],
        rows: NDArray[np.intp],
        output: NDArray[np.float32],
        frames: NDArray[np.int64] | None = None,
    ) -> None:
        """Put the glimpses at locations (n, 2) into the `rows` (n,) of `output` (B, k, g, g[, C]).

        With frames (n, 5), see `ram_envs.gallery.variants`, each is of a part of the picture, in which it is located.
        """
        if retina.pooling != self.pooling:
            raise ValueError(f"the retina pools by {retina.pooling!r} and the pyramid by {self.pooling!r}")
        complete = glimpse_pyramid(
            self.tiles,
            self.levels,
            self.channels,
            locations.astype(np.float64, copy=False),
            rows,
            self.whole if frames is None else frames,
            output.reshape(len(output), retina.num_scales, retina.patch_size, retina.patch_size, self.channels),
            np.float32(1 / 255),
            self.pooling == "max",
        )
        if not complete:
            check_locations(locations, len(rows))
        if frames is not None and (mirrored := rows[frames[:, 4] > 0]).size:
            output[mirrored] = output[mirrored, :, :, ::-1]

    def level(self, number: int) -> NDArray[np.uint8]:
        """A whole level, (h, w[, C]), a fresh array; level 0 is the picture."""
        whole = _level(self.tiles, self.levels[number], self.channels)
        return whole if len(self.shape) == 3 else whole[..., 0]

    def overview(self, most: int) -> tuple[NDArray[np.uint8], int]:
        """The finest level of at most `most` pixels (at least 64) to a side, (h, w[, C]), and its number."""
        fits = self.levels[:, 1:3].max(1) <= most
        number = int(fits.argmax())
        return self.level(number), number


def build(file: Any, picture: Picture, pooling: Pooling = "average") -> Iterator[float]:
    """Fill an open file, for which `reserve` has made room, with the pyramid of a picture.

    Yields the part that is done, up to 1, block by block.

    Raises:
        ValueError, TypeError: the picture's parts are not of the shape and dtype that it tells.
    """
    size = file_size(picture.shape)
    content = np.memmap(file, np.uint8, "r+", shape=(size,))
    levels, tiles = level_table(picture.shape), np.asarray(content)[PAGE:]
    channels = picture.shape[2] if len(picture.shape) == 3 else 1
    last = min(BLOCK_SHIFT, len(levels) - 1)
    places = [(top, left) for top in range(0, picture.shape[0], BLOCK) for left in range(0, picture.shape[1], BLOCK)]
    for done, (top, left) in enumerate(places, 1):
        block = _block(picture, top, left).reshape(-1, min(BLOCK, picture.shape[1] - left), channels)
        fill_levels(block, tiles, levels, 0, last, top, left, pooling == "max")
        yield done / len(places)
    header = content[:64].view(np.int64)
    header[1:5] = [*picture.shape[:2], channels if len(picture.shape) == 3 else 0, POOLINGS.index(pooling)]
    header[0] = MAGIC
    for number in range(last, len(levels) - 1):  # of the largest pictures: levels whose pixels are wider than a block
        fill_levels(_level(tiles, levels[number], channels), tiles, levels, number, number + 1, 0, 0, pooling == "max")


def reserve(file: Any, size: int) -> None:
    """Make an open file so large; on a full disk writing to mapped memory would end the process without a word.

    Raises:
        OSError: the disk is full.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    for start in range(0, size, BLOCK * BLOCK):  # macOS has no such call
        file.write(bytes(min(BLOCK * BLOCK, size - start)))
    file.flush()


def _block(picture: Picture, top: int, left: int) -> NDArray[np.uint8]:
    shape = min(BLOCK, picture.shape[0] - top), min(BLOCK, picture.shape[1] - left), *picture.shape[2:]
    block = np.asarray(picture.read(top, left, *shape[:2]))
    if block.shape != shape:
        raise ValueError(f"the part at row {top}, column {left} has shape {block.shape}; expected {shape}")
    return check_images("parts of a picture", block[None])[0]


def _level(tiles: NDArray[np.uint8], level: NDArray[np.int64], channels: int) -> NDArray[np.uint8]:
    """A whole level (h, w, C), out of its tiles."""
    offset, height, width, columns = level.tolist()
    rows = -(-height // TILE)
    whole = tiles[offset : offset + rows * columns * channels * TILE * TILE]
    whole = whole.reshape(rows, columns, channels, TILE, TILE).transpose(0, 3, 1, 4, 2)
    return np.ascontiguousarray(whole.reshape(rows * TILE, columns * TILE, channels)[:height, :width])
