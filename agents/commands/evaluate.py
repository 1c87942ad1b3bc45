"""`ram evaluate`: what an agent reaches on a split, after every glimpse, and what controls reach beside it."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import torch
import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ..evaluation.cnn_training import PLANS, Course, Training
from ..evaluation.cnns import CNNS, Classifier, classifier_error, make_classifier
from ..evaluation.controls import Control, as_control
from ..evaluation.evaluate import Evaluation, evaluate
from ..evaluation.runs import naming
from ..model.config import COUNT, NOT_NEGATIVE, number
from ..training.reinforce import Reinforce
from .options import DEFAULT_THREADS, JsonObject, check_out, metered, open_agent, parse

NAME_WIDTH = 20
"""Characters of an agent's name that have a line of the table; what is longer goes on in the next."""


@dataclass(frozen=True)
class Evaluate:
    """Measure trained agents over every scene of a split (Catch: over 10,000 numbered games)."""

    agents: tyro.conf.Positional[tuple[str, ...]]
    """Checkpoints, or names of pretrained agents."""
    split: Literal["validation", "test", "train"] = "test"
    """Choose models on "validation", report "test"."""
    paths: int = number(10, NOT_NEGATIVE)
    """Sampled paths for each scene."""
    episodes: int | None = number(None, COUNT)
    """Only the first so many scenes."""
    look: Annotated[Literal["agent", "random", "center", "scan"], tyro.conf.arg(name="look")] = "agent"
    """Look elsewhere than the agent would: the same weights, without its gaze. "random" is uniform over the scene,
    "scan" a fixed raster of it; relative saccades go as far towards these places as they lead."""
    env_id: str | None = None
    """Measure on this environment. An agent's file alone imports no module: for "my_module:Mine-v0" name it here."""
    env_kwargs: JsonObject = field(default_factory=dict)
    """Change the environment's arguments: how does an agent do with more clutter, or on a larger canvas?"""
    controls: tuple[Control, ...] = ()
    """Train these with the first agent's recipe and measure them too: RAM that looks at "random", at the "center" or
    along a "scan", or sees the "whole" screen of Catch; the paper's "weak-cnn" and a "modern-cnn", which see whole
    scenes."""
    control_episodes: int | None = number(None, COUNT)
    """Training episodes of a control. By default RAM has as many as the agent had, and a CNN trains until its held-out
    error stops falling; a number ends it sooner, and a larger one goes on."""
    control_patience: int | None = number(None, COUNT)
    """A CNN's rate falls, and at its lowest the training ends, when so many rounds had no smaller held-out error; by
    default as its plan has it."""
    controls_dir: Path = Path("runs/controls")
    """Where controls are kept, and found again. A CNN is saved after every round of its training, and goes on from
    there when the same command is given again."""
    confusion: bool = False
    """Print the confusion matrices."""
    out: Path | None = None
    """Write everything to this JSON file too."""
    allow_unsigned: bool = False
    """Load checkpoints of an old format too, whose checksum leaves out what they were trained on and how."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of random initial locations, and of the sampling."""
    device: str = "cpu"
    """Where the models live."""
    threads: int = number(DEFAULT_THREADS, COUNT)
    """Of torch, on the CPU."""


def main(arguments: Sequence[str]) -> None:
    """Parse the arguments, measure, print."""
    options = parse(Evaluate, arguments, command="evaluate")
    if not options.agents:
        raise ValueError("name an agent: a checkpoint's path, or a pretrained agent")
    if options.out:
        check_out(options.out)
    if options.controls:
        check_out(options.controls_dir, "--controls-dir", directory=True)
    torch.set_num_threads(options.threads)
    agents = {name: opened(name, options) for name in options.agents}
    measured = {name: measure(name, agent, options) for name, agent in agents.items()}
    cnns: dict[str, dict[str, Any]] = {}
    for control in options.controls:
        first = opened(options.agents[0], options)
        if control in CNNS:
            cnns[control] = classifier_control(first, control, options)
        else:
            name = f"{control} (control)"
            measured[name] = measure(name, trained_control(first, control, options), options)
    show(measured, cnns, options)
    if options.out:
        with naming(options.out):
            options.out.write_text(json.dumps(as_json(measured, cnns, options), indent=1))


