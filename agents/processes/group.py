"""The processes that train one agent together, and all that they tell each other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


class Processes:
    """This process and those that share its run; alone, it tells nobody anything and costs nothing.

    Every method that communicates is called by all processes at the same place, with tensors of the same shapes.

    Args:
        rank: this process's number, from 0. Process 0 validates, saves and shows the progress.
        size: how many there are.
        local_rank: this process's number among those of its machine.

    Raises:
        ConnectionError: of these methods, when another process has ended.
    """

    def __init__(self, rank: int = 0, size: int = 1, *, local_rank: int = 0) -> None:
        self.rank, self.size, self.local_rank = rank, size, local_rank
        self._launcher = os.getppid()

    @property
    def first(self) -> bool:
        """Whether this is process 0."""
        return self.rank == 0

    @property
    def orphaned(self) -> bool:
        """Whether what launched these processes is gone, so that nothing would end them."""
        return self.size > 1 and os.getppid() != self._launcher

    def share(self, num_envs: int, repeats: int = 1) -> int:
        """This process's share of so many rows, of which so many consecutive ones share a scene.

        Raises:
            ValueError: they can't be split evenly, with the rows of a scene in one process.
        """
        if num_envs % (self.size * repeats):
            scene = f" with repeats={repeats}" if repeats > 1 else ""
            raise ValueError(
                f"num_envs={num_envs}{scene} can't be split over {self.size} processes: take a multiple of "
                f"{self.size * repeats}, or another number of processes"
            )
        return num_envs // self.size

    def device(self, name: str) -> str:
        """The device of this process: "cuda" is a GPU of its own for each process of a machine.

        Raises:
            ValueError: there are fewer GPUs than processes.
        """
        if name != "cuda" or self.size == 1:
            return name
        if self.local_rank >= torch.cuda.device_count():
            raise ValueError(
                f"process {self.local_rank} of this machine finds {torch.cuda.device_count()} GPUs, and each needs one:"
                " start fewer processes, or take --device cpu"
            )
        return f"cuda:{self.local_rank}"

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """Every process's tensor, in the order of their ranks; without gradients."""
        if self.size == 1:
            return [tensor]
        tensor = tensor.detach().contiguous()
        gathered = [torch.empty_like(tensor) for _ in range(self.size)]
        self._communicate(dist.all_gather, gathered, tensor)
        return gathered

    def sum_(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by its sum over the processes; all are of one type."""
        self._in_one_piece(tensors, dist.all_reduce)

    def broadcast_(self, tensors: Iterable[Tensor]) -> None:
        """Replace each tensor by process 0's; all are of one type."""
        self._in_one_piece(tensors, dist.broadcast, 0)

    def largest(self, number: int) -> int:
        """The largest of the processes' numbers."""
        if self.size == 1:
            return number
        told = torch.tensor(number, device="cpu")
        self._communicate(dist.all_reduce, told, dist.ReduceOp.MAX)
        return int(told)

    def any(self, flag: bool) -> bool:
        """Whether one of the processes says so; none goes on before all have said something."""
        return bool(self.largest(flag))

    def _in_one_piece(self, tensors: Iterable[Tensor], operation: Any, *arguments: Any) -> None:
        """Apply a communication to many tensors in place, as to one: each has its price, however small."""
        tensors = list(tensors)
        if self.size == 1 or not tensors:
            return
        piece = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        self._communicate(operation, piece, *arguments)
        parts = piece.split([tensor.numel() for tensor in tensors])
        with torch.no_grad():
            for tensor, part in zip(tensors, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def _communicate(self, operation: Any, *arguments: Any) -> None:
        try:
            operation(*arguments)
        except RuntimeError as error:  # each backend tells a lost connection its own way
            raise ConnectionError(
                f"process {self.rank} of {self.size} has lost the others, of which one has ended; see what it says, "
                "and go on from the last checkpoint with --resume"
            ) from error


ALONE = Processes()
"""The one process of a run that is not shared."""


def share_out(costs: Sequence[float], size: int) -> list[int]:
    """Which process takes each of several pieces of work, so that all have about as much: the dearest first."""
    taken, owners = [0.0] * size, [0] * len(costs)
    for piece in sorted(range(len(costs)), key=lambda piece: -costs[piece]):
        owners[piece] = taken.index(min(taken))
        taken[owners[piece]] += costs[piece]
    return owners
