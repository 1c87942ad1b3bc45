"""The pictures of a game of `ram play`: the stage with what the person may see, the score, and notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ram_envs.rendering.canvas import LEFT, RIGHT, Canvas
from ram_envs.rendering.frames import Stage, draw
from ram_envs.rendering.painting import (
    FAINT,
    GREY,
    ORANGE,
    RAISED,
    SCALE_COLOURS,
    SKY,
    SLATE,
    WHITE,
    YELLOW,
    Colour,
    Point,
    outline,
    patch_rgb,
    put_image,
)

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

SIZE = 600
"""Height of a picture in pixels; its width is 5 / 3 of it. All lengths below are in the canvas's units."""


class Score(NamedTuple):
    """The results of both players so far."""

    you: Sequence[bool]
    """Whether you won each finished round."""
    ram: Sequence[bool] | None
    """Whether RAM won these rounds; None where nobody plays against you."""
    round: int
    """The number of the current round, from 0."""
    rounds: int
    """How many there are in all."""

    @property
    def players(self) -> tuple[tuple[str, Colour, Sequence[bool]], ...]:
        """Name, colour and results of each player."""
        you = ("YOU", SKY, self.you)
        return (you,) if self.ram is None else (you, ("RAM", ORANGE, self.ram))


ALONE = "you play alone: no trained agent knows this"
"""Stands where the rival's results would."""


def blank() -> Canvas:
    """Return the dark picture."""
    return Canvas.blank(SIZE, SIZE * 5 // 3)


def on_stage(view: View) -> Canvas:
    """Return a picture with a view on the left and an empty panel on the right."""
    canvas = blank()
    canvas.image(draw(view, size=SIZE, panel=False), (0, 0))
    canvas.clear_panel()
    return canvas


def paint_aim(canvas: Canvas, view: View, pointer: Point | None) -> None:
    """Show where the next look would go."""
    location = pointed_location(view, pointer)
    if location is not None:
        x, y = Stage.fit(view.scene, SIZE).point(location)
        canvas.ring((x / canvas.unit, y / canvas.unit), 7, 2, WHITE)


def paint_walls(canvas: Canvas, view: View) -> None:
    """Show where the field ends, over what is seen of it."""
    left, top, width, height = Stage.fit(view.scene, SIZE).box((0, 0, *view.scene.shape[:2]))
    unit = canvas.unit
    canvas.box(left / unit - 3, top / unit - 3, width / unit + 6, height / unit + 6, GREY, line=3, radius=0)


def pointed_location(view: View, pointer: Point | None) -> np.ndarray | None:
    """Return the location (x, y) in [-1, 1] under a pointer, (x, y) in [0, 1] of the picture; None beside the stage."""
    if pointer is None or pointer[0] * 5 / 3 >= 1:
        return None
    return Stage.fit(view.scene, SIZE).location((pointer[0] * SIZE * 5 / 3, pointer[1] * SIZE))


def paint_score(canvas: Canvas, title: str, unit_name: str, score: Score) -> None:
    """Paint the head of the panel: the title, both scores, and a tick or a cross for each round."""
    canvas.write(title, (LEFT, 20), 17, GREY)
    canvas.write(f"{unit_name} {score.round + 1} / {score.rounds}", (RIGHT, 20), 17, WHITE, "topright")
    middle = (LEFT + RIGHT) / 2
    for (name, colour, wins), x in zip(score.players, (LEFT, middle + 8), strict=False):
        canvas.box(x, 44, middle - LEFT - 8, 74, RAISED)
        canvas.write(name, (x + 14, 81), 20, colour, "midleft")
        canvas.write(str(sum(wins)), (middle - LEFT - 22 + x, 82), 58, WHITE, "midright")
    step = min((RIGHT - LEFT) / score.rounds, 27)
    for row, (_, colour, wins) in enumerate(score.players):
        y = 138 + 22 * row
        for i in range(score.rounds):
            at = (LEFT + step * (i + 0.5), y)
            if i < len(wins):
                canvas.mark(wins[i], at, min(step * 0.8, 17))
            else:
                canvas.dot(at, 2.5, colour if i == len(wins) else FAINT)
    if score.ram is None:
        canvas.write(ALONE, (LEFT, 154), 17, GREY)


LENS = 4
"""A lens shows so many widths of the finest patch."""


def needs_lens(view: View) -> bool:
    """Whether the stage shows the finest patch smaller than a person can read it."""
    return Stage.fit(view.scene, SIZE).pixel < 2 and len(view.glimpse) > 1


def paint_lens(canvas: Canvas, view: View, box: tuple[float, float, float, float]) -> None:
    """Paint what is seen around the gaze, enlarged into a square: the finest patches, each in its place."""
    left, top, side, _ = box
    shown = min(LENS.bit_length(), len(view.glimpse))
    y0, x0, size, _ = view.regions[shown - 1]
    unit = side / size
    for i in reversed(range(shown)):  # fine over coarse
        y, x, high, wide = view.regions[i]
        pixels = canvas.pixels(left + (x - x0) * unit, top + (y - y0) * unit, wide * unit, high * unit)
        put_image(canvas.surface, patch_rgb(view.glimpse[i], i), pixels)
        outline(canvas.surface, pixels, SCALE_COLOURS[i % len(SCALE_COLOURS)], 2)


def revealed(view: View) -> View:
    """Return a view that shows the whole scene in full brightness."""
    scene = np.divide(view.scene, 255, dtype=np.float32)
    return view._replace(glimpse=scene[None], regions=[(0, 0, *view.scene.shape[:2])])


def paint_lines(canvas: Canvas, lines: Sequence[str], top: float, *, colour: Colour = GREY) -> None:
    """Write lines into the panel."""
    for i, line in enumerate(lines):
        canvas.write(line, (LEFT, top + 23 * i), 19, colour)


def paint_foot(canvas: Canvas) -> None:
    """Name the keys that always work."""
    canvas.write("H  help      R  again      ESC  title", (LEFT, 456), 17, GREY)


def paint_notice(canvas: Canvas, words: str, below: str) -> None:
    """Paint a notice over the stage."""
    paint_frame(canvas, (60, 180, 360, 120), SLATE)
    canvas.write(words, (240, 224), 38, WHITE, "center")
    canvas.write(below, (240, 268), 19, GREY, "center")


def paint_frame(canvas: Canvas, box: tuple[float, float, float, float], colour: Colour) -> None:
    """Paint a box with a yellow line around it."""
    canvas.box(*box, colour)
    canvas.box(*box, YELLOW, line=2)
