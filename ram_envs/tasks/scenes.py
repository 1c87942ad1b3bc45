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
    complete = _compose(
        scenes.reshape(*scenes.shape[:2], -1),
        rows,
        images.reshape(*images.shape[:2], -1),
        indices,
        placement.corners,
        distractor_images.reshape(*distractor_images.shape[:2], -1),
        placement.distractors,
        rules.distractor_size,
        images.shape[3] if images.ndim == 4 else 1,
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


# As in the retina, indices are unsigned so that the loops run in the vector registers.
@kernel
def _compose(scenes, rows, images, indices, corners, sources, distractors, size, channels):  # type: ignore[no-untyped-def]
    """Paint the scenes; returns False at an index of no image, or a cut that hangs over its image's edge, else True."""
    height, width = images.shape[1], images.shape[2] // channels
    num_distractors, pieces = distractors.shape[1], distractors.reshape(-1, 5)
    num_objects, shown, places = indices.shape[1], indices.reshape(-1), corners.reshape(-1, 2)
    for b in range(len(indices)):
        row = rows[b]
        scenes[row] = 0
        for i in range(b * num_objects, (b + 1) * num_objects):
            # The images lie all over the memory: while something is painted, what comes next is brought nearer.
            _expect(images, shown[min(i + 1, len(shown) - 1)], 0, height)
            if not 0 <= shown[i] < len(images):
                return False
            add = i > b * num_objects
            _put(scenes, row, images, shown[i], 0, 0, places[i, 0], places[i, 1], height, width, channels, add)
        for n in range(num_distractors):
            index, from_top, from_left, top, left = distractors[b, n]
            following = min(b * num_distractors + n + AHEAD, len(pieces) - 1)
            _expect(sources, pieces[following, 0], pieces[following, 1], size)
            inside = 0 <= from_top <= height - size and 0 <= from_left <= width - size
            if not (inside and 0 <= index < len(sources)):
                return False
            _put(scenes, row, sources, index, from_top, from_left, top, left, size, size, channels, True)
    return True


@part
def _expect(images, index, top, height):  # type: ignore[no-untyped-def]
    """Prefetch some rows of an image, a cache line of 64 bytes at a time."""
    pixels, start = images.reshape(-1), (index * images.shape[1] + top) * images.shape[2]
    for offset in range(0, height * images.shape[2], 64):
        prefetch(pixels, uintp(start + offset))


@part
def _put(scenes, b, images, index, from_top, from_left, top, left, height, width, channels, add):  # type: ignore[no-untyped-def]
    """Copy a part of an image to scene b, or add it and clamp to 255; what hangs over the edge is lost."""
    rows, row_length = scenes.shape[1:]
    begin, end = max(-left, 0) * channels, min(width * channels, row_length - left * channels)
    source, target = images.reshape(-1), scenes.reshape(-1)
    if not add and end - begin == row_length == images.shape[2] and height == rows and top == 0:  # the whole scene
        size = uintp(rows * row_length)
        copy_items(target, uintp(b) * size, source, uintp(index) * size, size)
        return
    for i in range(max(-top, 0), min(height, rows - top)):
        start = uintp(((index * images.shape[1] + from_top + i) * images.shape[2]) + from_left * channels + begin)
        to = uintp((b * rows + top + i) * row_length + left * channels + begin)
        count = uintp(max(end - begin, 0))
        if not add:
            copy_items(target, to, source, start, count)
            continue
        for j in range(count):
            target[to + j] = min(np.int32(target[to + j]) + np.int32(source[start + j]), 255)
