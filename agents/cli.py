"""The command line `ram`: parse, build, call."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .config import Config


@dataclass(frozen=True)
class Train(Config):
    """Train RAM by REINFORCE. Hyper-parameters come from --recipe NAME, and from the options that follow."""

    out: Path = Path("runs/ram")
    """Directory for checkpoints and logs."""
    device: str = "cpu"
    """Where the model lives."""
    threads: int = 1
    """Of torch."""
    resume: bool = False
    """Go on from last.safetensors in the directory."""


def train(arguments: Sequence[str]) -> None:
    """`ram train`."""
    import dataclasses

    import torch
    import tyro

    from .callbacks import Checkpoints
    from .config import recipe, recipe_names
    from .reinforce import Reinforce

    rest = list(arguments)
    base = Config()
    if "--recipe" in rest:
        i = rest.index("--recipe")
        name = rest[i + 1] if i + 1 < len(rest) else ""
        try:
            base = recipe(name)
        except ValueError as error:
            sys.exit(f"ram train: {error}")
        del rest[i : i + 2]
    default = Train(**{f.name: getattr(base, f.name) for f in dataclasses.fields(Config)})
    options = tyro.cli(
        Train, default=default, args=rest, prog="ram train", description=f"{Train.__doc__} Recipes: {recipe_names()}"
    )
    torch.set_num_threads(options.threads)
    config = Config(**{f.name: getattr(options, f.name) for f in dataclasses.fields(Config)})
    if options.resume:
        agent = Reinforce.load(options.out / "last.safetensors", device=options.device)
    else:
        agent = Reinforce(None, config, device=options.device)
    agent.learn(callback=Checkpoints(options.out), progress_bar=True, resume=options.resume)


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {"train": train}


def main() -> None:
    """Run `ram COMMAND ...`."""
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: ram COMMAND ...; commands: {', '.join(COMMANDS)}")
    COMMANDS[sys.argv[1]](sys.argv[2:])
