"""Images with labels: MNIST, which ships inside this package, and a user's own."""

from __future__ import annotations

import gzip
import math
import zlib
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_batch_shape

SPLITS = ("train", "validation", "test")
HELD_OUT = 10  # Of a user's own images every tenth is for the test.
CHUNK = 1000  # Images that are resized at once: few megabytes of floats.
MOST_CLASSES = 100_000  # Each has a name and an output of the action network.
NUM_VALIDATION = 5000  # The last images of MNIST's training file are held out to choose models by.


class Dataset(NamedTuple):
    """Images and their classes, in the same order; read-only arrays."""

    images: NDArray[np.uint8]
    """(N, H, W) or (N, H, W, C)."""
    labels: NDArray[np.int64]
    """(N,), classes from 0."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Dataset:
        """Itself, since nobody changes it: copies of an environment share its images."""
        return self


@lru_cache(maxsize=len(SPLITS))
def load_mnist(split: str = "train") -> Dataset:
    """MNIST's images (N, 28, 28) and labels; read once per process and shared, hence read-only.

    Args:
        split: "train" (55,000 images), "validation" (5,000, held out of the training file) or "test" (10,000).

    Raises:
        ValueError: an unknown split, or damaged files.
    """
    check_split(split)
    prefix = "t10k" if split == "test" else "train"
    folder = files("ram_envs.data")
    images = read_idx(folder.joinpath(f"{prefix}-images-idx3-ubyte.gz"))
    labels = read_idx(folder.joinpath(f"{prefix}-labels-idx1-ubyte.gz"))
    if split == "train":
        images, labels = images[:-NUM_VALIDATION], labels[:-NUM_VALIDATION]
    elif split == "validation":
        images, labels = images[-NUM_VALIDATION:], labels[-NUM_VALIDATION:]
    return make_dataset(images, labels)


@lru_cache(maxsize=len(SPLITS))
def load_resized_mnist(split: str, size: int) -> Dataset:
    """`load_mnist` with digits of another width and height, see `resize`; made once per process for each size."""
    dataset = load_mnist(split)
    if size == dataset.images.shape[1]:
        return dataset
    images = resize(dataset.images, size)
    images.flags.writeable = False
    return Dataset(images, dataset.labels)


def resize(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Square images (N, S, S) as (N, size, size): bilinear, and averaged where they shrink.

    Row by row, then column by column, pixel j of the result is a weighted mean of the image's pixels i. With
    centres c_i = i + 1/2 and c_j = (j + 1/2) S / size, both in pixels of the image, the weight is the triangle
    max(0, 1 - |c_i - c_j| / r), scaled to sum to 1; its half width r = max(1, S / size) is that of bilinear
    interpolation, or of one pixel of the smaller image. Rounded to the nearest byte.
    """
    old = images.shape[1]
    centres = (np.arange(size) + 0.5) * old / size
    distance = np.abs(np.arange(old) + 0.5 - centres[:, None])
    weights = np.maximum(0, 1 - distance / max(1, old / size))
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    resized = np.empty((len(images), size, size), np.uint8)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].astype(np.float32)
        resized[start : start + CHUNK] = np.rint(weights @ part @ weights.T)
    return resized


def make_dataset(images: Any, labels: Any) -> Dataset:
    """Check a user's images and labels and return them as a read-only `Dataset`.

    Args:
        images: (N, H, W) or (N, H, W, C), uint8 in 0..255, or floats in 0..1, which are rounded to bytes.
        labels: (N,), whole numbers from 0.

    Raises:
        ValueError: no images, images without labels, other shapes, labels out of range, or floats outside [0, 1].
        TypeError: other dtypes.
    """
    if images is None or labels is None:
        missing = "images" if images is None else "labels"
        raise ValueError(f"{missing} are missing: pass images (N, H, W[, C]) and labels (N,)")
    images = as_images("images", images)
    return Dataset(images, check_labels(labels, len(images)))


