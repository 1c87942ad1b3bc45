"""`ram export`: an agent as a program for other runtimes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from ..evaluation.pretrained import load
from ..evaluation.runs import naming
from ..sharing.exports import Format, export
from .options import check_out, parse


@dataclass(frozen=True)
class Export:
    """Write an agent as a program that runs without this package, one glimpse a call.

    Inputs: glimpse, location, state. Outputs: location, logits, state (in ONNX next_location, logits, next_state), and
    stop of an agent that can stop. Batches may have any size.
    """

    agent: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")]
    """A pretrained agent's name, such as cluttered60, or the path of a checkpoint."""
    out: Path
    """Write to this file, and replace it if it is there."""
    format: Format = "onnx"
    """Of the file: "onnx", for ONNX Runtime and its like, or "torch", for `torch.export.load`."""
    allow_unsigned: bool = False
    """Load a checkpoint of an old format too, whose checksum leaves out what it was trained on and how."""


def main(arguments: Sequence[str]) -> None:
    """Run `ram export`."""
    options = parse(Export, arguments, command="export")
    check_out(options.out)
    agent = load(options.agent, allow_unsigned=options.allow_unsigned)
    with naming(options.out):
        export(agent, options.out, format=options.format)
    print(f"wrote {options.out}: {options.agent} as a program of {options.format}, {_size(options.out)}")


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.2f} MB"
