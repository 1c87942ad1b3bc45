"""`ram reproduce`: the paper's tables beside what the pretrained agents reach on the full test sets."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ..agent.config import recipe
from ..evaluation.evaluate import Evaluation, evaluate
from ..evaluation.pretrained import load, pretrained_names
from ..evaluation.runs import BEST, LAST, naming, read_log
from ..model.config import COUNT, NOT_NEGATIVE, number
from ..training.reinforce import Reinforce
from .options import DEFAULT_THREADS, check_device, check_out, metered, parse
from .paper import ROWS, Row
from .train import train
from .train_options import Train

AGENTS = tuple(dict.fromkeys(row.agent for row in ROWS))


@dataclass(frozen=True)
class Reproduce:
    """Measure the pretrained agents on all test scenes, and print the paper's tables beside it."""

    agents: tyro.conf.Positional[tuple[str, ...]] = ()
    """Only these; by default all that come with the package, or with `train` all that have a row."""
    train: bool = False
    """Train the agents from nothing by their recipes first, and measure those. What was begun in `out` goes on."""
    seeds: tuple[int, ...] = number((0,), NOT_NEGATIVE)
    """Of the training: a run for each."""
    out: Path = Path("runs/reproduce")
    """Where agents are trained, in a directory by name and seed."""
    paths: int = number(10, NOT_NEGATIVE)
    """Sampled paths for each scene."""
    episodes: int | None = number(None, COUNT)
    """Only the first so many scenes."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of random initial locations and sampled paths, in the measurement."""
    markdown: bool = False
    """Print the table as Markdown."""
    json: Path | None = None
    """Write the figures of each run to this file too."""
    allow_unsigned: bool = False
    """With `train`, go on with runs of an old format too, whose checksum leaves out what they are of."""
    device: str = "cpu"
    """Where the models live."""
    threads: int = number(DEFAULT_THREADS, COUNT)
    """Of torch, on the CPU."""


class Measured(NamedTuple):
    """One agent's figures."""

    own: Evaluation
    random: Evaluation
    """The same weights, looking at random places."""


class Line(NamedTuple):
    """One agent's figures for a row: errors in %."""

    row: Row
    single: float
    """One path that looks at the mean locations: what counts."""
    sampled: float | None
    averaged: float | None
    random_gaze: float
    minutes_to_beat: float | None = None
    """Of training, until the held-out error was first below the paper's; None if never, or if not trained here."""


def main(arguments: Sequence[str]) -> None:
    """Parse the arguments, train if wanted, measure, print."""
    options = parse(Reproduce, arguments, command="reproduce")
    if unknown := sorted(set(options.agents) - set(AGENTS)):
        raise ValueError(f"no row of the paper has the agent {', '.join(unknown)}; there are: {', '.join(AGENTS)}")
    check_device(options.device)
    if options.json:
        check_out(options.json, "--json")
    if options.train:
        check_out(options.out, directory=True)
    torch.set_num_threads(options.threads)
    lines: list[Line] = []
    for name in options.agents or [name for name in AGENTS if options.train or name in pretrained_names()]:
        rows = [row for row in ROWS if row.agent == name]
        if options.train:
            for run in [trained(name, seed, options) for seed in options.seeds]:
                agent = Reinforce.load(run / BEST, device=options.device, allow_unsigned=options.allow_unsigned)
                lines += timed(answered(measure(run.name, agent, options), rows), run)
        else:
            lines += answered(measure(name, load(name, device=options.device), options), rows)
    print(markdown(lines)) if options.markdown else Console().print(table(lines))
    if options.json:
        with naming(options.json):
            options.json.write_text(json.dumps([{**line.row._asdict(), **_figures(line)} for line in lines], indent=1))


