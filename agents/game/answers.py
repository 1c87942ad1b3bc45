"""The answers that a person can give in `ram play`: typed, or clicked on buttons in the panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ram_envs.rendering.canvas import LEFT, RIGHT, Canvas
from ram_envs.rendering.painting import FAINT, GREY, NIGHT, RAISED, WHITE, YELLOW, Point

TOP, BOTTOM = 270, 446
"""Where the buttons begin and end, in the canvas's units."""
GAP, TALLEST, LOWEST = 6, 36, 26
"""Between two buttons, and how high they are, in units."""
SHORT, LETTER = 3, 9.5
"""Names of so many letters fit five in a line; the width of a letter in units."""


class Button(NamedTuple):
    """A button: which answer it is, and where, in units."""

    answer: int
    left: float
    top: float
    width: float
    height: float


class Answers:
    """The names to choose from, and what the person has typed of one.

    A name counts as soon as it is typed whole and no other one begins with it; else with return, which also completes
    what only one begins with.

    Args:
        names: of the answers, in their order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = [str(name) for name in names]
        self.typed = ""

    @property
    def left(self) -> list[int]:
        """The answers whose names begin with what is typed."""
        return self._beginning_with(self.typed)

    @property
    def meant(self) -> int | None:
        """The answer that return gives: whose name is what is typed, or the only one whose name begins so."""
        if not self.typed:
            return None
        left = self.left
        whole = [answer for answer in left if self.names[answer].lower() == self.typed]
        return (whole or (left if len(left) == 1 else [None]))[0]

    def type(self, key: str) -> int | None:
        """Take a key by its name; the answer that is given by it, if one is."""
        letter = " " if key == "space" else key
        if key == "backspace":
            self.typed = self.typed[:-1]
        elif key in ("return", "enter"):
            return self._given(self.meant)
        elif len(letter) == 1 and (found := self._beginning_with(self.typed + letter)):
            self.typed += letter
            if len(found) == 1 and len(self.names[found[0]]) == len(self.typed):
                return self._given(found[0])
        return None

    def _given(self, answer: int | None) -> int | None:
        self.typed = "" if answer is not None else self.typed
        return answer

    def _beginning_with(self, letters: str) -> list[int]:
        return [i for i, name in enumerate(self.names) if name.lower().startswith(letters)]

    def buttons(self) -> list[Button]:
        """The buttons of the answers that are left, as many as there is room for."""
        columns = 5 if max(map(len, self.names)) <= SHORT else 2
        columns = min(columns, len(self.names))
        room = BOTTOM - TOP + GAP
        lines = min(-(-len(self.names) // columns), room // (LOWEST + GAP))
        height = min(room / lines - GAP, TALLEST)
        width = (RIGHT - LEFT + GAP) / columns - GAP
        places = [divmod(i, columns) for i in range(lines * columns)]
        shown = self.left if len(self.names) > len(places) else range(len(self.names))
        return [
            Button(answer, LEFT + column * (width + GAP), TOP + line * (height + GAP), width, height)
            for answer, (line, column) in zip(shown, places, strict=False)
        ]

    def at(self, point: Point | None) -> int | None:
        """The answer whose button is at a place (x, y) in [0, 1] of the picture."""
        x, y = (point[0] * 800, point[1] * 480) if point else (-1, -1)
        for button in self.buttons():
            if 0 <= x - button.left < button.width and 0 <= y - button.top < button.height:
                return button.answer
        return None

    def paint(self, canvas: Canvas, pointer: Point | None) -> float:
        """Paint the buttons, faint where a name doesn't begin with what is typed; returns where they end."""
        left, under = set(self.left), self.at(pointer)
        buttons, meant = self.buttons(), self.meant
        for answer, x, y, width, height in buttons:
            lit = answer in (under, meant)
            canvas.box(x, y, width, height, YELLOW if lit else RAISED, radius=5)
            colour = NIGHT if lit else WHITE if answer in left else FAINT
            name = self.names[answer][: max(int(width / LETTER), 1)]
            canvas.write(name, (x + width / 2, y + height / 2 + 0.5), min(20, 0.62 * height), colour, "center")
        return buttons[-1].top + buttons[-1].height if buttons else TOP

    def hint(self) -> str:
        """How to answer, in words for the line above the buttons."""
        if self.meant is not None:
            return f"RETURN  it is {self.names[self.meant]}"
        hidden = len(self.left) - len(self.buttons())
        if hidden > 0:
            return f"type: {self.typed}_      and {hidden} more"
        return f"type: {self.typed}_" if self.typed else "type the answer, or click it"

    def paint_hint(self, canvas: Canvas, top: float) -> None:
        """Write the hint into the panel."""
        canvas.write(self.hint(), (LEFT, top), 19, GREY)
