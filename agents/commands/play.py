"""`ram play`: a person plays the environments, against RAM."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import tyro

from ram_envs.rendering.window import Window

from ..game.cards import CARDS, with_own
from ..game.match import Match, MatchOptions
from ..game.places import find_place
from ..game.screens import Loading, Screen, Title, run
from .options import JsonObject, check_out, parse


@dataclass(frozen=True)
class Play(MatchOptions):
    """Play the environments yourself, against RAM where there is a trained agent. H shows the help."""

    game: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="GAME")] = None
    """What to play at once: an agent's name or file, in its own environment, or an environment's id; by default the
    title asks."""
    env_kwargs: JsonObject = field(default_factory=dict)
    """Keyword arguments of GAME's environment, such as '{"images": "photos"}'; they add to the agent's own."""


def main(arguments: Sequence[str]) -> None:
    """Run `ram play`."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets otherwise
    window = Window("RAM", interactive=True)
    try:
        options = parse(Play, arguments, command="play")
        if options.record is not None:
            check_out(options.record, "--record")
        run(_first_screen(options), window)
    finally:
        window.close()


def _first_screen(options: Play) -> Screen:
    """The title, or the game that was asked for."""
    if options.game is None:
        if options.env_kwargs:
            raise ValueError("--env-kwargs are of GAME's environment: name one, such as ram_envs/GlimpseImages-v0")
        return Title(Match(options, CARDS))
    place = find_place(options.game, options.env_kwargs, allow_unsigned=options.allow_unsigned)
    cards, card = with_own(place)
    return Loading(Match(options, cards, place), card)
