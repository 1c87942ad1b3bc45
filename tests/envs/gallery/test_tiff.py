"""TIFF files against what was written into them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray
from PIL import Image

from ram_envs.gallery.tiff import TiffItem

tifffile = pytest.importorskip("tifffile")
RNG = np.random.default_rng(8)


def image(*shape: int) -> NDArray[np.uint8]:
    return RNG.integers(0, 256, shape, np.uint8)


def written(path: Path, pixels: NDArray[Any], **options: Any) -> TiffItem:
    tifffile.imwrite(path, pixels, **options)
    return TiffItem(path)


def read(item: TiffItem, top: int, left: int, height: int, width: int) -> NDArray[np.uint8]:
    with item.open(item.channels()) as picture:
        return picture.read(top, left, height, width)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_parts_of_tiled_files(compression: str | None, planes: str, tmp_path: Path) -> None:
    pixels = image(300, 500, 3)
    stored = pixels if planes == "contig" else np.moveaxis(pixels, 2, 0)
    options = {"photometric": "rgb", "planarconfig": planes, "tile": (64, 48), "compression": compression}
    item = written(tmp_path / "a.tif", stored, **options)
    assert (item.size(), item.channels()) == ((300, 500), (3,))
    for top, left, height, width in [(0, 0, 300, 500), (63, 47, 2, 2), (64, 48, 64, 48), (250, 400, 50, 100)]:
        part = pixels[top : top + height, left : left + width]
        np.testing.assert_array_equal(read(item, top, left, height, width), part)


def test_grey_and_white_is_zero_and_transparent_ones(tmp_path: Path) -> None:
    pixels = image(100, 90)
    grey = written(tmp_path / "a.tif", pixels, tile=(32, 32))
    assert grey.channels() == ()
    np.testing.assert_array_equal(read(grey, 10, 20, 50, 60), pixels[10:60, 20:80])
    inverted = written(tmp_path / "b.tif", pixels, tile=(32, 32), photometric="miniswhite")
    np.testing.assert_array_equal(read(inverted, 0, 0, 100, 90), 255 - pixels)
    clear = np.dstack([image(40, 50, 3), np.full((40, 50), 51, np.uint8)])
    item = written(tmp_path / "c.tif", clear, tile=(16, 16), photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_allclose(read(item, 0, 0, 40, 50), 255 * 0.8 + clear[..., :3] * 0.2, atol=0.51)


def test_of_a_pyramid_the_finest_level_is_read(tmp_path: Path) -> None:
    pixels = image(256, 320, 3)
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(pixels, tile=(64, 64), photometric="rgb", subifds=1)
        file.write(pixels[::2, ::2], tile=(64, 64), photometric="rgb", subfiletype=1)
    np.testing.assert_array_equal(read(TiffItem(tmp_path / "a.tif"), 0, 0, 256, 320), pixels)


def test_files_without_tiles_are_read_whole_and_upright(tmp_path: Path) -> None:
    pixels = image(30, 50, 3)
    Image.fromarray(pixels).save(tmp_path / "a.tif", compression="tiff_lzw", tiffinfo={274: 6})
    item = TiffItem(tmp_path / "a.tif")
    assert item.size() == (50, 30)
    np.testing.assert_array_equal(read(item, 0, 0, 50, 30), np.rot90(pixels, -1))


def test_tiles_of_jpeg(tmp_path: Path) -> None:
    pytest.importorskip("imagecodecs")
    smooth = np.add.outer(np.arange(128), np.arange(192)).astype(np.uint8)[..., None] // np.array([1, 2, 3], np.uint8)
    item = written(tmp_path / "a.tif", smooth, tile=(64, 64), photometric="rgb", compression="jpeg")
    assert np.abs(read(item, 0, 0, 60, 60).astype(int) - smooth[:60, :60]).mean() < 6


@pytest.mark.parametrize(
    ("pixels", "options", "message"),
    [
        (image(64, 64).astype(np.uint16), {}, "has 16 bits a channel"),
        (image(64, 64, 5), {"photometric": "minisblack", "planarconfig": "contig"}, "has 5 channels"),
        (image(64, 64), {"extratags": [(274, "H", 1, 6, True)]}, "lies on its side"),
    ],
)
def test_other_forms_are_named(pixels: NDArray[Any], options: dict[str, Any], message: str, tmp_path: Path) -> None:
    item = written(tmp_path / "a.tif", pixels, tile=(32, 32), **options)
    with pytest.raises(ValueError, match=rf"a\.tif {message}"):
        item.channels()


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    item = written(path, image(256, 256), tile=(64, 64), compression="zlib")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"a\.tif"):
        item.channels()
    path.write_bytes(b"II*\0nonsense")
    with pytest.raises(ValueError, match=r"a\.tif can't be read as a TIFF image"):
        item.channels()
    with tifffile.TiffFile(written(path, image(256, 256), tile=(64, 64), compression="zlib").path) as file:
        offset = file.pages.first.dataoffsets[5]
    content = bytearray(path.read_bytes())
    content[offset : offset + 40] = b"\xff" * 40
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tif can't be read: its tile in row 1, column 1 is damaged"):
        read(item, 0, 0, 256, 256)


def test_sizes_are_believed_as_far_as_the_file_is_long(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    item = written(path, image(64, 64), tile=(32, 32))
    with tifffile.TiffFile(path, mode="r+") as file:
        for tag in (256, 257):
            file.pages.first.tags[tag].overwrite(1_000_000)
    with pytest.raises(
        ValueError, match=r"a\.tif can't be read: its header tells 1000000x1000000 pixels, which its \d+"
    ):
        item.channels()


def test_without_tifffile_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    item = written(tmp_path / "a.tif", image(9, 9))
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(DependencyNotInstalled, match=r"tifffile is not installed.*\[large\]"):
        item.channels()
