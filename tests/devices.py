"""Without a GPU at hand: what would make a tensor on the wrong device fails on the CPU too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

FACTORIES = frozenset({
    torch.arange, torch.as_tensor, torch.asarray, torch.empty, torch.empty_strided, torch.eye, torch.full,
    torch.hamming_window, torch.hann_window, torch.linspace, torch.logspace, torch.normal, torch.ones, torch.rand,
    torch.randint, torch.randn, torch.randperm, torch.scalar_tensor, torch.sparse_coo_tensor, torch.tensor,
    torch.tril_indices, torch.triu_indices, torch.zeros,
})  # fmt: skip
"""What makes a tensor where torch's default device is, unless it is told another. `torch.from_numpy` is not one of
them: it says where its numbers are. Nor are `zeros_like` and `new_zeros`, which follow a tensor."""


class NeedsDevice(TorchFunctionMode):
    """Inside of it a tensor factory that is not told its device fails: on a GPU it would make its tensor on the CPU.

    A device that a `with torch.device(...)` inside of it gives is told too. What torch itself makes counts as well.

    Raises:
        AssertionError: names the factory.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Look at one call, and make it."""
        kwargs = kwargs or {}
        if func in FACTORIES and kwargs.get("device") is None and not _follows_a_tensor(func, args):
            raise AssertionError(f"torch.{func.__name__} is not told its device")
        return func(*args, **kwargs)


def _follows_a_tensor(func: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """`as_tensor` and `asarray` of a tensor, and `normal` around one, stay where that is."""
    return func in (torch.as_tensor, torch.asarray, torch.normal) and isinstance(args[0], torch.Tensor)
