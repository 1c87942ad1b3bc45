"""`ram play`: a person plays Catch and Glimpse-MNIST, against RAM."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import tyro

from ..game.game_screens import Catch, Digits
from ..game.screens import FPS, Match, Screen, Title
from .options import MISTAKES

if TYPE_CHECKING:
    from ram_envs.rendering.window import Window


@dataclass(frozen=True)
class Play:
    """Play Catch and Glimpse-MNIST yourself, against RAM. H shows the help."""

    catch: str = "catch"
    """Who plays Catch against you: a shipped agent's name, or the path of a checkpoint."""
    digits: str = "cluttered60"
    """Who guesses digits against you, on its own environment."""
    balls: int = 10
    """In a game of Catch."""
    images: int = 20
    """In a game of digits."""
    seed: int | None = None
    """Of balls and images; by default other ones each time."""

    def __post_init__(self) -> None:
        """Refuse games without rounds."""
        for name, value in (("balls", self.balls), ("images", self.images)):
            if value < 1:
                raise ValueError(f"--{name} is {value}; it must be at least 1")


GAMES = (partial(Catch, foveal=False), partial(Catch, foveal=True), Digits)
"""In the order of the title's cards."""


def main(arguments: Sequence[str]) -> None:
    """Run `ram play`."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets otherwise
    from ram_envs.rendering.window import Window

    window = Window("RAM", interactive=True)
    try:
        options = tyro.cli(Play, args=arguments, prog="ram play")
        run(Title(Match(options, GAMES)), window)
    except MISTAKES as error:
        sys.exit(f"ram play: {error}")
    finally:
        window.close()


def run(screen: Screen | None, window: Window) -> None:
    """Show screens, each the follower of the one before, until one has no follower or the window is closed."""
    while screen is not None and not window.closed:
        screen = advance(screen, window)


def advance(screen: Screen, window: Window) -> Screen | None:
    """Show one picture, then answer what the person did."""
    window.show(screen.paint(window.mouse()), fps=FPS)
    for event in window.inputs():
        follower = screen.handle(event)
        if follower is None:
            return None
        screen = follower
    return screen.tick(window.mouse())
