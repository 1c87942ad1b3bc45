"""`ram plot`: figures of runs and agents, as SVG, PNG or PDF."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import numpy as np
import torch
import tyro
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..agent.envs import declared
from ..evaluation import attention
from ..evaluation.evaluate import evaluate
from ..evaluation.runs import naming, read_log
from ..model.choice import Look
from ..model.config import COUNT, NOT_NEGATIVE, Range, number
from ..rendering import figures, sequences
from ..rendering.episodes import Selection, environment, episodes
from ..rendering.fixations import fixations
from ..training.reinforce import Reinforce
from .options import check_numbers, check_out, metered, open_agent

Split = Literal["train", "validation", "test"]
T = TypeVar("T")
Agent = Annotated[T, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")]
Run = Annotated[T, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
BATCH = 250  # episodes at once


@dataclass(frozen=True, kw_only=True)
class OfAgents:
    """What figures of agents share."""

    device: str = "cpu"
    """Where the models live."""
    allow_unsigned: bool = False
    """Load checkpoints of an old format too, whose checksum leaves out what they were trained on and how."""


@dataclass(frozen=True)
class Curves:
    """Learning curves from the logs of runs."""

    runs: Run[tuple[Path, ...]]
    """Directories that `ram train --out` wrote to."""
    out: Path = Path("curves.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Glimpses(OfAgents):
    """The error after each glimpse."""

    agents: Agent[tuple[str, ...]]
    """Names of pretrained agents, or checkpoints."""
    split: Split = "test"
    """Which scenes, where the environment has splits."""
    episodes: int | None = number(None, COUNT)
    """How many; by default all of the split."""
    paths: int = number(10, NOT_NEGATIVE)
    """Sampled paths for each image, of which the answers are averaged."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of where the gaze starts, and of the sampling."""
    out: Path = Path("glimpses.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Gaze(OfAgents):
    """Where an agent looks, glimpse by glimpse: around the digit, or around the ball."""

    agent: Agent[str]
    """A pretrained agent's name, or a checkpoint."""
    split: Split = "test"
    """Which scenes, where the environment has splits."""
    episodes: int = number(2000, COUNT)
    """How many."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of scenes, and of where the gaze starts."""
    out: Path = Path("gaze.png")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Montage(OfAgents):
    """Glimpse sequences: a row for each episode, with what the agent saw and said at each glimpse."""

    agent: Agent[str]
    """A pretrained agent's name, or a checkpoint."""
    split: Split = "test"
    """Which scenes, where the environment has splits."""
    index: tuple[int, ...] = number((), NOT_NEGATIVE)
    """Which images, or numbered games of Catch; random ones by default."""
    only: Literal["all", "right", "wrong"] = "all"
    """Show all episodes, or only successes, or only mistakes."""
    episodes: int = number(6, COUNT)
    """How many random ones."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of random images, and of where the gaze starts."""
    out: Path = Path("montage.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Digit(OfAgents):
    """How often each glimpse lies on the digit, beside a random gaze."""

    TARGETS: ClassVar = ("the digit", "the image")

    agent: Agent[str]
    """A pretrained agent's name, or a checkpoint."""
    split: Split = "test"
    """Which scenes, where the environment has splits."""
    episodes: int = number(5000, COUNT)
    """How many."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of scenes, and of the random gaze."""
    out: Path = Path("digit.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class Ball(OfAgents):
    """How far the gaze is from the ball, frame by frame, beside a random gaze."""

    TARGETS: ClassVar = ("the ball",)
    split: ClassVar = None

    agent: Agent[str] = "catch"
    """A pretrained agent's name, or a checkpoint."""
    episodes: int = number(5000, COUNT)
    """How many games."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of games, and of the random gaze."""
    out: Path = Path("ball.svg")
    """.svg, .png or .pdf."""


@dataclass(frozen=True)
class CostOptions:
    """The time of a glimpse against the size of the image, beside CNNs that see it whole."""

    sizes: tuple[int, ...] = number((28, 60, 100, 200, 400), Range(10))
    """Widths and heights, in pixels."""
    threads: int = number(1, COUNT)
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
    options: Options = tyro.cli(Plot, args=list(arguments), prog="ram plot", description="Draw a figure.")
    check_numbers(options)
    plot(options)


def plot(options: Options) -> None:
    """Draw the figure that the options ask for, and write it."""
    if options.out.suffix not in (".svg", ".png", ".pdf"):
        raise ValueError(f"cannot write {options.out.name!r}: the name must end in .svg, .png or .pdf")
    check_out(options.out)
    figure = DRAW[type(options)](options)
    with naming(options.out):
        figures.save(figure, options.out)
    print(f"wrote {options.out}")


def curves(options: Curves) -> Figure:
    """Draw learning curves."""
    if not options.runs:
        raise ValueError("name a run: a directory that `ram train --out` wrote to")
    return figures.learning_curves({run.name: read_log(run) for run in options.runs})


def glimpses(options: Glimpses) -> Figure:
    """Draw the error after each glimpse."""
    if not options.agents:
        raise ValueError("name an agent: a checkpoint's path, or a pretrained agent")
    results = {}
    for name in options.agents:
        agent = opened(name, options)
        with metered("episodes", name) as progress:
            results[_label(name)] = evaluate(
                agent,
                split=options.split,
                episodes=options.episodes,
                paths=options.paths,
                seed=options.seed,
                progress=progress,
            )
    return figures.error_by_glimpse(results)


def gaze(options: Gaze) -> Figure:
    """Draw where an agent looks."""
    agent = opened(options.agent, options)
    env = environment(agent, num_envs=min(BATCH, options.episodes), split=options.split)
    with metered("episodes", options.agent) as progress:
        seen = fixations(agent, env, episodes=options.episodes, seed=options.seed, progress=progress)
    env.close()
    return figures.gaze_map(seen)


def montage(options: Montage) -> Figure:
    """Draw glimpse sequences."""
    agent = opened(options.agent, options)
    selection = Selection(options.index, options.only, options.seed)
    env = environment(agent, num_envs=selection.num_envs, split=options.split)
    count = len(options.index) or options.episodes
    chosen = []
    with metered("episodes", options.agent) as progress:
        for episode in islice(episodes(agent, env, selection), count):
            chosen.append(episode)
            progress(1, count)
    return sequences.montage(chosen)


def digit(options: Digit) -> Figure:
    """Draw how often glimpses lie on the target."""
    lines = {name: 100 * line for name, line in courses(options, attention.on_the_target).items()}
    return figures.course(lines, ylabel="on the digit, % of glimpses")


def ball(options: Ball) -> Figure:
    """Draw how far the gaze is from the ball."""
    return figures.course(courses(options, attention.distance_to_the_target), ylabel="pixels from gaze to ball")


def cost(options: CostOptions) -> Figure:
    """Draw the time of a glimpse against the size of the image."""
    torch.set_num_threads(options.threads)
    measured = []
    with metered("sizes") as progress:
        for size in options.sizes:
            measured.append(attention.cost(size))
            progress(1, len(options.sizes))
    for line in measured:
        print("  ".join(f"{key} {value:.4g}" for key, value in line._asdict().items()))
    return figures.costs(measured)


DRAW: dict[type, Callable[[Any], Figure]] = {
    Curves: curves,
    Glimpses: glimpses,
    Gaze: gaze,
    Montage: montage,
    Digit: digit,
    Ball: ball,
    CostOptions: cost,
}


def courses(options: Digit | Ball, measure: attention.Measure) -> dict[str, NDArray[np.float64]]:
    """The mean of a measure after each glimpse, of the agent's gaze and of a random one; printed too."""
    agent = opened(options.agent, options)
    env = environment(agent, num_envs=options.episodes, split=options.split)
    if (name := declared(env).target_name) not in options.TARGETS:
        raise ValueError(f"{options.agent} looks at {name} of {agent.env_id}, not at {' or '.join(options.TARGETS)}")
    looks: dict[str, Look] = {_label(options.agent): "mean", "random gaze": "random"}
    lines = {}
    with metered("episodes", options.agent) as progress:
        for name, look in looks.items():
            lines[name] = attention.by_glimpse(agent, env, measure, look=look, seed=options.seed).mean(1)
            progress(options.episodes, len(looks) * options.episodes)
    env.close()
    for name, line in lines.items():
        print(f"{name}: {' '.join(f'{value:.3g}' for value in line)}")
    return lines


def opened(name: str, options: OfAgents) -> Reinforce:
    """An agent, as the options have it."""
    return open_agent(name, device=options.device, allow_unsigned=options.allow_unsigned)


def _label(name: str) -> str:
    """What to call an agent: best.safetensors and last.safetensors by their run's directory."""
    path = Path(name)
    return path.parent.name if path.stem in ("best", "last") else path.stem
