"""The gaze over any environment's images: where each row looks and what it sees there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypedDict, Unpack

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ram_envs.arguments import check_images, check_known, check_whole, has_channels_first
from ram_envs.retina.retina import Pooling, Retina, check_locations
from ram_envs.retina.saccade import Eyes, LimitedSaccades, Saccade, Saccades, make_saccades

InitialLocation = Literal["random", "center"]
Rows = NDArray[np.intp]
"""Row numbers in ascending order, each at most once."""

# Mixed into every seed: else the gaze would begin where the environment's own first random numbers say.
GAZE_SEED = 20144

ROUNDING = 1e-3
"""Images may leave their bounds by so much of the way from black to white, and are cut off there."""


class GazeOptions(TypedDict, total=False):
    """How the rows look at their images; each may be left out."""

    patch_size: int | None
    """The retina's g; 8 if not given. This and the next two are for callers that give no retina."""
    num_scales: int | None
    """The retina's k; 1 if not given."""
    pooling: Pooling | None
    """The retina's: "average", if not given, or "max"."""
    image_key: str | None
    """Which key of the observation is the image, if the observation is a Dict."""
    saccade: Saccade
    """What a location does: "absolute", if not given, or "relative", see `ram_envs.retina.saccade`."""
    max_saccade: float | None
    """Shifts in units of the image, for one whose size stays: the gaze moves by `max_saccade * location` in units of
    half the image, and the observed location is its place in [-1, 1]. Beside `saccade`, which it excludes; None, if not
    given, for none."""
    periphery: int | tuple[int, int] | None
    """Width and height, or (height, width), of the whole image shrunk; None, if not given, for none."""
    initial_location: InitialLocation
    """Where the first image of an episode is looked at: "random", if not given, uniform over it, or "center"."""


class Gaze:
    """The gaze of `num_rows` rows over the images that a space describes.

    Args:
        space: one row's observation space: a Box of an image, or a Dict that has one under `image_key`.
        num_rows: n.
        retina: the glimpse sensor; None to make it from the options.
        options: see `GazeOptions`.
    """

    def __init__(
        self,
        space: spaces.Space[Any],
        *,
        num_rows: int,
        retina: Retina | None = None,
        **options: Unpack[GazeOptions],
    ) -> None:
        check_known(options, GazeOptions.__annotations__)
        periphery = options.get("periphery")
        self.initial_location = options.get("initial_location", "random")
        if self.initial_location not in ("random", "center"):
            raise ValueError(f"initial_location is {self.initial_location!r}; it must be 'random' or 'center'")
        self.retina = _retina(retina, options)
        self.image_key = options.get("image_key")
        self.form = image_form(space, self.image_key)
        self.saccades = _saccades(self.retina, self.form.shape, options)
        self._shrink = None if periphery is None else Shrink(self.form.shape, periphery)
        self.eyes: Eyes = self.saccades.start(np.zeros((num_rows, 2)))
        """Where each row looks, (num_rows, 2), in a form that `saccades` knows."""
        self._generators = [np.random.default_rng() for _ in range(num_rows)]
        self.space = self._space(space)
        """One row's observation space."""

    def _space(self, space: spaces.Space[Any]) -> spaces.Dict:
        seen: dict[str, spaces.Space[Any]] = {
            "glimpse": spaces.Box(0, 1, self.retina.shape(self.form.shape), np.float32),
            "location": self.saccades.location_space(),
        }
        if self._shrink is not None:
            seen["periphery"] = spaces.Box(0, 1, self._shrink.shape, np.float32)
        others = {} if not isinstance(space, spaces.Dict) else {k: v for k, v in space.items() if k != self.image_key}
        if taken := sorted(seen.keys() & others.keys()):
            raise ValueError(f"the observation has a key {taken[0]!r} of its own; rename it before it is foveated")
        return spaces.Dict(others | seen)

    def seed(self, seeds: Sequence[int | None]) -> None:
        """Seed the generator of each row anew; a row whose seed is None keeps its own. A bad seed changes no row."""
        anew = [None if seed is None else np.random.default_rng([seed, GAZE_SEED]) for seed in seeds]
        for row, generator in enumerate(anew):
            self._generators[row] = generator or self._generators[row]

    def begin(self, rows: Rows) -> None:
        """Some rows begin an episode: they look at the initial location."""
        places = np.zeros((len(rows), 2))
        if self.initial_location == "random":
            for place, row in zip(places, rows, strict=True):
                place[:] = self._generators[row].uniform(-1, 1, 2)
        self.eyes[rows] = self.saccades.start(places)

    def move(self, locations: NDArray[np.floating[Any]]) -> None:
        """The eyes of all rows do what the `locations` of actions (num_rows, 2), in [-1, 1], say; see `Saccades`."""
        self.eyes = self.saccades.move(self.eyes, locations)

    def places(self) -> NDArray[np.float32]:
        """Where each row looks, (num_rows, 2) in [-1, 1] of its image; a fresh array."""
        return self.saccades.gaze(self.eyes)

    def look_at(self, places: Any) -> NDArray[np.float32]:
        """The locations of actions that bring each row's gaze as near as one step can to `places`, (num_rows, 2)."""
        return self.saccades.look_at(self.eyes, check_locations(places, len(self.eyes)))

    def split(self, observation: Any) -> tuple[Any, dict[str, Any]]:
        """The image of an observation (or the images of a batch), and its other keys."""
        if self.image_key is None:
            return observation, {}
        return observation[self.image_key], {key: value for key, value in observation.items() if key != self.image_key}

    def see(self, images: Any, rows: Rows | slice = slice(None)) -> dict[str, NDArray[np.float32]]:
        """What some rows see of their images (n, H, W[, C]), in fresh arrays (n, ...)."""
        images = self.form.pixels(images)
        eyes = self.eyes[rows]
        glimpse = self.retina.glimpse(images, self.saccades.centre(eyes))
        seen = {"glimpse": glimpse, "location": self.saccades.location(eyes)}
        if self._shrink is not None:
            seen["periphery"] = self._shrink(images)
        return seen


