"""Frames as RGB arrays: what an episode looks like, and what the agent sees of it."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .painting import (
    FAINT,
    GREEN,
    GREY,
    NIGHT,
    ORANGE,
    PURPLE,
    RAISED,
    SKY,
    SLATE,
    WHITE,
    YELLOW,
    Box,
    Colour,
    Point,
    disc,
    import_pygame,
    mix,
    put_image,
    rgb,
    ring,
    stamp,
    surface_on,
    thick_line,
    verdict,
    write,
)

if TYPE_CHECKING:
    import pygame

SCALE_COLOURS = (ORANGE, SKY, GREEN, PURPLE)
"""The colour of each scale of the retina, fine scale first; used again from the start beyond four."""
_OBJECT_COLOURS = (YELLOW, SKY)
_NUMBERED = 12  # longer gaze paths show growing marks without numbers


class View(NamedTuple):
    """Everything that a picture of one episode needs; a task fills it, `draw` paints it."""

    scene: NDArray[np.uint8]
    """The whole current scene, (H, W) or (H, W, C), 0..255."""
    glimpse: NDArray[np.float32]
    """What the agent sees, (k, g, g) or (k, g, g, C), in [0, 1], fine scale first."""
    windows: list[tuple[int, int, int, int]]
    """For each scale its window in the scene: (top, left, height, width) in pixels; may hang outside."""
    gaze: NDArray[np.float32]
    """The locations looked at so far, (n, 2), each (x, y) in [-1, 1], the current one last."""
    action_names: tuple[str, ...]
    """A short name for each discrete action: digits, or left, stay, right."""
    prediction: int | None
    """The latest discrete action, if there was one."""
    label: int | None
    """The right class, for classification."""
    finished: bool
    """Whether the episode is over."""
    success: bool
    """Whether the latest answer is right, or the ball was caught."""
    counts: dict[str, int]
    """Running counts over episodes, such as {"caught": 3, "missed": 1}; empty for none."""
    probabilities: NDArray[np.floating[Any]] | None
    """An attached agent's probability of each action, (n,), or None."""
    num_glimpses: int | None = None
    """How many glimpses the episode has, if that is known."""
    objects: tuple[tuple[str, tuple[int, int, int, int]], ...] = ()
    """Things in the scene to point out, such as the ball: names and windows (top, left, height, width) in pixels."""


def draw(view: View, *, size: int = 480) -> NDArray[np.uint8]:
    """Paint one frame: the scene with the gaze on it, and beside it what the agent sees and says.

    A pure function: the same view gives the same picture. It needs pygame but no display.

    Args:
        view: what to show.
        size: the frame's height in pixels, a multiple of 12 and at least 120. Text is meant to be read from 360 up.

    Returns:
        A frame (size, size * 5 / 3, 3), uint8 RGB; both sides are even, as videos want them.

    Raises:
        ValueError: if the size does not fit.
        gymnasium.error.DependencyNotInstalled: if pygame is missing.
    """
    if size < 120 or size % 12:
        raise ValueError(f"size must be a multiple of 12 and at least 120, got {size}; 480 is the usual one")
    frame = _background(size).copy()
    surface = surface_on(frame)
    _paint_scene(surface, view, size)
    _Panel(surface, view, size / 480).paint()
    return frame


