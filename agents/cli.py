"""The command line `ram`: parse, build, call."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple


class Command(NamedTuple):
    """A command is a function of a module, which is imported when it is called; it takes the arguments."""

    module: str
    help: str
    shared: bool = False
    """Whether the processes that torchrun starts do it together."""
    function: str = "main"
    """Its name."""


COMMANDS = {
    "train": Command("train", "train an agent", shared=True),
    "evaluate": Command("evaluate", "measure agents, and controls beside them"),
    "predict": Command("predict", "let an agent look at image files, and write what it says to a table"),
    "watch": Command("watch", "see an agent play"),
    "play": Command("play", "play yourself, against an agent"),
    "reproduce": Command("reproduce", "measure the pretrained agents beside the paper's figures, or train them anew"),
    "plot": Command("plot", "draw figures of runs and agents"),
    "export": Command("export", "write an agent as a program of ONNX or torch"),
    "page": Command("page", "write a page on which agents look at scenes in the browser"),
    "benchmark": Command(
        "board", "train entries of the scoreboard within one budget, and measure them", function="benchmark"
    ),
    "verify": Command("board", "check a submission to the scoreboard", function="verify"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `ram COMMAND ...`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(usage())
    elif words[0] == "--version":
        print(f"ram-envs {version('ram-envs')}")
    elif words[0] not in COMMANDS:
        sys.exit(f"ram: there is no command {words[0]!r}\n{usage()}")
    else:
        run(words[0], words[1:])


def run(name: str, words: Sequence[str]) -> None:
    """Run one command; a user's mistake ends it with one line, a bug with its traceback, Ctrl-C with exit code 130.

    With the environment variable RAM_TRACEBACK a mistake keeps its traceback too: a bug may look like one.
    """
    if not COMMANDS[name].shared:
        _refuse_several_processes(name)
    try:
        module = importlib.import_module(f".commands.{COMMANDS[name].module}", __package__)
        getattr(module, COMMANDS[name].function)(words)
        _flush()
    except KeyboardInterrupt:
        print(f"\nram {name}: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        sys.exit(1)
    except Exception as error:
        from .commands.options import in_one_line, is_mistake

        if not is_mistake(error) or os.environ.get("RAM_TRACEBACK"):
            raise
        sys.exit(f"ram {name}: {in_one_line(error)}")


def _refuse_several_processes(name: str) -> None:
    """End the processes of torchrun, which would each do all of the work and write the same files; the first tells."""
    if "TORCHELASTIC_RUN_ID" not in os.environ or os.environ.get("WORLD_SIZE") == "1":
        return
    if os.environ.get("RANK") != "0":
        sys.exit()  # without a failure, at which torchrun would end the first before it has told
    together = ", ".join(f"`ram {other}`" for other, command in COMMANDS.items() if command.shared)
    sys.exit(f"ram {name}: torchrun's processes share {together} alone; start `ram {name}` without torchrun")


def _flush() -> None:
    """Write out what was printed, so that a full disk or a closed pipe is told like any other mistake."""
    try:
        sys.stdout.flush()
    except OSError as error:
        error.filename = "standard output"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try once more, and complain
        raise


def usage() -> str:
    """What commands there are."""
    lines = [f"  ram {name:<10} {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: ram COMMAND ...; `ram COMMAND --help` tells more, `ram --version` the version",
            *lines,
            "An error is one line; RAM_TRACEBACK=1 in the environment shows where it came from.",
        ]
    )


if __name__ == "__main__":
    main()
