"""`ram play`: a person plays Catch and Glimpse-MNIST, against RAM."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial

import tyro

from ram_envs.rendering.window import Window

from ..game.game_screens import CatchScreen, DigitScreen
from ..game.match import Match, MatchOptions
from ..game.screens import Title, run
from .options import MISTAKES

GAMES = (partial(CatchScreen, foveal=False), partial(CatchScreen, foveal=True), DigitScreen)
"""In the order of the title's cards."""


def main(arguments: Sequence[str]) -> None:
    """Run `ram play`."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets otherwise
    window = Window("RAM", interactive=True)
    description = "Play Catch and Glimpse-MNIST yourself, against RAM. H shows the help."
    try:
        options = tyro.cli(MatchOptions, args=arguments, prog="ram play", description=description)
        run(Title(Match(options, GAMES)), window)
    except MISTAKES as error:
        sys.exit(f"ram play: {error}")
    finally:
        window.close()
