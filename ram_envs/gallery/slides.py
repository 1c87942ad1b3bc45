"""Whole-slide files of microscopes, read part by part by openslide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from ram_envs.extras import how_to_install
from ram_envs.gallery.items import COLOUR, Channels, FileItem, with_channels
from ram_envs.gallery.pyramid import Picture

SUFFIXES = (".bif", ".mrxs", ".ndpi", ".scn", ".svs", ".svslide", ".vms", ".vmu")


class SlideItem(FileItem):
    """A slide, at its finest level, in colour; what was not scanned is white."""

    def size(self) -> tuple[int, int]:
        """See `FileItem.size`."""
        with self._opened() as slide:
            width, height = slide.dimensions
        return height, width

    def channels(self) -> Channels:
        """See `Item.channels`; finds out whether the file is a slide."""
        self.size()
        return COLOUR

    @contextmanager
    def open(self, channels: Channels) -> Iterator[Picture]:
        """See `Item.open`."""
        with self._opened() as slide:

            def read(top: int, left: int, height: int, width: int) -> NDArray[np.uint8]:
                part = np.asarray(slide.read_region((left, top), 0, (width, height))).astype(np.uint16)
                opaque = part[:, :, 3:]
                return ((part[:, :, :3] * opaque + 255 * (255 - opaque) + 127) // 255).astype(np.uint8)

            width, height = slide.dimensions
            yield with_channels(Picture((height, width, 3), read), channels, self.name)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The slide; whatever openslide finds wrong with it is a ValueError that names the file."""
        openslide = _openslide(self.name)
        try:
            with openslide.OpenSlide(str(self.path)) as slide:
                yield slide
        except openslide.OpenSlideError as error:
            raise ValueError(f"{self.name} can't be read as a slide ({error}); mend it or take it away") from error


def _openslide(name: str) -> ModuleType:
    try:
        import openslide
    except ImportError as error:
        raise DependencyNotInstalled(
            f"openslide is not installed, and {name} needs it: run {how_to_install('slides')}"
        ) from error
    return openslide
