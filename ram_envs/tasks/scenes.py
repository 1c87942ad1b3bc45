"""Scenes: the canvas that a digit and its distractors make, placed by `placing` (the paper's section 4.1).

Pixels are added and then clamped to 255, so the order of painting does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uintp
from numpy.typing import NDArray

from ram_envs.arguments import check_array, check_below, check_images
from ram_envs.images.datasets import as_images
from ram_envs.retina.compiled import copy_items, kernel, part, prefetch
from ram_envs.retina.lanes import LIGHTS, add_light
from ram_envs.tasks.placing import Placement, SceneRules


def compose(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    placement: Placement,
    rules: SceneRules,
    *,
    distractor_images: NDArray[np.uint8],
    out: NDArray[np.uint8] | None = None,
    rows: NDArray[np.intp] | None = None,
) -> NDArray[np.uint8]:
    """Paint B scenes: x, (B, H, W) or (B, H, W, C).

    Args:
        images: (N, h, w) or (N, h, w, C), of which scene b shows each of `images[indices[b]]`.
        indices: (B, num_objects).
        placement: where things lie, from `placing.place`.
        rules: what the scenes are made of.
        distractor_images: (M, h, w) or (M, h, w, C), which distractors are cut from: always training images.
        out: where to paint, contiguous; a fresh array if None.
        rows: (B,), which of more scenes in `out` to paint, scene b at `out[rows[b]]`; None: `out` has B.

    Raises:
        TypeError: an array of another dtype.
        ValueError: an array of another shape, or an `out` that is not contiguous.
        IndexError: an index of no image, a row of no scene, or a cut that hangs over its image's edge.
    """
    images = check_images("images", images)
    if images.shape[1:3] != (rules.image_height, rules.image_width):
        raise ValueError(
            f"images have shape {images.shape}, but the rules are of {rules.image_height}x{rules.image_width}"
        )
    distractor_images = check_images("distractor_images", distractor_images)
    _check_distractor_images(distractor_images, images)
    indices = check_array("indices", indices, np.int64, (None, rules.num_objects))
    corners = check_array("corners", placement.corners, np.int64, (len(indices), rules.num_objects, 2))
    distractors = check_array("distractors", placement.distractors, np.int64, (len(indices), None, 5))
    shape = (None if rows is not None else len(indices), rules.canvas_height, rules.canvas_width, *images.shape[3:])
    rows = np.arange(len(indices)) if rows is None else check_array("rows", rows, np.int64, (len(indices),))
    scenes = np.empty((len(indices), *shape[1:]), np.uint8) if out is None else check_array("out", out, np.uint8, shape)
    check_below("rows", rows, len(scenes))
    if out is not None and scenes is not out:
        raise ValueError("out is not contiguous; pass an array of its own memory")
    paint(images, indices, Placement(corners, distractors), rules, distractor_images, scenes, rows)
    return scenes


def paint(
    images: NDArray[np.uint8],
    indices: NDArray[np.int64],
    placement: Placement,
    rules: SceneRules,
    distractor_images: NDArray[np.uint8],
    scenes: NDArray[np.uint8],
    rows: NDArray[np.intp],
) -> None:
    """What `compose` does, with arrays that have been checked: contiguous, of the right types and shapes.

    Raises:
        IndexError: an index of no image, or a cut that hangs over its image's edge.
    """
    channels, painted, shown, cut = 1, scenes, images, distractor_images
    if images.ndim == 4:
        channels = images.shape[3]
        painted, shown, cut = (each.reshape(*each.shape[:2], -1) for each in (scenes, images, distractor_images))
    complete = _compose(
        painted, rows, shown, indices, placement.corners, cut, placement.distractors, rules.distractor_size, channels
    )
    if not complete:
        check_below("indices", indices, len(images))
        cut_to = rules.image_height - rules.distractor_size + 1, rules.image_width - rules.distractor_size + 1
        check_below("distractors", placement.distractors[..., :3], (len(distractor_images), *cut_to))


def as_distractor_images(distractor_images: Any, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A user's images to cut distractors from, in the form of `images`: (M, h, w[, C]) uint8; `images` if None.

    Raises:
        TypeError, ValueError: what `datasets.as_images` refuses, or images of another shape.
    """
    if distractor_images is None:
        return images
    distractor_images = as_images("distractor_images", distractor_images)
    _check_distractor_images(distractor_images, images)
    return distractor_images


def _check_distractor_images(distractor_images: NDArray[np.uint8], images: NDArray[np.uint8]) -> None:
    if distractor_images.shape[1:] != images.shape[1:] or not len(distractor_images):
        raise ValueError(
            f"distractor_images have shape {distractor_images.shape} and images {images.shape}; distractors are cut "
            f"from at least one image of the same form: bring them to (M, {', '.join(map(str, images.shape[1:]))})"
        )