def _saccades(retina: Retina, image_shape: tuple[int, ...], options: GazeOptions) -> Saccades:
    saccade, most = options.get("saccade", "absolute"), options.get("max_saccade")
    if most is None:
        return make_saccades(saccade, retina, image_shape)
    if saccade != "absolute":
        raise ValueError(f"max_saccade is {most!r} and saccade {saccade!r}; each has a reach, so give one of them")
    if not 0 < most <= 2:
        raise ValueError(f"max_saccade is {most!r}; it must be above 0 and at most 2, the image's width")
    return LimitedSaccades(most)


def _retina(retina: Retina | None, options: GazeOptions) -> Retina:
    values = {name: options.get(name) for name in ("patch_size", "num_scales", "pooling")}
    given: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    if retina is not None and given:
        raise ValueError(f"give a retina or its arguments, not both: {retina} and {given}")
    return retina or Retina(**given)


class ImageForm(NamedTuple):
    """The form of the images that a space describes."""

    shape: tuple[int, ...]
    """(H, W) or (H, W, C)."""
    low: float
    """The value of black."""
    high: float
    """The value of white."""
    dtype: np.dtype[Any]

    def pixels(self, images: Any) -> NDArray[Any]:
        """A batch of images (B, H, W[, C]) as the retina takes them: contiguous, uint8 or float32 in 0..1.

        Raises:
            TypeError, ValueError: the environment shows other images than its space describes.
        """
        images = np.asarray(images)
        if images.shape[1:] != self.shape:
            raise ValueError(
                f"the environment's images have the shape {images.shape[1:]}, but its observation space says "
                f"{self.shape}; mend the environment"
            )
        if self.dtype == np.uint8 and (self.low, self.high) == (0, 255):
            return check_images("the environment's images", images)
        if images.dtype.kind not in "fiub":
            raise TypeError(f"the environment's images have dtype {images.dtype}; they must be numbers")
        scaled = np.ascontiguousarray(images, np.float32)
        if (self.low, self.high) != (0, 1):
            scaled = (scaled - self.low) / np.float32(self.high - self.low)
        darkest, brightest = scaled.min(), scaled.max()
        if darkest >= 0 and brightest <= 1:
            return scaled
        if not (darkest >= -ROUNDING and brightest <= 1 + ROUNDING):  # NaN is not
            raise ValueError(
                f"the environment's images span {images.min()} to {images.max()}, but its observation space says "
                f"{self.low} to {self.high}; mend the environment"
            )
        return np.clip(scaled, 0, 1)


