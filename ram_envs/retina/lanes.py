"""Operations on `LANES` numbers at once, spelt out for compiled code.

The compiler makes such operations out of loops by itself, but only where a loop is long, and where it sees that nothing
is read that the loop has written. A glimpse has rows of 8 to 96 pixels. Here a group of numbers is loaded from any
place of a flat array, worked on, and stored at another. No bounds are checked. In the arguments each array is followed
by the places in it. Arrays are taken for what an operation is made for: bytes as pixels, 16 bits as sums, float32 as
results; code for others is compiled, and must not be called.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LIGHTS = 8
"""Pixels of `add_light`: as many as a row of the paper's distractors has."""
LANES = 16
HALF = LANES // 2
"""So many numbers of 32 bits are worked on at once: more would lie across two lines of the cache most of the time."""
LIGHT = ir.VectorType(ir.IntType(8), LIGHTS)
SUMS = ir.VectorType(ir.IntType(16), LANES)
BYTES, FEW_SUMS = (ir.VectorType(ir.IntType(bits), HALF) for bits in (8, 16))
PAIRS_OF_SUMS, FLOATS = (ir.VectorType(number, HALF) for number in (ir.IntType(32), ir.FloatType()))


class _Code:
    """Generates the code of one call: what it loads, works out and stores."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.context, self.builder, self.kinds, self.arguments = context, builder, signature.args, arguments

    def load(self, array: int, place: int, vector: ir.VectorType, after: int = 0) -> Any:
        """The numbers from so many after a place on, of the arguments of these positions."""
        pointer, align = self._group(array, place, vector, after)
        return self.builder.load(pointer, align=align)

    def store(self, array: int, place: int, value: Any, after: int = 0) -> Any:
        """Store numbers from so many after a place on; what a compiled function without a result returns."""
        pointer, align = self._group(array, place, value.type, after)
        self.builder.store(value, pointer, align)
        return self.context.get_dummy_value()

    def seen(self, place: int, mask: int) -> Any:
        """Pixels of the third argument, 0 where the mask has 0; two and two of them as one number."""
        return self.builder.and_(self.load(2, place, SUMS), self.load(mask, mask + 1, SUMS))

    def sums_of_pairs(self, numbers: Any) -> Any:
        """Of numbers that are two each, side by side in their bits, the sums of the two."""
        half = numbers.type.element.width // 2
        low, shift = ([x] * numbers.type.count for x in (2**half - 1, half))
        first = self.builder.and_(numbers, ir.Constant(numbers.type, low))
        return self.builder.add(first, self.builder.lshr(numbers, ir.Constant(numbers.type, shift)))

    def times(self, numbers: Any, factor: int) -> Any:
        """Whole numbers as float32, each times the argument of this position."""
        one = self.builder.insert_element(
            ir.Constant(FLOATS, ir.Undefined), self.arguments[factor], ir.Constant(ir.IntType(32), 0)
        )
        to_all = ir.Constant(ir.VectorType(ir.IntType(32), HALF), [0] * HALF)
        factors = self.builder.shuffle_vector(one, ir.Constant(FLOATS, ir.Undefined), to_all)
        return self.builder.fmul(self.builder.uitofp(numbers, FLOATS), factors)

    def _group(self, array: int, place: int, vector: ir.VectorType, after: int) -> tuple[Any, int]:
        kind, first = self.kinds[array], self.arguments[place]
        items = self.context.make_array(kind)(self.context, self.builder, self.arguments[array]).data
        pointer = self.builder.gep(items, [self.builder.add(first, ir.Constant(first.type, after))])
        return self.builder.bitcast(pointer, vector.as_pointer()), kind.dtype.bitwidth // 8


def _pool_two_rows(typing_context: Any, target: Any, to: Any, pixels: Any, above: Any, below: Any, mask: Any, at: Any):  # type: ignore[no-untyped-def]
    """Compiled: `LANES` sums of 2 x 2 pixels of two rows; bytes where the mask has 0 do not count."""

    def generate(*call: Any) -> Any:
        code = _Code(*call)
        rows = [code.sums_of_pairs(code.seen(row, 5)) for row in (3, 4)]
        return code.store(0, 1, code.builder.add(*rows))

    return types.void(target, to, pixels, above, below, mask, at), generate


def _pool_row(typing_context: Any, target: Any, to: Any, pixels: Any, row: Any, mask: Any, at: Any):  # type: ignore[no-untyped-def]
    """Compiled: the same of one row, whose fellow counts as zeros."""

    def generate(*call: Any) -> Any:
        code = _Code(*call)
        return code.store(0, 1, code.sums_of_pairs(code.seen(3, 4)))

    return types.void(target, to, pixels, row, mask, at), generate


def _pool_rows(typing_context: Any, target: Any, to: Any, sums: Any, above: Any, below: Any):  # type: ignore[no-untyped-def]
    """Compiled: `LANES` sums of 2 x 2 sums of two rows; they stay below 2**16."""

    def generate(*call: Any) -> Any:
        code = _Code(*call)
        for i in (0, HALF):
            columns = code.builder.add(*(code.load(2, row, SUMS, 2 * i) for row in (3, 4)))
            pooled = code.sums_of_pairs(code.builder.bitcast(columns, PAIRS_OF_SUMS))
            done = code.store(0, 1, code.builder.trunc(pooled, FEW_SUMS), i)
        return done

    return types.void(target, to, sums, above, below), generate


def _put_cells(typing_context: Any, result: Any, to: Any, sums: Any, start: Any, gain: Any):  # type: ignore[no-untyped-def]
    """Compiled: `LANES` sums as results, times the gain."""

    def generate(*call: Any) -> Any:
        code = _Code(*call)
        for i in (0, HALF):
            done = code.store(0, 1, code.times(code.load(2, 3, FEW_SUMS, i), 4), i)
        return done

    return types.void(result, to, sums, start, gain), generate


def _put_pixels(typing_context: Any, result: Any, to: Any, pixels: Any, start: Any, mask: Any, at: Any, gain: Any):  # type: ignore[no-untyped-def]
    """Compiled: `LANES` pixels as results, times the gain; 0 where the mask has 0."""

    def generate(*call: Any) -> Any:
        code = _Code(*call)
        for i in (0, HALF):
            seen = code.builder.and_(code.load(2, 3, BYTES, i), code.load(4, 5, BYTES, i))
            done = code.store(0, 1, code.times(seen, 6), i)
        return done

    return types.void(result, to, pixels, start, mask, at, gain), generate


def _add_light(typing_context: Any, target: Any, to: Any, pixels: Any, start: Any):  # type: ignore[no-untyped-def]
    """Compiled: `LIGHTS` pixels are added to those of the target, up to 255."""

    def generate(*call: Any) -> Any:
        code = _Code(*call)
        kind, name = ir.FunctionType(LIGHT, [LIGHT, LIGHT]), f"llvm.uadd.sat.v{LIGHTS}i8"
        add = cgutils.get_or_insert_function(code.builder.module, kind, name)
        return code.store(0, 1, code.builder.call(add, [code.load(0, 1, LIGHT), code.load(2, 3, LIGHT)]))

    return types.void(target, to, pixels, start), generate


pool_two_rows: Any = intrinsic(_pool_two_rows)
pool_row: Any = intrinsic(_pool_row)
pool_rows: Any = intrinsic(_pool_rows)
put_cells: Any = intrinsic(_put_cells)
put_pixels: Any = intrinsic(_put_pixels)
add_light: Any = intrinsic(_add_light)
