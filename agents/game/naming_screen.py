"""Naming what is seen in a few glimpses, as a screen of `ram play`: look by clicks, then answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ram_envs.rendering.canvas import LEFT, RIGHT, Canvas
from ram_envs.rendering.frames import draw
from ram_envs.rendering.painting import FAINT, YELLOW

from ..rendering.video import Frame
from ..scanpaths.path import Scanpath, in_pixels
from . import drawing
from .answers import BOTTOM, Answers
from .games import NamingGame
from .match import Match
from .places import Place
from .screens import GameScreen, Screen

if TYPE_CHECKING:
    from ram_envs.rendering.painting import Point
    from ram_envs.rendering.view import View
    from ram_envs.rendering.window import Input

MOST_DOTS = 8
"""Looks that are left are shown as dots, or beyond as a number."""


class NamingScreen(GameScreen):
    """Be the fovea: a click looks there, and the answer is typed or clicked; of several answers each has its looks."""

    unit_name = "scene"
    game: NamingGame

    def __init__(self, match: Match, place: Place, *, title: str) -> None:
        super().__init__(match, NamingGame, place=place, rounds=match.options.images)
        self.title = title
        self.answers = Answers(self.game.view.action_names)
        self.clicks = "CLICK  where to look next" if self.game.reaches_anywhere else "CLICK  which way to look next"

    def again(self) -> Screen:
        """See `GameScreen`."""
        return NamingScreen(self.match, self.place, title=self.title)

    def paint(self, pointer: Point | None) -> Frame:
        """See `Screen`."""
        view = self.game.view
        seen = view._replace(gaze=view.gaze[: self.game.looks])
        if view.finished:
            canvas = drawing.on_stage(drawing.revealed(seen._replace(scene=self.game.scene)))
        else:
            canvas = drawing.on_stage(seen._replace(scene=self.game.memory.picture, prediction=None, answers=()))
        drawing.paint_score(canvas, self.title, self.unit_name, self.score)
        if view.finished:
            self._paint_rival(canvas)
        else:
            self._paint_question(canvas, view, pointer)
        drawing.paint_foot(canvas)
        return canvas.frame

    def _paint_question(self, canvas: Canvas, view: View, pointer: Point | None) -> None:
        """Paint how many looks are left, what is asked for, and the answers."""
        left, allowed = self.game.looks_left, self.game.allowed
        if left:
            drawing.paint_aim(canvas, view, pointer)
        end = canvas.write("looks left", (LEFT, 180), 19)[1]
        if allowed > MOST_DOTS:
            canvas.write(str(left), (end + 12, 180), 19, YELLOW)
        else:
            for i in range(allowed):
                canvas.dot((end + 20 + 22 * i, 186), 7 if i < left else 3, YELLOW if i < left else FAINT)
        drawing.paint_lines(canvas, [self.clicks if left else "no more looks"], 203)
        if view.looks_left is not None:
            so_far = " ".join(view.action_names[answer] for answer, _ in view.answers)
            asked = f"answer {len(view.answers) + 1}" + (f", after {so_far}" if so_far else ", the leftmost")
            canvas.write(asked, (LEFT, 226), 19, YELLOW)
        self.answers.paint_hint(canvas, 249)
        bottom = self.answers.paint(canvas, pointer)
        if drawing.needs_lens(view) and (side := BOTTOM - bottom - 12) > 60:
            drawing.paint_lens(canvas, view, ((LEFT + RIGHT - side) / 2, bottom + 8, side, side))

    def _paint_rival(self, canvas: Canvas) -> None:
        """Paint where the rival looked in the round that is over, and what it said; or what would have been right."""
        if self.rival:
            *_, before, last = self.rival[self.game.round].views
            canvas.write("RAM looked here and said", (LEFT, 176), 18)
            shown = drawing.revealed(last._replace(scene=before.scene))
            canvas.image(draw(shown, size=288, panel=False), (LEFT, 196))
        else:
            view = self.game.view
            lines = [f"you said {view.said()}", "right" if view.success else f"it is {view.truth()}"]
            drawing.paint_lines(canvas, lines, 216)
        canvas.write("SPACE  next", (RIGHT, 440), 19, YELLOW, "midright")

    def handle(self, event: Input) -> Screen:
        """See `Screen`."""
        if self.answers.typed and event.kind == "key":
            return self._type(event.key)  # its letters are no commands
        if (follower := self.common(event)) is not None:
            return follower
        if self.game.view.finished:
            onward = event.kind == "click" or (event.kind == "key" and event.key in ("space", "return", "right"))
            return self.next_round() if onward else self
        if event.kind == "click":
            return self._click(event.position)
        return self._type(event.key) if event.kind == "key" else self

    def _click(self, point: Point | None) -> Screen:
        """Look there, or answer what is there."""
        location = drawing.pointed_location(self.game.view, point)
        if location is not None:
            self.game.look(location)
            return self
        return self._answer(self.answers.at(point))

    def _type(self, key: str) -> Screen:
        """Take a key of the answer; escape forgets what is typed."""
        if key == "escape":
            self.answers.typed = ""
            return self
        return self._answer(self.answers.type(key))

    def _answer(self, answer: int | None) -> Screen:
        """Give an answer, if one is given; a round that is over by it is recorded."""
        if answer is not None:
            self.answers.typed = ""
            self.game.answer(answer)
            if self.game.view.finished:
                paths = [self.game.scanpath(self.match.options.subject)]
                self.match.record(self.place, [*paths, *([self.rival_scanpath()] if self.rival else [])])
        return self

    def rival_scanpath(self) -> Scanpath:
        """Where the rival looked in this round, one glimpse like another."""
        view, number = self.rival[self.game.round].views[-1], self.game.numbers[self.game.round]
        fixations = in_pixels(view.gaze, view.scene.shape)
        return Scanpath(fixations, np.ones(len(fixations)), str(number), self.place.rival_name)
