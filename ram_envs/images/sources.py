"""Where the images of `GlimpseImages` come from: arrays, a file of arrays, a folder for each class, or scikit-learn."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.images.datasets import Dataset, check_split, held_out, make_dataset
from ram_envs.images.folders import ImageSize, folder_names, list_images, read_images
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
            of a folder with one folder of images for each class; or a name of
            `samples.SAMPLES`, such as "sklearn:digits".
        labels: (N,) whole numbers from 0, with arrays.
        split: "train", "validation" or "test".
        hold_out: True splits the images by the rule of `datasets.held_out`, False takes all of them in every split. By
            default arrays are taken whole, and everything else is split; a folder that holds the folders "train",
            "validation" and "test" is split already.
        image_size: of a folder's images: width and height, or (height, width), to which each is scaled and cut.

    Raises:
        FileNotFoundError: no such file or folder.
        ValueError, TypeError: images that can't be read or don't fit together; the message names them.
        gymnasium.error.DependencyNotInstalled: pillow or scikit-learn is missing.
    """
    check_split(split)
    path = images if isinstance(images, (str, os.PathLike)) else None
    if path is not None and labels is not None:
        raise ValueError(f"images are {str(path)!r}, which tells its labels itself; leave labels out")
    if image_size is not None and not (path is not None and Path(path).is_dir()):
        raise ValueError(f"image_size is {image_size!r}, but only the images of a folder can be resized")
    if path is not None and Path(path, "train").is_dir():
        if hold_out is not None:
            raise ValueError(f"hold_out is {hold_out}, but {path} has a folder for each split; leave it out")
        names = folder_names(Path(path, "train"))
        training, source = (_folder(Path(path, name), image_size, names) for name in ("train", split))
        return Split(source.dataset(), names, lambda: training.dataset().images)
    source = _arrays(images, labels) if path is None else _open(path, image_size)
    if path is not None if hold_out is None else hold_out:
        training_indices = held_out(source.labels, "train")
        dataset = source.dataset(held_out(source.labels, split))
        return Split(dataset, source.class_names, lambda: source.dataset(training_indices).images)
    dataset = source.dataset()
    return Split(dataset, source.class_names, lambda: dataset.images)


def _open(path: str | os.PathLike[str], image_size: ImageSize | None) -> Source:
    if str(path) in SAMPLES:
        return _arrays(*SAMPLES[str(path)]())
    if Path(path).is_dir():
        return _folder(Path(path), image_size, folder_names(Path(path)))
    if Path(path).suffix == ".npz":
        return _npz(Path(path))
    what = "is neither a folder nor an .npz file" if Path(path).exists() else "does not exist"
    raise FileNotFoundError(f"images {str(path)!r} {what}; samples are {', '.join(SAMPLES)}")


def _arrays(images: Any, labels: Any, class_names: tuple[str, ...] | None = None) -> Source:
    dataset = make_dataset(images, labels)
    everything = len(dataset.labels)
    return Source(
        dataset.labels, class_names, lambda chosen: dataset.images[chosen if len(chosen) < everything else slice(None)]
    )


def _npz(path: Path) -> Source:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} can't be read ({error}); write it with numpy.savez") from error
    if not {"images", "labels"} <= arrays.keys():
        raise ValueError(f'{path} holds {sorted(arrays)}; it must hold "images" and "labels"')
    names = tuple(map(str, arrays["class_names"])) if "class_names" in arrays else None
    return _arrays(arrays["images"], arrays["labels"], names)


def _folder(path: Path, image_size: ImageSize | None, class_names: tuple[str, ...]) -> Source:
    files, labels = list_images(path, class_names)
    read = read_images(files, image_size)
    return Source(labels, class_names, read)
