"""Folders of image files, one folder for each class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import shown
from ram_envs.images.datasets import SPLITS
from ram_envs.images.files import GREY, SUFFIXES, Form, header, pixels

ImageSize = int | tuple[int, int]


def folder_names(path: Path) -> tuple[str, ...]:
    """The names of the folders in a folder, sorted, without hidden ones.

    Raises:
        FileNotFoundError: the folder does not exist.
        ValueError: there are none in it, or one whose name can't be printed.
    """
    names = tuple(entry.name for entry in _entries(path) if entry.is_dir())
    if not names:
        raise ValueError(f"{shown(path)} holds no folders; put the images of each class into a folder of its own there")
    for name in names:
        if not name.isprintable():
            raise ValueError(f"the folder {str(path / name)!r} has a name that can't be printed; rename it")
    return names


def is_split(path: Path) -> bool:
    """Whether a folder is split already: all folders in it are named "train", "validation" or "test"."""
    return set(folder_names(path)) <= set(SPLITS)


def list_images(
    path: Path, class_names: tuple[str, ...], more_suffixes: tuple[str, ...] = ()
) -> tuple[list[Path], NDArray[np.int64]]:
    """The image files in a folder's class folders, sorted by class and name, and their labels (N,).

    Files without the suffix of an image, or one of `more_suffixes`, and hidden ones, are passed over.

    Raises:
        FileNotFoundError: the folder does not exist.
        ValueError: another class than `class_names`, a class without images, or a folder in a class's.
    """
    if unknown := set(folder_names(path)) - set(class_names):
        raise ValueError(
            f"{shown(path)} has the classes {sorted(unknown)}, which are not trained; known are {class_names}"
        )
    files: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(class_names):
        found = _images_of_class(path / name, more_suffixes)
        files += found
        labels += [label] * len(found)
    return files, np.array(labels, np.int64)


def _images_of_class(folder: Path, more_suffixes: tuple[str, ...]) -> list[Path]:
    entries = _entries(folder)
    if inner := [entry for entry in entries if entry.is_dir()]:
        raise ValueError(
            f"{shown(inner[0])} is a folder in the folder of a class; the images of a class lie beside each other. "
            "Folders of splits are named train, validation and test, and no other folder lies beside them"
        )
    suffixes = {suffix for some in SUFFIXES.values() for suffix in some}.union(more_suffixes)
    found = [entry for entry in entries if entry.suffix.lower() in suffixes]
    if not found:
        raise ValueError(f"{shown(folder)} holds no images ({' '.join(sorted(suffixes))}); each class needs some")
    return found


def _entries(path: Path) -> list[Path]:
    """The files and folders in a folder, sorted by name, without hidden ones."""
    if not path.is_dir():
        raise FileNotFoundError(f"there is no folder {shown(path)}")
    entries = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    for entry in entries:
        if not (entry.is_file() or entry.is_dir()):  # reading a pipe would wait for ever
            raise ValueError(
                f"{shown(entry)} is neither a file nor a folder, nor a link that leads to one; take it away"
            )
    return entries


def common_form(files: Sequence[Path], image_size: ImageSize | None) -> Form:
    """The form of files, by their headers: grey if all of them are, else in colour.

    Args:
        files: of at least one image.
        image_size: width and height, or (height, width), that each image is scaled to cover and cut to, around its
            middle; None for images that have one size.

    Raises:
        ValueError: a file that is no image, or without `image_size` images of two sizes; it names them.
    """
    headers = [header(file) for file in files]
    mode = "L" if all(one.mode in GREY for one in headers) else "RGB"
    if image_size is not None:
        return Form(mode, _size(image_size), scaled=True)
    size = headers[0].size
    for file, other in zip(files, headers, strict=True):
        if other.size != size:
            raise ValueError(
                f"{shown(files[0])} has {size[1]}x{size[0]} pixels (height x width) and {shown(file)} "
                f"{other.size[1]}x{other.size[0]}; bring them to one size with image_size={min(size)}, say"
            )
    return Form(mode, size)


def read_images(files: Sequence[Path], form: Form) -> Callable[[NDArray[np.intp]], NDArray[np.uint8]]:
    """A reader of some of the files: of grey form (n, H, W), in colour (n, H, W, 3); what is transparent is white.

    Raises:
        ValueError: when it reads, for a file that is damaged; it names the file.
    """

    def read(indices: NDArray[np.intp]) -> NDArray[np.uint8]:
        return np.stack([pixels(files[index], form) for index in indices])

    return read


def _size(image_size: ImageSize) -> tuple[int, int]:
    sizes = (image_size, image_size) if isinstance(image_size, (int, np.integer)) else tuple(image_size)
    if len(sizes) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in sizes):
        raise ValueError(f"image_size is {image_size!r}; it must be a number of pixels above 0, or (height, width)")
    return int(sizes[1]), int(sizes[0])
