"""The two games of `ram play` as screens: Catch, and guessing digits from glimpses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ram_envs.rendering.canvas import LEFT, RIGHT
from ram_envs.rendering.frames import draw
from ram_envs.rendering.painting import FAINT, YELLOW

from ..rendering.video import Frame
from ..scanpaths.path import Scanpath, in_pixels
from . import drawing
from .games import DigitGame, Game
from .match import Match
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

    def __init__(self, match: Match, *, foveal: bool) -> None:
        agent, balls = match.catch_agent, match.options.balls
        super().__init__(match, Game, agent=agent, env_kwargs=agent.env_kwargs, rounds=balls, limit=1_000_000)
        self.foveal = foveal
        self.title = "BE THE FOVEA" if foveal else "CATCH"
        self.speed = 1 if foveal else 2
        self.waiting = True  # for the person to begin, or to go on after a pause
        self.held: list[str] = []
        self.tapped: str | None = None  # a key that went down since the last step, even if it is up again
        self.clock = 0.0

    def again(self) -> Screen:
        """See `GameScreen`."""
        return CatchScreen(self.match, foveal=self.foveal)

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


class DigitScreen(GameScreen):
    """Glimpse-MNIST: look by clicks, answer by a digit key."""

    title, unit_name = "GUESS THE DIGIT", "image"
    game: DigitGame

    def __init__(self, match: Match) -> None:
        agent, images = match.digit_agent, match.options.images
        env_kwargs = {**agent.env_kwargs, "split": "test"}
        super().__init__(match, DigitGame, agent=agent, env_kwargs=env_kwargs, rounds=images, limit=10_000)

    def again(self) -> Screen:
        """See `GameScreen`."""
        return DigitScreen(self.match)

    def paint(self, pointer: Point | None) -> Frame:
        """See `Screen`."""
        view = self.game.view
        seen = view._replace(gaze=view.gaze[: self.game.looks])
        hidden = seen._replace(scene=self.game.memory.picture, prediction=None)
        canvas = drawing.on_stage(drawing.revealed(seen) if view.finished else hidden)
        drawing.paint_score(canvas, self.title, self.unit_name, self.score)
        if view.finished:
            rival = self.rival[self.game.round].views[-1]
            canvas.write("RAM looked here and said", (LEFT, 176), 18)
            canvas.image(draw(drawing.revealed(rival), size=288, panel=False), (LEFT, 196))
            canvas.write("SPACE  next", (RIGHT, 440), 19, YELLOW, "midright")
        else:
            if self.game.looks_left:
                drawing.paint_aim(canvas, view, pointer)
            canvas.write("looks left", (LEFT, 196), 18)
            for i in range((view.num_glimpses or 1) - 1):
                left = i < self.game.looks_left
                canvas.dot((LEFT + 100 + 22 * i, 202), 7 if left else 3, YELLOW if left else FAINT)
            looks = "CLICK  where to look next" if self.game.looks_left else "no more looks:"
            drawing.paint_lines(canvas, [looks, "0 - 9  name the digit"], 236)
        drawing.paint_foot(canvas)
        return canvas.frame

    def handle(self, event: Input) -> Screen:
        """See `Screen`."""
        if (follower := self.common(event)) is not None:
            return follower
        view = self.game.view
        if view.finished:
            onward = event.kind == "click" or (event.kind == "key" and event.key in ("space", "return", "right"))
            return self.next_round() if onward else self
        if event.kind == "click":
            location = drawing.pointed_location(view, event.position)
            if location is not None:
                self.game.look(location)
        elif event.kind == "key" and event.key in view.action_names:
            self.game.answer(view.action_names.index(event.key))
            if self.game.view.finished:
                self.match.record([self.game.scanpath(self.match.options.subject), self.rival_scanpath()])
        return self

    def rival_scanpath(self) -> Scanpath:
        """Where the rival looked in this round, one glimpse like another."""
        view, number = self.rival[self.game.round].views[-1], self.game.numbers[self.game.round]
        fixations = in_pixels(view.gaze, view.scene.shape)
        return Scanpath(fixations, np.ones(len(fixations)), str(number), self.match.options.digits)
