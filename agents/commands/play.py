"""`ram play`: a person plays Catch and Glimpse-MNIST, against RAM."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from ram_envs.rendering.window import Window

from ..game.game_screens import CatchScreen, DigitScreen
from ..game.match import Match, MatchOptions
from ..game.screens import Title, run
from .options import check_out, parse

GAMES = (partial(CatchScreen, foveal=False), partial(CatchScreen, foveal=True), DigitScreen)
"""In the order of the title's cards."""


def main(arguments: Sequence[str]) -> None:
    """Run `ram play`."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets otherwise
    window = Window("RAM", interactive=True)
    description = "Play Catch and Glimpse-MNIST yourself, against RAM. H shows the help."
    try:
        options = parse(MatchOptions, arguments, command="play", description=description)
        if options.record is not None:
            check_out(options.record, "--record")
        run(Title(Match(options, GAMES)), window)
    finally:
        window.close()
