"""Frames as RGB arrays: what an episode looks like, and what the agent sees of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.rendering.canvas import Canvas
from ram_envs.rendering.painting import (
    FAINT,
    GREEN,
    NIGHT,
    RAISED,
    SCALE_COLOURS,
    SKY,
    VERMILLION,
    YELLOW,
    Box,
    Point,
    disc,
    import_pygame,
    mix,
    outline,
    patch_rgb,
    put_image,
    rgb,
    ring,
    stamp,
    text_surface,
    thick_line,
    verdict,
    write,
)
from ram_envs.rendering.panel import Panel
from ram_envs.rendering.view import View

if TYPE_CHECKING:
    import pygame

_OBJECT_COLOURS = (YELLOW, SKY)
_NUMBERED = 12  # longer gaze paths show growing marks without numbers


def draw(view: View, *, size: int = 480, panel: bool = True) -> NDArray[np.uint8]:
    """Paint one frame: the scene with the gaze on it, and beside it what the agent sees and says.

    A pure function: the same view gives the same picture. It needs pygame but no display.

    Args:
        view: what to show.
        size: the frame's height in pixels, a multiple of 6 and at least 60. Text is meant to be read from 360 up.
        panel: False leaves out what is beside the scene, and says the answer in its corner: for small tiles.

    Returns:
        A frame (size, size * 5 / 3, 3), without the panel (size, size, 3), uint8 RGB; both sides are even, as videos
        want them.

    Raises:
        ValueError: if the size does not fit.
        gymnasium.error.DependencyNotInstalled: if pygame is missing.
    """
    if size < 60 or size % 6:
        raise ValueError(f"size must be a multiple of 6 and at least 60, got {size}; 480 is the usual one")
    canvas = Canvas.blank(size, size * 5 // 3 if panel else size)
    _paint_scene(canvas.surface, view, size)
    if panel:
        canvas.clear_panel()
        Panel(canvas, view).paint()
    else:
        _paint_answer(canvas.surface, view, size)
    return canvas.frame


def draw_grid(views: Sequence[View], *, size: int = 960) -> NDArray[np.uint8]:
    """Paint the rows of a vector environment as one picture of tiles without panels.

    Args:
        views: one or more, of one task.
        size: the picture's longer side in pixels at most, as long as tiles of 60 pixels fit.

    Returns:
        A frame (rows * tile, columns * tile, 3), uint8 RGB; tiles have at most 480 pixels.
    """
    across = math.ceil(math.sqrt(len(views)))
    tile = min(max(size // max(across, 1) // 6 * 6, 60), 480)
    return grid([draw(view, size=tile, panel=False) for view in views])


def grid(frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Tile frames of one shape, row by row, into a nearly square picture; empty places stay black.

    Args:
        frames: one or more (H, W, 3) uint8 arrays.

    Returns:
        A frame (rows * H, columns * W, 3).
    """
    if not len(frames):
        raise ValueError("grid needs at least one frame, got none")
    height, width, _ = frames[0].shape
    columns = min(len(frames), math.ceil(math.sqrt(len(frames) * height / width)))
    return tile([frames[i : i + columns] for i in range(0, len(frames), columns)])


