"""A data set of pictures that are read when they are looked at."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from ram_envs.gallery.cache import CACHE_BYTES, Cache
from ram_envs.gallery.items import Channels, FunctionItem, Item
from ram_envs.gallery.progress import told
from ram_envs.gallery.pyramid import Pyramid
from ram_envs.gallery.sources import list_split, refuse
from ram_envs.retina.retina import Pooling


def prepare(
    images: Any,
    labels: Any = None,
    *,
    split: str = "train",
    hold_out: bool | None = None,
    pooling: Pooling = "average",
    cache_dir: str | os.PathLike[str] | None = None,
    cache_bytes: int = CACHE_BYTES,
) -> None:
    """Read all pictures of a split into the cache, before anything is trained on them; takes what the environment does.

    Raises:
        ValueError: some pictures can't be read; the message names them, and all others have been read.
    """
    listing = list_split(images, labels, split=split, hold_out=hold_out, strict=False)
    Gallery(listing.items, listing.channels, Cache(cache_dir, cache_bytes), pooling=pooling, most_open=1).prepare()


class Gallery:
    """Pictures, by their numbers, as pyramids out of a cache.

    Args:
        items: the pictures.
        channels: what they all are seen with: () in grey, (3,) in colour.
        cache: where the pyramids lie.
        pooling: the retina's.
        most_open: how many pyramids stay open for the next that asks.
    """

    def __init__(
        self, items: Sequence[Item], channels: Channels, cache: Cache, *, pooling: Pooling = "average", most_open: int
    ) -> None:
        self.items, self.channels, self.cache, self.pooling, self.most_open = items, channels, cache, pooling, most_open
        self._open: OrderedDict[int, tuple[str, Pyramid]] = OrderedDict()
        self._lock = threading.Lock()
        self._alone: set[str] = set()
        """The versions of pyramids that nobody else can use."""
        self.close = weakref.finalize(self, _forget, cache, pooling, self._alone)
        """Deletes what nobody else can use; at the end of the process at the latest."""

    def __len__(self) -> int:
        return len(self.items)

    def pyramid(self, index: int) -> Pyramid:
        """The pyramid of a picture as it is now; a changed one is read anew.

        Raises:
            ValueError: the picture is damaged, or too large for the cache; the message names it.
            OSError: it is gone, or the disk is full.
        """
        item = self.items[index]
        version = f"{item.version()}\n{self.channels}"
        with self._lock:
            known, pyramid = self._open.get(index, ("", None))
            if pyramid is not None and known == version:
                self._open.move_to_end(index)
                return pyramid
        if isinstance(item, FunctionItem) and not item.is_known_to_others:
            self._alone.add(version)
        pyramid = self.cache.pyramid(version, lambda: item.open(self.channels), self.pooling, item.name)
        with self._lock:
            self._open[index] = version, pyramid
            while len(self._open) > self.most_open:
                self._open.popitem(last=False)
        return pyramid

    def prepare(self) -> None:
        """Read every picture once, so that damaged ones are found and, where the cache holds all, none is read later.

        Raises:
            ValueError: some pictures can't be read; the message names them, and all others have been read.
        """
        wrong: list[str] = []
        told(self._reading(wrong), f"reading {len(self)} pictures")
        refuse(wrong, "pictures")

    def _reading(self, wrong: list[str]) -> Iterator[float]:
        for index in range(len(self)):
            try:
                self.pyramid(index)
            except (ValueError, FileNotFoundError) as error:
                wrong.append(str(error))
            yield (index + 1) / len(self)


def _forget(cache: Cache, pooling: Pooling, versions: set[str]) -> None:
    for version in versions:
        cache.forget(version, pooling)
