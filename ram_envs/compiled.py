"""What the compiled kernels share."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def copy_items(typing_context: Any, target: Any, to: Any, source: Any, start: Any, count: Any) -> Any:
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
        cgutils.raw_memcpy(builder, *pointers, arguments[4], itemsize)
        return context.get_dummy_value()

    return types.void(target, to, source, start, count), generate
