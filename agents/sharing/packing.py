"""Weights and scenes as text, for pages in the browser; page/data.js unpacks them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ..agent.rounding import SCALE, restored, rounded

UNUSED = "f_b."
"""Names of the baseline network's weights begin so; no action needs them."""


def pack_weights(policy: nn.Module, *, half: bool = False) -> dict[str, Any]:
    """The tensors that acting needs, by name: {"shape", "type", "data": base64}, of int8 "scale", too: of each row.

    Args:
        policy: the model.
        half: round all to float16; else each is int8, float16 or float32, the smallest that holds its numbers exactly.

    Raises:
        ValueError: a weight is too large for float16.
    """
    packed = {}
    for name, tensor in policy.state_dict().items():
        if name.startswith(UNUSED):
            continue
        with np.errstate(over="ignore"):
            stored = _smallest(tensor.detach().cpu().float(), half=half)
        if half and not np.isfinite(stored["data"]).all():
            raise ValueError(f"{name} holds numbers that are too large for float16: write the page without half")
        kind = {"shape": list(tensor.shape), "type": stored["data"].dtype.name}
        packed[name] = kind | {key: text(numbers.tobytes()) for key, numbers in stored.items()}
    return packed


def _smallest(tensor: Tensor, *, half: bool) -> dict[str, NDArray[Any]]:
    """The numbers as "data" in the fewest bits that hold them all; those of int8 with the "scale" of each row."""
    name, numbers = "weight", tensor.numpy()
    in_steps = rounded({name: tensor}, 8)
    if name + SCALE in in_steps and restored(in_steps)[name].equal(tensor):
        return {"data": in_steps[name].numpy(), "scale": in_steps[name + SCALE].numpy()}
    in_half = numbers.astype(np.float16)
    return {"data": in_half if half or np.array_equal(in_half, numbers) else numbers}


def pack_scene(scenes: Sequence[NDArray[np.uint8]], light: NDArray[np.float32] | None = None) -> dict[str, Any]:
    """A scene (H, W) or (H, W, C), glimpse by glimpse, or once where nothing moves.

    Returns:
        {"shape", "data": for each base64 of its bytes, runs of zeros told by their length}; or of light (H, W),
        {"shape", "light": base64 of its float32}.
    """
    if light is not None:
        return {"shape": list(light.shape), "light": text(np.ascontiguousarray(light, "<f4").tobytes())}
    return {"shape": list(scenes[0].shape), "data": [text(pack_zeros(scene.tobytes())) for scene in scenes]}


def pack_zeros(data: bytes) -> bytes:
    """The same bytes, but a run of zeros, at most 256, is one 0 and how many more there are."""
    numbers = np.frombuffer(data, np.uint8)
    zero = np.concatenate([[False], numbers == 0, [False]])
    (starts,), (ends,) = np.nonzero(zero[1:] & ~zero[:-1]), np.nonzero(~zero[1:] & zero[:-1])
    parts, done = [], 0
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        whole, rest = divmod(end - start, 256)
        parts += [data[done:start], b"\0\xff" * whole, bytes([0, rest - 1]) if rest else b""]
        done = end
    return b"".join([*parts, data[done:]])


def text(data: bytes) -> str:
    """Base64."""
    return base64.b64encode(data).decode("ascii")
