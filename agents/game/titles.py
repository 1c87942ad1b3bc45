"""The pictures of `ram play` around its games: title, help and result."""

from __future__ import annotations

from collections.abc import Sequence

from ram_envs.rendering.canvas import Canvas
from ram_envs.rendering.painting import GREY, ORANGE, RAISED, SCALE_COLOURS, SKY, SLATE, WHITE, YELLOW, Point

from ..rendering.video import Frame
from .drawing import Score, blank, paint_frame
from .match import Card

EMBLEM = (30, 58, 92)
"""Half the widths of the retina's patches in the title, fine scale first."""
TOP, BOTTOM, GAP = 152, 444, 8
"""Where the cards begin and end, and what is between two, in the canvas's units."""
LEFT, RIGHT = 40, 760


def card_boxes(count: int) -> list[tuple[float, float, float, float]]:
    """Left, top, width and height of so many cards, in units: two columns, line by line."""
    lines = max(-(-count // 2), 4)
    width, height = (RIGHT - LEFT - GAP) / 2, (BOTTOM - TOP + GAP) / lines - GAP
    return [(LEFT + i % 2 * (width + GAP), TOP + i // 2 * (height + GAP), width, height) for i in range(count)]


def paint_title(cards: Sequence[Card], pointer: Point | None) -> Frame:
    """Paint the title picture; the card under the pointer is lit."""
    canvas = blank()
    for radius, colour in reversed(list(zip(EMBLEM, SCALE_COLOURS, strict=False))):  # coarse first, as in a frame
        left = 648 - radius
        canvas.box(left, 78 - radius * 0.72, 2 * radius, 1.44 * radius, colour, line=2)
    canvas.ring((648, 78), 13, 3, YELLOW)
    canvas.write("RAM", (60, 36), 84, WHITE)
    canvas.write("you against the recurrent attention model", (62, 106), 22, GREY)
    lit = title_card(len(cards), pointer)
    for i, (card, box) in enumerate(zip(cards, card_boxes(len(cards)), strict=True)):
        _paint_card(canvas, i, card, box, lit=i == lit)
    words = f"press 1 to {len(cards)}, or click      H  help      ESC  leave"
    canvas.write(words, (400, 462), 18, GREY, "center")
    return canvas.frame


def _paint_card(canvas: Canvas, i: int, card: Card, box: tuple[float, float, float, float], *, lit: bool) -> None:
    left, top, _, height = box
    if lit:
        paint_frame(canvas, box, RAISED)
    else:
        canvas.box(*box, SLATE)
    canvas.write(str(i + 1), (left + 30, top + height / 2), 40, YELLOW, "center")
    canvas.write(card.name, (left + 60, top + height * 0.27), 25, WHITE, "midleft")
    for line, words in enumerate(card.words):
        canvas.write(words, (left + 60, top + height * (0.56 + 0.23 * line)), 17, GREY, "midleft")


def paint_loading(cards: Sequence[Card]) -> Frame:
    """Paint the title, and a notice that RAM is on its way."""
    canvas = Canvas(paint_title(cards, None))
    paint_frame(canvas, (220, 190, 360, 110), RAISED)
    canvas.write("RAM is on its way", (400, 245), 34, WHITE, "center")
    return canvas.frame


def title_card(count: int, pointer: Point | None) -> int | None:
    """Return which of so many cards is under the pointer, (x, y) in [0, 1] of the picture; None if there is none."""
    if pointer is None:
        return None
    for i, (left, top, width, height) in enumerate(card_boxes(count)):
        if 0 <= pointer[0] * 800 - left < width and 0 <= pointer[1] * 480 - top < height:
            return i
    return None


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
        "All others",
        "Click where to look next. You see only glimpses, as RAM does; what you saw",
        "stays, faint, and fog is what you never saw. Some eyes move by small steps.",
    ),
    (
        "Answers",
        "Type what you see, or click it. RETURN ends it where it could go on, as 1 of",
        "1 to 18, or c for circle. Two digits are named one by one, the left one first.",
    ),
    (
        "RAM",
        "plays the same balls and the same scenes, begins to look at the same",
        "places, and sees nothing but its glimpses.",
    ),
    ("Keys", "H  help      R  a new game      ESC  back to the title, and out", ""),
)


def paint_help() -> Frame:
    """Paint the help picture."""
    canvas = blank()
    canvas.box(40, 30, 720, 420, SLATE)
    canvas.write("How to play", (70, 48), 40, WHITE)
    for i, (name, first, second) in enumerate(HELP):
        top = 98 + 56 * i
        canvas.write(name, (70, top), 20, YELLOW)
        canvas.write(first, (206, top), 20, WHITE)
        canvas.write(second, (206, top + 22), 20, WHITE)
    canvas.write("any key or a click goes on", (400, 434), 18, GREY, "center")
    return canvas.frame


def paint_result(title: str, score: Score) -> Frame:
    """Paint the last picture, which says who won."""
    canvas = blank()
    you, ram = sum(score.you), sum(score.ram or ())
    words = "You win!" if you > ram else "RAM wins" if ram > you else "A draw"
    colour = SKY if you > ram else ORANGE if ram > you else WHITE
    if score.ram is None:
        words, colour = f"{you} of {score.rounds}", WHITE
    canvas.write(title, (400, 44), 20, GREY, "center")
    canvas.write(words, (400, 104), 84, colour, "center")
    places = (90, 410) if score.ram is not None else (250,)
    for (name, player, wins), x in zip(score.players, places, strict=True):
        canvas.box(x, 166, 300, 130, SLATE)
        canvas.write(name, (x + 28, 231), 34, player, "midleft")
        canvas.write(f"{sum(wins)}", (x + 196, 233), 104, WHITE, "midright")
        canvas.write(f"of {score.rounds}", (x + 206, 254), 24, GREY, "midleft")
    step = min(620 / score.rounds, 40)
    start = 400 - step * score.rounds / 2
    for row, (name, player, wins) in enumerate(score.players):
        y = 334 + 42 * row
        canvas.write(name, (start - 14, y), 18, player, "midright")
        for i, won in enumerate(wins):
            canvas.mark(won, (start + step * (i + 0.5), y), min(step * 0.85, 28))
    canvas.write("R  again      ESC  title", (400, 446), 20, GREY, "center")
    return canvas.frame