def ink_boxes(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The smallest box around the pixels above 0 of each image (B, H, W[, C]): (B, 4) as (top, left, height, width).

    The box of an image without any is the whole image.
    """
    brightest = images if images.ndim == 3 else images.max(-1)
    top, bottom = _extent(brightest.max(2) > 0)
    left, right = _extent(brightest.max(1) > 0)
    return np.stack([top, left, bottom - top, right - left], axis=1)


def _extent(lit: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the first True of each row begins and the last one ends: (B, n) -> (B,), (B,)."""
    return lit.argmax(1), lit.shape[1] - lit[:, ::-1].argmax(1)


AHEAD = 16
"""So many distractors ahead a cut is brought nearer."""


# As in the retina, indices are unsigned so that the loops run in the vector registers. Arrays are made flat once, and
# handed on by themselves: whatever holds an array, even a view, counts it, which takes as long as a row of pixels.
@kernel
def _compose(scenes, rows, images, indices, corners, sources, distractors, size, channels):  # type: ignore[no-untyped-def]
    """Paint the scenes; returns False at an index of no image, or a cut that hangs over its image's edge, else True."""
    height, row_length = images.shape[1:]
    width, count = row_length // channels, len(indices) * distractors.shape[1]
    num_distractors, pieces, pixels = distractors.shape[1], distractors.reshape(-1), sources.reshape(-1)
    num_objects, shown, places, light = indices.shape[1], indices.reshape(-1), corners.reshape(-1), images.reshape(-1)
    target, canvas = scenes.reshape(-1), scenes.shape[1:]
    for b in range(len(indices)):
        first = rows[b] * canvas[0] * canvas[1]
        target[first : first + canvas[0] * canvas[1]] = 0
        for i in range(b * num_objects, (b + 1) * num_objects):
            # The images lie all over the memory: while something is painted, what comes next is brought nearer.
            _expect(light, shown[min(i + 1, len(shown) - 1)] * height * row_length, height * row_length)
            if not 0 <= shown[i] < len(images):
                return False
            cut, place = (shown[i] * height * row_length, row_length), (places[2 * i], places[2 * i + 1])
            _put(target, first, canvas, light, cut, place, (height, width), channels, i > b * num_objects)
        for n in range(5 * b * num_distractors, 5 * (b + 1) * num_distractors, 5):
            following = min(n + 5 * AHEAD, 5 * (count - 1))
            _expect(pixels, (pieces[following] * height + pieces[following + 1]) * row_length, size * row_length)
            index, from_top, from_left = pieces[n], pieces[n + 1], pieces[n + 2]
            inside = 0 <= from_top <= height - size and 0 <= from_left <= width - size
            if not (inside and 0 <= index < len(sources)):
                return False
            cut = (index * height + from_top) * row_length + from_left * channels, row_length
            place = pieces[n + 3], pieces[n + 4]
            _put(target, first, canvas, pixels, cut, place, (size, size), channels, True)
    return True


@part
def _expect(pixels, start, count):  # type: ignore[no-untyped-def]
    """Prefetch so many pixels, a cache line of 64 bytes at a time."""
    for offset in range(0, count, 64):
        prefetch(pixels, uintp(start + offset))


@part
def _put(target, first, canvas, source, cut, place, shape, channels, add):  # type: ignore[no-untyped-def]
    """Copy a part of an image to a scene, or add it and clamp to 255; what hangs over the edge is lost.

    The scene begins at `target[first]`, and `canvas` is its height and the length of its rows; `cut` is where the part
    begins in `source`, and the length of the rows there; `place` is (top, left) and `shape` (height, width) in pixels.
    """
    (rows, row_length), (start, source_length), (top, left), (height, width) = canvas, cut, place, shape
    begin, end = max(-left, 0) * channels, min(width * channels, row_length - left * channels)
    if not add and end - begin == row_length == source_length and height == rows and top == 0:  # the whole scene
        copy_items(target, uintp(first), source, uintp(start), uintp(rows * row_length))
        return
    count = uintp(max(end - begin, 0))
    groups = count // uintp(LIGHTS)
    for i in range(max(-top, 0), min(height, rows - top)):
        row, to = (
            uintp(start + i * source_length + begin),
            uintp(first + (top + i) * row_length + left * channels + begin),
        )
        if not add:
            copy_items(target, to, source, row, count)
            continue
        for j in range(groups):
            add_light(target, to + j * uintp(LIGHTS), source, row + j * uintp(LIGHTS))
        for j in range(groups * uintp(LIGHTS), count):
            target[to + j] = min(np.int32(target[to + j]) + np.int32(source[row + j]), 255)
