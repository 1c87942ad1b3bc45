"""`ram plot`: figures of runs and agents, as SVG, PNG or PDF."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

import numpy as np
import torch
import tyro
from numpy.typing import NDArray

from ..evaluation import attention
from ..evaluation.evaluate import evaluate
from ..evaluation.pretrained import load
from ..rendering import figures
from ..rendering.episodes import Selection, environment, episodes
from ..rendering.fixations import fixations
from ..training.envs import declared
from ..training.rollout import Look
from .options import MISTAKES

Split = Literal["train", "validation", "test"]
T = TypeVar("T")
Agent = Annotated[T, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")]
Run = Annotated[T, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
BATCH = 250  # episodes at once


@dataclass(frozen=True)
class Curves:
    """Learning curves from the logs of runs."""

    runs: Run[tuple[Path, ...]]
    """Directories that `ram train --out` wrote to."""
    out: Path = Path("curves.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Glimpses:
    """The error after each glimpse."""

    agents: Agent[tuple[str, ...]]
    """Names of shipped agents, or checkpoints."""
    split: Split = "test"
    """Which scenes, where the environment has splits."""
    episodes: int | None = None
    """How many; by default all of the split."""
    paths: int = 10
    """Sampled paths for each image, of which the answers are averaged."""
    seed: int = 0
    """Of where the gaze starts, and of the sampling."""
    out: Path = Path("glimpses.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Gaze:
    """Where an agent looks, glimpse by glimpse: around the digit, or around the ball."""

    agent: Agent[str]
    """A shipped agent's name, or a checkpoint."""
    split: Split = "test"
    """Which scenes, where the environment has splits."""
    episodes: int = 2000
    """How many."""
    seed: int = 0
    """Of scenes, and of where the gaze starts."""
    out: Path = Path("gaze.png")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Montage:
    """Glimpse sequences: a row for each episode, with what the agent saw and said at each glimpse."""

    agent: Agent[str]
    """A shipped agent's name, or a checkpoint."""
    split: Split = "test"
    """Which scenes, where the environment has splits."""
    index: tuple[int, ...] = ()
    """Which images, or numbered games of Catch; random ones by default."""
    only: Literal["all", "right", "wrong"] = "all"
    """Show all episodes, or only successes, or only mistakes."""
    episodes: int = 6
    """How many random ones."""
    seed: int = 0
    """Of random images, and of where the gaze starts."""
    out: Path = Path("montage.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Digit:
    """How often each glimpse lies on the digit, beside a random gaze."""

    TARGETS: ClassVar = ("the digit", "the image")

    agent: Agent[str]
    """A shipped agent's name, or a checkpoint."""
    split: Split = "test"
    """Which scenes, where the environment has splits."""
    episodes: int = 5000
    """How many."""
    seed: int = 0
    """Of scenes, and of the random gaze."""
    out: Path = Path("digit.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Ball:
    """How far the gaze is from the ball, frame by frame, beside a random gaze."""

    TARGETS: ClassVar = ("the ball",)
    split: ClassVar = None

    agent: Agent[str] = "catch"
    """A shipped agent's name, or a checkpoint."""
    episodes: int = 5000
    """How many games."""
    seed: int = 0
    """Of games, and of the random gaze."""
    out: Path = Path("ball.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class CostOptions:
    """The time of a glimpse against the size of the image, beside CNNs that see it whole."""

    sizes: tuple[int, ...] = (28, 60, 100, 200, 400)
    """Widths and heights, in pixels."""
    threads: int = 1
    """Of torch."""
    out: Path = Path("cost.svg")
    """.svg, .png or .pdf."""


Options = Curves | Glimpses | Gaze | Montage | Digit | Ball | CostOptions
Plot = (
    Annotated[Curves, tyro.conf.subcommand("curves")]
    | Annotated[Glimpses, tyro.conf.subcommand("glimpses")]
    | Annotated[Gaze, tyro.conf.subcommand("gaze")]
    | Annotated[Montage, tyro.conf.subcommand("montage")]
    | Annotated[Digit, tyro.conf.subcommand("digit")]
    | Annotated[Ball, tyro.conf.subcommand("ball")]
    | Annotated[CostOptions, tyro.conf.subcommand("cost")]
)


def main(arguments: Sequence[str]) -> None:
    """Run `ram plot`."""
    options: Options = tyro.cli(
        Plot,
        args=list(arguments),
        prog="ram plot",
        description="Draw a figure.",
    )
    try:
        plot(options)
    except MISTAKES as error:
        sys.exit(f"ram plot: {error}")


def plot(options: Options) -> None:
    """Draw the figure that the options ask for, and write it."""
    if options.out.suffix not in (".svg", ".png", ".pdf"):
        raise ValueError(f"cannot write {options.out.name!r}: the name must end in .svg, .png or .pdf")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(options, Curves):
        figure = figures.learning_curves({run.name: read_log(run) for run in options.runs})
    elif isinstance(options, Glimpses):
        results = {
            _label(name): evaluate(
                load(name), split=options.split, episodes=options.episodes, paths=options.paths, seed=options.seed
            )
            for name in options.agents
        }
        figure = figures.error_by_glimpse(results)
    elif isinstance(options, Gaze):
        agent = load(options.agent)
        env = environment(agent, num_envs=min(BATCH, options.episodes), split=options.split)
        figure = figures.gaze_map(fixations(agent, env, episodes=options.episodes, seed=options.seed))
        env.close()
    elif isinstance(options, Digit):
        lines = {name: 100 * line for name, line in courses(options, attention.on_the_target).items()}
        figure = figures.course(lines, ylabel="on the digit, % of glimpses")
    elif isinstance(options, Ball):
        figure = figures.course(courses(options, attention.distance_to_the_target), ylabel="pixels from gaze to ball")
    elif isinstance(options, CostOptions):
        torch.set_num_threads(options.threads)
        measured = [attention.cost(size) for size in options.sizes]
        for line in measured:
            print("  ".join(f"{key} {value:.4g}" for key, value in line._asdict().items()))
        figure = figures.costs(measured)
    else:
        agent = load(options.agent)
        selection = Selection(options.index, options.only, options.seed)
        env = environment(agent, num_envs=selection.num_envs, split=options.split)
        chosen = episodes(agent, env, selection)
        figure = figures.montage(list(islice(chosen, len(options.index) or options.episodes)))
    figures.save(figure, options.out)
    print(f"wrote {options.out}")


def courses(options: Digit | Ball, measure: attention.Measure) -> dict[str, NDArray[np.float64]]:
    """The mean of a measure after each glimpse, of the agent's gaze and of a random one; printed too."""
    agent = load(options.agent)
    env = environment(agent, num_envs=options.episodes, split=options.split)
    if (name := declared(env).target_name) not in options.TARGETS:
        raise ValueError(f"{options.agent} looks at {name} of {agent.env_id}, not at {' or '.join(options.TARGETS)}")
    looks: dict[str, Look] = {_label(options.agent): "mean", "random gaze": "random"}
    lines = {
        name: attention.by_glimpse(agent, env, measure, look=look, seed=options.seed).mean(1)
        for name, look in looks.items()
    }
    env.close()
    for name, line in lines.items():
        print(f"{name}: {' '.join(f'{value:.3g}' for value in line)}")
    return lines


def _label(name: str) -> str:
    """What to call an agent: best.safetensors and last.safetensors by their run's directory."""
    path = Path(name)
    return path.parent.name if path.stem in ("best", "last") else path.stem


def read_log(run: Path) -> list[dict[str, float]]:
    """The lines of a run's log.

    Raises:
        FileNotFoundError: the directory has none.
    """
    path = run / "progress.jsonl"
    if not path.is_file():
        raise FileNotFoundError(f"there is no log of a run in {run}: {path.name} is missing")
    return [json.loads(line) for line in path.read_text().splitlines()]
