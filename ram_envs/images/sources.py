"""Where the images of `GlimpseImages` come from: arrays, a file of arrays, a folder for each class, or scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import shown
from ram_envs.images.archives import read_npz
from ram_envs.images.datasets import MOST_CLASSES, Dataset, check_split, held_out, make_dataset
from ram_envs.images.folders import ImageSize, common_form, folder_names, is_split, list_images, read_images
from ram_envs.images.samples import SAMPLES


class Source(NamedTuple):
    """N images with labels; the images may be on the disk still."""

    labels: NDArray[np.int64]
    """(N,)."""
    class_names: tuple[str, ...] | None
    read: Callable[[NDArray[np.intp]], NDArray[np.uint8]]
    """The images of some indices, (n, H, W[, C])."""

    def dataset(self, indices: NDArray[np.intp] | None = None) -> Dataset:
        """The images of some indices, or all of them, with their labels."""
        indices = np.arange(len(self.labels)) if indices is None else indices
        images = self.read(indices)
        images.flags.writeable = False  # nobody else has them: shared rather than copied
        return make_dataset(images, self.labels[indices])


class Split(NamedTuple):
    """One split of a source."""

    dataset: Dataset
    class_names: tuple[str, ...] | None
    read_training_images: Callable[[], NDArray[np.uint8]]
    """What distractors are cut from, in every split."""


def load_split(
    images: Any, labels: Any = None, *, split: str, hold_out: bool | None = None, image_size: ImageSize | None = None
) -> Split:
    """A split of a user's images.

    Args:
        images: arrays (N, H, W[, C]); or a path, of an .npz file with "images", "labels" and perhaps "class_names", or
            of a folder with one folder of images for each class; or a name of `samples.SAMPLES`, such as
            "sklearn:digits".
        labels: (N,) whole numbers from 0, with arrays.
        split: "train", "validation" or "test".
        hold_out: True splits the images by the rule of `datasets.held_out`, False takes all of them in every split. By
            default arrays are taken whole, and everything else is split. A folder that holds no other folders than
            "train", "validation" and "test" is split already.
        image_size: of a folder's images: width and height, or (height, width), to which each is scaled and cut.

    Raises:
        FileNotFoundError: no such file or folder.
        ValueError, TypeError: images that can't be read or don't fit together; the message names them.
        gymnasium.error.DependencyNotInstalled: pillow or scikit-learn is missing.
    """
    check_split(split)
    path = Path(images) if isinstance(images, (str, os.PathLike)) else None
    if path is not None and labels is not None:
        raise ValueError(f"images are {str(path)!r}, which tells its labels itself; leave labels out")
    if image_size is not None and not (path is not None and path.is_dir()):
        raise ValueError(f"image_size is {image_size!r}, but only the images of a folder can be resized")
    if path is not None and path.is_dir() and is_split(path):
        if hold_out is not None:
            raise ValueError(f"hold_out is {hold_out}, but {shown(path)} has a folder for each split; leave it out")
        return _split_folder(path, split, image_size)
    source = _arrays(images, labels) if path is None else _open(path, image_size)
    if path is not None if hold_out is None else hold_out:
        training_indices = held_out(source.labels, "train")
        dataset = source.dataset(held_out(source.labels, split))
        return Split(dataset, source.class_names, lambda: source.dataset(training_indices).images)
    dataset = source.dataset()
    return Split(dataset, source.class_names, lambda: dataset.images)


def _open(path: Path, image_size: ImageSize | None) -> Source:
    if str(path) in SAMPLES:
        return _arrays(*SAMPLES[str(path)]())
    if path.is_dir():
        names = folder_names(path)
        files, labels = list_images(path, names)
        return Source(labels, names, read_images(files, common_form(files, image_size)))
    if path.suffix == ".npz" and path.is_file():
        return _npz(path)
    where = "" if path.is_absolute() else f" (it was looked for in {Path.cwd()})"
    what = "is neither a folder nor an .npz file" if path.exists() else f"does not exist{where}"
    raise FileNotFoundError(f"images {str(path)!r} {what}; samples are {', '.join(SAMPLES)}")


def _split_folder(path: Path, split: str, image_size: ImageSize | None) -> Split:
    """A split of a folder that has one folder for each; the form of the images is that of all splits together."""
    for name in ("train", split):
        if not (path / name).is_dir():
            raise FileNotFoundError(
                f"there is no folder {shown(path / name)}; beside a folder train, validation and test are needed too"
            )
    names = folder_names(path / "train")
    listed = {name: list_images(path / name, names) for name in folder_names(path)}
    form = common_form([file for files, _ in listed.values() for file in files], image_size)
    training, source = (Source(listed[name][1], names, read_images(listed[name][0], form)) for name in ("train", split))
    return Split(source.dataset(), names, lambda: training.dataset().images)


def _arrays(images: Any, labels: Any, class_names: tuple[str, ...] | None = None) -> Source:
    dataset = make_dataset(images, labels)
    everything = len(dataset.labels)
    return Source(
        dataset.labels, class_names, lambda chosen: dataset.images[chosen if len(chosen) < everything else slice(None)]
    )


def _npz(path: Path) -> Source:
    arrays = read_npz(path, ("images", "labels"), ("class_names",))
    names = arrays.get("class_names")
    if names is not None and (names.ndim != 1 or names.dtype.kind not in "US" or len(names) > MOST_CLASSES):
        raise ValueError(
            f"class_names in {shown(path)} are {names.dtype} {names.shape}; they must be one word for each class"
        )
    try:
        class_names = None if names is None else tuple(names.astype(np.str_).tolist())
    except UnicodeDecodeError as error:
        raise ValueError(f"class_names in {shown(path)} are bytes beyond ASCII ({error}); store str") from error
    return _arrays(arrays["images"], arrays["labels"], class_names)
