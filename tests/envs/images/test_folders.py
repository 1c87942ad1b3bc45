"""Folders of image files: order, colour, size, orientation, and files that are no images."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import own_images

from ram_envs.images.folders import ImageSize, common_form, folder_names, is_split, list_images, read_images

Image = pytest.importorskip("PIL.Image")


def save(path: Path, pixels: np.ndarray, mode: str | None = None, **options: object) -> Path:
    """Write an image file, its folders too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def read(files: list[Path], *, image_size: ImageSize | None = None) -> np.ndarray:
    """All of some files."""
    return read_images(files, common_form(files, image_size))(np.arange(len(files)))


def test_classes_and_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "a/z.PNG", ".hidden/x.png", "b/.y.png"):
        save(tmp_path / name, own_images(3, 3)[0])
    (tmp_path / "b" / "notes.txt").write_text("not an image")
    assert folder_names(tmp_path) == ("a", "b")
    files, labels = list_images(tmp_path, ("a", "b"))
    assert [str(file.relative_to(tmp_path)) for file in files] == ["a/z.PNG", "b/10.png", "b/2.png"]
    assert labels.tolist() == [0, 1, 1]


def test_grey_files_stay_grey_and_one_in_colour_makes_all_so(tmp_path: Path) -> None:
    grey, colour = own_images(4, 5)[0], own_images(4, 5, 3)[1]
    first, second = save(tmp_path / "1.png", grey), save(tmp_path / "2.png", colour)
    np.testing.assert_array_equal(read([first]), grey[None])
    reader = read_images([first, second], common_form([first, second], None))
    np.testing.assert_array_equal(reader(np.array([1, 0])), [colour, np.repeat(grey[..., None], 3, axis=2)])
    assert reader(np.array([0])).shape == (1, 4, 5, 3), "every split has the same form"
    palette = save(tmp_path / "3.gif", grey, "P")
    np.testing.assert_array_equal(read([palette]), np.repeat(grey[None, ..., None], 3, axis=3))


def with_alpha(mode: str) -> Any:
    """A black pixel, a half black one and a transparent one that is black underneath."""
    alpha = Image.fromarray(np.array([[255, 128, 0]], np.uint8))
    image = Image.new("RGB" if mode == "RGBA" else "L", (3, 1), 0)
    image.putalpha(alpha)
    return image.convert(mode)


