"""Pyramids against the exact retina, and the files that they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ram_envs.gallery.pyramid import PAGE, Picture, Pyramid, build, file_size, reserve
from ram_envs.retina.retina import Pooling, Retina

RNG = np.random.default_rng(5)
SHAPES = [(1, 1), (40, 30), (64, 129, 3), (300, 517), (1100, 1500, 3)]


def picture(image: NDArray[Any]) -> Picture:
    return Picture(image.shape, lambda top, left, height, width: image[top : top + height, left : left + width])


def pyramid_of(image: NDArray[Any], folder: Path, pooling: Pooling = "average") -> Pyramid:
    path = folder / "one.pyramid"
    with path.open("w+b") as file:
        reserve(file, file_size(image.shape))
        assert list(build(file, picture(image), pooling))[-1] == 1
    return Pyramid(path)


def halved(image: NDArray[Any], pool: Callable[..., NDArray[Any]]) -> NDArray[np.float64]:
    """A level by plain numpy, from the exact one before."""
    padded = np.pad(image, [(0, n % 2) for n in image.shape[:2]] + [(0, 0)] * (image.ndim - 2))
    blocks = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2, *image.shape[2:])
    return pool(blocks.astype(float), axis=(1, 3))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_levels_are_the_picture_pooled_and_rounded_once(
    shape: tuple[int, ...], pooling: Pooling, tmp_path: Path
) -> None:
    image = RNG.integers(0, 256, shape, np.uint8)
    pyramid, exact = pyramid_of(image, tmp_path, pooling), image.astype(float)
    for number in range(len(pyramid.levels)):
        assert np.abs(pyramid.level(number) - exact).max() <= 0.5
        exact = halved(exact, np.mean if pooling == "average" else np.max)
    assert (pyramid.level(0) == image).all()
    assert max(pyramid.level(len(pyramid.levels) - 1).shape[:2]) <= 64


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_the_four_finest_scales_are_exact(shape: tuple[int, ...], pooling: Pooling, tmp_path: Path) -> None:
    image = RNG.integers(0, 256, shape, np.uint8)
    retina = Retina(7, 4, pooling=pooling)
    locations = np.concatenate([RNG.uniform(-1, 1, (60, 2)), [[-1, -1], [1, 1], [0, 0], [1, -1]]])
    expected = retina.glimpse(np.broadcast_to(image, (64, *shape)), locations)
    np.testing.assert_array_equal(pyramid_of(image, tmp_path, pooling).glimpse(retina, locations), expected)


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_coarser_patches_lie_off_by_at_most_a_sixteenth_of_a_cell(pooling: Pooling, tmp_path: Path) -> None:
    """Each is what the exact retina sees from some place that is no further off than that, rounded to bytes."""
    image = RNG.integers(0, 256, (700, 900), np.uint8)
    pyramid, retina = pyramid_of(image, tmp_path, pooling), Retina(6, 8, pooling=pooling)
    for location in RNG.uniform(-1, 1, (12, 2)):
        seen = pyramid.glimpse(retina, location[None])[0]
        for scale in range(4, 8):
            near = range(-(1 << scale) // 16, (1 << scale) // 16 + 1)
            moved = [location + 2 * np.array([x, y]) / [900, 700] for x in near for y in near]
            exact = retina.glimpse(np.broadcast_to(image, (len(moved), 700, 900)), np.clip(moved, -1, 1))[:, scale]
            assert np.abs(exact - seen[scale]).max((1, 2)).min() <= 0.51 / 255, (location, scale)


def test_retinas_far_wider_than_the_picture_see_it_exactly(tmp_path: Path) -> None:
    image = RNG.integers(0, 256, (50, 60, 3), np.uint8)
    retina, locations = Retina(5, 20), RNG.uniform(-1, 1, (20, 2))
    expected = retina.glimpse(np.broadcast_to(image, (20, 50, 60, 3)), locations)
    np.testing.assert_allclose(pyramid_of(image, tmp_path).glimpse(retina, locations), expected, rtol=1e-6)


def test_an_even_picture_has_even_cells_inside_it(tmp_path: Path) -> None:
    pyramid = pyramid_of(np.full((2000, 2000), 100, np.uint8), tmp_path)
    np.testing.assert_allclose(pyramid.glimpse(Retina(4, 9), np.zeros((1, 2))), np.float32(100 / 255), rtol=1e-6)


def test_levels_beyond_a_block_are_filled_from_the_level_before(tmp_path: Path) -> None:
    """A picture of 70,000 pixels has a level whose pixels are wider than the blocks that it is read in."""
    rows = np.arange(70_000) % 251
    read = lambda top, left, height, width: np.repeat(rows[top : top + height, None], width, 1).astype(np.uint8)  # noqa: E731
    path = tmp_path / "long.pyramid"
    with path.open("w+b") as file:
        reserve(file, file_size((70_000, 3)))
        list(build(file, Picture((70_000, 3), read)))
    pyramid = Pyramid(path)
    assert pyramid.levels[-1, 1:3].tolist() == [35, 1]  # 70,000 halved 11 times, rounded up
    sums = np.pad(rows, (0, 2048 * 35 - 70_000)).reshape(35, 2048).sum(1) * 3
    assert np.abs(pyramid.level(11)[:, 0] - sums / 2048**2).max() <= 1


def test_the_overview_is_the_finest_level_that_is_small_enough(tmp_path: Path) -> None:
    image = RNG.integers(0, 256, (300, 517, 3), np.uint8)
    scene, level = pyramid_of(image, tmp_path).overview(260)
    assert (scene.shape, level) == ((150, 259, 3), 1)


def test_four_thirds_of_a_byte_for_a_pixel() -> None:
    assert file_size((4096, 4096, 3)) / (4096 * 4096 * 3) == pytest.approx(4 / 3, rel=1e-3)


@pytest.mark.parametrize("damage", ["short", "long", "empty", "unfinished", "of something else"])
def test_a_file_that_is_no_whole_pyramid_is_refused(damage: str, tmp_path: Path) -> None:
    pyramid_of(RNG.integers(0, 256, (200, 100), np.uint8), tmp_path)
    path = tmp_path / "one.pyramid"
    content = path.read_bytes()
    damaged = {
        "short": content[:-1],
        "long": content + b"\0",
        "empty": b"",
        "unfinished": bytes(PAGE) + content[PAGE:],
        "of something else": b"GIF89a" * 2000,
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match=r"one\.pyramid is not a whole pyramid; delete it"):
        Pyramid(path)


def test_bad_arguments_are_named(tmp_path: Path) -> None:
    pyramid = pyramid_of(np.zeros((20, 20), np.uint8), tmp_path)
    with pytest.raises(ValueError, match=r"location \[0.0, 1.5\] of row 1 is outside"):
        pyramid.glimpse(Retina(4), np.array([[0, 0], [0, 1.5]]))
    with pytest.raises(ValueError, match="pools by 'max' and the pyramid by 'average'"):
        pyramid.glimpse(Retina(4, pooling="max"), np.zeros((1, 2)))
    with (tmp_path / "bad").open("w+b") as file:
        reserve(file, file_size((9, 9)))
        wrong = Picture((9, 9), lambda *_: np.zeros((3, 3), np.uint8))
        with pytest.raises(ValueError, match=r"row 0, column 0 has shape \(3, 3\); expected \(9, 9\)"):
            list(build(file, wrong))
