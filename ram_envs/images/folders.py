"""Folders of image files, one folder for each class; pillow is loaded when one is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from ram_envs.extras import how_to_install

ImageSize = int | tuple[int, int]
# Of 8 bits a channel; the others (16 bits, floats) have no one way to become bytes.
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")
ORIENTATION, TURNED = 274, (5, 6, 7, 8)  # of EXIF: cameras tell that a picture lies on its side


def folder_names(path: Path) -> tuple[str, ...]:
    """The names of the folders in a folder, sorted, without hidden ones.

    Raises:
        ValueError: there are none.
    """
    names = sorted(folder.name for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    if not names:
        raise ValueError(f"{path} holds no folders; put the images of each class into a folder of its own there")
    return tuple(names)


def list_images(path: Path, class_names: tuple[str, ...]) -> tuple[list[Path], NDArray[np.int64]]:
    """The image files in a folder's class folders, sorted by class and name, and their labels (N,).

    Files without the suffix of an image, and hidden ones, are passed over.

    Raises:
        FileNotFoundError: the folder does not exist.
        ValueError: another class than `class_names`, or a class without images.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"there is no folder {path}; beside a folder train, validation and test are needed too")
    if unknown := set(folder_names(path)) - set(class_names):
        raise ValueError(f"{path} has the classes {sorted(unknown)}, which are not trained; known are {class_names}")
    suffixes = set(_pillow().registered_extensions())
    files: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(class_names):
        folder = path / name
        found = sorted(file for file in folder.glob("[!.]*") if file.suffix.lower() in suffixes)
        if not found:
            raise ValueError(f"{folder} holds no images; each class needs some")
        files += found
        labels += [label] * len(found)
    return files, np.array(labels, np.int64)


def read_images(files: Sequence[Path], image_size: ImageSize | None) -> Callable[[NDArray[np.intp]], NDArray[np.uint8]]:
    """A reader of some of the files, (n, H, W) if all files are grey, else (n, H, W, 3); transparency is dropped.

    The headers of all files are read at once, so that every split has the same form.

    Args:
        files: of at least one image.
        image_size: width and height, or (height, width), that each image is scaled to cover and cut to, around its
            middle; None for images that have one size.

    Raises:
        ValueError: a file that is no image or damaged, or without `image_size` images of two sizes; it names them.
    """
    headers = [_header(file) for file in files]
    if image_size is None:
        fitted, size = None, headers[0].size
        for file, header in zip(files, headers, strict=True):
            if header.size != size:
                raise ValueError(
                    f"{files[0]} has {size[1]}x{size[0]} pixels (height x width) and {file} "
                    f"{header.size[1]}x{header.size[0]}; bring them to one size with image_size={min(size)}, say"
                )
    else:
        fitted = _size(image_size)
    mode = "L" if all(header.is_grey for header in headers) else "RGB"

    def read(indices: NDArray[np.intp]) -> NDArray[np.uint8]:
        return np.stack([_pixels(files[index], mode, fitted) for index in indices])

    return read


class _Header(NamedTuple):
    size: tuple[int, int]
    """(width, height), as pillow has it."""
    is_grey: bool


def _size(image_size: ImageSize) -> tuple[int, int]:
    sizes = (image_size, image_size) if isinstance(image_size, (int, np.integer)) else tuple(image_size)
    if len(sizes) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in sizes):
        raise ValueError(f"image_size is {image_size!r}; it must be a number of pixels above 0, or (height, width)")
    return int(sizes[1]), int(sizes[0])


def _header(file: Path) -> _Header:
    with _opened(file) as image:
        width, height = image.size
        # The base class's method: that of PNG files would decode the whole image.
        turned = _pillow().Image.getexif(image).get(ORIENTATION) in TURNED
        mode = image.mode
    if mode not in MODES:
        raise ValueError(f"{file} has the mode {mode}; convert it to 8 bits a channel (L or RGB) first")
    return _Header((height, width) if turned else (width, height), mode in ("1", "L", "LA"))


def _pixels(file: Path, mode: str, fitted: tuple[int, int] | None) -> NDArray[np.uint8]:
    from PIL import ImageOps

    with _opened(file) as image:
        upright = ImageOps.exif_transpose(image).convert(mode)
    return np.asarray(ImageOps.fit(upright, fitted) if fitted else upright)


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """The file as pillow's image; whatever pillow finds wrong with it is a ValueError that names the file."""
    pillow = _pillow()
    try:
        with pillow.open(file) as image:
            yield image
    except (OSError, SyntaxError, ValueError, pillow.DecompressionBombError) as error:
        raise ValueError(f"{file} can't be read as an image ({error}); mend it or take it away") from error


def _pillow() -> ModuleType:
    try:
        from PIL import Image
    except ImportError as error:
        raise DependencyNotInstalled(
            f"pillow is not installed, and folders of images need it: run {how_to_install('render')}"
        ) from error
    return Image