def trained(name: str, seed: int, options: Reproduce) -> Path:
    """The directory of a run by the recipe, resumed if it was begun before; its best agent is by validation error."""
    out = options.out / f"{name}-{seed}"
    begun = (out / LAST).exists()
    print(f"{'goes on with' if begun else 'trains'} {out}; if it is stopped, the same command goes on", file=sys.stderr)
    train_options = Train(
        **vars(recipe(name).replace(seed=seed)),
        out=out,
        resume=begun,
        device=options.device,
        threads=options.threads,
        allow_unsigned=options.allow_unsigned,
    )
    train(train_options)
    return out


def timed(lines: Sequence[Line], run: Path) -> list[Line]:
    """The lines with the minutes that the run took to beat each row."""
    log = read_log(run)
    return [line._replace(minutes_to_beat=minutes_to_beat(line.row, log)) for line in lines]


def minutes_to_beat(row: Row, log: Sequence[dict[str, Any]]) -> float | None:
    """Minutes of training until the held-out error of the row's answer was first below the paper's, by a run's log."""
    answer = -1 if row.glimpses is None else row.glimpses - 1
    beaten = [line["seconds"] / 60 for line in log if line["validation_errors"][answer] < row.nips]
    return beaten[0] if beaten else None


def measure(name: str, agent: Reinforce, options: Reproduce) -> Measured:
    """An agent on the test scenes, by its own gaze and by a random one."""
    with metered("episodes", name) as progress:
        own = evaluate(agent, episodes=options.episodes, paths=options.paths, seed=options.seed, progress=progress)
    with metered("episodes", f"{name}, random gaze") as progress:
        random = evaluate(
            agent, episodes=options.episodes, paths=0, seed=options.seed, look="random", progress=progress
        )
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


def _cells(lines: Sequence[Line]) -> list[str]:
    """A row of the table, of one agent or the mean of several.

    The single path's figure decides whether the paper as published is beaten: the worst agent's.
    """
    row = lines[0].row
    ours = [_mean([getattr(line, name) for line in lines]) for name in ("single", "sampled", "averaged", "random_gaze")]
    theirs = ["-" if figure is None else f"{figure:.2f}" for figure in (row.arxiv, row.nips, row.public)]
    beaten = all(line.single < row.nips for line in lines)
    return [row.task, str(row.glimpses or "-"), *ours, *theirs, "yes" if beaten else "no"]


def _mean(figures: Sequence[float | None]) -> str:
    known = [figure for figure in figures if figure is not None]
    return f"{sum(known) / len(known):.2f}" if known else "-"


def _figures(line: Line) -> dict[str, float | None]:
    return {key: value for key, value in line._asdict().items() if key != "row"}


def _by_row(lines: Sequence[Line]) -> list[list[Line]]:
    """The runs of each row together."""
    groups: dict[Row, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.row, []).append(line)
    return list(groups.values())


def table(lines: Sequence[Line]) -> Table:
    """For a terminal of 80 columns: a row for each run."""
    result = Table(title="Test error in %: ours, and the paper's", box=SIMPLE, padding=0, pad_edge=False)
    for i, word in enumerate(HEADER):
        result.add_column(word, justify="right" if i else "left", no_wrap=True)
    for same in _by_row(lines):
        for line in same:
            result.add_row(*_cells([line]))
    return result


def markdown(lines: Sequence[Line]) -> str:
    """For documents: means of the runs, the range of several, the minutes that training took to beat it, the agent."""
    groups = _by_row(lines)
    rows = [list(HEADER), ["---"] + ["---:"] * (len(HEADER) - 1), *map(_cells, groups)]
    if any(len(same) > 1 for same in groups):
        ranges = [f"{min(single):.2f} to {max(single):.2f}" for same in groups if (single := [s.single for s in same])]
        _add_column(rows, "range of single", ranges)
    if any(line.minutes_to_beat is not None for line in lines):
        _add_column(rows, "minutes to beat", [_mean([line.minutes_to_beat for line in same]) for same in groups])
    _add_column(rows, "agent", [f"`{same[0].row.agent}`" for same in groups])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _add_column(rows: list[list[str]], name: str, cells: Sequence[str]) -> None:
    for row, cell in zip(rows, [name, "---:", *cells], strict=True):
        row.append(cell)
