"""Folders of image files: order, colour, size, orientation, and files that are no images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import own_images

from ram_envs.images.folders import folder_names, list_images, read_images

Image = pytest.importorskip("PIL.Image")


def save(path: Path, pixels: np.ndarray, mode: str | None = None, **options: object) -> Path:
    """Write an image file, its folders too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


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
    np.testing.assert_array_equal(read_images([first], None)(np.array([0])), grey[None])
    both = read_images([first, second], None)
    np.testing.assert_array_equal(both(np.array([1, 0])), [colour, np.repeat(grey[..., None], 3, axis=2)])
    assert both(np.array([0])).shape == (1, 4, 5, 3), "every split has the same form"
    palette, alpha = save(tmp_path / "3.gif", grey, "P"), save(tmp_path / "4.png", colour, "RGBA")
    assert read_images([palette, alpha], None)(np.array([1])).tolist() == [colour.tolist()]


def test_pictures_lie_as_the_camera_says(tmp_path: Path) -> None:
    pixels = own_images(4, 6)[0]
    exif = Image.Exif()
    exif[274] = 6  # to be turned clockwise
    turned = save(tmp_path / "1.png", pixels, exif=exif)
    np.testing.assert_array_equal(read_images([turned], None)(np.array([0]))[0], np.rot90(pixels, -1))


def test_images_of_several_sizes_need_one_that_they_are_brought_to(tmp_path: Path) -> None:
    one, other = save(tmp_path / "1.png", own_images(4, 6)[0]), save(tmp_path / "2.png", own_images(8, 6)[0])
    with pytest.raises(ValueError, match=r"1\.png has 4x6 pixels .*2\.png 8x6.*image_size"):
        read_images([one, other], None)
    assert read_images([one, other], 5)(np.array([0, 1])).shape == (2, 5, 5)
    assert read_images([one, other], (3, 7))(np.array([0, 1])).shape == (2, 3, 7)
    # Scaled to cover and cut to the middle: of three bands of 4x4 the middle one is left.
    bands = np.repeat(np.array([[10, 200, 60]], np.uint8), 4, axis=0).repeat(4, axis=1)
    middle = read_images([save(tmp_path / "3.png", bands)], 4)(np.array([0]))
    assert (middle == 200).all()
    for size in (0, -3, (3, 4, 5), "8"):
        with pytest.raises(ValueError, match="image_size"):
            read_images([one], size)  # type: ignore[arg-type]


def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png", own_images(40, 40, 3)[0])
    words, cut, deep = (tmp_path / name for name in ("words.png", "cut.png", "deep.png"))
    words.write_text("these are words")
    cut.write_bytes(good.read_bytes()[:1000])
    Image.fromarray(np.zeros((40, 40), np.uint16)).save(deep)
    with pytest.raises(ValueError, match=r"words\.png can't be read"):
        read_images([good, words], None)
    reader = read_images([good, cut], None)  # the header is whole
    with pytest.raises(ValueError, match=r"cut\.png can't be read"):
        reader(np.array([1]))
    with pytest.raises(ValueError, match=r"deep\.png has the mode I;16"):
        read_images([deep], None)


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
