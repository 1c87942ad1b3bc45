"""Processes of a test: two or more that are threads here, and real ones that torchrun starts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from processes import run, started
from ram_agents.processes.group import Processes
from torch import Tensor

T = TypeVar("T")


class Threads(Processes):
    """Processes that are threads: each lays what it says on a table, and reads it when all have."""

    def __init__(self, rank: int, table: list[Any], barrier: threading.Barrier) -> None:
        super().__init__(rank, len(table))
        self._table, self._barrier = table, barrier

    def _communicate(self, operation: Any, *arguments: Any) -> None:
        own: Tensor = arguments[1] if operation is dist.all_gather else arguments[0]
        self._table[self.rank] = own.clone()
        self._barrier.wait()
        said = list(self._table)
        self._barrier.wait()
        if operation is dist.all_gather:
            for place, tensor in zip(arguments[0], said, strict=True):
                place.copy_(tensor)
        elif operation is dist.broadcast:
            own.copy_(said[arguments[1]])
        else:
            stacked = torch.stack(said)
            own.copy_(stacked.amax(0) if arguments[1:] == (dist.ReduceOp.MAX,) else stacked.sum(0))


def threads(size: int) -> list[Processes]:
    """So many processes for `together`."""
    table, barrier = [None] * size, threading.Barrier(size, timeout=60)
    return [Threads(rank, table, barrier) for rank in range(size)]


def together(work: Callable[[Processes], T], size: int = 2) -> list[T]:
    """What each of so many processes makes of some work at the same time, by rank."""
    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(work, threads(size)))


def launcher(size: int) -> list[str]:
    """The words before `-m module` or a script that start it in so many processes."""
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(size)]


def one_thread_each() -> dict[str, str]:
    """The environment of processes that do not crowd the machine."""
    return os.environ | {"OMP_NUM_THREADS": "1"}


def run_processes(size: int, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a module or a script in so many processes, to the end."""
    return run(*launcher(size), *words, env=one_thread_each())


def start_processes(size: int, *words: object) -> AbstractContextManager[subprocess.Popen[str]]:
    """Start a module or a script in so many processes; those end with their launcher."""
    return started(*launcher(size), *words, env=one_thread_each())
