"""A frame that is being painted, in units that don't depend on its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ram_envs.rendering.painting import (
    NIGHT,
    SLATE,
    WHITE,
    Box,
    Colour,
    Point,
    disc,
    import_pygame,
    ring,
    stamp,
    surface_on,
    verdict,
    write,
)

if TYPE_CHECKING:
    import pygame

LEFT, RIGHT = 498, 782
"""Where the contents of the panel beside a square stage begin and end, in units."""


class Canvas:
    """A frame that is being painted. Lengths and places (x, y) are in units: 1/480 of the frame's height.

    Args:
        frame: a contiguous (H, W, 3) uint8 array, which is painted on in place.
    """

    def __init__(self, frame: NDArray[np.uint8]) -> None:
        self.frame = frame
        self.surface = surface_on(frame)
        self.unit = len(frame) / 480
        """Pixels."""

    @classmethod
    def blank(cls, height: int, width: int) -> Canvas:
        """Return a dark canvas of a size in pixels."""
        canvas = cls(np.empty((height, width, 3), np.uint8))
        canvas.surface.fill(NIGHT)
        return canvas

    def clear_panel(self) -> None:
        """Paint the empty panel: all that lies right of the square stage."""
        size = len(self.frame)
        self.surface.fill(SLATE, (size, 0, self.frame.shape[1] - size, size))

    def pixels(self, left: float, top: float, width: float, height: float) -> Box:
        """Return the pixels of a box in units, at least one in each direction; boxes that touch stay in touch."""
        x0, y0, x1, y1 = (round(z * self.unit) for z in (left, top, left + width, top + height))
        return x0, y0, max(x1 - x0, 1), max(y1 - y0, 1)

    def write(
        self, words: str, at: Point, height: float, colour: Colour = WHITE, anchor: str = "topleft"
    ) -> tuple[float, float]:
        """Write words with their `anchor` (see `painting.write`) at a place; return where they begin and end in x."""
        place = (at[0] * self.unit, at[1] * self.unit)
        box = write(self.surface, words, place, height=height * self.unit, colour=colour, anchor=anchor)
        return box.left / self.unit, box.right / self.unit

    def box(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        colour: Colour,
        *,
        line: float = 0,
        radius: float = 10,
    ) -> None:
        """Paint a box whose corners are round by a radius: filled, or as a line of a width."""
        rect, pixels = import_pygame().draw.rect, self.pixels(left, top, width, height)
        rect(self.surface, colour, pixels, round(line * self.unit), border_radius=round(radius * self.unit))

    def mark(self, right: bool, at: Point, side: float) -> None:
        """Put a tick or a cross with its middle at a place."""
        self._stamp(verdict(right, max(round(side * self.unit), 1)), at)

    def dot(self, at: Point, radius: float, colour: Colour) -> None:
        """Put a disc with its middle at a place."""
        self._stamp(disc(round(radius * self.unit), colour, NIGHT), at)

    def ring(self, at: Point, radius: float, width: float, colour: Colour) -> None:
        """Put a circle line of a width with its middle at a place."""
        self._stamp(ring(round(radius * self.unit), round(width * self.unit), colour), at)

    def image(self, frame: NDArray[np.uint8], at: Point) -> None:
        """Put another frame, pixel by pixel, with its top-left corner at a place."""
        left, top = (round(z * self.unit) for z in at)
        self.frame[top : top + frame.shape[0], left : left + frame.shape[1]] = frame

    def _stamp(self, mark: pygame.Surface, at: Point) -> None:
        stamp(self.surface, mark, (at[0] * self.unit, at[1] * self.unit))
