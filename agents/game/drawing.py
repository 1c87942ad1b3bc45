"""The pictures of `ram play`: title, score, help, and the stage with what the person may see."""

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
)

from ..rendering.video import Frame

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

SIZE = 600
"""Height of a picture in pixels; its width is 5 / 3 of it. All lengths below are in the canvas's units."""


class Score(NamedTuple):
    """The results of both players so far."""

    you: Sequence[bool]
    """Whether you won each finished round."""
    ram: Sequence[bool]
    """Whether RAM won these rounds."""
    round: int
    """The number of the current round, from 0."""
    rounds: int
    """How many there are in all."""

    @property
    def players(self) -> tuple[tuple[str, Colour, Sequence[bool]], ...]:
        """Name, colour and results of each player."""
        return ("YOU", SKY, self.you), ("RAM", ORANGE, self.ram)


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
    for (name, colour, wins), x in zip(score.players, (LEFT, middle + 8), strict=True):
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
    _paint_frame(canvas, (60, 180, 360, 120), SLATE)
    canvas.write(words, (240, 224), 38, WHITE, "center")
    canvas.write(below, (240, 268), 19, GREY, "center")


def _paint_frame(canvas: Canvas, box: tuple[float, float, float, float], colour: Colour) -> None:
    """Paint a box with a yellow line around it."""
    canvas.box(*box, colour)
    canvas.box(*box, YELLOW, line=2)


TITLE_CARDS = (
    ("1", "Catch", "You see the whole screen.", "Move the paddle, catch the ball."),
    ("2", "Be the fovea", "Catch, but you see only where you look.", "The mouse is your eye."),
    ("3", "Guess the digit", "A few glimpses at a hidden digit.", "Click to look, press the digit."),
)
EMBLEM = (30, 58, 92)
"""Half the widths of the retina's patches in the title, fine scale first."""
CARD_TOP, CARD_STEP, CARD_HEIGHT = 158, 92, 80


def paint_title(pointer: Point | None) -> Frame:
    """Paint the title picture; the card under the pointer is lit."""
    canvas = blank()
    for radius, colour in reversed(list(zip(EMBLEM, SCALE_COLOURS, strict=False))):  # coarse first, as in a frame
        left = 648 - radius
        canvas.box(left, 78 - radius * 0.72, 2 * radius, 1.44 * radius, colour, line=2)
    canvas.ring((648, 78), 13, 3, YELLOW)
    canvas.write("RAM", (60, 36), 84, WHITE)
    canvas.write("you against the recurrent attention model", (62, 106), 22, GREY)
    lit = title_card(pointer)
    for i, (key, name, first, second) in enumerate(TITLE_CARDS):
        top = CARD_TOP + CARD_STEP * i
        if i == lit:
            _paint_frame(canvas, (60, top, 680, CARD_HEIGHT), RAISED)
        else:
            canvas.box(60, top, 680, CARD_HEIGHT, SLATE)
        canvas.write(key, (102, top + 41), 48, YELLOW, "center")
        canvas.write(name, (150, top + 41), 34, WHITE, "midleft")
        canvas.write(first, (400, top + 30), 19, GREY, "midleft")
        canvas.write(second, (400, top + 53), 19, GREY, "midleft")
    canvas.write("press 1, 2 or 3, or click      H  help      ESC  leave", (400, 452), 18, GREY, "center")
    return canvas.frame


def paint_loading() -> Frame:
    """Paint the title, and a notice that RAM is on its way."""
    canvas = Canvas(paint_title(None))
    _paint_frame(canvas, (220, 190, 360, 110), RAISED)
    canvas.write("RAM is on its way", (400, 245), 34, WHITE, "center")
    return canvas.frame


def title_card(pointer: Point | None) -> int | None:
    """Return which card is under the pointer, (x, y) in [0, 1] of the picture; None if there is none."""
    if pointer is None:
        return None
    x, y = pointer[0] * 800, pointer[1] * 480
    card, within = divmod(y - CARD_TOP, CARD_STEP)
    return int(card) if 60 <= x < 740 and 0 <= card < len(TITLE_CARDS) and within < CARD_HEIGHT else None


HELP = (
    (
        "Catch",
        "LEFT and RIGHT, or A and D, move the paddle. It must be under the ball",
        "when that reaches the bottom row. UP and DOWN: speed. SPACE: pause.",
    ),
    (
        "Be the fovea",
        "The same, but you see through RAM's retina alone: sharp where you look,",
        "blocky around, nothing beyond. Your mouse is the eye.",
    ),
    (
        "Guess the digit",
        "Click where to look next. You see only glimpses, as RAM does; what you saw",
        "stays, faint, and fog is what you never saw. Press 0 to 9 when you know.",
    ),
    (
        "RAM",
        "plays the same balls and the same images, begins to look at the same",
        "places, and sees nothing but its glimpses.",
    ),
    ("Keys", "H  help      R  a new game      ESC  back to the title, and out", ""),
)


def paint_help() -> Frame:
    """Paint the help picture."""
    canvas = blank()
    canvas.box(40, 30, 720, 420, SLATE)
    canvas.write("How to play", (70, 52), 40, WHITE)
    for i, (name, first, second) in enumerate(HELP):
        top = 108 + 60 * i
        canvas.write(name, (70, top), 20, YELLOW)
        canvas.write(first, (206, top), 20, WHITE)
        canvas.write(second, (206, top + 23), 20, WHITE)
    canvas.write("any key or a click goes on", (400, 424), 18, GREY, "center")
    return canvas.frame


def paint_result(title: str, score: Score) -> Frame:
    """Paint the last picture, which says who won."""
    canvas = blank()
    you, ram = sum(score.you), sum(score.ram)
    words = "You win!" if you > ram else "RAM wins" if ram > you else "A draw"
    canvas.write(title, (400, 44), 20, GREY, "center")
    canvas.write(words, (400, 104), 84, SKY if you > ram else ORANGE if ram > you else WHITE, "center")
    for (name, colour, wins), x in zip(score.players, (90, 410), strict=True):
        canvas.box(x, 166, 300, 130, SLATE)
        canvas.write(name, (x + 28, 231), 34, colour, "midleft")
        canvas.write(f"{sum(wins)}", (x + 196, 233), 104, WHITE, "midright")
        canvas.write(f"of {score.rounds}", (x + 206, 254), 24, GREY, "midleft")
    step = min(620 / score.rounds, 40)
    start = 400 - step * score.rounds / 2
    for row, (name, colour, wins) in enumerate(score.players):
        y = 334 + 42 * row
        canvas.write(name, (start - 14, y), 18, colour, "midright")
        for i, won in enumerate(wins):
            canvas.mark(won, (start + step * (i + 0.5), y), min(step * 0.85, 28))
    canvas.write("R  again      ESC  title", (400, 446), 20, GREY, "center")
    return canvas.frame
