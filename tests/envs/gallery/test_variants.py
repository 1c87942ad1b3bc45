"""Parts of pictures, mirrored and brighter, against the exact retina on what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_pyramid import pyramid_of

from ram_envs.gallery.variants import shown, vary, whole
from ram_envs.images.augmentation import Augmentation
from ram_envs.retina.retina import Pooling, Retina

RNG = np.random.default_rng(8)


def frames_of(shape: tuple[int, ...], count: int) -> np.ndarray:
    """Parts anywhere, some of them up to the picture's edges."""
    edges = np.sort(np.stack([RNG.integers(0, size + 1, (count, 2)) for size in shape[:2]], -1), axis=1)
    edges[: count // 4, 0], edges[: count // 4, 1] = 0, shape[:2]
    edges[:, 1] = np.maximum(edges[:, 1], edges[:, 0] + 1).clip(max=shape[:2])
    edges[:, 0] = np.minimum(edges[:, 0], edges[:, 1] - 1)
    return np.concatenate([edges[:, 0], edges[:, 1] - edges[:, 0], RNG.integers(0, 2, (count, 1))], axis=1)


@pytest.mark.parametrize("shape", [(40, 30), (64, 129, 3), (300, 517)], ids=str)
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_the_four_finest_scales_are_those_of_the_part(shape, pooling: Pooling, tmp_path: Path) -> None:
    image = RNG.integers(0, 256, shape, np.uint8)
    pyramid, retina = pyramid_of(image, tmp_path, pooling), Retina(7, 4, pooling=pooling)
    frames, locations = frames_of(shape, 80), RNG.uniform(-1, 1, (80, 2))
    locations[::7], locations[1::7] = 0, [1, -1]
    output = np.empty((80, *retina.shape(shape)), np.float32)
    pyramid.look(retina, locations, np.arange(80), output, frames)
    for frame, location, seen in zip(frames, locations, output, strict=True):
        part = np.ascontiguousarray(shown(image, frame, 1.0))
        assert part.shape[:2] == tuple(frame[2:4])
        np.testing.assert_array_equal(seen, retina.glimpse(part[None], location[None])[0])


def test_coarse_scales_are_those_of_the_part_but_for_the_rounding_of_places(tmp_path: Path) -> None:
    y, x = np.mgrid[:700, :900]
    image = np.rint(40 + 100 * (x / 900) + 60 * (y / 700)).astype(np.uint8)
    pyramid, retina = pyramid_of(image, tmp_path), Retina(6, 8)
    frames = np.array([[64, 128, 500, 600, 0], [64, 128, 500, 600, 1], [3, 5, 333, 444, 1], [0, 0, 700, 900, 1]])
    for frame in frames.repeat(5, axis=0):
        location = RNG.uniform(-1, 1, (1, 2))
        output = np.empty((1, 8, 6, 6), np.float32)
        pyramid.look(retina, location, np.arange(1), output, frame[None])
        exact = retina.glimpse(np.ascontiguousarray(shown(image, frame, 1.0))[None], location)
        # A place that is off by 1/16 of a cell in each axis shows 1/8 of a cell more or less beyond an edge.
        assert np.abs(output - exact).max() <= 200 / 255 / 8 + 0.01


def test_variants_by_hand() -> None:
    sizes = np.array([[100, 200], [50, 80]])
    draws = np.array([[0.4, 0.5, 0.0, 1.0, 0.0], [0.6, 1.0, 0.5, 0.25, 0.75]])
    frames, light = vary(Augmentation(flip=True, max_crop=0.4, max_brightness=0.2), sizes, draws)
    assert frames.tolist() == [[0, 40, 80, 160, 1], [10, 8, 30, 48, 0]]
    np.testing.assert_allclose(light, [0.8, 1.1])
    frames, light = vary(Augmentation(), sizes, draws[:, :0])
    assert frames.tolist() == whole(sizes).frames.tolist() == [[0, 0, 100, 200, 0], [0, 0, 50, 80, 0]]
    assert light.tolist() == [1, 1]


def test_parts_lie_inside_and_anywhere() -> None:
    augmentation = Augmentation(flip=True, max_crop=0.9)
    sizes = RNG.integers(1, 300, (3000, 2))
    frames, _ = vary(augmentation, sizes, RNG.random((3000, augmentation.num_draws)))
    assert (frames[:, :2] >= 0).all()
    assert (frames[:, 2:4] >= 1).all()
    assert (frames[:, :2] + frames[:, 2:4] <= sizes).all()
    assert abs(frames[:, 4].mean() - 0.5) < 0.05
    before = frames[:, :2].sum() / (sizes - frames[:, 2:4]).sum()
    assert abs(before - 0.5) < 0.02
