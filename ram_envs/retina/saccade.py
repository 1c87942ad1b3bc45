"""Saccades: what the location of an action does to the eye, and what an observation tells of the eye's place.

With "absolute" saccades, the paper's, a location is the place to look at, in [-1, 1] over the image. With "relative"
ones it is a displacement of the eye, and neither it nor what is observed depends on the image's size: one agent can
look at images of any size.

All are pure functions of an array of eyes, (n, 2), whose form only they know.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ram_envs.retina.retina import Retina

Saccade = Literal["absolute", "relative"]
Eyes = NDArray[np.floating[Any]]

GRAIN = 2.0**-16
"""Pixels, of which relative eyes' places are multiples: so they add up exactly, whatever the size of the image is."""


class Saccades(ABC):
    """How the eye moves over an image."""

    limit: float
    """Of the location in an observation, to both sides of 0."""
    dtype: type[np.floating[Any]]
    """Of eyes."""

    def over(self, image_sizes: NDArray[np.int64]) -> Saccades:
        """The same over n images of sizes (n, 2), each its (H, W): for n eyes, each in an image of its own."""
        return self

    def location_space(self) -> spaces.Box:
        """A new space of the location in an observation, (2,)."""
        return spaces.Box(-self.limit, self.limit, (2,), np.float32)

    @abstractmethod
    def start(self, places: NDArray[np.floating[Any]]) -> Eyes:
        """Eyes (n, 2) at places (n, 2) in [-1, 1] of the image."""

    @abstractmethod
    def move(self, eyes: Eyes, locations: NDArray[np.floating[Any]]) -> Eyes:
        """Where the locations (n, 2) of actions, in [-1, 1], bring eyes (n, 2)."""

    @abstractmethod
    def location(self, eyes: Eyes) -> NDArray[np.float32]:
        """What observations tell of eyes (n, 2): (n, 2) of `location_space`, a fresh array."""

    @abstractmethod
    def gaze(self, eyes: Eyes) -> NDArray[np.float32]:
        """The places of eyes (n, 2) in [-1, 1] of the image, (n, 2), a fresh array."""

    @abstractmethod
    def centre(self, eyes: Eyes) -> NDArray[np.floating[Any]]:
        """The locations (n, 2) in [-1, 1] that a retina is given for eyes (n, 2)."""

    @abstractmethod
    def look_at(self, eyes: Eyes, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The locations (n, 2) of actions that bring eyes (n, 2) as near to places (n, 2) in [-1, 1] as they can."""


class AbsoluteSaccades(Saccades):
    """A location is the place to look at; an eye is its place in [-1, 1]."""

    limit = 1
    dtype = np.float32

    def start(self, places: NDArray[np.floating[Any]]) -> Eyes:
        """See `Saccades.start`."""
        return places.astype(np.float32)

    def move(self, eyes: Eyes, locations: NDArray[np.floating[Any]]) -> Eyes:
        """See `Saccades.move`: to the locations, wherever the eyes were."""
        return locations.astype(np.float32)

    def location(self, eyes: Eyes) -> NDArray[np.float32]:
        """See `Saccades.location`: the place."""
        return eyes.copy()

    def gaze(self, eyes: Eyes) -> NDArray[np.float32]:
        """See `Saccades.gaze`."""
        return eyes.copy()

    def centre(self, eyes: Eyes) -> NDArray[np.floating[Any]]:
        """See `Saccades.centre`."""
        return eyes

    def look_at(self, eyes: Eyes, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """See `Saccades.look_at`: the places."""
        return places.astype(np.float32)


class LimitedSaccades(AbsoluteSaccades):
    """A location is a displacement by `most * location`, in units of half the image; the eye stops at the edges.

    An eye and what is observed of it are its place in [-1, 1], as with absolute saccades.
    """

    def __init__(self, most: float | NDArray[np.floating[Any]]) -> None:
        self.most = most

    def move(self, eyes: Eyes, locations: NDArray[np.floating[Any]]) -> Eyes:
        """See `Saccades.move`."""
        return np.clip(eyes + self.most * locations, -1, 1).astype(np.float32)

    def look_at(self, eyes: Eyes, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """See `Saccades.look_at`."""
        return np.clip((places - eyes) / self.most, -1, 1).astype(np.float32)


class InsideSaccades(LimitedSaccades):
    """Displacements of at most `most` in any direction, of an eye whose patch never leaves the image.

    An eye is its place in [-1, 1] of those where the patch lies inside, and so is what is observed of it. A location
    outside the unit disc counts as the nearest one on its rim.

    Args:
        most: the longest displacement, in these units; or (2,), of each axis.
        patch: width and height of the patch, as a share of the image's; or (2,).
    """

    def __init__(self, most: float | NDArray[np.floating[Any]], patch: float | NDArray[np.floating[Any]]) -> None:
        super().__init__(most)
        self.room = np.asarray(1 - patch, np.float32)
        """How far an eye gets from the image's middle, in halves of the image."""

    def move(self, eyes: Eyes, locations: NDArray[np.floating[Any]]) -> Eyes:
        """See `Saccades.move`."""
        return super().move(eyes, _into_disc(locations))

    def gaze(self, eyes: Eyes) -> NDArray[np.float32]:
        """See `Saccades.gaze`."""
        return (eyes * self.room).astype(np.float32)

    def centre(self, eyes: Eyes) -> NDArray[np.floating[Any]]:
        """See `Saccades.centre`."""
        return eyes * self.room

    def look_at(self, eyes: Eyes, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """See `Saccades.look_at`: straight towards the places."""
        return _into_disc((np.clip(places / self.room, -1, 1) - eyes) / self.most).astype(np.float32)


class RelativeSaccades(Saccades):
    """A location a is a displacement by `reach * sign(a) * a**2` pixels in each axis: fine near 0, wide near 1.

    The reach is half the coarsest patch: the eye can go to whatever it sees. It stops at the image's edges. An eye is
    its distance from the image's middle in pixels, (x, y), a multiple of `GRAIN`; an observation tells that distance
    in units of the reach. So on two images of which the pixels around the eye are the same, and those around the
    middle, the same displacements lead to the same observations, bit for bit.

    Args:
        reach: in pixels.
        image_sizes: (H, W), or (n, 2) of n images of sizes of their own, which as many eyes look at.
    """

    limit = np.inf
    dtype = np.float64

    def __init__(self, reach: float, image_sizes: tuple[int, int] | NDArray[np.int64]) -> None:
        self.reach = reach
        self.edge = np.asarray(image_sizes)[..., ::-1] / 2
        """How far the right and the lower edge are from the middle, in pixels: (2,) or (n, 2)."""

    def over(self, image_sizes: NDArray[np.int64]) -> RelativeSaccades:
        """See `Saccades.over`."""
        return RelativeSaccades(self.reach, image_sizes)

    def start(self, places: NDArray[np.floating[Any]]) -> Eyes:
        """See `Saccades.start`; to the nearest multiple of `GRAIN`."""
        return _on_grain(places * self.edge)

    def move(self, eyes: Eyes, locations: NDArray[np.floating[Any]]) -> Eyes:
        """See `Saccades.move`."""
        exact = locations.astype(np.float64)
        return np.clip(eyes + _on_grain(self.reach * exact * np.abs(exact)), -self.edge, self.edge)

    def location(self, eyes: Eyes) -> NDArray[np.float32]:
        """See `Saccades.location`: the distance from the middle in units of the reach."""
        return (eyes / self.reach).astype(np.float32)

    def gaze(self, eyes: Eyes) -> NDArray[np.float32]:
        """See `Saccades.gaze`."""
        return (eyes / self.edge).astype(np.float32)

    def centre(self, eyes: Eyes) -> NDArray[np.floating[Any]]:
        """See `Saccades.centre`.

        An eye may lie just where a patch jumps from one pixel to the next, and the retina's arithmetic rounds. A
        quarter of a grain more is the same pixel, and too much to be rounded away.
        """
        return np.minimum((eyes + GRAIN / 4) / self.edge, 1)

    def look_at(self, eyes: Eyes, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """See `Saccades.look_at`: towards the places, in each axis by at most the reach."""
        way = np.clip((places * self.edge - eyes) / self.reach, -1, 1)
        return (np.sign(way) * np.sqrt(np.abs(way))).astype(np.float32)


def make_saccades(saccade: Saccade, retina: Retina, image_shape: tuple[int, ...]) -> Saccades:
    """The saccades of a name, for a retina over images of shape (H, W) or (H, W, C).

    Raises:
        ValueError: an unknown name.
    """
    if saccade == "absolute":
        return AbsoluteSaccades()
    if saccade == "relative":
        return RelativeSaccades((retina.patch_size << (retina.num_scales - 1)) / 2, (image_shape[0], image_shape[1]))
    raise ValueError(f"saccade is {saccade!r}; it must be 'absolute' or 'relative'")


def _into_disc(locations: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The points of the unit disc that are nearest to locations (n, 2)."""
    return locations / np.maximum(np.linalg.norm(locations, axis=-1, keepdims=True), 1)


def _on_grain(pixels: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    return np.rint(pixels / GRAIN) * GRAIN + 0.0  # which leaves no -0.0
