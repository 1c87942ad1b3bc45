"""Small data sets that come with scikit-learn, as images and labels; scikit-learn is loaded when one is asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from ram_envs.extras import how_to_install

TILE = 32
Labelled = tuple[NDArray[np.uint8], NDArray[np.int64], tuple[str, ...] | None]
"""Images (N, H, W[, C]), labels (N,), and the classes' names."""


def digits() -> Labelled:
    """1,797 handwritten digits (N, 8, 8) and their labels; 17 grey levels, spread over 0..255.

    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI 1998: the test part.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise _missing() from error
    images, labels = load_digits(return_X_y=True)
    return np.rint(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8), labels.astype(np.int64), None


def photo_tiles() -> Labelled:
    """Two photographs, 427x640, cut into tiles that do not overlap: (520, 32, 32, 3), and of which each is."""
    try:
        from sklearn.datasets import load_sample_images

        photos = load_sample_images()
    except ImportError as error:  # the latter needs pillow
        raise _missing() from error
    tiles = [_tiles(photo) for photo in photos.images]
    labels = np.repeat(np.arange(len(tiles)), [len(some) for some in tiles])
    return np.concatenate(tiles), labels, tuple(name.rsplit("/")[-1].split(".")[0] for name in photos.filenames)


SAMPLES: dict[str, Callable[[], Labelled]] = {"sklearn:digits": digits, "sklearn:photos": photo_tiles}


def _tiles(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = photo.shape[0] // TILE, photo.shape[1] // TILE
    whole = photo[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE, 3)
    return whole.swapaxes(1, 2).reshape(-1, TILE, TILE, 3)


def _missing() -> DependencyNotInstalled:
    return DependencyNotInstalled(f"scikit-learn is not installed; for its data sets run {how_to_install('samples')}")
