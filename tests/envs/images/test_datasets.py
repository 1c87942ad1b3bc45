"""The shipped MNIST against a second reading of its files, and IDX files that are broken in every way."""

from __future__ import annotations

import copy
import gzip
import hashlib
import struct
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from ram_envs.images.datasets import load_mnist, load_resized_mnist, make_dataset, read_idx, resize

# Of the files as shipped, and of MNIST's own files inside them (one packer's gzip differs from another's).
SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "71524e2cd1ad2968737f7f2f2ff69cbfc32df8ccddff51593f7cb2d4e0eb5b64",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte.gz": (
        "fe03b8bd7915f70bf5aa08be480aa413fbd85afcaa58b35d230d335f284fd88e",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte.gz": (
        "5634745efa576a17e7d4cf5cd9d09123c75e6538e5114267c2d156edaf519341",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "ae18e77e031ccde52407f794d123116439864147d33ac992975f85dd4dc42af6",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


def shipped(name: str) -> bytes:
    """One of the four files, as shipped."""
    return (files("ram_envs.data") / name).read_bytes()


def values_in(name: str, header: int) -> np.ndarray:
    """The bytes after the header, read plainly."""
    return np.frombuffer(gzip.decompress(shipped(name)), np.uint8, offset=header)


@pytest.mark.parametrize("name", SHA256)
def test_the_shipped_files_are_the_originals(name: str) -> None:
    packed, unpacked = SHA256[name]
    assert hashlib.sha256(shipped(name)).hexdigest() == packed
    assert hashlib.sha256(gzip.decompress(shipped(name))).hexdigest() == unpacked


@pytest.mark.parametrize(
    ("split", "file", "rows"),
    [
        ("train", "train", slice(0, 55_000)),
        ("validation", "train", slice(55_000, 60_000)),
        ("test", "t10k", slice(0, 10_000)),
    ],
)
def test_splits_hold_the_files_images(split: str, file: str, rows: slice) -> None:
    images, labels = load_mnist(split)
    assert images.dtype == np.uint8
    assert np.issubdtype(labels.dtype, np.integer)
    np.testing.assert_array_equal(images, values_in(f"{file}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)[rows])
    np.testing.assert_array_equal(labels, values_in(f"{file}-labels-idx1-ubyte.gz", 8)[rows])


def test_known_facts_about_mnist() -> None:
    train, validation, test = (load_mnist(split) for split in ("train", "validation", "test"))
    assert [len(split.images) for split in (train, validation, test)] == [55_000, 5_000, 10_000]
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    whole = np.concatenate([train.labels, validation.labels])
    assert np.bincount(whole).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train.images.max() == 255, "pixels are unsigned bytes"
    assert train.images.mean() / 255 == pytest.approx(0.1307, abs=5e-4)


def test_loading_twice_shares_one_copy_that_nobody_can_spoil() -> None:
    first, second = load_mnist("test"), load_mnist("test")
    assert np.shares_memory(first.images, second.images)
    for array in first:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_deep_copies_share_the_images() -> None:
    dataset = make_dataset(np.zeros((2, 3, 3), np.uint8), [0, 1])
    assert copy.deepcopy([dataset])[0] is dataset


@pytest.mark.parametrize("split", ["Train", "valid", "", "train ", None])
def test_an_unknown_split_is_refused_with_the_known_ones(split: str) -> None:
    with pytest.raises(ValueError, match=r"(?s)(?=.*train)(?=.*validation)(?=.*test)"):
        load_mnist(split)


def idx(*shape: int, kind: int = 8) -> bytes:
    """An IDX header: two zero bytes, the kind of value (8: unsigned bytes), the number of axes, their lengths."""
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape)


def written(folder: Path, content: bytes, *, zipped: bool = True) -> Path:
    """A file with this content."""
    path = folder / "some-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(content) if zipped else content)
    return path


@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 2, 3), (1, 2, 3, 1)])
def test_reads_any_number_of_axes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = read_idx(written(tmp_path, idx(*shape) + bytes([0, 1, 127, 128, 254, 255])))
    assert array.dtype == np.uint8
    assert array.shape == shape
    assert array.ravel().tolist() == [0, 1, 127, 128, 254, 255]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00",
        idx(2, 3)[:-1],
        idx(2, 3),
        idx(2, 3) + bytes(5),
        idx(2, 3) + bytes(7),
        idx(2, 3, kind=13) + bytes(24),
        b"\x01" + idx(2, 3)[1:] + bytes(6),
        b"<html>not found</html>",
    ],
    ids=["empty", "half a magic", "header cut", "no values", "values cut", "values to spare", "floats", "magic", "web"],
)
def test_a_broken_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"some-idx3-ubyte\.gz"):
        read_idx(written(tmp_path, content))


def test_a_truncated_message_tells_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\), and 5 bytes"):
        read_idx(written(tmp_path, idx(2, 3) + bytes(5)))


