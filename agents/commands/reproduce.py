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
from rich.console import Console

from ram_envs.retina.gaze import InitialLocation

from ..agent.config import Config
from ..agent.recipes import recipe
from ..evaluation.estimate import Estimate, estimate
from ..evaluation.evaluate import Evaluation, evaluate
from ..evaluation.pretrained import load, pretrained_names
from ..evaluation.runs import BEST, LAST, naming, read_log
from ..model.config import COUNT, NOT_NEGATIVE, number
from ..precision import MatmulPrecision
from ..reports.paper import ONCE_MORE, ROWS, Row, rows_of
from ..reports.paper_tables import Line, as_json, markdown, table
from ..training.reinforce import Reinforce
from .options import DEFAULT_THREADS, check_device, check_out, metered, parse
from .train import train
from .train_options import Train

AGENTS = tuple(dict.fromkeys(row.agent for row in ROWS))
OTHERS = tuple(dict.fromkeys(row.agent for row in ONCE_MORE))


@dataclass(frozen=True)
class Reproduce:
    """Measure the pretrained agents on all test scenes, and print the paper's tables beside it."""

    agents: tyro.conf.Positional[tuple[str, ...]] = ()
    """Only these; by default the one of each row that comes with the package, with `train` also where none comes."""
    train: bool = False
    """Train the agents from nothing by their recipes first, and measure those. What was begun in `out` goes on."""
    estimate: bool = False
    """With `train`, only say how many minutes each of the runs will take here."""
    matmul_precision: MatmulPrecision | None = None
    """With `train`, this one in place of the recipe's: "highest" is what processors without bfloat16 do."""
    initial_location: InitialLocation | None = None
    """Measure with the first look there, "random" or "center"; by default as the agent was trained."""
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


def main(arguments: Sequence[str]) -> None:
    """Parse the arguments, train if wanted, measure, print."""
    options = parse(Reproduce, arguments, command="reproduce")
    if unknown := sorted(set(options.agents) - {*AGENTS, *OTHERS}):
        known = ", ".join(AGENTS + OTHERS)
        raise ValueError(f"no row of the paper has the agent {', '.join(unknown)}; there are: {known}")
    check_device(options.device)
    if options.json:
        check_out(options.json, "--json")
    if options.train:
        check_out(options.out, directory=True)
    torch.set_num_threads(options.threads)
    if options.estimate and not options.train:
        raise ValueError("--estimate tells how long training takes: add --train")
    lines: list[Line] = []
    for name in options.agents or [name for name in AGENTS if options.train or name in pretrained_names()]:
        rows = rows_of(name)
        if options.estimate:
            for seed in options.seeds:
                print(f"{name}, seed {seed}: {estimated(name, seed, options)}")
        elif options.train:
            for run in [trained(name, seed, options) for seed in options.seeds]:
                agent = Reinforce.load(run / BEST, device=options.device, allow_unsigned=options.allow_unsigned)
                lines += timed(answered(measure(run.name, agent, options), rows), run)
        else:
            lines += answered(measure(name, load(name, device=options.device), options), rows)
    if options.estimate:
        return
    print(markdown(lines)) if options.markdown else Console().print(table(lines))
    if options.json:
        with naming(options.json):
            options.json.write_text(json.dumps(as_json(lines), indent=1))


def configured(name: str, seed: int, options: Reproduce) -> Config:
    """The recipe, as it is trained with this seed."""
    config = recipe(name).replace(seed=seed)
    return config.replace(matmul_precision=options.matmul_precision) if options.matmul_precision else config


def estimated(name: str, seed: int, options: Reproduce) -> Estimate:
    """How long the run will take here, or what is left of it."""
    done = episodes_of(options.out / f"{name}-{seed}")
    return estimate(configured(name, seed, options), episodes=done, device=options.device)


def episodes_of(run: Path) -> int:
    """That a run has behind it, as its log tells; 0 of one whose log is cut short, which going on mends."""
    try:
        log = read_log(run) if (run / LAST).exists() else []
    except (FileNotFoundError, ValueError):
        log = []
    return log[-1]["episodes"] if log else 0


def trained(name: str, seed: int, options: Reproduce) -> Path:
    """The directory of a run by the recipe, resumed if it was begun before; its best agent is by validation error."""
    out = options.out / f"{name}-{seed}"
    begun, left = (out / LAST).exists(), configured(name, seed, options).total_episodes - episodes_of(out)
    if left > 0:
        going = "goes on with" if begun else "trains"
        print(f"{going} {out}; if it is stopped, the same command goes on", file=sys.stderr)
        print(estimated(name, seed, options), file=sys.stderr)
    train_options = Train(
        **vars(configured(name, seed, options)),
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
    if options.initial_location:
        begin = agent.env_kwargs | {"initial_location": options.initial_location}
        agent.config = agent.config.replace(env_kwargs=begin)
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
        random = float(measured.random.mean[t])
        lines.append(Line(row, own.episodes, float(own.mean[t]), sampled, averaged, random))
    return lines