def grid(frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Tile frames of one shape, row by row, into a nearly square picture; empty places stay black.

    Args:
        frames: one or more (H, W, 3) uint8 arrays.

    Returns:
        A frame (rows * H, columns * W, 3).
    """
    if not len(frames):
        raise ValueError("grid needs at least one frame, got none")
    height, width, channels = frames[0].shape
    columns = max(1, min(len(frames), round(math.sqrt(len(frames) * height / width))))
    rows = math.ceil(len(frames) / columns)
    tiles = np.zeros((rows * columns, height, width, channels), np.uint8)
    tiles[: len(frames)] = frames
    return (
        tiles.reshape(rows, columns, height, width, channels)
        .swapaxes(1, 2)
        .reshape(rows * height, columns * width, channels)
    )


@functools.lru_cache(maxsize=8)
def _background(size: int) -> NDArray[np.uint8]:
    """Return the empty frame: a dark stage on the left, a panel on the right."""
    frame = np.empty((size, size * 5 // 3, 3), np.uint8)
    frame[:, :size] = NIGHT
    frame[:, size:] = SLATE
    frame.setflags(write=False)
    return frame


# The scene --------------------------------------------------------------------------------------------------------


class _Stage(NamedTuple):
    """Where the scene lies in the frame."""

    left: int
    top: int
    pixel: float  # frame pixels per scene pixel
    height: int
    width: int

    @classmethod
    def fit(cls, scene: NDArray[np.uint8], size: int) -> _Stage:
        """Place a scene in the middle of a square of `size`, whole blocks per pixel where pixels are large."""
        height, width = scene.shape[:2]
        pixel = 0.92 * size / max(height, width)
        if pixel >= 3:
            pixel = math.floor(pixel)
        return cls(round((size - pixel * width) / 2), round((size - pixel * height) / 2), pixel, height, width)

    def box(self, window: tuple[int, int, int, int]) -> Box:
        """Return the frame's pixels that a window of the scene covers."""
        top, left, height, width = window
        x0, x1 = (round(self.left + self.pixel * column) for column in (left, left + width))
        y0, y1 = (round(self.top + self.pixel * row) for row in (top, top + height))
        return x0, y0, x1 - x0, y1 - y0

    def point(self, location: NDArray[np.float32]) -> Point:
        """Return the frame's pixel at a location (x, y) in [-1, 1]."""
        x, y = (float(z) for z in location)
        return self.left + (x + 1) / 2 * self.width * self.pixel, self.top + (y + 1) / 2 * self.height * self.pixel


def _paint_scene(surface: pygame.Surface, view: View, size: int) -> None:
    """Paint the dimmed scene, the patches in place with their outlines, the things pointed out, and the gaze."""
    unit = size / 480
    stage = _Stage.fit(view.scene, size)
    surface.set_clip((0, 0, size, size))
    # The dimmed scene is lifted off black, so that the seen patches stand out by contrast even where both are empty.
    dimmed = (rgb(view.scene).astype(np.float32) * 0.34 + RAISED).astype(np.uint8)
    put_image(surface, dimmed, stage.box((0, 0, stage.height, stage.width)))
    scales = list(zip(view.glimpse, view.windows, SCALE_COLOURS * len(view.windows), strict=False))
    for patch, window, _ in reversed(scales):
        put_image(surface, rgb(patch), stage.box(window))
    for _, window, colour in reversed(scales):
        _outline(surface, stage.box(window), colour, max(round(2 * unit), 1))
    for (_, window), colour in zip(view.objects, _OBJECT_COLOURS * len(view.objects), strict=False):
        _outline(surface, stage.box(window), colour, max(round(3 * unit), 1))
    _paint_gaze(surface, [stage.point(location) for location in view.gaze], view, unit)
    surface.set_clip(None)


def _outline(surface: pygame.Surface, box: Box, colour: Colour, width: int) -> None:
    """Paint a frame just outside of a box."""
    left, top, across, down = box
    grown = (left - width, top - width, across + 2 * width, down + 2 * width)
    import_pygame().draw.rect(surface, colour, grown, width)


def _paint_gaze(surface: pygame.Surface, points: list[Point], view: View, unit: float) -> None:
    """Paint the path of the gaze: the older, the smaller and fainter; the current fixation is an open ring."""
    if not points:
        return
    numbered = (view.num_glimpses or len(points)) <= _NUMBERED
    first = max(0, len(points) - _NUMBERED)
    freshness = {i: (i - first + 1) / (len(points) - first) for i in range(first, len(points))}
    for i in range(first + 1, len(points)):
        shade = mix(FAINT, YELLOW, freshness[i])
        thick_line(surface, shade, points[i - 1], points[i], width=max(1.0, (0.8 + 1.6 * freshness[i]) * unit))
    for i in range(first, len(points) - 1):
        shade = mix(FAINT, YELLOW, freshness[i])
        if numbered:
            mark = disc(max(round(9 * unit), 2), shade, NIGHT, str(i + 1))
        else:
            mark = disc(max(round((2 + 3 * freshness[i]) * unit), 1), shade, NIGHT)
        stamp(surface, mark, points[i])
    stamp(surface, ring(max(round(11 * unit), 3), max(round(4 * unit), 2), NIGHT), points[-1])
    stamp(surface, ring(max(round(10 * unit), 3), max(round(2 * unit), 1), YELLOW), points[-1])


# The panel --------------------------------------------------------------------------------------------------------


class _Panel:
    """The right side of the frame: patches, probabilities and the verdict. Sizes are in 1/480 of the height."""

    LEFT, RIGHT = 498, 782

    def __init__(self, surface: pygame.Surface, view: View, unit: float) -> None:
        self.surface = surface
        self.view = view
        self.unit = unit

    def paint(self) -> None:
        """Paint the panel from top to bottom."""
        view = self.view
        self.write("WHAT THE AGENT SEES", (self.LEFT, 20), 17, GREY)
        of = "" if view.num_glimpses is None else f" / {view.num_glimpses}"
        self.write(f"glimpse {len(view.gaze)}{of}", (self.RIGHT, 20), 17, WHITE, "topright")
        bottom = self.patches(44, 336 if view.probabilities is None else 248)
        if view.probabilities is not None:
            self.bars(view.probabilities, bottom + 34, 366)
        self.choices(374, 398)
        self.status(434)

    def write(self, words: str, at: Point, height: float, colour: Colour, anchor: str = "topleft") -> pygame.Rect:
        """Write words at a place in panel units."""
        place = (at[0] * self.unit, at[1] * self.unit)
        return write(self.surface, words, place, height=height * self.unit, colour=colour, anchor=anchor)

    def box(self, left: float, top: float, width: float, height: float) -> Box:
        """Turn a box in panel units into pixels of the frame."""
        x0, y0, x1, y1 = (round(z * self.unit) for z in (left, top, left + width, top + height))
        return x0, y0, max(x1 - x0, 1), max(y1 - y0, 1)

    def patches(self, top: float, bottom: float) -> float:
        """Paint the k patches, each labelled with what it covers of the scene; return where they end."""
        k, gap, caption = len(self.view.glimpse), 14.0, 20.0
        across, down = self.RIGHT - self.LEFT, bottom - top

        def side_for(columns: int) -> float:
            rows = math.ceil(k / columns)
            return min((across - gap * (columns - 1)) / columns, (down - gap * (rows - 1)) / rows - caption)

        columns = max(range(1, k + 1), key=side_for)
        side = side_for(columns)
        for i, (patch, window) in enumerate(zip(self.view.glimpse, self.view.windows, strict=True)):
            row, column = divmod(i, columns)
            in_row = min(columns, k - row * columns)
            left = self.LEFT + (across - in_row * side - (in_row - 1) * gap) / 2 + column * (side + gap)
            high = top + row * (side + caption + gap)
            colour = SCALE_COLOURS[i % len(SCALE_COLOURS)]
            box = self.box(left, high, side, side)
            put_image(self.surface, rgb(patch), box)
            _outline(self.surface, box, colour, max(round(2 * self.unit), 1))
            words = f"{window[3]} x {window[2]} pixels" if side > 110 else f"{window[3]} x {window[2]}"
            self.write(words, (left + side / 2, high + side + 6), 17, colour, "midtop")
        return high + side + caption

    def slots(self) -> list[tuple[float, float]]:
        """Return left and width of each action's column, in panel units."""
        n = len(self.view.action_names)
        width = (self.RIGHT - self.LEFT) / n
        gap = min(6.0, width / 4)
        return [(self.LEFT + i * width + gap / 2, width - gap) for i in range(n)]

    def bars(self, probabilities: NDArray[np.floating[Any]], top: float, bottom: float) -> None:
        """Paint each action's probability as a bar that stands on its name."""
        fill = import_pygame().draw.rect
        best = int(np.argmax(probabilities))
        for i, ((left, width), p) in enumerate(zip(self.slots(), probabilities, strict=True)):
            height = float(np.clip(p, 0, 1)) * (bottom - top)
            fill(self.surface, mix(SLATE, RAISED, 0.6), self.box(left, top, width, bottom - top))
            if height * self.unit >= 0.5:
                fill(self.surface, SKY if i == best else FAINT, self.box(left, bottom - height, width, height))
        left, width = self.slots()[best]
        high = bottom - float(probabilities[best]) * (bottom - top)
        self.write(f"{float(probabilities[best]):.0%}", (left + width / 2, max(high, top) - 3), 17, SKY, "midbottom")

    def choices(self, top: float, bottom: float) -> None:
        """Paint each action's name, the chosen one bright."""
        n = len(self.view.action_names)
        for i, ((left, width), name) in enumerate(zip(self.slots(), self.view.action_names, strict=True)):
            chosen = i == self.view.prediction
            box = self.box(left, top, width, bottom - top)
            radius = round(5 * self.unit)
            import_pygame().draw.rect(self.surface, YELLOW if chosen else RAISED, box, border_radius=radius)
            if n <= 16:
                middle = (left + width / 2, (top + bottom) / 2 + 0.5)
                self.write(name, middle, 20, NIGHT if chosen else GREY, "center")

    def status(self, middle: float) -> None:
        """Say what the agent says, whether it is right, and the counts."""
        view = self.view
        left: float = self.LEFT
        judged = view.prediction is not None and (view.label is not None or view.finished)
        if judged:
            mark = verdict(view.success, max(round(30 * self.unit), 4))
            stamp(self.surface, mark, ((left + 15) * self.unit, middle * self.unit))
            left += 42
        self.write(self.sentence(), (left, middle), 28, WHITE, "midleft")
        right: float = self.RIGHT
        for name, count in reversed(view.counts.items()):
            box = self.write(f"{count} {name}", (right, 462), 18, GREY, "midright")
            right = box.left / self.unit - 14

    def sentence(self) -> str:
        """Return the agent's answer in words."""
        view = self.view
        if view.prediction is None:
            return "looking"
        name = view.action_names[view.prediction]
        if view.label is not None:
            return f"{name}, right" if view.success else f"{name}, but it is {view.action_names[view.label]}"
        if view.finished:
            return "caught" if view.success else "missed"
        return name
