"""A person's match against RAM: its options, and what lasts from game to game."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..evaluation.pretrained import load, tell_images
from ..model.config import COUNT, NOT_NEGATIVE, number
from ..scanpaths.path import Scanpath
from ..scanpaths.table import append_fixations, begin_table

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce


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
    """In a game of digits."""
    seed: int | None = number(None, NOT_NEGATIVE)
    """Of balls and images; by default other ones each time."""
    record: Path | None = None
    """A table (CSV) to which each image's fixations are added, yours and the rival's; see docs/scanpaths.md."""
    subject: str = "person"
    """Your name in that table."""
    allow_unsigned: bool = False
    """Load checkpoints of an old format too, whose checksum leaves out what they were trained on and how."""


class Match:
    """What lasts from game to game: the options, the rivals, the random numbers, and which games there are.

    Args:
        options: who plays, and how long.
        games: each starts a new game of a match, and returns its screen; in the order of the title's cards.

    Raises:
        ValueError: the file to record in is another table, or none.
        OSError: it can't be written.
    """

    def __init__(self, options: MatchOptions, games: Sequence[Callable[[Match], Any]]) -> None:
        self.options = options
        if options.record is not None:
            begin_table(options.record)  # before anything is played in vain
        self.games = games
        self.generator = np.random.default_rng(options.seed)

    @cached_property
    def catch_agent(self) -> Reinforce:
        """The rival in Catch, loaded when it is first needed."""
        return self._load(self.options.catch)

    @cached_property
    def digit_agent(self) -> Reinforce:
        """The rival in guessing digits, loaded when it is first needed."""
        return self._load(self.options.digits)

    def _load(self, name: str) -> Reinforce:
        agent = load(name, allow_unsigned=self.options.allow_unsigned)
        tell_images(name, agent.env_kwargs)
        return agent

    def record(self, paths: Sequence[Scanpath]) -> None:
        """Add the scanpaths of a finished round to the table, if one is kept."""
        if self.options.record is not None:
            append_fixations(self.options.record, paths)

    def draw(self, count: int, limit: int) -> tuple[list[int], int]:
        """Draw `count` different numbers below a limit, and a seed."""
        return self.generator.choice(limit, count, replace=False).tolist(), int(self.generator.integers(2**30))