def opened(name: str, options: Evaluate) -> Reinforce:
    """An agent, for the environment that the options ask for."""
    return open_agent(
        name,
        device=options.device,
        env_id=options.env_id,
        env_kwargs=options.env_kwargs,
        allow_unsigned=options.allow_unsigned,
    )


def measure(name: str, agent: Reinforce, options: Evaluate) -> Evaluation:
    """One agent, as the options say."""
    with metered("episodes", name) as progress:
        return evaluate(
            agent,
            split=options.split,
            episodes=options.episodes,
            paths=options.paths,
            look=None if options.look == "agent" else options.look,
            seed=options.seed,
            progress=progress,
        )


def trained_control(agent: Reinforce, control: Control, options: Evaluate) -> Reinforce:
    """RAM trained like the agent but as a control; found again from the last time, if it had as many episodes."""
    config = as_control(agent.config, control)
    config = config.replace(total_episodes=options.control_episodes or config.total_episodes)
    path = _control_path(agent, control, options)
    if path.exists():
        found = Reinforce.load(path, device=options.device)
        if found.config == config:
            return found
    trained = Reinforce(config=config, device=options.device).learn(progress_bar=True)
    trained.save(path, resumable=False)
    return trained


def classifier_control(agent: Reinforce, control: Control, options: Evaluate) -> dict[str, Any]:
    """The error in % of a CNN that sees whole scenes, and how it was trained; its training goes on from its file."""
    plan = PLANS[control]
    if options.control_patience:
        plan = plan._replace(patience=options.control_patience)
    training = Training(make_classifier(agent.config, control), plan, device=options.device)
    path = _control_path(agent, control, options)
    if path.exists():
        training.load(path)
    console = Console(stderr=True, highlight=False)

    def tell(course: Course) -> None:
        console.print(f"{control}: {course.summary(plan)}", soft_wrap=True)

    training.run(path, most_scenes=options.control_episodes or math.inf, tell=tell)
    error = classifier_error(Classifier(training.best, training.config), options.split, device=options.device)
    return {"error": error, "ended": training.ended, "plan": plan._asdict(), **vars(training.course)}


def _control_path(agent: Reinforce, control: Control, options: Evaluate) -> Path:
    return options.controls_dir / f"{agent.env_id.rpartition(':')[2].split('/')[-1]}-{control}.safetensors"


def show(measured: dict[str, Evaluation], cnns: dict[str, dict[str, Any]], options: Evaluate) -> None:
    """Print a table of errors in %: a row for each agent and gaze, a column for each glimpse, the answer's last.

    Where the console is too narrow for all glimpses, the columns are the first, every second (fifth, tenth, ...) and
    the answer. Where an agent answers before its last glimpse, one more column tells how many it takes.
    """
    console = Console()
    early = any(1 < len(result.mean) > result.glimpses for result in measured.values())
    steps = max(len(result.mean) for result in measured.values())
    rows = _rows(measured, cnns, options)
    title = f"Error in %, {options.split}, {next(iter(measured.values())).episodes:,} episodes each"
    for shown in _choices_of_glimpses(steps):
        table = _errors_table(title, rows, shown, early=early)
        if _width(table, rows, console) <= console.width:
            break
    if len(shown) < steps:
        table.caption = "--out writes the errors after every glimpse"
    console.print(table)
    if any(result.balanced_accuracy for result in measured.values()):
        console.print(_scores_table(measured, options))
    if any(result.several for result in measured.values()):
        console.print(_several_table(measured, options))
    for name, result in measured.items():
        if options.confusion and result.confusion is not None:
            console.print(_confusion_table(name, result))


class _Row(NamedTuple):
    agent: str
    gaze: str
    errors: list[float]
    """After each glimpse, in %; of those that see whole scenes the answer's alone."""
    taken: float | None
    """Mean number of glimpses before the answer."""


def _rows(measured: dict[str, Evaluation], cnns: dict[str, dict[str, Any]], options: Evaluate) -> list[_Row]:
    rows = [
        _Row(name, _meaning(column, options), getattr(result, column).tolist(), taken)
        for name, result in measured.items()
        for column, taken in zip(
            ("mean", "sampled", "averaged"), (result.glimpses, result.sampled_glimpses, None), strict=True
        )
        if getattr(result, column) is not None
    ]
    return rows + [_Row(f"{name} (control)", "whole scene", [cnn["error"]], None) for name, cnn in cnns.items()]


