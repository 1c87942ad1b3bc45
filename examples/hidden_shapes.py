"""A folder of pictures with a labels file, to try large images with: small bright shapes, hidden in large textures.

Each picture shows one cross, disc, ring or triangle of 24 pixels, and one to three heaps of crumbs that are as bright
and as large. Each of these lies in a faint glow, which is seen from afar. Glows, heaps and places tell nothing: only
who goes near learns the class. Shrunk to 128 pixels a shape is three pixels wide, or one.

python examples/hidden_shapes.py shapes --pictures 5000 --size 1000 750 --seed 0
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import tyro
from numpy.typing import NDArray
from PIL import Image

CLASSES = ("cross", "disc", "ring", "triangle")
SHAPE = 24
"""Pixels to a side of a shape, and of a heap of crumbs."""
CRUMB = 4
"""Pixels to a side of one crumb."""
MOST_HEAPS = 3
GLOW = 60
"""How much brighter the ground is in the middle of a glow, and its width: the standard deviation, in pixels."""
APART = 4 * SHAPE
"""Pixels, at least, between two things in one of the axes."""
FEWEST = 300
"""With fewer pictures a class may have fewer than ten groups, of which every tenth is held out."""
GROUP = 4
"""So many pictures follow each other out of one camera, with its light and colour."""
OTHER_SIZES = 0.2
"""The share of pictures that are larger than is asked for: each side up to `LARGEST` times."""
LARGEST = 4
SMALLEST = 400


def texture(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float32]:
    """Clouds, (height, width), about 0 with a standard deviation of 1: noise of all sizes, the large the strongest."""
    clouds = np.zeros((1, 1), np.float32)
    for cell in (256, 128, 64, 32, 16, 8, 4, 2):
        noise = rng.standard_normal((-(-height // cell), -(-width // cell)), dtype=np.float32)
        clouds = widened(clouds, noise.shape[1], noise.shape[0]) + cell**0.5 * noise
    clouds = widened(clouds, width, height)
    return (clouds - clouds.mean()) / clouds.std()


def widened(clouds: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Clouds in another size."""
    return np.asarray(Image.fromarray(clouds).resize((width, height), Image.Resampling.BICUBIC))


def shape(name: str) -> NDArray[np.bool_]:
    """Where the shape of a class is bright, (24, 24)."""
    y, x = (np.mgrid[:SHAPE, :SHAPE] + 0.5) / SHAPE * 2 - 1
    radius = np.hypot(x, y)
    return {
        "cross": np.minimum(abs(x), abs(y)) < 0.3,
        "disc": radius < 0.8,
        "ring": (radius < 1) & (radius > 0.6),
        "triangle": abs(x) < (y + 1) / 2,
    }[name]


def crumbs(rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where a heap of crumbs is bright, (24, 24): half of its squares."""
    return np.kron(rng.random((SHAPE // CRUMB, SHAPE // CRUMB)) < 0.5, np.ones((CRUMB, CRUMB))) > 0


def places(rng: np.random.Generator, width: int, height: int, count: int) -> NDArray[np.int64]:
    """The top left corners, (count, 2) as (row, column), of things that lie apart from each other."""
    found: list[NDArray[np.int64]] = []
    while len(found) < count:
        place = rng.integers(0, (height - SHAPE, width - SHAPE), endpoint=True)
        if all(abs(place - other).max() > APART for other in found):
            found.append(place)
    return np.array(found)


def add_glow(ground: NDArray[np.float32], top: int, left: int) -> None:
    """Make the ground (height, width) brighter around the thing at a corner."""
    middle = np.array([top, left]) + SHAPE / 2
    y, x = (np.arange(size) - at for size, at in zip(ground.shape, middle, strict=True))
    rows, columns = abs(y) < 4 * GLOW, abs(x) < 4 * GLOW
    squares = y[rows, None] ** 2 + x[columns] ** 2
    ground[np.ix_(rows, columns)] += GLOW * np.exp(-squares / (2 * GLOW**2))


def picture(rng: np.random.Generator, name: str, width: int, height: int, tint: NDArray[np.float32]) -> Image.Image:
    """A picture of a class, in the colour (3,) of its camera."""
    ground = 30 + 8 * texture(rng, width, height)
    things = [shape(name), *(crumbs(rng) for _ in range(rng.integers(1, MOST_HEAPS, endpoint=True)))]
    corners = places(rng, width, height, len(things)).tolist()
    for top, left in corners:
        add_glow(ground, top, left)
    coloured = ground[..., None] * tint
    for thing, (top, left) in zip(things, corners, strict=True):
        coloured[top : top + SHAPE, left : left + SHAPE][thing] = rng.uniform(200, 255)
    return Image.fromarray(np.rint(coloured.clip(0, 255)).astype(np.uint8))


def size_of(rng: np.random.Generator, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a picture: a third are taken upright, a fifth are larger."""
    times = 1 if rng.random() > OTHER_SIZES else LARGEST ** rng.random()
    width, height = (int(times * side) for side in size)
    return (height, width) if rng.random() < 1 / 3 else (width, height)


def damage(folder: Path, files: list[str]) -> None:
    """Cut the first file off in its middle; the second is no picture at all."""
    first, second = (folder / file for file in files)
    first.write_bytes(first.read_bytes()[: first.stat().st_size // 2])
    second.write_text("a note that was saved under a wrong name\n")


def main(
    out: tyro.conf.Positional[Path], *, pictures: int = 300, size: tuple[int, int] = (1000, 750), seed: int = 0
) -> None:
    """Write the folder `out`: JPEG files, of which two are damaged, and `labels.csv` with file, label and group.

    Args:
        out: a folder that is not there yet.
        pictures: how many, at least 300.
        size: width and height of most, at least 400; a fifth are up to four times as wide and high.
        seed: pictures of one seed are the same.
    """
    if pictures < FEWEST or min(size) < SMALLEST:
        raise SystemExit(f"{pictures} pictures of {size}: at least {FEWEST} are needed, of {SMALLEST} pixels to a side")
    out.mkdir(parents=True)
    rows = []
    for index in range(pictures):
        rng = np.random.default_rng((seed, index, 0))
        tint = np.random.default_rng((seed, index // GROUP, 1)).uniform(0.7, 1.3, 3).astype(np.float32)
        name = CLASSES[rng.integers(len(CLASSES))]
        rows.append((f"{index:05}.jpg", name, f"camera-{index // GROUP}"))
        picture(rng, name, *size_of(rng, size), tint).save(out / rows[-1][0], quality=90)
    damage(out, [rows[index][0] for index in (pictures // 3, pictures // 2)])
    with (out / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "group"), *rows])
    print(f"wrote {pictures} pictures to {out}; damaged: {rows[pictures // 3][0]}, {rows[pictures // 2][0]}")


if __name__ == "__main__":
    tyro.cli(main)
