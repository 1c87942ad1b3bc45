"""A user's images from every source: what is read, and which images each split holds."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import own_images

from ram_envs.images import archives
from ram_envs.images.datasets import SPLITS, held_out
from ram_envs.images.sources import load_split

ID = "ram_envs/GlimpseImages-v0"


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    """40 grey images of the classes even and odd, in a file of arrays."""
    path = tmp_path / "own.npz"
    np.savez(path, images=own_images(6, 8, count=40), labels=np.arange(40) % 2, class_names=["even", "odd"])
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same images as PNG files, a folder for each class."""
    image = pytest.importorskip("PIL.Image")
    for i, pixels in enumerate(own_images(6, 8, count=40)):
        path = tmp_path / "own" / ("even", "odd")[i % 2]
        path.mkdir(parents=True, exist_ok=True)
        image.fromarray(pixels).save(path / f"{i:02}.png")
    return tmp_path / "own"


def contents(split: Any) -> list[tuple[bytes, int]]:
    """Each image of a split, and its label."""
    return [(image.tobytes(), int(label)) for image, label in zip(*split.dataset, strict=True)]


def test_every_tenth_image_of_each_class_is_held_out_and_the_one_before_validates() -> None:
    labels = np.array([0] * 20 + [1] * 10 + [0, 1] * 5)
    assert held_out(labels, "test").tolist() == [9, 19, 29]
    assert held_out(labels, "validation").tolist() == [8, 18, 28]
    assert held_out(labels, "train").tolist() == [i for i in range(40) if i not in (8, 9, 18, 19, 28, 29)]
    with pytest.raises(ValueError, match=r"label 1 has 9 images.*hold_out=False"):
        held_out(np.array([0] * 10 + [1] * 9), "train")
    with pytest.raises(ValueError, match="'dev'"):
        held_out(labels, "dev")


def test_the_splits_share_no_image_and_leave_none_out(npz: Path, folder: Path) -> None:
    arrays = {"images": own_images(6, 8, count=40), "labels": np.arange(40) % 2, "hold_out": True}
    everything = sorted(contents(load_split(**(arrays | {"hold_out": False}), split="train")))
    for source in ({"images": npz}, {"images": str(folder)}, arrays):
        parts = [contents(load_split(**source, split=split)) for split in SPLITS]
        assert [len(part) for part in parts] == [32, 4, 4]
        assert sorted(item for part in parts for item in part) == everything
        for part in parts:
            assert {label for _, label in part} == {0, 1}


def test_every_source_gives_the_same_images_of_a_split(npz: Path, folder: Path) -> None:
    expected = load_split(own_images(6, 8, count=40), np.arange(40) % 2, split="test", hold_out=True)
    for source in (npz, folder):
        found = load_split(source, split="test")
        assert sorted(contents(found)) == sorted(contents(expected))
        assert found.class_names == ("even", "odd")
    assert expected.class_names is None


def test_arrays_are_taken_whole_unless_asked_otherwise(npz: Path) -> None:
    images, labels = own_images(6, 8), np.arange(12) % 3
    for split in SPLITS:
        assert load_split(images, labels, split=split).dataset.images.tolist() == images.tolist()
        assert len(load_split(npz, split=split, hold_out=False).dataset.labels) == 40


def test_a_folder_for_each_split(folder: Path, tmp_path: Path) -> None:
    parent = folder.parent / "parted"
    for split in SPLITS:
        for name in ("even", "odd"):
            (parent / split / name).mkdir(parents=True)
            for file in sorted((folder / name).iterdir())[:5]:
                file.rename(parent / split / name / file.name)
    all_images = own_images(6, 8, count=40)
    for i, split in enumerate(SPLITS):
        loaded = load_split(parent, split=split)
        np.testing.assert_array_equal(loaded.dataset.images[:5], all_images[10 * i : 10 * i + 10 : 2])
        assert loaded.class_names == ("even", "odd")
        assert len(loaded.read_training_images()) == 10
    with pytest.raises(ValueError, match="hold_out is True"):
        load_split(parent, split="test", hold_out=True)
    (parent / "test").rename(parent / "tests")  # classes train, tests and validation, then, that hold folders
    with pytest.raises(ValueError, match="parted/tests/even is a folder in the folder of a class"):
        load_split(parent, split="test")
    (parent / "tests").rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match="parted/test; beside"):
        load_split(parent, split="test")
    assert len(load_split(parent, split="validation").dataset.labels) == 10


def test_a_class_may_be_called_as_a_split_is(folder: Path) -> None:
    (folder / "even").rename(folder / "train")
    assert load_split(folder, split="test").class_names == ("odd", "train")


