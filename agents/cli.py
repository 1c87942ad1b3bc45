"""The command line `ram`: parse, build, call."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple


class Command(NamedTuple):
    """A command is the function `main(arguments)` of a module, which is imported when it is called."""

    module: str
    help: str


COMMANDS = {
    "train": Command("train", "train an agent"),
    "evaluate": Command("evaluate", "measure agents, and controls beside them"),
    "watch": Command("watch", "see an agent play"),
    "play": Command("play", "play yourself, against an agent"),
    "reproduce": Command("reproduce", "measure the shipped agents beside the paper's figures, or train them anew"),
    "plot": Command("plot", "draw figures of runs and agents"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `ram COMMAND ...`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(usage())
    elif words[0] not in COMMANDS:
        sys.exit(f"ram: there is no command {words[0]!r}\n{usage()}")
    else:
        module = importlib.import_module(f".commands.{COMMANDS[words[0]].module}", __package__)
        try:
            module.main(words[1:])
        except (ValueError, FileNotFoundError) as error:
            sys.exit(f"ram {words[0]}: {error}")


def usage() -> str:
    """What commands there are."""
    lines = [f"  ram {name:<10} {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: ram COMMAND ...; `ram COMMAND --help` tells more", *lines])