def with_a_clear_colour(mode: str) -> Any:
    """A black pixel and two of the colour that is declared to be transparent."""
    if mode == "P":
        image = Image.fromarray(np.array([[0, 1, 1]], np.uint8)).convert("P")
        image.putpalette([0, 0, 0, 0, 0, 0])
    else:
        image = Image.fromarray(np.array([[0, 255, 255]], np.uint8) // (1 if mode == "1" else 5)).convert(mode)
    return image


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_what_is_transparent_is_white(tmp_path: Path, mode: str, suffix: str) -> None:
    file = tmp_path / f"1.{suffix}"
    with_alpha(mode).save(file, **({"lossless": True, "exact": True} if suffix == "webp" else {}))
    pixels = read([file]).reshape(3, -1)[:, 0]
    assert pixels.tolist() == [0, 127, 255]


@pytest.mark.parametrize(("mode", "clear"), [("P", 1), ("1", 255), ("L", 51), ("RGB", (51, 51, 51))])
def test_a_colour_that_is_declared_transparent_is_white(tmp_path: Path, mode: str, clear: object) -> None:
    file = tmp_path / "1.png"
    with_a_clear_colour(mode).save(file, transparency=clear)
    assert Image.open(file).mode == mode
    assert read([file]).reshape(3, -1)[:, 0].tolist() == [0, 255, 255]


def test_a_palette_with_transparency_of_several_degrees(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    image.putpalette([0] * 9)
    image.save(tmp_path / "1.png", transparency=bytes([255, 128, 0]))
    image.save(tmp_path / "2.gif", transparency=2)
    assert read([tmp_path / "1.png"])[0, 0].tolist() == [[0] * 3, [127] * 3, [255] * 3]
    assert read([tmp_path / "2.gif"])[0, 0].tolist() == [[0] * 3, [0] * 3, [255] * 3]


CAMERAS = {
    "png": {},
    "jpg": {"quality": 100},
    "tif": {},
    "tiff": {"compression": "tiff_lzw"},
    "webp": {"lossless": True},
}


@pytest.mark.parametrize("suffix", CAMERAS)
@pytest.mark.parametrize("image_size", [None, (6, 4)])
def test_pictures_lie_as_the_camera_says(tmp_path: Path, suffix: str, image_size: ImageSize | None) -> None:
    pixels = np.repeat(np.repeat(np.array([[0, 90, 255], [255, 180, 0]], np.uint8), 2, axis=0), 2, axis=1)
    exif = Image.Exif()
    exif[274] = 6  # to be turned clockwise
    turned = save(tmp_path / f"1.{suffix}", pixels, exif=exif, **CAMERAS[suffix])
    upright = save(tmp_path / "2.png", np.rot90(pixels, -1), "RGB" if suffix == "webp" else None)
    both = read([turned, upright], image_size=image_size)
    np.testing.assert_allclose(both[0].astype(int), both[1].astype(int), atol=40 if suffix == "jpg" else 0)
    np.testing.assert_array_equal(both[1].reshape(6, 4, -1)[..., 0], np.rot90(pixels, -1))


def test_images_of_several_sizes_need_one_that_they_are_brought_to(tmp_path: Path) -> None:
    one, other = save(tmp_path / "1.png", own_images(4, 6)[0]), save(tmp_path / "2.png", own_images(8, 6)[0])
    with pytest.raises(ValueError, match=r"1\.png has 4x6 pixels .*2\.png 8x6.*image_size"):
        read([one, other])
    assert read([one, other], image_size=5).shape == (2, 5, 5)
    assert read([one, other], image_size=(3, 7)).shape == (2, 3, 7)
    # Scaled to cover and cut to the middle: of three bands of 4x4 the middle one is left.
    bands = np.repeat(np.array([[10, 200, 60]], np.uint8), 4, axis=0).repeat(4, axis=1)
    middle = read([save(tmp_path / "3.png", bands)], image_size=4)
    assert (middle == 200).all()
    for size in (0, -3, (3, 4, 5), "8"):
        with pytest.raises(ValueError, match="image_size"):
            read([one], image_size=size)  # type: ignore[arg-type]
    reader = read_images([one], common_form([one], None))
    save(one, own_images(8, 6)[0])
    with pytest.raises(ValueError, match=r"1\.png had \(6, 4\) pixels .* has \(6, 8\) now"):
        reader(np.array([0]))


def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png", own_images(40, 40, 3)[0])
    words, cut, deep, empty, odd = (tmp_path / f"{name}.png" for name in ("words", "cut", "deep", "empty", "a\nb"))
    words.write_text("these are words")
    cut.write_bytes(good.read_bytes()[:1000])
    empty.write_bytes(b"")
    odd.write_bytes(b"")
    Image.fromarray(np.zeros((40, 40), np.uint16)).save(deep)
    for file in (words, empty):
        with pytest.raises(ValueError, match=rf"{file.name} can't be read"):
            read([good, file])
    with pytest.raises(ValueError, match=r"'.*/a\\nb\.png' can't be read") as caught:
        read([odd])
    assert "\n" not in str(caught.value), "one line"
    reader = read_images([good, cut], common_form([good, cut], None))  # the header is whole
    with pytest.raises(ValueError, match=r"cut\.png can't be read"):
        reader(np.array([1]))
    with pytest.raises(ValueError, match=r"deep\.png has the mode I;16"):
        read([deep])


def test_an_image_of_absurd_size_is_refused_before_it_is_read(tmp_path: Path) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 10**5, 10**5, 8, 0, 0, 0, 0))
    file = tmp_path / "bomb.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""))
    with pytest.raises(ValueError, match=r"bomb\.png can't be read as an image .*10000000000 pixels"):
        read([file], image_size=8)


