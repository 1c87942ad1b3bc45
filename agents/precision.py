"""How exactly matrices are multiplied while a model trains."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor

MatmulPrecision = Literal["auto", "highest", "high", "medium"]

ROUNDS = 7  # the best of which counts: other processes disturb single ones
STEPS = 4  # through the layer, as an episode's: a weight is rounded once for all of them
CLEARLY = 0.9  # of the time: less is not worth the rounding
HOPELESS = 3.0  # times the time, in two rounds: emulated, a round takes a second, and five more change nothing


@contextmanager
def matmul_precision(precision: MatmulPrecision, device: torch.device | str = "cpu") -> Iterator[None]:
    """Multiply matrices with this precision inside of the block; what was set before is put back after it.

    "highest", torch's default of float32 throughout, leaves all settings alone, for who has made some. "high" is
    torch's own setting. "medium" rounds the factors to bfloat16 and adds up in float32, and what a layer hands to the
    next is bfloat16 too; without units for it (AMX, AVX512_BF16, a GPU's tensor cores) that is slower than float32.
    Weights, gradients, and what runs under `float32` keep their precision.

    Raises:
        ValueError: "auto", which `faster_precision` decides beforehand.
    """
    if precision == "auto":
        raise ValueError("matmul_precision 'auto' is decided before it is used: see faster_precision")
    if precision == "highest":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=precision == "medium"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


class float32:
    """Leave bfloat16 out inside of the block, where a `matmul_precision` around it has it.

    By hand, as torch.autocast and contextlib take twice the time, at every step of an episode.
    """

    def __init__(self, device: torch.device):
        self._type = device.type

    def __enter__(self) -> None:
        self._rounds = torch.is_autocast_enabled(self._type)
        if self._rounds:
            torch.set_autocast_enabled(self._type, False)

    def __exit__(self, *error: object) -> None:
        if self._rounds:
            torch.set_autocast_enabled(self._type, True)


def faster_precision(device: torch.device | str = "cpu", *, units: int = 512, batch: int = 512) -> MatmulPrecision:
    """What is faster on this device: "medium", if a layer takes clearly less time in bfloat16, else "highest".

    Measured, not looked up: bfloat16 pays with AMX, AVX512_BF16 and tensor cores, and costs where it is emulated. Takes
    a fraction of a second. On a CPU it counts the processor's time, so that a busy machine decides as an idle one.

    Args:
        device: where it is measured.
        units: of the layer, in and out.
        batch: rows that go through it at once.
    """
    layer = torch.nn.Linear(units, units, device=device)
    rows = torch.ones(batch, units, device=device)
    times: dict[MatmulPrecision, float] = {"highest": math.inf, "medium": math.inf}
    for done in range(ROUNDS):
        if done == 2 and times["medium"] > HOPELESS * times["highest"]:
            break
        for precision in times:
            times[precision] = min(times[precision], _seconds(layer, rows, precision))
    return "medium" if times["medium"] < CLEARLY * times["highest"] else "highest"


def _seconds(layer: torch.nn.Linear, rows: Tensor, precision: MatmulPrecision) -> float:
    """Of `STEPS` steps through the layer and back: of the processor's time, which other processes have no part in."""
    clock = time.perf_counter if rows.is_cuda else time.process_time
    start = clock()
    with matmul_precision(precision, rows.device):
        h = rows
        for _ in range(STEPS):
            h = layer(h)
        h.sum().backward()
    layer.zero_grad()
    if rows.is_cuda:
        torch.cuda.synchronize(rows.device)
    return clock() - start
