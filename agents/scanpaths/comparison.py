"""Alike or not: the scanpaths of some subjects compared with those of others, image by image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .multimatch import Similarity, multimatch
from .path import FEWEST, Scanpath
from .simplification import Simplification


class Comparison(NamedTuple):
    """What comes of comparing some subjects' paths with others'."""

    same: Similarity
    """The mean over pairs of paths on the same image: of each image's pairs first, then of the images."""
    different: Similarity | None
    """The same of paths on different images, the level of chance: how alike two looks are whatever is seen. None where
    there is only one image."""
    images: int
    """On which both have a path."""
    pairs: int
    """Of paths on the same image."""
    left_out: int
    """Paths of fewer than three fixations."""


def compare(
    paths: Iterable[Scanpath],
    others: Iterable[Scanpath] | None = None,
    *,
    screen: tuple[float, float],
    simplification: Simplification | None = None,
) -> Comparison:
    """Compare the scanpaths of two groups of subjects on the images that both have seen, or of one group among itself.

    Nobody is compared with himself.

    Args:
        paths: of some subjects.
        others: of others; None: how alike are those of the first among themselves?
        screen: (width, height) of all images, in the paths' pixels.
        simplification: see `multimatch`.

    Raises:
        ValueError: no image has paths of two subjects to compare; or see `multimatch`.
    """
    paths = list(paths)
    rivals = paths if others is None else list(others)
    ours, theirs = _by_image(paths), _by_image(rivals)

    def similarities(image: str, other_image: str) -> list[Similarity]:
        """Of all pairs of a path of ours on one image and one of theirs on another; each pair once."""
        once = others is None and image == other_image
        return [
            multimatch(path, rival, screen=screen, simplification=simplification)
            for path in ours[image]
            for rival in theirs[other_image]
            if (path.subject < rival.subject if once else path.subject != rival.subject)
        ]

    same = {image: found for image in ours if image in theirs and (found := similarities(image, image))}
    if not same:
        raise ValueError("no image has paths of two subjects, with three fixations each: nothing can be compared")
    images = list(same)
    # Each image beside the next, the last beside the first.
    different = [similarities(*pair) for pair in zip(images, images[1:] + images[:1], strict=True) if len(images) > 1]
    return Comparison(
        same=_mean(map(_mean, same.values())),
        different=_mean(map(_mean, filter(None, different))) if any(different) else None,
        images=len(images),
        pairs=sum(map(len, same.values())),
        left_out=sum(map(_is_short, paths)) + (0 if others is None else sum(map(_is_short, rivals))),
    )


def _by_image(paths: Iterable[Scanpath]) -> dict[str, list[Scanpath]]:
    """The paths that are long enough, in the order in which their images appear."""
    found = defaultdict[str, list[Scanpath]](list)
    for path in paths:
        if not _is_short(path):
            found[path.image].append(path)
    return found


def _is_short(path: Scanpath) -> bool:
    return len(path.fixations) < FEWEST


def _mean(similarities: Iterable[Similarity]) -> Similarity:
    return Similarity(*np.mean(list(similarities), axis=0).tolist())
