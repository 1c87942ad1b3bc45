"""The options of `ram train`: the run's own and every hyper-parameter, in groups for the help."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import json
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import tyro

from ..agent.config import Config
from ..agent.envs import import_module_of
from ..agent.recipes import is_file, recipe, recipe_names
from ..evaluation.pretrained import tell_images
from ..evaluation.runs import LAST
from ..model.config import COUNT, number
from ..training.reinforce import Reinforce
from .options import DEFAULT_THREADS, JsonObject


@dataclass(frozen=True, kw_only=True)
class Train(Config):
    """Train RAM by REINFORCE."""

    recipe: Annotated[str, tyro.conf.arg(metavar="NAME")] = ""
    """Begin with the hyper-parameters of a recipe, or of a JSON file like one; other options change single ones."""
    env_kwargs: JsonObject = field(default_factory=dict)
    """The environment's keyword arguments; they add to the recipe's."""
    curriculum: JsonObject = field(default_factory=dict)
    """Arguments of the environment that change with the run: {"0": [{...}], "0.5": [{...}, {...}]}, from which share of
    it on which hold; each update draws one of the list."""
    validation_kwargs: JsonObject = field(default_factory=dict)
    """Arguments that are added to `env_kwargs` for the validation."""
    out: Path = Path("runs/ram")
    """Directory for checkpoints and logs."""
    weights: str = ""
    """Begin with the weights of this agent, a checkpoint's path or a pretrained agent's name; a stop network
    that it lacks begins afresh, and so does the action network for another number of actions; what "covered" tells of
    cells begins without weight. The hyper-parameters are those of the other options."""
    resume: bool = False
    """Go on from last.safetensors in the directory, with that run's hyper-parameters; only `--total-episodes` may be
    another, and what does not change the numbers: device, threads, TensorBoard, progress bar."""
    allow_unsigned: bool = False
    """Load checkpoints of an old format too, whose checksum leaves out what they were trained on and how."""
    device: str = "cpu"
    """Where the model lives: "cpu", "cuda", ..."""
    threads: int = number(DEFAULT_THREADS, COUNT)
    """Of torch, on the CPU."""
    tensorboard: bool = False
    """Write scalars and pictures for TensorBoard into the directory."""
    progress_bar: bool = True
    """Show the time left, episodes a second and the error; in a file a line for each checkpoint."""

    def hyper_parameters(self) -> Config:
        """Without the options of the command."""
        return Config(**{f.name: getattr(self, f.name) for f in dataclasses.fields(Config)})


COMMON = (
    "recipe",
    "out",
    "env_id",
    "env_kwargs",
    "curriculum",
    "validation_kwargs",
    "validation_scenes",
    "total_episodes",
    "num_envs",
    "repeats",
    "seed",
    "checkpoint_every",
    "weights",
    "resume",
    "allow_unsigned",
    "device",
    "threads",
    "tensorboard",
    "progress_bar",
)
"""The options that come first in the help."""
GROUPS = {"core": "model", "look": "looking", "hybrid": "loss", "optimizer": "optimiser"}
"""The groups of the others, each by its first hyper-parameter in the order of `Config`."""


def parse(arguments: Sequence[str]) -> Train:
    """The options, on top of the recipe that `--recipe` names, or of the run that `--resume` goes on with.

    Raises:
        ValueError: an unknown recipe, a value out of range, no run to go on with, or hyper-parameters that are not its.
    """
    first = _first(arguments)
    base = recipe(first.recipe, env_id=first.env_id) if first.recipe else Config()
    if first.resume and not first.help:
        if first.weights:
            raise ValueError(
                f"--weights {first.weights} begins a run, --resume goes on with one: leave one of them out"
            )
        if first.recipe:
            raise ValueError(f"--recipe {first.recipe}: --resume keeps the run's hyper-parameters; leave --recipe out")
        import_module_of(first.env_id or "")  # the user wrote the id; one in a file imports nothing
        base = Reinforce.load(Path(first.out) / LAST, allow_unsigned=first.allow_unsigned).config
    options = _parse_in_groups(arguments, Train(**vars(base)))
    options = dataclasses.replace(options, env_kwargs=base.env_kwargs | options.env_kwargs)
    if is_file(first.recipe or ""):
        told = [kwargs.get("images") for kwargs in (options.env_kwargs, *options.variants())]
        theirs = (base.env_kwargs, *base.variants())
        tell_images(first.recipe, *(kwargs for kwargs in theirs if kwargs.get("images") in told))
    if options.resume:
        check_resumed(options, base)
    return options


def check_resumed(options: Train, config: Config) -> None:
    """Raise a ValueError if a run of this configuration can't go on with these options."""
    # A run's file has the arguments that its environment's id stands for, too.
    options = dataclasses.replace(options, env_kwargs=config.env_kwargs | options.env_kwargs)
    for f in dataclasses.fields(Config):
        ours, theirs = getattr(options, f.name), getattr(config, f.name)
        if f.name not in ("total_episodes", "matmul_precision") and ours != theirs:
            name = f"--{f.name.replace('_', '-')}"
            raise ValueError(
                f"{name} {json.dumps(ours)}: the run in {options.out} has {json.dumps(theirs)}, and --resume keeps a "
                f"run's hyper-parameters; leave {name} out, or begin another run in another --out"
            )