def _choices_of_glimpses(steps: int) -> Iterator[list[int]]:
    """Which of so many glimpses have columns, from all to the first and the last; the last is the answer's."""
    for tens in itertools.count():
        for every in (10**tens, 2 * 10**tens, 5 * 10**tens):
            yield [t for t in range(1, steps + 1) if t % every == 0 or t in (1, steps)]
            if every >= steps:
                return


def _errors_table(title: str, rows: list[_Row], shown: list[int], *, early: bool) -> Table:
    """With columns for these glimpses, counted from 1, the last of them the answer's."""
    steps = shown[-1]
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("agent", overflow="fold")
    table.add_column("gaze")
    for t in shown:
        table.add_column(str(t) if t < steps else "answer", justify="right", no_wrap=True)
    if early:
        table.add_column("glimpses", justify="right", no_wrap=True)
    for row in rows:
        cells = [""] * (steps - len(row.errors)) + [f"{error:.2f}" for error in row.errors]
        count = [f"{row.taken:.2f}" if row.taken else ""] if early else []
        table.add_row(row.agent, row.gaze, *[cells[t - 1] for t in shown], *count)
    return table


def _width(table: Table, rows: list[_Row], console: Console) -> int:
    """What a table needs in characters, where the agents' names may be folded."""
    folded = max(0, max(len(row.agent) for row in rows) - NAME_WIDTH)
    return console.measure(table, options=console.options.update(max_width=sys.maxsize)).maximum - folded


def _meaning(column: str, options: Evaluate) -> str:
    """What the gaze of a row of the table is."""
    own = {"mean": "mean", "sampled": "sampled", "averaged": f"mean of {options.paths}"}[column]
    return own if options.look == "agent" else f"{options.look}, {own}".removesuffix(", mean")


def _scores_table(measured: dict[str, Evaluation], options: Evaluate) -> Table:
    """Of the answers: balanced accuracy, and of two classes the area under the ROC curve."""
    table = Table(title="Answers", box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("agent", overflow="fold")
    table.add_column("gaze")
    table.add_column("balanced accuracy, %", justify="right")
    has_areas = any(result.auc for result in measured.values())
    if has_areas:
        table.add_column("AUC", justify="right", no_wrap=True)
    for name, result in measured.items():
        for column, accuracy in (result.balanced_accuracy or {}).items():
            area = (result.auc or {}).get(column)
            areas = ["" if area is None else f"{area:.4f}"] if has_areas else []
            table.add_row(name, _meaning(column, options), f"{accuracy or 0:.2f}", *areas)
    return table


def _several_table(measured: dict[str, Evaluation], options: Evaluate) -> Table:
    """Errors of the whole, in which an answer is wrong, and of each answer."""
    table = Table(title="Several answers, error in %", box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("agent", overflow="fold")
    table.add_column("gaze")
    rows = [
        (name, _meaning(gaze, options), *(f"{error:.2f}" for error in errors))
        for name, result in measured.items()
        for gaze, errors in (result.several or {}).items()
    ]
    for column in ("whole", *range(1, max(map(len, rows)) - 2)):
        table.add_column(str(column), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _confusion_table(name: str, result: Evaluation) -> Table:
    assert result.confusion is not None
    table = Table(title=f"{name}: label (rows), answer (columns)")
    for column in ("", *range(len(result.confusion))):
        table.add_column(str(column), justify="right")
    for label, counts in enumerate(result.confusion.tolist()):
        table.add_row(str(label), *[str(count) if count else "·" for count in counts])
    return table


def as_json(measured: dict[str, Evaluation], cnns: dict[str, dict[str, Any]], options: Evaluate) -> dict[str, Any]:
    """All figures, and how they were measured."""
    how = {key: str(value) if isinstance(value, Path) else value for key, value in dataclasses.asdict(options).items()}
    agents = {
        name: {key: value.tolist() if hasattr(value, "tolist") else value for key, value in result._asdict().items()}
        for name, result in measured.items()
    }
    return {"options": how, "agents": agents, "controls": cnns}
