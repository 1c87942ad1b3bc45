"""`ram reproduce`: the paper's tables beside what the shipped agents reach on the full test sets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from .config import recipe
from .evaluate import Evaluation, evaluate
from .options import DEFAULT_THREADS
from .paper import ROWS, Row
from .reinforce import Reinforce
from .shipped import load, shipped_agents
from .train import Train, train

AGENTS = tuple(dict.fromkeys(row.agent for row in ROWS))


@dataclass(frozen=True)
class Reproduce:
    """Measure the shipped agents on all test scenes, and print the paper's tables beside it."""

    agents: tyro.conf.Positional[tuple[str, ...]] = ()
    """Only these; by default all that come with the package, or with `train` all that have a row."""
    train: bool = False
    """Train the agents from nothing by their recipes first, and measure those. What was begun in `out` goes on."""
    seed: int = 0
    """Of the training; and of random initial locations and sampled paths, in the measurement."""
    out: Path = Path("runs/reproduce")
    """Where agents are trained, in a directory by name and seed."""
    paths: int = 10
    """Sampled paths for each scene."""
    episodes: int | None = None
    """Only the first so many scenes."""
    markdown: bool = False
    """Print the table as Markdown."""
    json: Path | None = None
    """Write the figures to this file too."""
    threads: int = DEFAULT_THREADS
    """Of torch, on the CPU."""


class Measured(NamedTuple):
    """One agent's figures."""

    own: Evaluation
    random: Evaluation
    """The same weights, looking at random places."""


class Line(NamedTuple):
    """A row's figures: errors in %."""

    row: Row
    single: float
    """One path that looks at the mean locations: what counts."""
    sampled: float | None
    averaged: float | None
    random_gaze: float


def main(arguments: Sequence[str]) -> None:
    """Parse the arguments, train if wanted, measure, print."""
    options = tyro.cli(Reproduce, args=list(arguments), prog="ram reproduce")
    if unknown := sorted(set(options.agents) - set(AGENTS)):
        raise ValueError(f"no row of the paper has the agent {', '.join(unknown)}; there are: {', '.join(AGENTS)}")
    torch.set_num_threads(options.threads)
    lines: list[Line] = []
    for name in options.agents or [name for name in AGENTS if options.train or name in shipped_agents()]:
        agent = trained(name, options) if options.train else load(name)
        lines += answered(measure(agent, options), [row for row in ROWS if row.agent == name])
    print(markdown(lines)) if options.markdown else Console().print(table(lines))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps([{**line.row._asdict(), **_figures(line)} for line in lines], indent=1))


def trained(name: str, options: Reproduce) -> Reinforce:
    """The best agent, by validation error, of a run by the recipe: resumed if it was begun before."""
    out = options.out / f"{name}-{options.seed}"
    config = recipe(name).replace(seed=options.seed)
    begun = (out / "last.safetensors").exists()
    train(Train(**vars(config), out=out, resume=begun, threads=options.threads))
    return Reinforce.load(out / "best.safetensors")


def measure(agent: Reinforce, options: Reproduce) -> Measured:
    """An agent on the test scenes, by its own gaze and by a random one."""
    own = evaluate(agent, episodes=options.episodes, paths=options.paths, seed=options.seed)
    random = evaluate(agent, episodes=options.episodes, paths=0, seed=options.seed, look="random")
    return Measured(own, random)


def answered(measured: Measured, rows: Sequence[Row]) -> list[Line]:
    """What an agent says to each row that it takes enough glimpses for; of Catch at the end of the game."""
    own, lines = measured.own, []
    for row in rows:
        if (row.glimpses or 1) > len(own.mean):
            continue
        t = -1 if row.glimpses is None else row.glimpses - 1
        sampled, averaged = (None if column is None else float(column[t]) for column in (own.sampled, own.averaged))
        lines.append(Line(row, float(own.mean[t]), sampled, averaged, float(measured.random.mean[t])))
    return lines


HEADER = ("task", "glimpses", "single", "sampled", "averaged", "random", "arXiv", "NIPS", "public", "beaten")


def _cells(line: Line) -> list[str]:
    """A row of the table; the single path's figure decides whether the paper as published is beaten."""
    row, beaten = line.row, line.single < line.row.nips
    figures = (line.single, line.sampled, line.averaged, line.random_gaze, row.arxiv, row.nips, row.public)
    words = ["-" if figure is None else f"{figure:.2f}" for figure in figures]
    return [row.task, str(row.glimpses or "-"), *words, "yes" if beaten else "no"]


def _figures(line: Line) -> dict[str, float | None]:
    return {key: value for key, value in line._asdict().items() if key != "row"}


def table(lines: Sequence[Line]) -> Table:
    """For a terminal of 80 columns."""
    result = Table(title="Test error in %: ours, and the paper's", box=SIMPLE, padding=0, pad_edge=False)
    for i, word in enumerate(HEADER):
        result.add_column(word, justify="right" if i else "left", no_wrap=True)
    for line in lines:
        result.add_row(*_cells(line))
    return result


def markdown(lines: Sequence[Line]) -> str:
    """For documents."""
    rows = [HEADER, ["---"] + ["---:"] * (len(HEADER) - 1), *map(_cells, lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
