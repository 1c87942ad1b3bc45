"""`ram verify`: is a submission to the scoreboard what it says?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import tyro

from ..model.config import COUNT, SHARE, number
from ..scoreboard import statistics
from ..scoreboard.verification import MOST_DIFFERENT, verify
from .options import DEFAULT_THREADS, parse


@dataclass(frozen=True)
class Verify:
    """Check submissions to the scoreboard: their schema, their arithmetic, and where they bring weights their play.

    Nothing in a file is run, whoever wrote it: docs/scoreboard.md.
    """

    files: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILE [FILE ...]")]
    """JSON files, as `ram benchmark` writes them."""
    play: bool = True
    """Play the agents that a file brings, on all of the test scenes that it states."""
    most_different: float = number(MOST_DIFFERENT, SHARE)
    """The share of scenes that may end otherwise than stated: processors round differently."""
    threads: int = number(DEFAULT_THREADS, COUNT)
    """Of torch, on the CPU."""


def main(arguments: Sequence[str]) -> None:
    """Check each file, say what was found; an error names those that are not as they should be."""
    options = parse(Verify, arguments, command="verify")
    if not options.files:
        raise ValueError("name a file, such as board/ram-reinforce--GlimpseMNIST-v0.json")
    statistics.check_installed()
    torch.set_num_threads(options.threads)
    wrong = []
    for path in options.files:
        print(path)
        try:
            verify(path, play=options.play, most_different=options.most_different, tell=lambda line: print(f"  {line}"))
        except (FileNotFoundError, ValueError) as error:
            if len(options.files) == 1:
                raise
            print(f"ram verify: {error}", file=sys.stderr)
            wrong.append(str(path))
    if wrong:
        raise ValueError(f"{len(wrong)} of {len(options.files)} files are not as they should be: {', '.join(wrong)}")