def _first(arguments: Sequence[str]) -> argparse.Namespace:
    """The options that decide about the others' defaults."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in ("recipe", "out", "env-id", "weights"):
        parser.add_argument(f"--{name}", f"--{name.replace('-', '_')}", nargs="?", default=None)
    for name in ("resume", "allow-unsigned"):
        flag = argparse.BooleanOptionalAction
        parser.add_argument(f"--{name}", f"--{name.replace('-', '_')}", action=flag, default=False)
    parser.add_argument("-h", "--help", action="store_true")
    known, _ = parser.parse_known_args(list(arguments))
    known.out = known.out or Train.out
    return known


def _parse_in_groups(arguments: Sequence[str], defaults: Train) -> Train:
    """The options as tyro reads them: it makes a group in the help of each dataclass within another."""
    hints, texts = get_type_hints(Train, include_extras=True), docstrings(Train)
    texts["recipe"] += f" There are: {', '.join(recipe_names())}."
    groups = {}
    for title, names in option_groups().items():
        options: list[Any] = [(name, Annotated[hints[name], tyro.conf.arg(help=texts[name])]) for name in names]
        kind = dataclasses.make_dataclass(title, options)
        groups[title] = kind(**{name: getattr(defaults, name) for name in names})
    together = dataclasses.make_dataclass("Groups", [(title, type(group)) for title, group in groups.items()])
    parsed = tyro.cli(
        together,
        config=(tyro.conf.OmitArgPrefixes,),
        args=list(arguments),
        prog="ram train",
        description=Train.__doc__,
        default=together(**groups),
    )
    return Train(**{name: value for group in vars(parsed).values() for name, value in vars(group).items()})


def option_groups() -> dict[str, list[str]]:
    """The names of all options, by the titles of their groups in the help."""
    groups: dict[str, list[str]] = {"common": list(COMMON)}
    title = "common"
    for f in dataclasses.fields(Config):
        title = GROUPS.get(f.name, title)
        if f.name not in COMMON:
            groups.setdefault(title, []).append(f.name)
    return groups


def docstrings(kind: type) -> dict[str, str]:
    """What stands below each field of a dataclass and of those that it inherits from."""
    found: dict[str, str] = {}
    for parent in reversed([parent for parent in kind.__mro__ if dataclasses.is_dataclass(parent)]):
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(parent))).body
        assert isinstance(definition, ast.ClassDef)
        for above, below in zip(definition.body, definition.body[1:], strict=False):
            match above, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = " ".join(text.split())
    return found