def test_a_cut_download_is_refused_by_name(tmp_path: Path) -> None:
    whole = gzip.compress(idx(50, 40) + np.random.default_rng(0).bytes(2000))
    for content in (whole[: len(whole) // 2], whole[:-4], b"plain bytes", b""):
        with pytest.raises(ValueError, match=r"some-idx3-ubyte\.gz"):
            read_idx(written(tmp_path, content, zipped=False))


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.gz"):
        read_idx(tmp_path / "nowhere.gz")


def test_a_users_images_are_kept_as_they_are() -> None:
    images, labels = make_dataset(np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4), [1, 0])
    assert images.ravel().tolist() == list(range(24))
    assert labels.tolist() == [1, 0]
    assert not images.flags.writeable
    assert make_dataset(np.zeros((2, 3, 4, 3), np.uint8), np.array([0, 5], np.uint8)).images.shape == (2, 3, 4, 3)


def test_floats_become_the_nearest_byte() -> None:
    floats = np.array([[[0, 0.001, 0.5, 1]]])
    for dtype in (np.float32, np.float64):
        assert make_dataset(floats.astype(dtype), [0]).images.ravel().tolist() == [0, 0, 128, 255]


IMAGES = np.zeros((3, 4, 5), np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "named"),
    [
        (IMAGES, None, "labels"),
        (None, [0, 1, 2], "images"),
        (IMAGES, [0, 1], r"(?=.*3)(?=.*2)"),
        (IMAGES, [[0], [1], [2]], r"\(3, 1\)"),
        (IMAGES, [0, 1, -1], "-1"),
        (IMAGES, [0, 10**9, 1], r"label 1000000000 at index 1 is too large.*numpy\.unique"),
        (IMAGES, np.array([0, 1, 2**64 - 1], np.uint64), "18446744073709551615"),
        (np.zeros((3, 3, 32, 32), np.uint8), [0, 1, 2], r"\(3, 3, 32, 32\).*numpy\.moveaxis\(images, 1, -1\)"),
        (np.zeros((3, 1, 28, 28)), [0, 1, 2], r"\(3, 1, 28, 28\)"),
        ([[[0, 255]]] * 3, [0, 1, 2], "images have dtype int64"),
        (IMAGES, [0.0, 1.0, 2.0], "float64"),
        (IMAGES, ["a", "b", "c"], "labels"),
        (IMAGES[0], [0, 1, 2, 3], r"\(4, 5\)"),
        (IMAGES[:0], [], r"\(0, 4, 5\)"),
        (IMAGES[:, :0], [0, 1, 2], r"\(3, 0, 5\)"),
        (IMAGES.astype(np.int64), [0, 1, 2], "int64"),
        (IMAGES + 1.5, [0, 1, 2], "1.5"),
        (IMAGES - 0.5, [0, 1, 2], "-0.5"),
        (IMAGES * np.nan, [0, 1, 2], "nan"),
    ],
)
def test_bad_images_and_labels_are_refused(images: object, labels: object, named: str) -> None:
    with pytest.raises((ValueError, TypeError), match=named):
        make_dataset(images, labels)


def test_a_dataset_keeps_its_images_when_the_callers_array_changes():
    images, labels = np.zeros((2, 3, 3), np.uint8), np.arange(2)
    dataset = make_dataset(images, labels)
    images[:] = 9
    labels[:] = 9
    assert dataset.images.max() == 0
    assert dataset.labels.tolist() == [0, 1]


def test_read_only_images_are_shared_rather_than_copied():
    images = np.zeros((2, 3, 3), np.uint8)
    images.flags.writeable = False
    assert np.shares_memory(make_dataset(images, np.arange(2)).images, images)


def slow_resize(image: np.ndarray, size: int) -> np.ndarray:
    """One image, one pixel of the result at a time: the mean of all pixels under a pyramid of weights."""
    old = len(image)
    radius = max(1.0, old / size)

    def weight(i: int, j: int) -> float:
        return max(0.0, 1 - abs((i + 0.5) - (j + 0.5) * old / size) / radius)

    result = np.zeros((size, size))
    for row in range(size):
        for column in range(size):
            total = mass = 0.0
            for i in range(old):
                for k in range(old):
                    here = weight(i, row) * weight(k, column)
                    total, mass = total + here * image[i, k], mass + here
            result[row, column] = total / mass
    return result


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9, 20])
def test_resizing_against_slow_code(size: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 7, 7), np.uint8)
    resized = resize(images, size)
    assert resized.shape == (3, size, size)
    assert resized.dtype == np.uint8
    for image, small in zip(images, resized, strict=True):
        np.testing.assert_allclose(small, slow_resize(image, size), atol=0.501)


def test_resizing_by_hand() -> None:
    image = np.array([[[0, 100], [0, 100]]], np.uint8)
    # Pixels of the result lie at 0.25, 0.75, 1.25, 1.75 between centres 0.5 and 1.5; beyond them the edge goes on.
    np.testing.assert_array_equal(resize(image, 4)[0], [[0, 25, 75, 100]] * 4)
    np.testing.assert_array_equal(resize(image, 2), image)
    assert resize(image, 1).tolist() == [[[50]]]


@pytest.mark.parametrize("size", [14, 40])
def test_resizing_is_that_of_pillow(size: int) -> None:
    image_module = pytest.importorskip("PIL.Image")
    images = load_mnist("test").images[:20]
    for image, ours in zip(images, resize(images, size), strict=True):
        theirs = image_module.fromarray(image).resize((size, size), image_module.Resampling.BILINEAR)
        # Pillow rounds after the rows, too.
        np.testing.assert_allclose(ours.astype(int), np.asarray(theirs).astype(int), atol=1)


def test_resized_digits_are_made_once_and_read_only() -> None:
    small = load_resized_mnist("test", 14)
    assert small is load_resized_mnist("test", 14)
    assert small.images.shape == (10_000, 14, 14)
    assert not small.images.flags.writeable
    np.testing.assert_array_equal(small.images[:2000][-3:], resize(load_mnist("test").images[1997:2000], 14))
    assert load_resized_mnist("test", 28) is load_mnist("test")
