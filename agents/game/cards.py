"""The games that the title of `ram play` offers."""

from __future__ import annotations

from functools import partial

from .catch_screen import CatchScreen
from .match import Card, Match
from .naming_screen import NamingScreen
from .places import Place


def _naming(match: Match, place: Place, title: str) -> NamingScreen:
    return NamingScreen(match, place, title=title)


def _one_place(name: str, env_id: str, *words: str) -> Card:
    """A game of naming in one environment."""
    return Card(name, (words[0], words[1]), env_id, (env_id,), partial(_naming, title=name.upper()))


CATCH = ("ram_envs/Catch-v0",)
STILL = (
    "ram_envs/GlimpseMNIST-v0",
    "ram_envs/GlimpseMNIST-Translated-v0",
    "ram_envs/GlimpseMNIST-Cluttered-v0",
    "ram_envs/GlimpseMNIST-Cluttered100-v0",
)
CARDS = (
    Card(
        "Catch",
        ("You see the whole screen.", "Move the paddle, catch the ball."),
        "catch",
        CATCH,
        partial(CatchScreen, foveal=False),
    ),
    Card(
        "Be the fovea",
        ("Catch, but you see only where you look.", "The mouse is your eye."),
        "catch",
        CATCH,
        partial(CatchScreen, foveal=True),
    ),
    Card(
        "Guess the digit",
        ("A few glimpses at a hidden digit.", "Click to look, press the digit."),
        "digits",
        STILL,
        partial(_naming, title="GUESS THE DIGIT"),
    ),
    _one_place(
        "Circle or square",
        "ram_envs/CircleSquare-v0",
        "A small eye that moves by small steps.",
        "The light leads it to the shape.",
    ),
    _one_place(
        "Two digits",
        "ram_envs/GlimpseMNIST-Pairs-v0",
        "Name the left one after its looks,",
        "then the right one after its own.",
    ),
    _one_place("The sum", "ram_envs/GlimpseMNIST-Addition-v0", "Two hidden digits.", "What do they add up to?"),
    _one_place(
        "A moving digit",
        "ram_envs/GlimpseMNIST-Moving-v0",
        "Everything moves on with each look.",
        "Follow the digit, then name it.",
    ),
    _one_place(
        "A million pixels",
        "ram_envs/GlimpseMNIST-Megapixel-v0",
        "One digit among 800 pieces of others.",
        "24 looks to find and name it.",
    ),
)


def with_own(place: Place) -> tuple[tuple[Card, ...], Card]:
    """The cards beside a place that the person asked for, and the one of its game, which is added if there is none."""
    for card in CARDS:
        if place.env_id in card.env_ids:
            return CARDS, card
    name = place.env_id.rpartition("/")[2]
    card = _one_place(name, place.env_id, "A few glimpses at what is hidden.", "Click to look, then name it.")
    if place.kind == "catch":
        words = ("You see only where you look.", "The mouse is your eye.")
        card = card._replace(words=words, screen=partial(CatchScreen, foveal=True))
    return (*CARDS, card), card
