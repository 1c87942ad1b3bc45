"""The screens of `ram play` around its games: title, help, result; what both games share; and the loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..rendering.video import Frame
from . import titles
from .drawing import Score
from .games import Game, rival_episodes
from .match import ENDLESS, Card, Match
from .places import Place

if TYPE_CHECKING:
    from ram_envs.rendering.painting import Point
    from ram_envs.rendering.window import Input, Window

    from ..rendering.episodes import Episode

FPS = 30
"""Pictures a second, and calls of `Screen.tick`."""


class Screen(ABC):
    """What is in the window, and what keys and clicks do."""

    @abstractmethod
    def paint(self, pointer: Point | None) -> Frame:
        """Return the picture; `pointer` is where the mouse is, (x, y) in [0, 1] of the picture."""

    @abstractmethod
    def handle(self, event: Input) -> Screen | None:
        """Answer a key or a click; return the screen that follows, often this one, or None to leave."""

    def tick(self, pointer: Point | None) -> Screen:
        """Let 1 / `FPS` of a second pass; return the screen that follows."""
        return self


class Title(Screen):
    """The choice of a game."""

    def __init__(self, match: Match) -> None:
        self.match = match

    def paint(self, pointer: Point | None) -> Frame:
        """See `Screen`."""
        return titles.paint_title(self.match.cards, pointer)

    def handle(self, event: Input) -> Screen | None:
        """See `Screen`."""
        if event.kind == "key" and event.key == "escape":
            return None
        if event.kind == "key" and event.key == "h":
            return Help(self)
        cards = self.match.cards
        chosen = titles.title_card(len(cards), event.position) if event.kind == "click" else None
        if event.kind == "key" and event.key in [str(i + 1) for i in range(len(cards))]:
            chosen = int(event.key) - 1
        return self if chosen is None else Loading(self.match, cards[chosen])


class Loading(Screen):
    """A notice while the rival is loaded and its rounds are recorded."""

    def __init__(self, match: Match, card: Card) -> None:
        self.match = match
        self.card = card

    def paint(self, pointer: Point | None) -> Frame:
        """See `Screen`."""
        return titles.paint_loading(self.match.cards)

    def handle(self, event: Input) -> Screen:
        """See `Screen`."""
        return self

    def tick(self, pointer: Point | None) -> Screen:
        """See `Screen`."""
        return self.match.open(self.card)


class Help(Screen):
    """The help; any key or click leads back to the screen before."""

    def __init__(self, behind: Screen) -> None:
        self.behind = behind

    def paint(self, pointer: Point | None) -> Frame:
        """See `Screen`."""
        return titles.paint_help()

    def handle(self, event: Input) -> Screen:
        """See `Screen`."""
        return self if event.kind == "release" else self.behind


class Result(Screen):
    """Who won."""

    def __init__(self, finished: GameScreen) -> None:
        self.finished = finished

    def paint(self, pointer: Point | None) -> Frame:
        """See `Screen`."""
        return titles.paint_result(self.finished.title, self.finished.score)

    def handle(self, event: Input) -> Screen:
        """See `Screen`."""
        if event.kind != "key":
            return self
        return {"r": self.finished.again, "escape": self.finished.leave}.get(event.key, lambda: self)()


class GameScreen(Screen):
    """What both games share: the rival, the score, and the keys that always work.

    Args:
        match: what the game is part of.
        kind: of game, a class that keeps its rules.
        place: where the game takes place, and against whom.
        rounds: how many rounds the game has, or fewer where there are fewer scenes.
    """

    title: str
    unit_name: str
    game: Game

    def __init__(
        self,
        match: Match,
        kind: type[Game],
        *,
        place: Place,
        rounds: int,
    ) -> None:
        self.match = match
        self.place = place
        numbers, seed = match.draw(rounds, place.num_scenes or ENDLESS)
        self.game = kind(place.env_id, place.env_kwargs, numbers=numbers, seed=seed)
        self.rival: list[Episode] = []
        """The rival's rounds; none where nobody plays against the person."""
        if place.rival is not None:
            self.rival = rival_episodes(place.rival, place.env_id, place.env_kwargs, numbers=numbers, seed=seed)

    @property
    def score(self) -> Score:
        """Both results so far: the rival's appear with one's own."""
        you = self.game.results
        ram = [episode.success for episode in self.rival[: len(you)]] if self.rival else None
        return Score(you, ram, self.game.round, len(self.game.numbers))

    @abstractmethod
    def again(self) -> Screen:
        """Return the screen of a new game of the same kind."""

    def leave(self) -> Screen:
        """Return the title."""
        return Title(self.match)

    def common(self, event: Input) -> Screen | None:
        """Answer the keys that always work; return the screen that follows, or None for any other input."""
        if event.kind != "key":
            return None
        if event.key == "escape":
            return self.leave()
        if event.key == "r":
            return self.again()
        return Help(self) if event.key == "h" else None

    def next_round(self) -> Screen:
        """Begin the next round, or return the result after the last."""
        if self.game.over:
            return Result(self)
        self.game.begin()
        return self


def run(screen: Screen | None, window: Window) -> None:
    """Show screens, each the follower of the one before, until one has no follower or the window is closed."""
    while screen is not None and not window.closed:
        screen = advance(screen, window)


def advance(screen: Screen, window: Window) -> Screen | None:
    """Show one picture, then answer what the person did; return the screen that follows, or None to leave."""
    shown = screen
    window.show(shown.paint(window.mouse()), fps=FPS)
    for event in window.inputs():
        follower = screen.handle(event)
        if follower is None:
            return None
        screen = follower
    # Time passes on a screen that was shown: a notice is there to read before what it tells of begins.
    return screen.tick(window.mouse()) if screen is shown else screen