def image_form(space: spaces.Space[Any], image_key: str | None) -> ImageForm:
    """The form of the images in an observation space.

    Raises:
        TypeError: there is no image where it is looked for; the message says where there are some.
        ValueError: an image without finite bounds, or with its channels first.
    """
    if isinstance(space, spaces.Dict) and image_key not in space.spaces:
        images = [key for key, inner in space.items() if _is_image(inner)]
        raise TypeError(
            f"image_key is {image_key!r}; the observation is a Dict, so name the key of its image: {images or 'none'}"
        )
    if not isinstance(space, spaces.Dict) and image_key is not None:
        raise TypeError(f"image_key is {image_key!r}, but the observation is no Dict: {space}; leave it out")
    image = space if image_key is None else space[image_key]  # type: ignore[index]
    if not isinstance(image, spaces.Box) or not _is_image(image):
        raise TypeError(
            f"the observation space is {image}; an image is a Box of shape (H, W) or (H, W, C). Environments without "
            "one can show their frames: gymnasium.wrappers.AddRenderObservation"
        )
    low, high = float(image.low.min()), float(image.high.max())
    if not np.isfinite([low, high]).all() or low >= high:
        raise ValueError(f"the image's bounds are {low} and {high}; they must be finite, to tell black from white")
    shape = image.shape
    if has_channels_first(shape):
        raise ValueError(
            f"the image's shape {shape} has its channels (or stacked frames) first; bring it to (H, W, C) with "
            "gymnasium.wrappers.TransformObservation and numpy.moveaxis(image, 0, -1)"
        )
    return ImageForm(shape, low, high, image.dtype)


def _is_image(space: spaces.Space[Any]) -> bool:
    return isinstance(space, spaces.Box) and len(space.shape) in (2, 3) and min(space.shape) > 0


class Shrink:
    """The whole image at a low resolution: each pixel the average of its part of the image, in exact shares.

    Args:
        image_shape: (H, W) or (H, W, C).
        size: width and height, or (height, width), at most the image's.
    """

    def __init__(self, image_shape: tuple[int, ...], size: int | tuple[int, int]) -> None:
        height, width = (size, size) if isinstance(size, (int, np.integer)) else size
        height, width = check_whole("periphery height", height, 1), check_whole("periphery width", width, 1)
        if height > image_shape[0] or width > image_shape[1]:
            raise ValueError(
                f"a periphery of {height}x{width} is larger than the image of {image_shape[0]}x{image_shape[1]}"
            )
        self.shape = (height, width, *image_shape[2:])
        self._rows, self._columns = _shares(image_shape[0], height), _shares(image_shape[1], width)

    def __call__(self, images: NDArray[Any]) -> NDArray[np.float32]:
        """(B, H, W[, C]), uint8 or float32 in 0..1, as (B, h, w[, C]) float32 in 0..1."""
        batch, height, width = images.shape[:3]
        pixels = images.astype(np.float32).reshape(batch, height, -1)
        lines = (self._rows @ pixels).reshape(batch, self.shape[0], width, -1)
        shrunk = (self._columns @ lines).reshape(batch, *self.shape)
        # Rounding may leave a white area a little above 1.
        return np.minimum(shrunk / np.float32(255 if images.dtype == np.uint8 else 1), 1)


def _shares(size: int, cells: int) -> NDArray[np.float32]:
    """The share of each cell that each of `size` pixels has, (cells, size)."""
    edges = np.arange(cells + 1) * (size / cells)
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0, None) * (cells / size)).astype(np.float32)
