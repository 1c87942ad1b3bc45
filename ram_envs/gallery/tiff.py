"""TIFF files: tiled ones, of any size and also pyramids, are read tile by tile by tifffile, others whole by pillow."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from ram_envs.arguments import shown
from ram_envs.extras import how_to_install
from ram_envs.gallery.items import COLOUR, HEADERS_KEPT, Channels, FileItem, stamp, with_channels
from ram_envs.gallery.pyramid import Picture
from ram_envs.images.files import check_size

SUFFIXES = (".tif", ".tiff")
TILES_KEPT = 2**27  # Bytes of decoded tiles: two blocks of the pyramid's share those at their common edge.
LARGEST_TILE = 2**26  # Pixels; one is decoded at once.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, YCBCR = 0, 1, 2, 6


class Header(NamedTuple):
    """What the first page of a file tells."""

    tiled: bool
    size: tuple[int, int]
    """(H, W)."""
    channels: Channels


class TiffItem(FileItem):
    """A TIFF file. Of a pyramid the finest level is read: coarser ones are made as those of all pictures."""

    def size(self) -> tuple[int, int]:
        """See `FileItem.size`."""
        header = self._header()
        return header.size if header.tiled else super().size()

    def channels(self) -> Channels:
        """See `Item.channels`."""
        header = self._header()
        return header.channels if header.tiled else super().channels()

    @contextmanager
    def open(self, channels: Channels) -> Iterator[Picture]:
        """See `Item.open`."""
        header = self._header()
        if not header.tiled:
            with super().open(channels) as picture:
                yield picture
            return
        with _opened(self.path) as page:
            picture = Picture((*header.size, *header.channels), _Tiles(self.name, page).read)
            yield with_channels(picture, channels, self.name)

    def _header(self) -> Header:
        return _read_header(self.path, *stamp(self.path))


class _Tiles:
    """The tiles of a page, decoded when they are asked for; the last ones are kept."""

    def __init__(self, name: str, page: Any) -> None:
        self.name, self.page, self.file = name, page, page.parent.filehandle
        self.height, self.width = page.tilelength, page.tilewidth
        self.across = -(-page.imagewidth // self.width)
        self.planes = page.samplesperpixel if page.planarconfig == 2 else 1
        self.in_a_plane = self.across * -(-page.imagelength // self.height)
        self.most = max(TILES_KEPT // (self.height * self.width * page.samplesperpixel), 1)
        self._kept: OrderedDict[tuple[int, int], NDArray[np.uint8]] = OrderedDict()

    def read(self, top: int, left: int, height: int, width: int) -> NDArray[np.uint8]:
        """See `pyramid.Read`."""
        first_row, first_column = top // self.height, left // self.width
        columns = range(first_column, (left + width - 1) // self.width + 1)
        rows = [
            np.concatenate([self._tile(row, column) for column in columns], axis=1)
            for row in range(first_row, (top + height - 1) // self.height + 1)
        ]
        top, left = top - first_row * self.height, left - first_column * self.width
        return np.concatenate(rows)[top : top + height, left : left + width]

    def _tile(self, row: int, column: int) -> NDArray[np.uint8]:
        if (row, column) in self._kept:
            self._kept.move_to_end((row, column))
            return self._kept[row, column]
        number = row * self.across + column
        try:
            planes = [self._decoded(number + plane * self.in_a_plane) for plane in range(self.planes)]
        except Exception as error:  # what decoders raise on damaged tiles may be anything
            raise ValueError(
                f"{self.name} can't be read: its tile in row {row}, column {column} is damaged, or packed in a way "
                f"that needs another library ({error})"
            ) from error
        tile = self._kept[row, column] = self._shown(np.concatenate(planes, axis=2))
        if len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return tile

    def _decoded(self, number: int) -> NDArray[np.uint8]:
        """One tile of the file, (h, w, samples); 0 where the file leaves it out."""
        length = self.page.databytecounts[number]
        self.file.seek(self.page.dataoffsets[number])
        packed = self.file.read(length) if length else None
        if packed is not None and len(packed) != length:
            raise ValueError("the file ends before it")
        tables = {"jpegtables": self.page.jpegtables, "jpegheader": self.page.jpegheader}
        jpeg = tables if self.page.compression in (6, 7, 33007, 34892) else {}
        tile, _, shape = self.page.decode(packed, number, _fullsize=True, **jpeg)
        return np.zeros(shape[1:], np.uint8) if tile is None else tile[0]

    def _shown(self, tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A tile as it is seen, (h, w) or (h, w, 3): on white where it is transparent."""
        if self.page.photometric == WHITE_IS_ZERO:
            tile = 255 - tile
        colours = 1 if self.page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) else 3
        if tile.shape[2] > colours:
            opaque = tile[:, :, colours:].astype(np.uint16)
            tile = ((tile[:, :, :colours] * opaque + 255 * (255 - opaque) + 127) // 255).astype(np.uint8)
        return tile[:, :, 0] if colours == 1 else tile


@lru_cache(maxsize=HEADERS_KEPT)
def _read_header(path: Path, length: int, changed: int) -> Header:
    """The header of a file, read anew when it has changed; whatever can't be true or read is a ValueError."""
    with _opened(path) as page:
        if not page.is_tiled:
            return Header(False, (1, 1), ())
        reason = _objection(page, length)
        if reason:
            raise ValueError(f"{shown(path)} {reason}")
        grey = page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO)
        return Header(True, (page.imagelength, page.imagewidth), () if grey else COLOUR)


def _objection(page: Any, length: int) -> str:
    """What speaks against reading a tiled page, or nothing."""
    try:
        check_size((page.imagewidth, page.imagelength), length)
    except ValueError as error:
        return f"can't be read: {error}"
    if page.tilelength * page.tilewidth > LARGEST_TILE:
        return f"has tiles of {page.tilelength}x{page.tilewidth} pixels; write it with smaller ones, of 512x512, say"
    if page.bitspersample != 8 or page.dtype != np.uint8:
        return f"has {page.bitspersample} bits a channel ({page.dtype}); convert it to 8 bits first"
    if page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, YCBCR):
        return f"has colours of the kind {page.photometric.name}; convert it to grey or RGB first"
    if page.samplesperpixel not in ((1, 2) if page.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO) else (3, 4)):
        return f"has {page.samplesperpixel} channels; convert it to grey or RGB first"
    if 274 in page.tags and page.tags[274].value != 1:
        return "lies on its side (tag Orientation); turn it upright first"
    ends = [offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if len(ends) != int(np.prod(page.chunked)) or max(ends, default=0) > length:
        return f"is cut short: its tiles end at byte {max(ends, default=0)} of {length}"
    return ""


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The first page of a file; whatever tifffile finds wrong with it is a ValueError that names the file."""
    tifffile = _tifffile()
    try:
        file = tifffile.TiffFile(path)
        page = file.pages.first
    except Exception as error:  # of damaged files may be anything
        raise ValueError(f"{shown(path)} can't be read as a TIFF image ({error}); mend it or take it away") from error
    with file:
        yield page


def _tifffile() -> ModuleType:
    try:
        import tifffile
    except ImportError as error:
        raise DependencyNotInstalled(
            f"tifffile is not installed, and TIFF files need it: run {how_to_install('large')}"
        ) from error
    return tifffile
