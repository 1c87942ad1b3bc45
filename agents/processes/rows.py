"""The whole batch of a run in each of its processes, with the gradient of that process's own rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

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


def _side_by_side(tensors: list[Tensor], processes: Processes) -> list[Tensor]:
    """(T, B, ...) of each process to (T', N B, ...), in one communication."""
    steps, rows = tensors[0].shape[:2]
    own = torch.cat([tensor.reshape(steps, rows, -1).float() for tensor in tensors], dim=-1)
    own = F.pad(own, (0, 0, 0, 0, 0, processes.largest(steps) - steps))
    gathered = processes.gather(own)
    gathered[processes.rank] = own  # with its gradient
    parts = torch.cat(gathered, dim=1).split([tensor[0, 0].numel() for tensor in tensors], dim=-1)
    shaped = (part.reshape(*part.shape[:2], *t.shape[2:]).to(t.dtype) for part, t in zip(parts, tensors, strict=True))
    return [part if t.requires_grad else part.detach() for part, t in zip(shaped, tensors, strict=True)]
