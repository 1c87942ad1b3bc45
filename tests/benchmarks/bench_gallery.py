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


PHOTOGRAPHS, HEIGHT, WIDTH = 200, 3000, 4000
SHAPE = 400  # Pixels to a side of the disc or the square that tells a photograph's class.


def photograph(index: int) -> NDArray[np.uint8]:
    """Soft colours, grain, and somewhere a disc (class 1) or a square (class 0)."""
    from PIL import Image

    rng = np.random.default_rng(index)
    soft = Image.fromarray(rng.integers(60, 200, (12, 16, 3), np.uint8)).resize(
        (WIDTH, HEIGHT), Image.Resampling.BICUBIC
    )
    grain = rng.integers(0, 24, (HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    image = np.asarray(soft) // 5 * 4 + np.tile(grain, (4, 4, 1))
    y, x = np.ogrid[-1 : 1 : SHAPE * 1j, -1 : 1 : SHAPE * 1j]
    inside = y**2 + x**2 < 1 if index % 2 else np.maximum(abs(y), abs(x)) < 0.8
    top, left = rng.integers(0, HEIGHT - SHAPE), rng.integers(0, WIDTH - SHAPE)
    image[top : top + SHAPE, left : left + SHAPE][inside] = rng.integers(0, 256, 3)
    return image


def make_photographs(folder: Path) -> Path:
    """JPEG files and their table of labels, made where they are missing."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for index in range(PHOTOGRAPHS):
        path = folder / f"{index:03}.jpg"
        if not path.exists():
            Image.fromarray(photograph(index)).save(folder / "being.made", "JPEG", quality=90)
            (folder / "being.made").rename(path)
    lines = [f"{index:03}.jpg,{('square', 'disc')[index % 2]}" for index in range(PHOTOGRAPHS)]
    (folder / "labels.csv").write_text("\n".join(["file,label", *lines]))
    return folder / "labels.csv"


def photographs(directory: Path, updates: int) -> None:
    """Train on them out of a cache that holds half of what their pyramids take."""
    from ram_agents import Config, Reinforce

    from ram_envs.gallery.pyramid import file_size

    table = make_photographs(directory / "photographs")
    half = PHOTOGRAPHS // 2 * file_size((HEIGHT, WIDTH, 3))
    env_kwargs = {
        "images": str(table), "cache_dir": str(directory / "cache"), "cache_bytes": half,
        "patch_size": 12, "num_scales": 8, "saccade": "relative", "initial_location": "center",
    }  # fmt: skip
    config = Config(env_id="ram_envs/GlimpseImages-v0", env_kwargs=env_kwargs, num_envs=64, repeats=8)
    print(f"before the agent: {anonymous():.0f} MB anonymous")
    agent = Reinforce(config=config)
    most = 0.0
    begin, cpu = time.perf_counter(), time.process_time()
    for done in range(1, updates + 1):
        agent.update()
        most = max(most, anonymous())
        if not done % 10:
            taken = sum(path.stat().st_size for path in (directory / "cache").iterdir())
            spent, used = time.perf_counter() - begin, time.process_time() - cpu
            print(
                f"{done} updates of 64 episodes, 8 photographs each: {spent / done:.2f} s an update, {used / done:.2f} "
                f"of the processor; cache {taken / half:.2f} of its bound; most anonymous memory {most:.0f} MB",
                flush=True,
            )
    print(verdict(most, 1024 * 1.048576, at_least=False))


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["huge", "photographs"])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--glimpses", type=int, default=200_000)
    arguments = parser.parse_args()
    if arguments.what == "huge":
        huge(arguments.directory, arguments.size, arguments.glimpses)
    else:
        photographs(arguments.directory, arguments.updates)


if __name__ == "__main__":
    main()
