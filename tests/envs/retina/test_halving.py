"""The finest scales: pooled in lanes among others and from a copied window alone, and nothing beyond their arrays."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import run_python
from test_retina import slow_retina

from ram_envs.retina.retina import Retina


@st.composite
def many_glimpses(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, Retina]:
    """Grey bytes (B, H, W), locations (B, 2), some at the edges, and a retina."""
    height, width, batch = draw(st.integers(1, 70)), draw(st.integers(1, 70)), draw(st.integers(2, 12))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    images = generator.integers(0, 256, (batch, height, width), dtype=np.uint8)
    locations = np.clip(generator.uniform(-1.5, 1.5, (batch, 2)), -1, 1)
    return images, locations, Retina(draw(st.integers(1, 20)), draw(st.integers(1, 5)))


@given(many_glimpses())
@settings(max_examples=150, deadline=None)
def test_a_glimpse_is_the_same_alone_and_among_others(case: tuple[np.ndarray, np.ndarray, Retina]) -> None:
    """Alone it is pooled from a copied window; among others, of grey bytes, in lanes."""
    images, locations, retina = case
    alone = [retina(images[[i]], locations[[i]]) for i in range(len(images))]
    np.testing.assert_array_equal(retina(images, locations), np.concatenate(alone))


@pytest.mark.parametrize(("g", "k"), [(8, 1), (12, 3), (12, 4), (5, 2), (7, 3), (17, 2), (3, 5)])
def test_many_glimpses_equal_the_slow_reference(g: int, k: int) -> None:
    generator = np.random.default_rng(g * k)
    images = generator.integers(0, 256, (9, 33, 47), dtype=np.uint8)
    locations = np.clip(generator.uniform(-1.2, 1.2, (9, 2)), -1, 1).astype(np.float32)
    expected = [slow_retina(image, location, g, k) for image, location in zip(images, locations, strict=True)]
    np.testing.assert_allclose(Retina(g, k)(images, locations), expected, atol=1e-6)


BETWEEN_WALLS = """
import ctypes, mmap
import numpy as np
from ram_envs import Retina
from ram_envs.retina import retina

PAGE, libc, rooms = mmap.PAGESIZE, ctypes.CDLL(None), []

def between_walls(size, dtype, at_end):
    pages = -(-size * np.dtype(dtype).itemsize // PAGE)
    rooms.append(mmap.mmap(-1, (pages + 2) * PAGE))
    start = ctypes.addressof(ctypes.c_char.from_buffer(rooms[-1]))
    inside = np.frombuffer(rooms[-1], np.uint8)[PAGE : (pages + 1) * PAGE].view(dtype)
    for wall in (start, start + (pages + 1) * PAGE):  # whoever touches these pages is killed
        assert libc.mprotect(ctypes.c_void_p(wall), ctypes.c_size_t(PAGE), 0) == 0
    return inside[len(inside) - size :] if at_end else inside[:size]

generator, empty = np.random.default_rng(0), np.empty
for at_end in (False, True):
    for g, k, height, width in [(8, 1, 28, 28), (12, 3, 60, 60), (12, 4, 100, 100), (5, 2, 9, 200), (20, 3, 70, 3)]:
        images = between_walls(5 * height * width, np.uint8, at_end).reshape(5, height, width)
        images[:] = generator.integers(0, 256, images.shape)
        output = between_walls(5 * k * g * g, np.float32, at_end).reshape(5, k, g, g)
        for _ in range(40):
            locations = np.clip(generator.uniform(-1.5, 1.5, (5, 2)), -1, 1)
            expected = Retina(g, k)(images.copy(), locations)
            np.empty = lambda shape, dtype=float: output if shape == output.shape else empty(shape, dtype)
            seen = Retina(g, k)(images, locations)
            np.empty = empty
            assert seen is output and (seen == expected).all()
print("all inside")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is walled in as Linux does it")
def test_nothing_is_read_or_written_outside_the_arrays() -> None:
    assert run_python(BETWEEN_WALLS).stdout == "all inside\n"
