"""What the compiled kernels share: how they are compiled and cached, and two instructions that numba has not."""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.serialize import dumps
from numba.extending import intrinsic

part: Any = njit(nogil=True, error_model="numpy", forceinline=True)
"""Decorator of a function that kernels call; it is compiled into them, as if it were written there."""


def kernel(function: Callable[..., Any]) -> Any:
    """Decorator of a compiled function that Python calls; the compiled code is kept on the disk where that is possible.

    Where nothing can be written it is compiled anew in every process, after one warning. A file of the cache that is
    damaged, or holds another's code, is written anew.
    """
    compiled: Any = njit(nogil=True, error_model="numpy")(function)
    try:
        compiled._cache = _KernelCache(function)  # what njit(cache=True) does, with numba's own class
    except RuntimeError:  # numba has found no folder to write to
        _warn_uncached()
    return compiled


@cache  # One warning, however many kernels there are.
def _warn_uncached() -> None:
    warnings.warn(
        "compiled code can't be kept on the disk, so every process compiles the retina and the scenes anew, for "
        "seconds; set NUMBA_CACHE_DIR to a folder that can be written to",
        RuntimeWarning,
        stacklevel=2,
    )


@cache
def _stamps_of_parts() -> tuple[tuple[str, float, int], ...]:
    """Name, time and size of this folder's files: many kernels hold parts of them, and are outdated if those change."""
    files = {file.name: file.stat() for file in sorted(Path(__file__).parent.glob("*.py"))}
    return tuple((name, status.st_mtime, status.st_size) for name, status in files.items())


class _Checked(IndexDataCacheFile):
    """Numba's files of compiled code, each with what it was compiled for and a checksum.

    What a crash left half written may well be code that runs. And where two processes compile a function for different
    types at once, both take the same name of a file: the index then gives one the other's code.
    """

    def save(self, key: Any, data: Any) -> None:
        """Write the code for a key: types, processor and source."""
        code = dumps((key, data))
        super().save(key, (hashlib.sha256(code).digest(), code))

    def load(self, key: Any) -> Any:
        """The code for a key, or None; a ValueError if the file is not what was written for it."""
        kept = super().load(key)
        if kept is None:
            return None
        checksum, code = kept
        if hashlib.sha256(code).digest() != checksum:
            raise ValueError("the checksum is wrong")
        written_for, data = pickle.loads(code)
        if written_for != key:
            raise ValueError(f"compiled for {written_for}, not for {key}")
        return data


class _KernelCache(FunctionCache):
    """Numba's cache of one function's compiled code; it survives damaged files, full disks and other processes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp(), _stamps_of_parts()
        self._cache_file = _Checked(self.cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code for some types, or None; damaged files are emptied, so that they are written anew."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # damaged pickles raise errors of any kind
            try:
                self.flush()
            except OSError:
                self.disable()
                _warn_uncached()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the compiled code for some types, where that is possible."""
        try:
            super().save_overload(sig, data)
        except OSError:  # the disk is full, say
            self.disable()
            _warn_uncached()


def _copy_items(typing_context: Any, target: Any, to: Any, source: Any, start: Any, count: Any) -> Any:
    """Compiled `target[to : to + count] = source[start : start + count]` of two flat arrays, by the C library's memcpy.

    A compiled loop over a short row runs byte by byte: its vector part takes hundreds of bytes at a time. No bounds are
    checked, and the two must not overlap.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointers = [
            builder.gep(context.make_array(signature.args[k])(context, builder, arguments[k]).data, [arguments[k + 1]])
            for k in (0, 2)
        ]
        itemsize = context.get_abi_sizeof(context.get_data_type(target.dtype))
        cgutils.raw_memcpy(builder, pointers[0], pointers[1], arguments[4], itemsize)
        return context.get_dummy_value()

    return types.void(target, to, source, start, count), generate


copy_items: Any = intrinsic(_copy_items)


def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask the processor to bring `array[index]` of a flat array into its cache; goes on without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        item = builder.gep(context.make_array(signature.args[0])(context, builder, arguments[0]).data, [arguments[1]])
        call_type = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [pointer], call_type)
        for_reading, keep_long, data = ir.Constant(number, 0), ir.Constant(number, 3), ir.Constant(number, 1)
        builder.call(function, [builder.bitcast(item, pointer), for_reading, keep_long, data])
        return context.get_dummy_value()

    return types.void(array, index), generate


prefetch: Any = intrinsic(_prefetch)
