"""Painting on arrays: the palette, text, marks and lines that frames are made of. Needs pygame, but no display.

Everything that is costly to make (text, smooth marks) is made once and kept; what is kept are plain surfaces, which
outlive `pygame.quit()`.
"""

from __future__ import annotations

import functools
import math
from types import ModuleType
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ram_envs.extras import how_to_install

if TYPE_CHECKING:
    import pygame

Colour = tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[int, int, int, int]
"""left, top, width, height in pixels of the frame."""

# Okabe and Ito's palette, which people with any common form of colour-blindness can tell apart.
ORANGE, SKY, GREEN, YELLOW = (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)
BLUE, VERMILLION, PURPLE = (0, 114, 178), (213, 94, 0), (204, 121, 167)
SCALE_COLOURS = (ORANGE, SKY, GREEN, PURPLE)
"""The colour of each scale of the retina, fine scale first; used again from the start beyond four."""
# Greys of the background, from the deepest to the text.
NIGHT, SLATE, RAISED, FAINT, GREY, WHITE = (
    (12, 14, 19),
    (20, 23, 31),
    (36, 41, 53),
    (84, 92, 110),
    (150, 158, 174),
    (238, 241, 246),
)

_SMOOTHING = 4  # marks are painted this many times too large, then averaged down


def import_pygame() -> ModuleType:
    """Return the module pygame.

    Raises:
        gymnasium.error.DependencyNotInstalled: if it is missing.
    """
    try:
        import pygame
        import pygame.font
    except ImportError as error:
        raise gymnasium.error.DependencyNotInstalled(
            f"pygame is not installed, and rendering needs it: run {how_to_install('render')}"
        ) from error
    return pygame


def surface_on(pixels: NDArray[np.uint8]) -> pygame.Surface:
    """Return a surface that paints into `pixels`, a contiguous (H, W, 3) array."""
    height, width, _ = pixels.shape
    return import_pygame().image.frombuffer(pixels, (width, height), "RGB")


def rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return an image, (H, W) or (H, W, C), uint8 or float in [0, 1], as (H, W, 3) uint8.

    Three channels are red, green and blue; any other number is shown as the grey of its mean.
    """
    if image.dtype != np.uint8:
        image = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[-1] not in (1, 3):
        image = image.mean(axis=-1, keepdims=True).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3)))


def mix(first: Colour, second: Colour, amount: float) -> Colour:
    """Return the colour that lies `amount` (0..1) of the way from the first to the second."""
    red, green, blue = (round(a + (b - a) * amount) for a, b in zip(first, second, strict=True))
    return red, green, blue


@functools.lru_cache(maxsize=1024)
def text_surface(words: str, height: int, colour: Colour) -> pygame.Surface:
    """Return words painted `height` pixels high, on nothing."""
    pygame = import_pygame()
    pygame.font.init()
    # Painted large and averaged down: at small sizes the font's own letters stand unevenly.
    large = pygame.font.Font(None, _SMOOTHING * height).render(words, True, colour)
    if not words:
        return large  # nothing wide, which pygame's smoothscale can't take
    return pygame.transform.smoothscale(large, [max(round(side / _SMOOTHING), 1) for side in large.get_size()])


def write(
    surface: pygame.Surface, words: str, at: Point, *, height: float, colour: Colour, anchor: str = "topleft"
) -> pygame.Rect:
    """Write words with their `anchor` (the name of a corner or side, as in pygame.Rect) at a point; return where."""
    painted = text_surface(words, max(round(height), 1), colour)
    box = painted.get_rect(**{anchor: (round(at[0]), round(at[1]))})
    surface.blit(painted, box)
    return box


def _blank(side: int, colour: Colour) -> pygame.Surface:
    """Return a transparent square, `_SMOOTHING` times too large, whose hidden colour leaves no fringe."""
    pygame = import_pygame()
    square = pygame.Surface((side * _SMOOTHING, side * _SMOOTHING), pygame.SRCALPHA)
    square.fill((*colour, 0))
    return square


@functools.lru_cache(maxsize=1024)
def disc(radius: int, colour: Colour, rim: Colour, words: str = "") -> pygame.Surface:
    """Return a smooth disc with a rim, and in it dark words."""
    pygame = import_pygame()
    side = 2 * radius + 3
    square = _blank(side, rim)
    middle = (square.get_width() // 2,) * 2
    pygame.draw.circle(square, rim, middle, (radius + 1.5) * _SMOOTHING)
    pygame.draw.circle(square, colour, middle, radius * _SMOOTHING)
    stamp = pygame.transform.smoothscale(square, (side, side))
    if words:
        write(stamp, words, (side / 2, side / 2 + 0.5), height=1.55 * radius, colour=NIGHT, anchor="center")
    return stamp


@functools.lru_cache(maxsize=64)
def ring(radius: int, width: int, colour: Colour) -> pygame.Surface:
    """Return a smooth circle line of a width, in pixels."""
    pygame = import_pygame()
    side = 2 * radius + 3
    square = _blank(side, colour)
    middle = (square.get_width() // 2,) * 2
    pygame.draw.circle(square, colour, middle, radius * _SMOOTHING, width * _SMOOTHING)
    return pygame.transform.smoothscale(square, (side, side))


@functools.lru_cache(maxsize=16)
def verdict(right: bool, side: int) -> pygame.Surface:
    """Return a tick on green or a cross on vermillion, so that both shape and colour show which."""
    pygame = import_pygame()
    colour = GREEN if right else VERMILLION
    square = _blank(side, colour)
    full = square.get_width()
    pygame.draw.circle(square, colour, (full // 2, full // 2), full // 2)
    tick = [((0.27, 0.53), (0.43, 0.69)), ((0.43, 0.69), (0.73, 0.34))]
    cross = [((0.32, 0.32), (0.68, 0.68)), ((0.68, 0.32), (0.32, 0.68))]
    for (x0, y0), (x1, y1) in tick if right else cross:
        start, end = (x0 * full, y0 * full), (x1 * full, y1 * full)
        thick_line(square, WHITE, start, end, width=0.11 * full)
        for point in (start, end):
            pygame.draw.circle(square, WHITE, point, 0.055 * full)
    return pygame.transform.smoothscale(square, (side, side))


def thick_line(surface: pygame.Surface, colour: Colour, start: Point, end: Point, *, width: float) -> None:
    """Paint a smooth line of a width in pixels: thin smooth ones side by side, half a pixel apart."""
    aaline = import_pygame().draw.aaline
    (x0, y0), (x1, y1) = start, end
    length = float(np.hypot(x1 - x0, y1 - y0))
    if length > 0:
        strands = math.ceil(2 * max(width - 1, 0)) + 1
        for offset in np.linspace(-(width - 1) / 2, (width - 1) / 2, strands) if strands > 1 else (0.0,):
            dx, dy = -(y1 - y0) / length * offset, (x1 - x0) / length * offset
            aaline(surface, colour, (x0 + dx, y0 + dy), (x1 + dx, y1 + dy))


def stamp(surface: pygame.Surface, mark: pygame.Surface, at: Point) -> None:
    """Put a mark with its middle at a point."""
    surface.blit(mark, (round(at[0] - mark.get_width() / 2), round(at[1] - mark.get_height() / 2)))


def put_image(surface: pygame.Surface, image: NDArray[np.uint8], box: Box) -> None:
    """Put an (H, W, 3) image into a box, each of its pixels a sharp block; only what the clip shows is scaled."""
    pygame = import_pygame()
    left, top, width, height = box
    rows, columns, _ = image.shape
    shown = surface.get_clip().clip(box)
    if not shown.width or not shown.height:
        return
    # The image's pixels that are shown, at least in part.
    row, column = (shown.top - top) * rows // height, (shown.left - left) * columns // width
    last_row = ((shown.bottom - top) * rows - 1) // height + 1
    last_column = ((shown.right - left) * columns - 1) // width + 1
    part = np.ascontiguousarray(image[row:last_row, column:last_column])
    x0, y0 = left + column * width // columns, top + row * height // rows
    x1, y1 = left + last_column * width // columns, top + last_row * height // rows
    shrinking = width < columns or height < rows
    scale = pygame.transform.smoothscale if shrinking else pygame.transform.scale
    surface.blit(scale(surface_on(part), (max(x1 - x0, 1), max(y1 - y0, 1))), (x0, y0))


def patch_rgb(patch: NDArray[np.float32], scale: int) -> NDArray[np.uint8]:
    """Return the retina's patch of a scale (0 is the finest) as (g, g, 3) uint8.

    A thin line or a single pixel is faint once it is averaged into a coarse patch, so coarse scales are brightened,
    by the exponent 2 / (2 + scale); the order of the brightnesses stays.
    """
    return rgb(patch if scale == 0 else np.clip(patch, 0, 1) ** (2 / (2 + scale)))


def outline(surface: pygame.Surface, box: Box, colour: Colour, width: int) -> None:
    """Paint a frame just outside of a box."""
    left, top, across, down = box
    grown = (left - width, top - width, across + 2 * width, down + 2 * width)
    import_pygame().draw.rect(surface, colour, grown, width)