def test_only_pictures_of_pixels_are_images(tmp_path: Path) -> None:
    """Pillow registers .eps, .pdf, .h5 and .mpg too, and runs Ghostscript on the first, whatever its name."""
    postscript = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    for name in ("a.pdf", "b.h5", "c.mpg", "d.eps"):
        (tmp_path / "class").mkdir(exist_ok=True)
        (tmp_path / "class" / name).write_text(postscript)
    with pytest.raises(ValueError, match=r"class holds no images \(.*\.png"):
        list_images(tmp_path, ("class",))
    save(tmp_path / "class" / "e.png", own_images(9, 9)[0])
    assert [file.name for file in list_images(tmp_path, ("class",))[0]] == ["e.png"]
    (tmp_path / "renamed.png").write_text(postscript)
    assert Image.open(tmp_path / "renamed.png").format == "EPS"
    with pytest.raises(ValueError, match=r"renamed\.png can't be read as an image \(cannot identify"):
        read([tmp_path / "renamed.png"])


def test_folders_are_split_already_if_no_other_lies_beside_them(tmp_path: Path) -> None:
    for names, expected in (
        (("train", "validation", "test"), True),
        (("test", "train"), True),
        (("bus", "car", "train"), False),
        (("test", "train", "val"), False),
    ):
        path = tmp_path / "-".join(names)
        for name in (*names, ".hidden"):
            (path / name).mkdir(parents=True)
        (path / "README.txt").write_text("words")
        assert is_split(path) is expected


def test_nothing_in_a_class_vanishes(tmp_path: Path) -> None:
    for name in ("cat/1.png", "cat/kittens/2.png"):
        save(tmp_path / "nested" / name, own_images(4, 6)[0])
    with pytest.raises(ValueError, match=r"kittens is a folder in the folder of a class.*train, validation and test"):
        list_images(tmp_path / "nested", ("cat",))
    made = {
        "pipe": os.mkfifo,
        "loop": lambda path: path.symlink_to(path),
        "nowhere": lambda path: path.symlink_to(tmp_path / "missing"),
    }
    for kind, make in made.items():
        folder = save(tmp_path / kind / "cat" / "1.png", own_images(4, 6)[0]).parent
        make(folder / "2.png")
        with pytest.raises(ValueError, match=r"2\.png is neither a file nor a folder"):
            list_images(tmp_path / kind, ("cat",))
        make(tmp_path / kind / "dog")
        with pytest.raises(ValueError, match="dog is neither a file nor a folder"):
            folder_names(tmp_path / kind)
    linked = save(tmp_path / "linked" / "cat" / "1.png", own_images(4, 6)[0])
    (linked.parent / "2.png").symlink_to(linked)
    assert len(list_images(tmp_path / "linked", ("cat",))[0]) == 2


def test_classes_have_names_that_can_be_printed(tmp_path: Path) -> None:
    for name in ("a\nb", os.fsdecode(b"\xff")):
        save(tmp_path / ascii(name) / name / "1.png", own_images(4, 6)[0])
        with pytest.raises(ValueError, match="has a name that can't be printed; rename it") as caught:
            folder_names(tmp_path / ascii(name))
        assert str(caught.value).isprintable()
    save(tmp_path / "é ü" / "дом" / "猫.png", own_images(4, 6)[0])
    assert folder_names(tmp_path / "é ü") == ("дом",)
    assert read(list_images(tmp_path / "é ü", ("дом",))[0]).shape == (1, 4, 6)


def test_folders_that_are_none_of_ours_are_refused_by_name(tmp_path: Path) -> None:
    save(tmp_path / "1.png", own_images(4, 6)[0])
    with pytest.raises(ValueError, match="holds no folders"):
        folder_names(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty holds no images"):
        list_images(tmp_path, ("empty",))
    with pytest.raises(ValueError, match=r"\['empty'\]"):
        list_images(tmp_path, ("full",))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list_images(tmp_path / "nowhere", ("full",))