def check_labels(labels: Any, count: int) -> NDArray[np.int64]:
    """A user's labels of so many images, as a read-only array.

    Raises:
        ValueError: labels of another shape, or out of range.
        TypeError: other dtypes.
    """
    labels = _as_array("labels", labels)
    if labels.shape != (count,):
        raise ValueError(f"labels have shape {labels.shape} for {count} images; expected ({count},)")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels have dtype {labels.dtype}; convert them to whole numbers from 0")
    if labels.min() < 0:
        raise ValueError(f"label {labels.min()} at index {labels.argmin()} is negative; classes count from 0")
    if labels.max() >= MOST_CLASSES:
        raise ValueError(
            f"label {labels.max()} at index {labels.argmax()} is too large: at most {MOST_CLASSES} classes are "
            "possible, from 0; number those that occur with numpy.unique(labels, return_inverse=True)[1]"
        )
    labels = labels.astype(np.int64)
    labels.flags.writeable = False
    return labels


def as_images(name: str, images: Any) -> NDArray[np.uint8]:
    """A user's images as a read-only array that nobody else can write to, (N, H, W) or (N, H, W, C) uint8.

    Args:
        name: of the argument, for errors.
        images: (N, H, W) or (N, H, W, C), N at least 1, uint8 in 0..255, or floats in 0..1, which are rounded to bytes.

    Raises:
        ValueError: no images, other shapes, or floats outside [0, 1].
        TypeError: other dtypes.
    """
    images = _as_array(name, images)
    if 0 in images.shape:
        raise ValueError(f"{name} are empty: their shape is {images.shape}; pass at least one image")
    check_batch_shape(name, images.shape)
    images = np.ascontiguousarray(to_bytes(name, images))
    if images.flags.writeable:
        images = images.copy()  # The caller's own array may change later, and the scenes with it.
    images.flags.writeable = False
    return images


def held_out(labels: NDArray[np.int64], split: str, *, of: str = "images") -> NDArray[np.intp]:
    """The indices of a split by one fixed rule, in ascending order.

    Of each class's images, in their order, every tenth is for the test, the one before it validates, the others train.
    An image's split therefore does not change when others are added after it.

    Args:
        labels: (N,).
        split: "train", "validation" or "test".
        of: what messages call those that have the labels.

    Raises:
        ValueError: an unknown split, or a class of fewer than ten images.
    """
    check_split(split)
    classes, counts = np.unique(labels, return_counts=True)
    if counts.min() < HELD_OUT:
        raise ValueError(
            f"label {classes[counts.argmin()]} has {counts.min()} {of}; to hold out every {HELD_OUT}th of each class "
            f"takes at least {HELD_OUT}: add some, or hold out images of your own with hold_out=False"
        )
    turn = np.empty(len(labels), np.int64)
    for one in classes:
        turn[labels == one] = np.arange(np.sum(labels == one)) % HELD_OUT
    first, after = {
        "train": (0, HELD_OUT - 2),
        "validation": (HELD_OUT - 2, HELD_OUT - 1),
        "test": (HELD_OUT - 1, HELD_OUT),
    }[split]
    return np.flatnonzero((turn >= first) & (turn < after))


def check_split(split: Any) -> None:
    """Raise a ValueError unless `split` is "train", "validation" or "test"."""
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be one of {', '.join(map(repr, SPLITS))}")


def read_idx(path: Any) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, packed with gzip or not.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file that is damaged, cut short, or not IDX of unsigned bytes; the message names it.
    """
    path = Path(path) if isinstance(path, str) else path
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is damaged or cut short ({error}); install the package again") from error
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path} is not an IDX file of unsigned bytes: it begins with {content[:4]!r}")
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist()) if len(content) >= start else ()
    if len(shape) != content[3] or len(content) - start != math.prod(shape):
        raise ValueError(
            f"{path} is cut short or damaged: its header says {shape}, and {len(content) - start} bytes follow it"
        )
    # In numpy's own memory, whose pages are large: scenes are made of images from all over it.
    values = np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()
    values.flags.writeable = False
    return values


def _as_array(name: str, values: Any) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:  # a list of arrays of several shapes
        shapes = sorted({np.shape(value) for value in values})
        raise ValueError(f"{name} have several shapes: {shapes[:4]}; bring them to one") from error


def to_bytes(name: str, images: NDArray[Any]) -> NDArray[np.uint8]:
    """Images as bytes: uint8 as they are, floats in 0..1 rounded; else a TypeError or ValueError that names them."""
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise TypeError(f"{name} have dtype {images.dtype}; convert them to uint8 (0..255) or floats (0..1)")
    if not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(f"float {name} span {images.min()} to {images.max()}; scale them to 0..1")
    return np.rint(images * 255).astype(np.uint8)
