"""Joining the processes that `torchrun` started, and leaving them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from .group import ALONE, Processes


@contextmanager
def torchrun() -> Iterator[Processes]:
    """The processes that `torchrun` started this one with, by its environment variables; without them `ALONE`.

    They talk by gloo about tensors on the CPU, by nccl about those on GPUs. Of an error that ends them all, the first
    to meet it tells; the others end without a word.

    Raises:
        ValueError: the variables are not torchrun's, or this torch has no communication.
    """
    if _variable("WORLD_SIZE", 1) == 1:
        yield ALONE
        return
    if not dist.is_available():
        raise ValueError("this build of torch has no torch.distributed: start one process, without torchrun")
    store, rank, size = next(rendezvous("env://"))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    local_rank = _variable("LOCAL_RANK", rank)
    if torch.cuda.is_available() and local_rank < torch.cuda.device_count():
        torch.cuda.set_device(local_rank)
    dist.init_process_group(backend, store=dist.PrefixStore("ram", store), rank=rank, world_size=size)
    processes = Processes(rank, size, local_rank=local_rank)
    try:
        with one_tells(store):
            yield processes
            processes.any(False)  # torchrun would end the others if one left before them with an error
    finally:
        dist.destroy_process_group()


@contextmanager
def one_tells(store: dist.Store) -> Iterator[None]:
    """Let an error through in the process that meets one first; what others meet afterwards comes of that."""
    try:
        yield
    except (Exception, KeyboardInterrupt):
        first = True
        with suppress(RuntimeError):  # torchrun, which keeps the store, may be gone
            first = store.add("ram/told", 1) == 1
        if not first:
            sys.exit(1)
        raise


def leave(status: int = 0) -> NoReturn:
    """End this process at once, when all is done and written.

    Of processes that have trained together about one in sixteen aborted when the interpreter took torch's communication
    down, after their work, and torchrun takes that for a failure of the run.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def launcher(size: int) -> str:
    """The command that starts so many processes on as many machines as now; capitals for what each fills in."""
    machines = _variable("GROUP_WORLD_SIZE", 1)
    if machines == 1 or size % machines:
        return f"torchrun --nproc-per-node {size}"
    nodes = f"--nnodes {machines} --node-rank RANK --master-addr ADDRESS --master-port PORT"
    return f"torchrun {nodes} --nproc-per-node {size // machines}"


def _variable(name: str, default: int) -> int:
    """A whole number from the environment."""
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ValueError(f"the environment variable {name} is {text!r}, which torchrun makes a whole number; unset it")
    return int(text)
