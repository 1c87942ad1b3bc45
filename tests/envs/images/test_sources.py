"""A user's images from every source: what is read, and which images each split holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import own_images

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


def test_a_folder_for_each_split(folder: Path) -> None:
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
    (parent / "test").rename(parent / "tests")
    with pytest.raises(FileNotFoundError, match="parted/test"):
        load_split(parent, split="test")


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
        ({"images": "nowhere"}, r"'nowhere' does not exist; samples are sklearn:digits"),
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
