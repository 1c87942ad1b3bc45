"""Checks of single arguments: each returns the value in its working form, or an error that names it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np


def check_known(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise a TypeError that names the unknown arguments among those `given`, and lists the known ones."""
    if unknown := sorted(set(given) - set(known)):
        raise TypeError(f"unexpected keyword argument {', '.join(map(repr, unknown))}; known are {', '.join(known)}")


def check_whole(name: str, value: Any, least: int) -> int:
    """The value as an int, or an error that names it unless it is a whole number of at least `least`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it must be a whole number")
    if value < least:
        raise ValueError(f"{name} is {value}; it must be at least {least}")
    return int(value)


def check_flag(name: str, value: Any) -> bool:
    """The value as a bool, or an error that names it unless it is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}; it must be True or False")
    return bool(value)


def check_number(name: str, value: Any, largest: float = math.inf) -> float:
    """A finite number from 0 to `largest`."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} is {value!r}; it must be a number")
    if not 0 <= value <= largest or value == math.inf:
        wanted = f"from 0 to {largest}" if largest < math.inf else "finite and at least 0"
        raise ValueError(f"{name} is {value}; it must be {wanted}")
    return float(value)
