"""The panel beside the scene: what the agent sees, how probable it holds each action, what it says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.rendering.painting import (
    FAINT,
    GREY,
    NIGHT,
    RAISED,
    SCALE_COLOURS,
    SKY,
    SLATE,
    WHITE,
    YELLOW,
    Box,
    Colour,
    Point,
    import_pygame,
    mix,
    outline,
    patch_rgb,
    put_image,
    stamp,
    verdict,
    write,
)

if TYPE_CHECKING:
    import pygame

    from ram_envs.rendering.view import View


class Panel:
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
        glimpse, gap, caption = self.view.glimpse, 14.0, 20.0
        k, height, width = glimpse.shape[:3]
        across, down = self.RIGHT - self.LEFT, bottom - top

        def scale_for(columns: int) -> float:
            rows = math.ceil(k / columns)
            wide, high = (across - gap * (columns - 1)) / columns, (down - gap * (rows - 1)) / rows - caption
            return min(wide / width, high / height)

        columns = max(range(1, k + 1), key=scale_for)
        wide, high = width * scale_for(columns), height * scale_for(columns)
        for i, (patch, region) in enumerate(zip(glimpse, self.view.regions, strict=True)):
            row, column = divmod(i, columns)
            in_row = min(columns, k - row * columns)
            x = self.LEFT + (across - in_row * wide - (in_row - 1) * gap) / 2 + column * (wide + gap)
            y = top + row * (high + caption + gap)
            colour = SCALE_COLOURS[i % len(SCALE_COLOURS)]
            box = self.box(x, y, wide, high)
            put_image(self.surface, patch_rgb(patch, i), box)
            outline(self.surface, box, colour, max(round(2 * self.unit), 1))
            words = f"{region[3]} x {region[2]}" + (" pixels" if wide > 110 else "")
            self.write(words, (x + wide / 2, y + high + 6), 17, colour, "midtop")
        return y + high + caption

    def slots(self) -> list[tuple[float, float]]:
        """Return left and width of each action's column, in panel units; none where actions are not discrete."""
        n = max(len(self.view.action_names), 1)
        width = (self.RIGHT - self.LEFT) / n
        gap = min(6.0, width / 4)
        return [(self.LEFT + i * width + gap / 2, width - gap) for i in range(len(self.view.action_names))]

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
                # A letter is about 9 wide: a long name is cut to its slot, and told whole in the sentence below.
                self.write(name[: max(int(width / 9), 1)], middle, 20, NIGHT if chosen else GREY, "center")

    def status(self, middle: float) -> None:
        """Say what the agent says, whether it is right, and the counts."""
        view = self.view
        left: float = self.LEFT
        judged = view.prediction is not None and (view.label is not None or view.finished)
        if judged:
            mark = verdict(view.success, max(round(30 * self.unit), 4))
            stamp(self.surface, mark, ((left + 15) * self.unit, middle * self.unit))
            left += 42
        words = self.sentence()
        self.write(words, (left, middle), 28 * min(1, 20 / len(words)), WHITE, "midleft")
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
