"""`ram train`: hyper-parameters from a recipe and from the command line, to checkpoints in a directory."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
import tyro

from ..evaluation.pretrained import load
from ..evaluation.runs import Checkpoints
from ..training.callbacks import Callback
from ..training.config import Config, recipe, recipe_names
from ..training.reinforce import Reinforce
from .options import DEFAULT_THREADS, JsonObject


@dataclass(frozen=True)
class Train(Config):
    """Train RAM by REINFORCE.

    `--recipe NAME` sets every hyper-parameter below to a recipe's; options after it change single ones.
    """

    env_kwargs: JsonObject = field(default_factory=dict)
    """The environment's keyword arguments; they add to the recipe's."""
    out: Path = Path("runs/ram")
    """Directory for checkpoints and logs."""
    weights: str = ""
    """Begin with the weights of this agent, a checkpoint's path or a shipped agent's name; a stop network that it lacks
    begins afresh. The hyper-parameters stay as they are above."""
    resume: bool = False
    """Go on from last.safetensors in the directory, with that run's hyper-parameters."""
    device: str = "cpu"
    """Where the model lives: "cpu", "cuda", ..."""
    threads: int = DEFAULT_THREADS
    """Of torch, on the CPU."""
    tensorboard: bool = False
    """Write scalars and pictures for TensorBoard into the directory."""
    progress_bar: bool = True
    """Show one."""


def main(arguments: Sequence[str]) -> None:
    """Parse the arguments and train."""
    train(parse(arguments))


def parse(arguments: Sequence[str]) -> Train:
    """The options, on top of the recipe that `--recipe` names."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--recipe")
    known, rest = first.parse_known_args(list(arguments))
    base = recipe(known.recipe) if known.recipe else Config()
    description = f"{Train.__doc__}\n\nRecipes: {', '.join(recipe_names())}."
    options = tyro.cli(
        Train, args=rest, prog="ram train", description=description, default=Train(**dataclasses.asdict(base))
    )
    return dataclasses.replace(options, env_kwargs=base.env_kwargs | options.env_kwargs)


def train(options: Train) -> Reinforce:
    """Train, and say how to go on if the user interrupts."""
    torch.set_num_threads(options.threads)
    last = options.out / "last.safetensors"
    if options.resume and options.weights:
        raise ValueError(f"--weights {options.weights} begins a run, --resume goes on with one: leave one of them out")
    if options.resume:
        agent = Reinforce.load(last, device=options.device)
    elif last.exists():
        raise ValueError(f"{options.out} holds a run already: add --resume to go on with it, or choose another --out")
    else:
        config = Config(**{f.name: getattr(options, f.name) for f in dataclasses.fields(Config)})
        agent = Reinforce(config=config, device=options.device)
        if options.weights:
            take_weights(agent, options.weights)
    callbacks: list[Callback] = [Checkpoints(options.out)]
    if options.tensorboard:
        from ..rendering.tensorboard import TensorBoard

        callbacks.append(TensorBoard(options.out))
    try:
        agent.learn(callback=callbacks, progress_bar=options.progress_bar, resume=options.resume)
    except KeyboardInterrupt:
        sys.exit(f"Stopped and saved; go on with: ram train --out {options.out} --resume")
    return agent


def take_weights(agent: Reinforce, name: str) -> None:
    """Give an agent the weights of another, by its path or name; a stop network that this one lacks is left as it is.

    Raises:
        ValueError: the two are different models.
    """
    ours, theirs = agent.policy.state_dict(), load(name).policy.state_dict()
    lacking = [key for key in ours if key not in theirs and not key.startswith("f_s.")]
    unfit = [key for key, tensor in theirs.items() if key not in ours or ours[key].shape != tensor.shape]
    if wrong := lacking + unfit:
        raise ValueError(
            f"the weights of {name} are another model's: {', '.join(wrong)} do not fit; train with its hyper-parameters"
            " and its environment's arguments"
        )
    agent.policy.load_state_dict(ours | theirs)
