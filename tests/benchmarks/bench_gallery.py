"""Glimpses of pictures that do not fit into memory: how many a second, and in how much memory.

`python tests/benchmarks/bench_gallery.py huge DIRECTORY [--size 100000]` builds one picture tile by tile and looks at
it; it takes 4/3 of a byte a pixel of the disk. `... photographs DIRECTORY` makes 200 photographs of 12 megapixels and
trains on them, out of a cache that holds half. Both leave their files for the next time.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from timing import seconds, verdict  # first: it tells how many threads there are

import numpy as np  # isort: skip
from numpy.typing import NDArray  # isort: skip

CHUNK = 1000  # Glimpses of one call.


def anonymous() -> float:
    """MB of memory that is this process's own: not of files that are mapped."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1000


def texture(top: int, left: int, height: int, width: int) -> NDArray[np.uint8]:
    """A part of an endless picture: stripes and squares of many sizes."""
    rows, columns = np.arange(top, top + height)[:, None], np.arange(left, left + width)
    return ((rows ^ columns) + (rows >> 5) * (columns >> 7)).astype(np.uint8)


def huge(directory: Path, size: int, num_glimpses: int) -> None:
    """Uniform places of one picture of size x size, at 10 scales."""
    from ram_envs.gallery.cache import Cache
    from ram_envs.gallery.gallery import Gallery
    from ram_envs.gallery.pyramid import Picture
    from ram_envs.gallery.sources import list_split
    from ram_envs.retina.retina import Retina

    def picture(index: int) -> Picture:
        return Picture((size, size), texture)

    picture.version = "1"  # type: ignore[attr-defined]
    listing = list_split(picture, [0], split="train")
    gallery = Gallery(listing.items, listing.channels, Cache(directory, 2**40), most_open=1)
    begin = time.process_time()
    pyramid = gallery.pyramid(0)
    print(f"{size}x{size}: built, or found, in {time.process_time() - begin:.1f} s; {anonymous():.0f} MB anonymous")
    total = 0
    for start in range(0, len(pyramid.tiles), 2**26):  # brings it into the system's cache, as far as that holds it
        total += int(pyramid.tiles[start : start + 2**26 : 4096].sum())
    retina, rng = Retina(12, 10), np.random.default_rng(0)
    places = rng.uniform(-1, 1, (num_glimpses // CHUNK, CHUNK, 2))
    pyramid.glimpse(retina, places[0])
    for name in ("first", "second"):
        once = seconds(lambda: [pyramid.glimpse(retina, some) for some in places], calls=1)
        rate = len(places) * CHUNK / once
        print(f"{name} time at {num_glimpses} places: {rate:,.0f} glimpses a second; {verdict(rate, 30_000)}")
    print(f"{anonymous():.0f} MB anonymous; {verdict(anonymous(), 500, at_least=False)}")


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["huge", "photographs"])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--glimpses", type=int, default=200_000)
    arguments = parser.parse_args()
    if arguments.what == "huge":
        huge(arguments.directory, arguments.size, arguments.glimpses)


if __name__ == "__main__":
    main()
