"""Rows of large scenes in several threads: compiled kernels let go of Python's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")


def of_each_part(work: Callable[[slice], T], count: int, threads: int) -> list[T]:
    """What `work` gives for the parts of so many rows, in their order; each part is worked on in a thread of its own.

    With one thread, or one row, it is called as any function. The threads end with the call: an environment can be
    copied, and its process forked, between any two calls.
    """
    parts = min(threads, count)
    if parts <= 1:
        return [work(slice(count))]
    edges = [count * part // parts for part in range(parts + 1)]
    with ThreadPoolExecutor(parts) as pool:
        return list(pool.map(work, [slice(*ends) for ends in pairwise(edges)]))
