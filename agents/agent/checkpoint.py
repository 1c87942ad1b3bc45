"""The file format of agents: safetensors with a JSON description in the header. Nothing is unpickled.

One file, so that weights and description can't disagree, and one checksum over both. It is written beside and renamed
into place, so that a run that is killed leaves the last checkpoint or the new one, never half of one. What the
description of an agent holds is `agent.Agent`'s own business.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

FORMAT, UNSIGNED_FORMAT = "ram-agent-2", "ram-agent-1"
MOST_HEADER = 4 * 2**20
"""Bytes of names, shapes and description; an agent's are some thousands."""


class Checkpoint:
    """An open file: description and shapes at once, the tensors when they are asked for.

    Attributes:
        path: of the file.
        format: `FORMAT`, or `UNSIGNED_FORMAT` of files whose checksum leaves the description out.
        description: the JSON object; it is trusted only once `tensors` has compared the checksum.
        shapes: of each tensor by name.
    """

    def __init__(self, path: Path, file: Any, header: Mapping[str, str]) -> None:
        self.path, self._file, self._header = path, file, header
        self.format = header.get("format")
        if self.format not in (FORMAT, UNSIGNED_FORMAT):
            raise ValueError(f"{path} holds no agent of this project (format {self.format!r}, not {FORMAT!r})")
        self._text = header.get("description", "")
        self.description: dict[str, Any] = json.loads(self._text)
        if not isinstance(self.description, dict):
            raise ValueError("its description is no JSON object")
        self.shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no dict)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors, on the CPU.

        Raises:
            ValueError: they, or the description, do not match the checksum; or a number is not finite.
        """
        tensors = {name: self._file.get_tensor(name) for name in self.shapes}
        if self._header.get("sha256") != _digest(tensors, self._text if self.format == FORMAT else None):
            raise ValueError("its contents do not match their checksum")
        _check_finite(tensors)
        return tensors


@contextmanager
def opened(path: str | Path) -> Iterator[Checkpoint]:
    """Open a file; whatever is wrong with it, also what the block finds, is one ValueError that names it.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or no agent of ours.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint at {path}")
    _check_header_size(path)
    try:
        with safe_open(path, framework="pt") as file:
            yield Checkpoint(path, file, file.metadata() or {})
    except (SafetensorError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise ValueError(f"{path} is damaged, or no agent of this project ({_line(error)}); use another") from error
    except ValueError as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path} is damaged: {_line(error)}; use another checkpoint") from error


def read(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, on the CPU, and the description; see `opened` for the errors."""
    with opened(path) as file:
        return file.tensors(), file.description


def write(path: str | Path, tensors: Mapping[str, Tensor], description: dict[str, Any]) -> None:
    """Write tensors and a JSON-able description to `path`, whole or not at all.

    Raises:
        ValueError: a number is not finite; nothing is written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    _check_finite(tensors)
    text = json.dumps(description)
    header = {"format": FORMAT, "description": text, "sha256": _digest(tensors, text)}
    write_whole(path, safetensors.torch.save(tensors, metadata=header))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside and rename it into place: it is there whole or not at all, after a loss of power too."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _sync_directory(path.parent)


def _check_header_size(path: Path) -> None:
    """Raise a ValueError if the header, which is held in memory several times, is far larger than an agent's."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if size > MOST_HEADER:
        raise ValueError(f"{path} is damaged, or no agent of this project (a header of {size:,} bytes); use another")


def _check_finite(tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ValueError(f"{name} holds numbers that are not finite (NaN or infinite)")


def _digest(tensors: Mapping[str, Tensor], text: str | None) -> str:
    """SHA-256 of names and bytes, in the order of names; with a description also of types and shapes, and of it."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(name.encode())
        if text is not None:
            digest.update(f"{tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    digest.update((text or "").encode())
    return digest.hexdigest()


def _line(error: BaseException) -> str:
    """An error's words in one line of bounded length."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 300 else f"{words[:300]}..."


def _sync_directory(directory: Path) -> None:
    """Make a rename in this directory outlast a loss of power, where the system can."""
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