def test_all_splits_of_a_folder_have_one_form(tmp_path: Path) -> None:
    """Grey training images beside test images in colour: all in colour. Two sizes: refused, or scaled to one."""
    image = pytest.importorskip("PIL.Image")
    for split, shape in (("train", (6, 8)), ("test", (6, 8, 3))):
        (tmp_path / split / "cat").mkdir(parents=True)
        image.fromarray(own_images(*shape)[0]).save(tmp_path / split / "cat" / "1.png")
    for split in ("train", "test"):
        loaded = load_split(tmp_path, split=split)
        assert loaded.dataset.images.shape == loaded.read_training_images().shape == (1, 6, 8, 3)
    image.fromarray(own_images(9, 9)[0]).save(tmp_path / "test" / "cat" / "1.png")
    for split in ("train", "test"):
        with pytest.raises(ValueError, match=r"has 9x9 pixels .* 6x8; .*image_size"):
            load_split(tmp_path, split=split)
        assert load_split(tmp_path, split=split, image_size=5).dataset.images.shape == (1, 5, 5)


def test_distractors_are_cut_from_training_images_in_every_split() -> None:
    # Training images are black, the others white: a distractor lights nothing.
    images = np.zeros((40, 8, 8), np.uint8)
    labels = np.arange(40) % 2
    for split in ("validation", "test"):
        images[held_out(labels, split)] = 255
    arguments = {"images": images, "labels": labels, "hold_out": True, "canvas_size": 24, "num_distractors": 20}
    for split, lit in (("train", 0), ("test", 64)):
        env = gym.make(ID, **arguments, split=split, patch_size=32, initial_location="center")
        assert env.reset(seed=0)[0]["glimpse"].sum() == lit


def test_distractor_images_are_taken_as_images_are() -> None:
    """Floats and lists are converted: a white distractor lights its 4 pixels of a black scene, at any split."""
    arguments = {"images": np.zeros((2, 8, 8), np.uint8), "labels": [0, 1], "canvas_size": 8, "patch_size": 8}
    arguments |= {"num_distractors": 1, "distractor_size": 2, "initial_location": "center"}
    white = np.full((3, 8, 8), 255, np.uint8)
    for distractors in (white, list(white), white / 255, np.ones((3, 8, 8), np.float32)):
        env = gym.make(ID, **arguments, distractor_images=distractors)
        assert env.reset(seed=0)[0]["glimpse"].sum() == 4


@pytest.mark.parametrize(
    ("distractor_images", "named"),
    [
        (np.zeros((3, 8, 8), np.uint8), r"distractor_images have shape \(3, 8, 8\) and images \(12, 28, 28\)"),
        (np.zeros((3, 28, 28, 3), np.uint8), r"\(3, 28, 28, 3\)"),
        (np.zeros((0, 28, 28), np.uint8), r"distractor_images are empty"),
        (np.zeros((3, 28, 28), np.int64), "distractor_images have dtype int64"),
        (np.full((3, 28, 28), 255.0), r"float distractor_images span 255\.0"),
        (np.zeros((28, 28), np.uint8), r"distractor_images have shape \(28, 28\)"),
    ],
)
def test_distractor_images_of_another_form_are_refused_when_the_environment_is_made(
    distractor_images: Any, named: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=named):
        gym.make(
            ID,
            images=own_images(28, 28),
            labels=np.arange(12) % 3,
            num_distractors=2,
            distractor_images=distractor_images,
        )


def test_an_environment_plays_its_split_and_names_its_classes(folder: Path) -> None:
    env = gym.make(ID, images=str(folder), split="test", patch_size=8, initial_location="center")
    assert env.unwrapped.task.action_names == ("even", "odd")
    images = load_split(folder, split="test").dataset.images
    for index in range(4):
        observation, info = env.reset(options={"index": index})
        np.testing.assert_allclose(observation["glimpse"][0, 1:7] * 255, images[index], atol=1e-3)
        assert info["label"] == index // 2
    with pytest.raises(IndexError, match="0 to 3"):
        env.reset(options={"index": 4})


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"images": "nowhere"}, r"'nowhere' does not exist \(it was looked for in /.*\); samples are sklearn:digits"),
        ({"images": "/nowhere"}, r"'/nowhere' does not exist; samples are sklearn:digits"),
        ({"images": __file__}, "neither a folder nor"),
        ({"images": "nowhere.npz"}, "nowhere"),
        ({"images": "{npz}", "labels": [0, 1]}, "labels"),
        ({"images": "{npz}", "image_size": 8}, "image_size is 8"),
        ({"images": "{npz}", "split": "dev"}, "'dev'"),
        ({"images": "{npz}", "class_names": ["one"]}, "1"),
        ({"images": "{npz}", "num_classes": 3}, r"num_classes is 3.*2 class_names"),
        ({"images": own_images(4, 4), "labels": [0] * 12, "num_classes": 10**9}, "num_classes is 1000000000"),
        ({"images": [np.zeros((2, 3)), np.zeros((4, 5))], "labels": [0, 1]}, r"\(2, 3\), \(4, 5\)"),
        ({"images": np.zeros((0, 4, 4), np.uint8), "labels": []}, r"empty.*\(0, 4, 4\)"),
        ({"images": own_images(4, 4), "labels": [0, 1]}, r"\(2,\) for 12 images"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(npz: Path, arguments: dict[str, Any], named: str) -> None:
    if arguments["images"] is not None and isinstance(arguments["images"], str):
        arguments = arguments | {"images": arguments["images"].replace("{npz}", str(npz))}
    with pytest.raises((ValueError, FileNotFoundError), match=named):
        gym.make(ID, **arguments)


def test_a_file_of_arrays_that_cannot_be_read_is_refused_by_name(npz: Path) -> None:
    whole = npz.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"plain words"):
        npz.write_bytes(content)
        with pytest.raises(ValueError, match=r"own\.npz can't be read"):
            load_split(npz, split="train")
    np.savez(npz, x=np.zeros(3))
    with pytest.raises(ValueError, match=r"holds \['x'\]"):
        load_split(npz, split="train")
    np.savez(npz, images=np.array([None]), labels=[0])
    with pytest.raises(ValueError, match=r"own\.npz"):
        load_split(npz, split="train")
    with pytest.raises(ValueError, match=r"own\.npz .*images\.npy declares an array \(1,\) of dtype\('O'\)"):
        load_split(npz, split="train")


