"""What the compiled kernels share."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


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
