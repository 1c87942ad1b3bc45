"""Which pictures a data set has, and what is refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ram_envs.gallery.items import FileItem
from ram_envs.gallery.sources import Listing, is_lazy, list_split

RNG = np.random.default_rng(3)


def write(path: Path, shape: tuple[int, ...] = (20, 30), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, shape, np.uint8)).save(path, **options)
    return path


def table(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text)
    return path


def names(listing: Listing) -> list[str]:
    return [item.path.name for item in listing.items if isinstance(item, FileItem)]


def header_of_png(width: int, height: int) -> bytes:
    """A grey PNG whose header tells any size, with next to nothing behind it."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 99))]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_table_tells_files_labels_and_splits(tmp_path: Path) -> None:
    for i in range(4):
        write(tmp_path / f"{i}.png", (20 + i, 30))
    path = table(tmp_path, "file,label,split\n0.png,10,train\n1.png,9,train\n2.png,10,test\n3.png,10,validation\n")
    train, test = (list_split(str(path), split=split) for split in ("train", "test"))
    assert (names(train), train.labels.tolist(), train.class_names) == (["0.png", "1.png"], [1, 0], ("9", "10"))
    assert (names(test), test.labels.tolist(), test.channels) == (["2.png"], [1], ())


def test_one_picture_in_colour_makes_all_splits_colour(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    write(tmp_path / "b.jpg", (10, 10, 3))
    path = table(tmp_path, "split,label,file\ntrain,x,a.png\ntest,x,b.jpg\n")
    train = list_split(path, split="train")
    assert train.channels == (3,)
    with train.items[0].open((3,)) as picture:
        part = picture.read(2, 3, 5, 4)
    assert (part == np.asarray(Image.open(tmp_path / "a.png"))[2:7, 3:7, None]).all()
    assert part.shape == (5, 4, 3)


def test_groups_stay_together(tmp_path: Path) -> None:
    lines = ["file,label,group"]
    for i in range(90):
        write(tmp_path / f"{i}.png", (4, 4))
        lines.append(f"{i}.png,{'ab'[i % 60 // 30]},patient {i // 3}")
    path = table(tmp_path, "\n".join(lines))
    found = {
        split: {int(n[:-4]) // 3 for n in names(list_split(path, split=split))}
        for split in ("train", "validation", "test")
    }
    # Patients 0 to 9 and 20 to 29 are of class a, 10 to 19 of class b: of each the ninth validates, the tenth tests.
    assert found["validation"] == {8, 18, 28}
    assert found["test"] == {9, 19, 29}
    assert found["train"] == set(range(30)) - {8, 9, 18, 19, 28, 29}
    assert sum(len(names(list_split(path, split=split))) for split in found) == 90
    assert len(names(list_split(path, split="test", hold_out=False))) == 90


def test_all_that_is_wrong_with_a_table_is_told_at_once(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    path = table(
        tmp_path,
        "file,label,split,group\na.png,x,train,p\na.png,y,train,p\nb.png,x,train,q\nc.png,x,val,r\nd.png,x,test,p\n",
    )
    with pytest.raises(ValueError) as caught:
        list_split(path, split="train")
    message = str(caught.value)
    for part in (
        "line 3: ", "a.png is in line 2 already", "line 4: there is no file", "line 5: split is 'val'",
        "line 6: the group 'p' is in 'test' and in 'train'",
    ):  # fmt: skip
        assert part in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,label\na.png,1\n", "has the columns .*; they must be file, label"),
        ("file,label,size\na.png,1,2\n", "has the columns"),
        ("file,label\n", "has no lines below its first"),
        ("file,label\na.png\n", "line 2 of .* does not have one word for each of file, label"),
        ("file,label\na.png,1,2\n", "line 2 of"),
        ("", "has the columns"),
    ],
)
def test_bad_tables_are_refused(text: str, message: str, tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    with pytest.raises(ValueError, match=message):
        list_split(table(tmp_path, text), split="train")


def test_an_empty_split_and_hold_out_beside_a_column_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    path = table(tmp_path, "file,label,split\na.png,1,train\n")
    with pytest.raises(ValueError, match="no line of the split 'test'"):
        list_split(path, split="test")
    with pytest.raises(ValueError, match=r"hold_out is True, but .* has a column split"):
        list_split(path, split="train", hold_out=True)


def test_damaged_files_are_named_all_at_once(tmp_path: Path) -> None:
    for i in range(20):
        write(tmp_path / "x" / f"{i:02}.png")
    (tmp_path / "x" / "03.png").write_bytes(b"no picture")
    (tmp_path / "x" / "17.png").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"2 of them are refused\n.*03\.png can't be read[^\n]*\n.*17\.png can't be read"
    ):
        list_split(tmp_path, split="train")


@pytest.mark.parametrize("size", [(10**6, 10**6), (10_000, 8_000), (30, 40)])
def test_sizes_are_believed_as_far_as_the_file_is_long(size: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    content = header_of_png(*size)
    (tmp_path / "x" / "a.png").write_bytes(content)
    if size == (30, 40):
        assert list_split(tmp_path, split="train", hold_out=False).channels == ()
        return
    with pytest.raises(ValueError, match=r"x/a\.png can't be read as an image \("):
        list_split(tmp_path, split="train", hold_out=False)


def test_a_split_folder(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for label in "ab":
            write(tmp_path / split / label / "0.png", (5 if split == "train" else 9, 7))
    assert [item.name for item in list_split(tmp_path, split="test").items] == [
        str(tmp_path / "test" / label / "0.png") for label in "ab"
    ]
    with pytest.raises(FileNotFoundError, match="validation"):
        list_split(tmp_path, split="validation")


def test_arrays_that_are_mapped(tmp_path: Path) -> None:
    images = RNG.random((20, 9, 8, 2))
    np.save(tmp_path / "a.npy", images)
    listing = list_split(str(tmp_path / "a.npy"), [0, 1] * 10, split="test", hold_out=True)
    assert listing.channels == (2,)
    with listing.items[1].open((2,)) as picture:
        np.testing.assert_array_equal(picture.read(1, 2, 3, 4), np.rint(images[19, 1:4, 2:6] * 255))
    with pytest.raises(ValueError, match=r"labels have shape \(3,\) for 20 images"):
        list_split(tmp_path / "a.npy", [0, 1, 2], split="train")
    with pytest.raises(ValueError, match="labels are missing"):
        list_split(tmp_path / "a.npy", split="train")
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:500])
    with pytest.raises(ValueError, match=r"a\.npy can't be read"):
        list_split(tmp_path / "a.npy", [0, 1] * 10, split="train")


def test_functions(tmp_path: Path) -> None:
    listing = list_split(lambda index: np.full((index + 1, 5, 3), index, np.uint8), np.arange(10), split="train")
    with listing.items[7].open(listing.channels) as picture:
        assert picture.shape == (8, 5, 3)
        assert (picture.read(0, 0, 8, 5) == 7).all()
    mixed = list_split(lambda index: np.zeros((4, 4, 3) if index else (4, 4), np.uint8), np.arange(2), split="train")
    with pytest.raises(ValueError, match=r"picture 1 of the function .* has 3 channels"), mixed.items[1].open(()):
        pass


def test_what_is_read_when_it_is_looked_at(tmp_path: Path) -> None:
    for name in ("x/0.png", "y/0.png"):
        write(tmp_path / "same" / name)
        write(tmp_path / "mixed" / name, (9 + len(list(tmp_path.rglob("*.png"))), 9))
    assert not is_lazy({"images": str(tmp_path / "same")})
    assert is_lazy({"images": str(tmp_path / "same"), "cache_dir": "here"})
    assert is_lazy({"images": str(tmp_path / "same"), "lazy": True})
    assert is_lazy({"images": str(tmp_path / "mixed")})
    assert not is_lazy({"images": str(tmp_path / "mixed"), "image_size": 8})
    assert is_lazy({"images": "labels.csv"})
    assert is_lazy({"images": len})
    assert not is_lazy({"images": np.zeros((3, 4, 4))})
    assert not is_lazy({"images": "sklearn:digits"})
    with pytest.raises(TypeError, match="lazy is 1"):
        is_lazy({"images": "x", "lazy": 1})