def npy(shape: tuple[int, ...], dtype: str = "|u1", content: bytes = b"") -> bytes:
    """A .npy file with a header that need not be true."""
    header = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


def packed(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """An archive of such files."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


LABELS = npy((1,), "<i8", bytes(8))


@pytest.mark.parametrize(
    ("images", "named"),
    [
        (npy((10**6, 10**6)), r"images\.npy declares an array \(1000000, 1000000\) of uint8, but has 128 bytes"),
        (npy((2**32, 2**32)), r"18446744073709551616|4294967296"),
        (npy((2, 3, 4), content=bytes(23)), r"\(2, 3, 4\) of uint8, but has 151 bytes"),
        (npy((-1, -24), content=bytes(24)), r"\(-1, -24\)"),
        (npy((10**18,), "<U0"), "numbers or words"),
        (npy((1,), "|O", bytes(8)), r"dtype\('O'\)"),
        (b"\x93NUMPY\x09\x00" + bytes(200), r"version \(9, 0\)"),
        (b"", "images|EOF"),
        (b"words" * 99, "magic"),
    ],
)
def test_what_a_file_of_arrays_declares_must_be_true(tmp_path: Path, images: bytes, named: str) -> None:
    path = packed(tmp_path / "own.npz", {"images.npy": images, "labels.npy": LABELS})
    with pytest.raises(ValueError, match=rf"own\.npz can't be read \(.*({named}).*; write it with numpy\.savez$"):
        load_split(path, split="train")


def test_an_archive_that_declares_absurd_sizes_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = npy((1, 4000, 4000), content=bytes(16 * 10**6))
    path = packed(tmp_path / "own.npz", {"images.npy": content, "labels.npy": LABELS}, zipfile.ZIP_DEFLATED)
    assert load_split(path, split="train", hold_out=False).dataset.images.shape == (1, 4000, 4000)
    monkeypatch.setattr(archives, "LARGE", 10**7)
    with pytest.raises(ValueError, match=r"own\.npz .*images\.npy declares 16000128 bytes, packed into 1\d{4};"):
        load_split(path, split="train", hold_out=False)
    # The archive's list of contents lies: 16 MB in a file of 400 bytes.
    short = packed(tmp_path / "short.npz", {"images.npy": npy((1, 4, 4), content=bytes(16)), "labels.npy": LABELS})
    data = bytearray(short.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = (16 * 10**6).to_bytes(4, "little") * 2
    short.write_bytes(data)
    with pytest.raises(ValueError, match=r"short\.npz .*declares 16000000 bytes, more than the file has"):
        load_split(short, split="train", hold_out=False)


def test_a_damaged_packed_file_is_refused_by_name(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        content = npy((1, 40, 40), content=np.random.default_rng(0).bytes(1600))
        path = packed(tmp_path / "own.npz", {"images.npy": content, "labels.npy": LABELS}, method)
        data = bytearray(path.read_bytes())
        data[60:400] = bytes(340)
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"own\.npz can't be read"):
            load_split(path, split="train", hold_out=False)


@pytest.mark.parametrize(
    "names", [np.zeros((2, 2), "U3"), np.zeros(2), np.array("even"), np.array([b"\xff", b"b"])], ids=repr
)
def test_names_of_classes_are_words(tmp_path: Path, names: np.ndarray) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, images=own_images(4, 4), labels=np.arange(12) % 2, class_names=names)
    with pytest.raises(ValueError, match=r"class_names in .*own\.npz"):
        load_split(path, split="train", hold_out=False)
    np.savez(path, images=own_images(4, 4), labels=np.arange(12) % 2, class_names=[b"even", b"odd"])
    assert load_split(path, split="train", hold_out=False).class_names == ("even", "odd")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "own.npz")
    with pytest.raises(FileNotFoundError, match=r"own\.npz' is neither a folder nor an \.npz file"):
        load_split(tmp_path / "own.npz", split="train")
