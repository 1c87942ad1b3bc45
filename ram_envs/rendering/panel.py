"""The panel beside the scene: what the agent sees, how probable it holds each action, what it says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.rendering.canvas import LEFT, RIGHT, Canvas
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
    mix,
    outline,
    patch_rgb,
    put_image,
)

if TYPE_CHECKING:
    from ram_envs.rendering.view import View


FEW = 16
"""So many actions or fewer stand well apart."""
LETTER = 0.45
"""The width of a letter, as a share of its height."""
SMALLEST, LARGEST = 13.0, 20.0
"""How high the names of the actions are written, in units."""


class Panel:
    """The right side of the frame: patches, probabilities and the verdict. Lengths are in the canvas's units.

    Args:
        canvas: a frame whose panel is empty.
        view: what to show.
    """

    def __init__(self, canvas: Canvas, view: View) -> None:
        self.canvas = canvas
        self.view = view

    def paint(self) -> None:
        """Paint the panel from top to bottom."""
        view = self.view
        self.canvas.write("WHAT THE AGENT SEES", (LEFT, 20), 17, GREY)
        of = "" if view.num_glimpses is None else f" / {view.num_glimpses}"
        self.canvas.write(f"glimpse {len(view.gaze)}{of}", (RIGHT, 20), 17, WHITE, "topright")
        bottom = self.patches(44, 336 if view.probabilities is None else 248)
        if view.probabilities is not None:
            self.bars(view.probabilities, bottom + 34, 366)
        self.choices(374, 398)
        self.status(434)

    def patches(self, top: float, bottom: float) -> float:
        """Paint the k patches, each labelled with what it covers of the scene; return where they end."""
        glimpse, gap, caption = self.view.glimpse, 14.0, 20.0
        k, height, width = glimpse.shape[:3]
        across, down = RIGHT - LEFT, bottom - top

        def scale_for(columns: int) -> float:
            rows = math.ceil(k / columns)
            wide, high = (across - gap * (columns - 1)) / columns, (down - gap * (rows - 1)) / rows - caption
            return min(wide / width, high / height)

        columns = max(range(1, k + 1), key=scale_for)
        wide, high = width * scale_for(columns), height * scale_for(columns)
        for i, (patch, region) in enumerate(zip(glimpse, self.view.regions, strict=True)):
            row, column = divmod(i, columns)
            in_row = min(columns, k - row * columns)
            x = LEFT + (across - in_row * wide - (in_row - 1) * gap) / 2 + column * (wide + gap)
            y = top + row * (high + caption + gap)
            colour = SCALE_COLOURS[i % len(SCALE_COLOURS)]
            box = self.canvas.pixels(x, y, wide, high)
            put_image(self.canvas.surface, patch_rgb(patch, i), box)
            outline(self.canvas.surface, box, colour, max(round(2 * self.canvas.unit), 1))
            words = f"{region[3]} x {region[2]}" + (" pixels" if wide > 110 else "")
            self.canvas.write(words, (x + wide / 2, y + high + 6), 17, colour, "midtop")
        return y + high + caption

    def slots(self) -> list[tuple[float, float]]:
        """Return left and width of each action's column, in units; none where actions are not discrete."""
        n = max(len(self.view.action_names), 1)
        width = (RIGHT - LEFT) / n
        gap = min(6.0, width / 4 if n <= FEW else width / 10)
        return [(LEFT + i * width + gap / 2, width - gap) for i in range(len(self.view.action_names))]

    def bars(self, probabilities: NDArray[np.floating[Any]], top: float, bottom: float) -> None:
        """Paint each action's probability as a bar that stands on its name."""
        best = int(np.argmax(probabilities))
        for i, ((left, width), p) in enumerate(zip(self.slots(), probabilities, strict=True)):
            height = float(np.clip(p, 0, 1)) * (bottom - top)
            self.canvas.box(left, top, width, bottom - top, mix(SLATE, RAISED, 0.6), radius=0)
            if height * self.canvas.unit >= 0.5:
                self.canvas.box(left, bottom - height, width, height, SKY if i == best else FAINT, radius=0)
        left, width = self.slots()[best]
        high = bottom - float(probabilities[best]) * (bottom - top)
        self.canvas.write(
            f"{float(probabilities[best]):.0%}", (left + width / 2, max(high, top) - 3), 17, SKY, "midbottom"
        )

    def choices(self, top: float, bottom: float) -> None:
        """Paint each action's name, the chosen one bright."""
        slots, height = self.slots(), self.letters()
        for i, ((left, width), name) in enumerate(zip(slots, self.view.action_names, strict=True)):
            chosen = i == self.view.prediction
            self.canvas.box(left, top, width, bottom - top, YELLOW if chosen else RAISED, radius=5)
            if height:
                middle = (left + width / 2, (top + bottom) / 2 + 0.5)
                # A long name is cut to its slot, and stands whole in the sentence below.
                shown = name[: max(int(width / (LETTER * height)), 1)]
                self.canvas.write(shown, middle, height, NIGHT if chosen else GREY, "center")

    def letters(self) -> float:
        """Return how high the actions' names are written, in units; 0 for many actions where they have no room."""
        names, slots = self.view.action_names, self.slots()
        fitting = slots[0][1] / (LETTER * max(map(len, names))) if slots else 0
        return min(LARGEST, fitting) if fitting >= SMALLEST else LARGEST if len(names) <= FEW else 0

    def status(self, middle: float) -> None:
        """Say what the agent says, whether it is right, and the counts."""
        view = self.view
        left: float = LEFT
        judged = view.prediction is not None and (view.label is not None or view.finished)
        if judged:
            self.canvas.mark(view.success, (left + 15, middle), 30)
            left += 42
        words = self.sentence()
        self.canvas.write(words, (left, middle), 28 * min(1, 20 / len(words)), WHITE, "midleft")
        right: float = RIGHT
        for name, count in reversed(view.counts.items()):
            right = self.canvas.write(f"{count} {name}", (right, 462), 18, GREY, "midright")[0] - 14

    def sentence(self) -> str:
        """Return the agent's answer in words."""
        view = self.view
        said = view.said()
        if not said:
            return "looking"
        if view.label is None:
            return ("caught" if view.success else "missed") if view.finished else said
        if view.looks_left is not None and not view.finished:
            return said
        return f"{said}, right" if view.success else f"{said}, but it is {view.truth()}"
