"""Checks of arguments: each returns the value in its working form, or raises an error that names it and the remedy.

The checks of arrays are the one gate to compiled code. What would take long to look through a second time, the values
of indices and locations, compiled code looks at as it goes: it stops there and says so, and the checks say why.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 4
"""So many numbers are channels rather than rows, where they come first and more come last."""


LARGEST = 2**53
"""A larger whole number is the size or the number of nothing: what is computed with it would not be exact."""


def shown(path: Path) -> str:
    """A path as a message tells it: in quotes if it has line breaks, say, in it."""
    return str(path) if str(path).isprintable() else repr(str(path))


def check_known(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise a TypeError that names the unknown arguments among those `given`, and lists the known ones."""
    if unknown := sorted(set(given) - set(known)):
        raise TypeError(f"unexpected keyword argument {', '.join(map(repr, unknown))}; known are {', '.join(known)}")


def check_whole(name: str, value: Any, least: int, most: int = LARGEST) -> int:
    """The value as an int, or an error that names it unless it is a whole number from `least` to `most`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it must be a whole number")
    if value < least:
        raise ValueError(f"{name} is {value}; it must be at least {least}")
    if value > most:
        raise ValueError(f"{name} is {value}; it must be at most {most}")
    return int(value)


def check_flag(name: str, value: Any) -> bool:
    """The value as a bool, or an error that names it unless it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}; it must be True or False")
    return bool(value)


MODERATE = 1e300
"""Numbers beyond it are refused: a few of them, added or multiplied, would no longer be finite."""


def check_number(name: str, value: Any, largest: float = MODERATE) -> float:
    """A number from 0 to `largest`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} is {value!r}; it must be a number")
    if not 0 <= value <= largest:
        raise ValueError(f"{name} is {value}; it must be from 0 to {largest}")
    return float(value)


def has_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether the shape of an image, (H, W) or (H, W, C), is one with the channels (or stacked frames) first."""
    return len(shape) == 3 and shape[0] <= FEW < shape[2]


def check_batch_shape(name: str, shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless images are (B, H, W) or (B, H, W, C)."""
    if len(shape) not in (3, 4) or 0 in shape[1:]:
        raise ValueError(f"{name} have shape {shape}; expected (B, H, W) or (B, H, W, C), none of H, W and C 0")
    if has_channels_first(shape[1:]):
        raise ValueError(
            f"{name} have shape {shape}, with the channels first; bring them to (B, H, W, C) with "
            f"numpy.moveaxis({name}, 1, -1)"
        )


def check_images(name: str, images: Any, dtypes: tuple[type, ...] = (np.uint8,)) -> NDArray[Any]:
    """Images (B, H, W) or (B, H, W, C) of one of some dtypes, as a contiguous array."""
    images = np.asarray(images)
    if images.dtype not in dtypes:
        wanted = " or ".join("uint8 (0..255)" if dtype is np.uint8 else "float32 (0..1)" for dtype in dtypes)
        raise TypeError(f"{name} have dtype {images.dtype}; convert them to {wanted}")
    check_batch_shape(name, images.shape)
    return np.ascontiguousarray(images)


def check_array(name: str, values: Any, dtype: type, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Values as a contiguous array of this dtype, without loss, and shape; where it has None any length will do."""
    values = np.asarray(values)
    if values.dtype != dtype:
        if values.dtype == np.bool_ or not np.can_cast(values.dtype, dtype):
            raise TypeError(f"{name} have dtype {values.dtype}; convert them to {np.dtype(dtype)}")
        values = values.astype(dtype)
    fits = values.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, values.shape, strict=True))
    if not fits:
        raise ValueError(f"{name} have shape {values.shape}; expected {shape}".replace("None", "n"))
    return np.ascontiguousarray(values)


def check_below(name: str, values: NDArray[np.int64], limits: Any) -> None:
    """Raise an IndexError that names the first value which is below 0, or not below its limit."""
    inside = values.view(np.uint64) < np.asarray(limits, np.uint64)  # a negative one is a huge unsigned one
    if not inside.all():
        limit = np.broadcast_to(limits, values.shape)[~inside][0]
        raise IndexError(f"{name} hold {values[~inside][0]}, which is out of range; it must be from 0 to {limit - 1}")


def check_moderate(name: str, values: NDArray[np.float64], largest: float) -> None:
    """Raise a ValueError unless all values are finite and within `largest` of 0."""
    inside = np.abs(values) <= largest  # NaN is not
    if not inside.all():
        raise ValueError(f"{name} hold {values[~inside][0]}; each must be from {-largest} to {largest}")
