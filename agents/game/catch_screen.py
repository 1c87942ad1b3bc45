"""Catch as a screen of `ram play`: by keyboard, on the whole screen or through the retina alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ram_envs.rendering.canvas import LEFT

from ..rendering.video import Frame
from . import drawing
from .games import Game
from .match import Match
from .places import Place
from .screens import FPS, GameScreen, Screen

if TYPE_CHECKING:
    from ram_envs.rendering.painting import Point
    from ram_envs.rendering.window import Input

SPEEDS = (3, 5, 8, 12, 20)  # rows a second that the ball falls
PAUSE = 1.2  # seconds between two balls


class CatchScreen(GameScreen):
    """Catch by keyboard, on the whole screen or through the retina alone."""

    unit_name = "ball"
    KEYS = {"left": -1, "a": -1, "right": 1, "d": 1}  # noqa: RUF012

    def __init__(self, match: Match, place: Place, *, foveal: bool) -> None:
        super().__init__(match, Game, place=place, rounds=match.options.balls)
        self.foveal = foveal
        self.title = "BE THE FOVEA" if foveal else "CATCH"
        self.speed = 1 if foveal else 2
        self.waiting = True  # for the person to begin, or to go on after a pause
        self.held: list[str] = []
        self.tapped: str | None = None  # a key that went down since the last step, even if it is up again
        self.clock = 0.0

    def again(self) -> Screen:
        """See `GameScreen`."""
        return CatchScreen(self.match, self.place, foveal=self.foveal)

    def paint(self, pointer: Point | None) -> Frame:
        """See `Screen`."""
        view = self.game.view
        shown = view._replace(prediction=None)
        if not self.foveal:
            shown = drawing.revealed(shown)._replace(gaze=view.gaze[:0])
        elif not view.finished:
            shown = shown._replace(scene=np.zeros_like(view.scene), objects=())
        canvas = drawing.on_stage(shown)
        drawing.paint_score(canvas, self.title, self.unit_name, self.score)
        if self.foveal and not view.finished:
            drawing.paint_walls(canvas, view)
            drawing.paint_aim(canvas, view, pointer)
        keys = ["LEFT  RIGHT  move the paddle"] + ["MOUSE  where you look"] * self.foveal
        drawing.paint_lines(canvas, [*keys, f"UP  DOWN  speed {self.speed + 1} of {len(SPEEDS)}", "SPACE  pause"], 200)
        if view.finished:
            canvas.mark(view.success, (LEFT + 28, 360), 52)
            canvas.write("caught" if view.success else "missed", (LEFT + 66, 360), 44, anchor="midleft")
        elif self.waiting:
            drawing.paint_notice(canvas, "Ready?" if not self.score.you else "Pause", "press SPACE, or click")
        drawing.paint_foot(canvas)
        return canvas.frame

    def handle(self, event: Input) -> Screen:
        """See `Screen`."""
        if event.kind == "release":
            self.held = [key for key in self.held if key != event.key]
            return self
        if (follower := self.common(event)) is not None:
            self.waiting, self.held = True, []
            return follower
        if event.kind == "click" or event.key == "space":
            self.waiting = not self.waiting if event.kind == "key" else False
        elif event.key in self.KEYS:
            self.held.append(event.key)
            self.tapped = event.key
        elif event.key in ("up", "down"):
            self.speed = min(max(self.speed + (1 if event.key == "up" else -1), 0), len(SPEEDS) - 1)
        return self

    def tick(self, pointer: Point | None) -> Screen:
        """See `Screen`."""
        if self.waiting:
            return self
        view = self.game.view
        self.clock += 1 / FPS
        if self.clock < (PAUSE if view.finished else 1 / SPEEDS[self.speed]):
            return self
        self.clock = 0.0
        if view.finished:
            return self.next_round()
        key = self.held[-1] if self.held else self.tapped
        self.tapped = None
        location = drawing.pointed_location(view, pointer)
        action = 1 + (self.KEYS[key] if key else 0)  # left, stay, right
        self.game.step(view.gaze[-1] if location is None else location, action)
        return self
