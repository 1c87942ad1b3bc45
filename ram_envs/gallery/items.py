"""Pictures that are not read yet: files, the images of a mapped array, and what a function gives."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import shown
from ram_envs.gallery.pyramid import Picture
from ram_envs.images import files
from ram_envs.images.datasets import to_bytes

HEADERS_KEPT = 2**17
Channels = tuple[int, ...]
COLOUR: Channels = (3,)


class Item(ABC):
    """A picture that is not read yet."""

    name: str
    """What messages call it."""

    @abstractmethod
    def version(self) -> str:
        """What the picture is told from all others by, and from what it was before it changed."""

    @abstractmethod
    def channels(self) -> Channels:
        """() of a grey picture, else (C,): by its header."""

    @abstractmethod
    def open(self, channels: Channels) -> AbstractContextManager[Picture]:
        """The picture, (H, W, *channels), as long as it is open; a grey one can be had in colour.

        Raises:
            ValueError: a picture that is damaged, or has other channels; the message names it.
        """


class FileItem(Item):
    """An image file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path.absolute(), shown(path)

    def version(self) -> str:
        """See `Item.version`: where it is, how long, and when it was last written."""
        return "\n".join(map(str, (self.path, *stamp(self.path))))

    def size(self) -> tuple[int, int]:
        """(H, W), by the file's header."""
        width, height = self._form().size
        return height, width

    def channels(self) -> Channels:
        """See `Item.channels`."""
        return () if self._form().mode in files.GREY else COLOUR

    @contextmanager
    def open(self, channels: Channels) -> Iterator[Picture]:
        """See `Item.open`: decoded at once."""
        image = files.pixels(self.path, self._form()._replace(mode="RGB" if self.channels() else "L"))
        yield with_channels(whole(self.name, image), channels, self.name)

    def _form(self) -> files.Form:
        return _header(self.path, *stamp(self.path))


class ArrayItem(Item):
    """One image of an array that is mapped to memory.

    Args:
        array: (N, H, W) or (N, H, W, C), uint8 in 0..255 or floats in 0..1.
        index: the image's.
    """

    def __init__(self, array: np.memmap[Any, Any], index: int) -> None:
        self.array, self.index = array, index
        self.path = Path(str(array.filename))
        self.name = f"image {index} of {shown(self.path)}"

    def version(self) -> str:
        """See `Item.version`: that of the array's file, and where in it."""
        return "\n".join(map(str, (self.path, *stamp(self.path), self.array.offset, self.array.shape, self.index)))

    def channels(self) -> Channels:
        """See `Item.channels`."""
        return self.array.shape[3:]

    @contextmanager
    def open(self, channels: Channels) -> Iterator[Picture]:
        """See `Item.open`."""
        image = self.array[self.index]
        yield with_channels(whole(self.name, image), channels, self.name)


class FunctionItem(Item):
    """What a function gives for an index: an array (H, W[, 3]), or a `Picture` that is read part by part.

    Args:
        function: of an index. An attribute `version`, a word, lets the next process find its pyramids in the cache;
            without one they are of this object alone.
        index: the picture's.
        alone: what tells this object's pyramids from all others', where the function has no version.
    """

    def __init__(self, function: Callable[[int], Any], index: int, alone: uuid.UUID) -> None:
        self.function, self.index, self.alone = function, index, alone
        self.name = f"picture {index} of the function {getattr(function, '__qualname__', function)}"

    @property
    def is_known_to_others(self) -> bool:
        """Whether the function has a version."""
        return getattr(self.function, "version", None) is not None

    def version(self) -> str:
        """See `Item.version`."""
        name = getattr(self.function, "__qualname__", type(self.function).__qualname__)
        return f"{name} {self.function.version if self.is_known_to_others else self.alone} {self.index}"  # type: ignore[attr-defined]

    def channels(self) -> Channels:
        """See `Item.channels`; calls the function."""
        return self._picture().shape[2:]

    @contextmanager
    def open(self, channels: Channels) -> Iterator[Picture]:
        """See `Item.open`."""
        yield with_channels(self._picture(), channels, self.name)

    def _picture(self) -> Picture:
        given = self.function(self.index)
        if isinstance(given, Picture):
            return given
        given = np.asarray(given)
        if given.ndim not in (2, 3) or 0 in given.shape:
            raise ValueError(f"{self.name} has shape {given.shape}; expected (H, W) or (H, W, C)")
        return whole(self.name, given)


def whole(name: str, image: NDArray[Any]) -> Picture:
    """A picture that is an array, (H, W) or (H, W, C), uint8 or floats in 0..1."""
    return Picture(
        image.shape, lambda top, left, height, width: to_bytes(name, image[top : top + height, left : left + width])
    )


def with_channels(picture: Picture, channels: Channels, name: str) -> Picture:
    """The picture with these channels: as it is, or grey as three equal ones; else a ValueError that names it."""
    own = picture.shape[2:]
    if own == channels:
        return picture
    if own or channels != COLOUR:
        has, want = (f"{c[0]} channels" if c else "no channels, being grey" for c in (own, channels))
        raise ValueError(f"{name} has {has}, and the first of the pictures has {want}; bring them to one form")
    return Picture((*picture.shape, 3), lambda *part: np.repeat(np.asarray(picture.read(*part))[:, :, None], 3, axis=2))


def stamp(path: Path) -> tuple[int, int]:
    """A file's length in bytes, and when it was last written, in ns."""
    try:
        status = path.stat()
    except OSError as error:
        raise FileNotFoundError(f"{shown(path)} can't be read any more ({error.strerror}); was it moved?") from error
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=HEADERS_KEPT)
def _header(path: Path, length: int, changed: int) -> files.Form:
    """The header of a file, read anew when it has changed."""
    return files.header(path)