def tile(rows: Sequence[Sequence[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Tile rows of frames of one shape into a picture; shorter rows end in black.

    Args:
        rows: one or more, from top to bottom, each of one or more (H, W, 3) uint8 arrays from left to right.

    Returns:
        A frame (len(rows) * H, the longest row's length * W, 3).
    """
    height, width, channels = rows[0][0].shape
    tiles = np.zeros((len(rows), height, max(len(row) for row in rows), width, channels), np.uint8)
    for i, row in enumerate(rows):
        for j, frame in enumerate(row):
            tiles[i, :, j] = frame
    return tiles.reshape(tiles.shape[0] * height, -1, channels)


class Stage(NamedTuple):
    """Where the scene lies in the frame: its corner in pixels, and its size in its own."""

    left: int
    top: int
    pixel: float  # frame pixels per scene pixel
    height: int
    width: int

    @classmethod
    def fit(cls, scene: NDArray[np.uint8], size: int) -> Stage:
        """Place a scene in the middle of a square of `size`, whole blocks per pixel where pixels are large."""
        height, width = scene.shape[:2]
        pixel = 0.92 * size / max(height, width)
        if pixel >= 3:
            pixel = math.floor(pixel)
        return cls(round((size - pixel * width) / 2), round((size - pixel * height) / 2), pixel, height, width)

    def box(self, region: tuple[int, int, int, int]) -> Box:
        """Return the frame's pixels that a region of the scene covers."""
        top, left, height, width = region
        x0, x1 = (round(self.left + self.pixel * column) for column in (left, left + width))
        y0, y1 = (round(self.top + self.pixel * row) for row in (top, top + height))
        return x0, y0, x1 - x0, y1 - y0

    def point(self, location: NDArray[np.float32]) -> Point:
        """Return the frame's pixel at a location (x, y) in [-1, 1]."""
        x, y = (float(z) for z in location)
        return self.left + (x + 1) / 2 * self.width * self.pixel, self.top + (y + 1) / 2 * self.height * self.pixel

    def location(self, point: Point) -> NDArray[np.float32]:
        """Return the location (x, y) at a pixel of the frame, clipped to [-1, 1]."""
        x = (point[0] - self.left) / (self.width * self.pixel) * 2 - 1
        y = (point[1] - self.top) / (self.height * self.pixel) * 2 - 1
        return np.clip(np.array([x, y], np.float32), -1, 1)


def _paint_scene(surface: pygame.Surface, view: View, size: int) -> None:
    """Paint the dimmed scene, the patches in place with their outlines, the things pointed out, and the gaze."""
    unit = size / 480
    stage = Stage.fit(view.scene, size)
    surface.set_clip((0, 0, size, size))
    # The dimmed scene is lifted off black, so that the seen patches stand out by contrast even where both are empty.
    dimmed = rgb(view.scene) // 3 + np.array(RAISED, np.uint8)
    put_image(surface, dimmed, stage.box((0, 0, stage.height, stage.width)))
    boxes = [stage.box(region) for region in view.regions]
    for i in reversed(range(len(boxes))):  # fine over coarse
        put_image(surface, patch_rgb(view.glimpse[i], i), boxes[i])
    for i in reversed(range(len(boxes))):
        outline(surface, boxes[i], SCALE_COLOURS[i % len(SCALE_COLOURS)], max(round(2 * unit), 1))
    for (_, region), colour in zip(view.objects, _OBJECT_COLOURS * len(view.objects), strict=False):
        outline(surface, stage.box(region), colour, max(round(3 * unit), 1))
    _paint_gaze(surface, [stage.point(location) for location in view.gaze], view, unit)
    surface.set_clip(None)


def _paint_answer(surface: pygame.Surface, view: View, size: int) -> None:
    """Paint a tile's edge and, in its corner, the latest answer; at the end of an episode, whether it was right."""
    rect = import_pygame().draw.rect
    rect(surface, RAISED, (0, 0, size, size), 1)
    letters = min(0.13 * size, 36.0)
    if view.finished:
        rect(surface, GREEN if view.success else VERMILLION, (0, 0, size, size), max(size // 70, 2))
        mark = verdict(view.success, max(round(letters), 8))
        stamp(surface, mark, (size - letters * 0.72, letters * 0.72))
    if words := view.said():
        if view.finished and not view.success and view.label is not None:
            words += f" (it is {view.truth()})"
        box = text_surface(words, round(letters), YELLOW).get_rect(topleft=(round(letters / 2), round(letters / 3)))
        rect(surface, NIGHT, box.inflate(letters / 2, letters / 4))
        write(surface, words, box.topleft, height=letters, colour=YELLOW)


def _paint_gaze(surface: pygame.Surface, points: list[Point], view: View, unit: float) -> None:
    """Paint the path of the gaze: the older, the smaller and fainter; the current fixation is an open ring."""
    if not points:
        return
    numbered = (view.num_glimpses or len(points)) <= _NUMBERED
    first = max(0, len(points) - _NUMBERED)
    freshness = {i: (i - first + 1) / (len(points) - first) for i in range(first, len(points))}
    for i in range(first + 1, len(points)):
        shade = mix(FAINT, YELLOW, freshness[i])
        end = points[i] if i < len(points) - 1 else _short_of(points[i], points[i - 1], 10 * unit)
        thick_line(surface, shade, points[i - 1], end, width=max(1.0, (0.8 + 1.6 * freshness[i]) * unit))
    for i in range(first, len(points) - 1):
        shade = mix(FAINT, YELLOW, freshness[i])
        if numbered:
            mark = disc(max(round(9 * unit), 2), shade, NIGHT, str(i + 1))
        else:
            mark = disc(max(round((2 + 3 * freshness[i]) * unit), 1), shade, NIGHT)
        stamp(surface, mark, points[i])
    stamp(surface, ring(max(round(11 * unit), 3), max(round(4 * unit), 2), NIGHT), points[-1])
    stamp(surface, ring(max(round(10 * unit), 3), max(round(2 * unit), 1), YELLOW), points[-1])


def _short_of(goal: Point, start: Point, distance: float) -> Point:
    """Return the point at a distance before the goal on the way from the start, at the earliest the start."""
    length = math.dist(start, goal)
    share = min(distance / length, 1.0) if length > 0 else 0.0
    return goal[0] + (start[0] - goal[0]) * share, goal[1] + (start[1] - goal[1]) * share
