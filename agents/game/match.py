"""A person's match against RAM: its options, the games to choose from, and what lasts from game to game."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..model.config import COUNT, NOT_NEGATIVE, number
from ..scanpaths.path import Scanpath
from ..scanpaths.table import append_fixations, begin_table
from .places import Place, find_place

ENDLESS = 1_000_000
"""Games are drawn from so many, where there is no last one."""


@dataclass(frozen=True)
class MatchOptions:
    """The rivals, and the lengths of the games."""

    catch: str = "catch"
    """Who plays Catch against you: a pretrained agent's name, or the path of a checkpoint."""
    digits: str = "cluttered60"
    """Who guesses digits against you, on its own environment."""
    balls: int = number(10, COUNT)
    """In a game of Catch."""
    images: int = number(20, COUNT)
    """In each other game."""
    seed: int | None = number(None, NOT_NEGATIVE)
    """Of balls and images; by default other ones each time."""
    record: Path | None = None
    """A table (CSV) to which each image's fixations are added, yours and the rival's, of GAME or else of "guess the
    digit"; see docs/scanpaths.md."""
    subject: str = "person"
    """Your name in that table."""
    allow_unsigned: bool = False
    """Load checkpoints of an old format too, whose checksum leaves out what they were trained on and how."""


class Card(NamedTuple):
    """A game to choose on the title."""

    name: str
    words: tuple[str, str]
    """Two lines of what there is to do."""
    where: str
    """Its place: "catch" or "digits", the one that the option of this name says; else as `find_place` takes it."""
    env_ids: tuple[str, ...]
    """It is the game of these environments, too, if one of them is the match's own."""
    screen: Callable[[Match, Place], Any]
    """Starts a new game, and returns its screen."""


class Match:
    """What lasts from game to game: the options, the places and rivals, the random numbers, and which games there are.

    Args:
        options: who plays, and how long.
        cards: the games on the title.
        own: the place that the person asked for; its card plays there.

    Raises:
        ValueError: the file to record in is another table, or none; or the person's own game is not recorded.
        OSError: it can't be written.
    """

    def __init__(self, options: MatchOptions, cards: Sequence[Card], own: Place | None = None) -> None:
        self.options = options
        self.cards = cards
        self.own = own
        if options.record is not None:
            if own is not None and own.kind == "catch":
                raise ValueError("in Catch nobody sees where you look: leave --record out, or name another game")
            begin_table(options.record)  # before anything is played in vain
        self.generator = np.random.default_rng(options.seed)
        self._places: dict[str, Place] = {}

    def open(self, card: Card) -> Any:
        """Start a card's game; its screen."""
        return card.screen(self, self.place(card))

    def place(self, card: Card) -> Place:
        """Where a card's game takes place; a rival is loaded when it is first needed."""
        if self.own is not None and self.own.env_id in card.env_ids:
            return self.own
        if card.where not in self._places:
            asked = {"catch": self.options.catch, "digits": self.options.digits}.get(card.where, card.where)
            self._places[card.where] = find_place(asked, allow_unsigned=self.options.allow_unsigned)
        return self._places[card.where]

    def records(self, place: Place) -> bool:
        """Whether what happens in a place is recorded: in one alone, since a table's images are of one environment."""
        return self.options.record is not None and place is (self.own or self._places.get("digits"))

    def record(self, place: Place, paths: Sequence[Scanpath]) -> None:
        """Add the scanpaths of a round finished in a place to the table, if that is kept of it."""
        if self.options.record is not None and self.records(place):
            append_fixations(self.options.record, paths)

    def draw(self, count: int, limit: float) -> tuple[list[int], int]:
        """Draw `count` different numbers below a limit, or as many as there are, and a seed."""
        limit = int(min(limit, ENDLESS))
        return self.generator.choice(limit, min(count, limit), replace=False).tolist(), int(
            self.generator.integers(2**30)
        )
