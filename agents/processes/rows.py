"""The whole batch of a run in each of its processes, with the gradient of that process's own rows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

from .group import Processes

Batch = TypeVar("Batch", bound=Any)


def whole_batch(batch: Batch, processes: Processes, *, apart: Collection[str] = ()) -> Batch:
    """Each process's rows of a batch, side by side in the order of the ranks.

    What is computed of the whole batch, such as a mean over it, is then the same in every process; and as each process
    goes backwards through its own rows alone, the sum of the processes' gradients is the gradient of the whole.

    Args:
        batch: a NamedTuple of tensors (T, B, ...) or (B,), of numbers that float32 holds, and of None. T may differ
            from process to process, B may not.
        processes: N of them.
        apart: the names of fields that stay this process's own.

    Returns:
        The same with (T', N B, ...) or (N B,), of the same types; T' is the longest T. 0 in the steps that a process
        did not take.
    """
    if processes.size == 1:
        return batch
    fields = {name: value for name, value in batch._asdict().items() if value is not None and name not in apart}
    steps = max(len(value) for value in fields.values() if value.dim() > 1)
    timed = {name: value if value.dim() > 1 else value.expand(steps, -1) for name, value in fields.items()}
    whole = _side_by_side(list(timed.values()), processes)
    shaped = (value if fields[name].dim() > 1 else value[0] for name, value in zip(timed, whole, strict=True))
    return batch._replace(**dict(zip(timed, shaped, strict=True)))


class WholeDensity(NamedTuple):
    """A distribution of this process's rows, whose log-densities are the whole batch's, as in `whole_batch`.

    So its parameters, which may be thousands of numbers for a row, stay where they are.
    """

    own: Any
    steps: int
    rows: int
    processes: Processes

    def log_prob(self, value: Tensor) -> Tensor:
        """Of values (T', N B, ...) of the whole batch: (T', N B)."""
        if self.processes.size == 1:
            return self.own.log_prob(value)
        first = self.processes.rank * self.rows
        log_prob = self.own.log_prob(value[: self.steps, first : first + self.rows])
        return _side_by_side([log_prob], self.processes)[0]


def whole_densities(distribution: Callable[[Tensor], Any], processes: Processes) -> Callable[[Tensor], WholeDensity]:
    """A function from this process's parameters to distributions as one to densities of the whole batch."""
    return lambda parameters: WholeDensity(
        distribution(parameters), steps=parameters.shape[0], rows=parameters.shape[1], processes=processes
    )


def _side_by_side(tensors: list[Tensor], processes: Processes) -> list[Tensor]:
    """(T, B, ...) of each process to (T', N B, ...), in one communication.

    Own rows are put in field by field, so that what the loss does not use has no gradient, not one of zeros.
    """
    steps, rows = tensors[0].shape[:2]
    longest = processes.largest(steps)
    padded = [F.pad(tensor, (0, 0) * (tensor.dim() - 1) + (0, longest - steps)) for tensor in tensors]
    packed = torch.cat([tensor.detach().reshape(longest, rows, -1).float() for tensor in padded], dim=-1)
    sizes = [tensor[0, 0].numel() for tensor in tensors]
    pieces = [piece.split(sizes, dim=-1) for piece in processes.gather(packed)]
    whole = []
    for i, own in enumerate(padded):
        parts = [piece[i].reshape(own.shape).to(own.dtype) for piece in pieces]
        parts[processes.rank] = own  # with its gradient
        whole.append(torch.cat(parts, dim=1))
    return whole
