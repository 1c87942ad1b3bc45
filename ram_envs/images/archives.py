"""Files of arrays, as `numpy.savez` writes them; what a file declares is checked before memory is taken for it."""

from __future__ import annotations

import lzma
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ram_envs.arguments import shown

# Beyond this size a member that is packed this many times smaller is taken for a bomb.
LARGE, PACKED = 2**30, 100


def read_npz(path: Path, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
    """Some arrays of an .npz file, by name, the optional ones if they are there; nothing in it is unpickled.

    Raises:
        ValueError: a file that can't be read, lacks an array, or whose sizes can't be true; the message names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            inside = {name.removesuffix(".npy") for name in archive.namelist()}
            found = [name for name in (*needed, *optional) if name in inside]
            arrays = {name: _array(archive, f"{name}.npy", path) for name in found}
    except (
        OSError,
        ValueError,
        EOFError,
        MemoryError,
        RuntimeError,  # a password is needed
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"{shown(path)} can't be read ({reason}); write it with numpy.savez") from error
    if not set(needed) <= arrays.keys():
        wanted = " and ".join(f'"{name}"' for name in needed)
        raise ValueError(f"{shown(path)} holds {sorted(inside)}; it must hold {wanted}")
    return arrays


def _array(archive: zipfile.ZipFile, member: str, path: Path) -> NDArray[Any]:
    """One member, after its declared size was compared with that of its file."""
    info = archive.getinfo(member)
    if info.compress_size > path.stat().st_size:
        raise ValueError(f"{member} declares {info.compress_size} bytes, more than the file has")
    if info.file_size > max(LARGE, PACKED * info.compress_size):
        raise ValueError(
            f"{member} declares {info.file_size} bytes, packed into {info.compress_size}; if that is true, write it "
            "unpacked"
        )
    with archive.open(info) as stream:
        shape, dtype, header_size = _declared(stream, member)
        if header_size + math.prod(shape) * dtype.itemsize != info.file_size:
            raise ValueError(f"{member} declares an array {shape} of {dtype}, but has {info.file_size} bytes")
    with archive.open(info) as stream:
        return npy.read_array(stream, allow_pickle=False)


def _declared(stream: Any, member: str) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """The shape and the dtype in the header of a .npy file, and how long the header is."""
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    version = npy.read_magic(stream)
    if version not in readers:
        raise ValueError(f"{member} has the version {version}")
    shape, _, dtype = readers[version](stream)
    if dtype.hasobject or not dtype.itemsize or min(shape, default=0) < 0:
        raise ValueError(f"{member} declares an array {shape} of {dtype!r}, not one of numbers or words")
    return shape, dtype, stream.tell()
