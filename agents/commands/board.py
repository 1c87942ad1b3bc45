"""`ram benchmark` trains and measures the entries of the scoreboard; `ram verify` checks a stranger's."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import torch
import tyro

from ..agent.envs import import_module_of
from ..entrants.course import Budget
from ..entrants.entry import ENTRIES, Challenge, NotForThis
from ..evaluation.runs import naming
from ..model.config import COUNT, NOT_NEGATIVE, POSITIVE, SHARE, number
from ..rendering.figures import save
from ..scoreboard import statistics
from ..scoreboard.curves import learning_curves
from ..scoreboard.machine import commit, repository
from ..scoreboard.reading import LEAST_SEEDS
from ..scoreboard.runs import Run, Terms, check_admitted, environment_name, submission
from ..scoreboard.submission import Submission
from ..scoreboard.table import collect, markdown
from ..scoreboard.verification import MOST_DIFFERENT
from ..scoreboard.verification import verify as check_submission
from .options import DEFAULT_THREADS, JsonObject, check_out, in_one_line, is_mistake, parse

TABLE, CURVES = "table.md", "curves.svg"


@dataclass(frozen=True)
class Benchmark:
    """Train entries of the scoreboard within one budget, and measure them on the test scenes.

    A command that was stopped goes on when it is given again; runs that have ended are not repeated. It writes a
    submission for each entry and environment, table.md and curves.svg.
    """

    entries: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME ...")] = ()
    """Who takes part; by default all for whom everything is installed."""
    envs: tuple[str, ...] = ("ram_envs/GlimpseMNIST-Cluttered100-v0", "ram_envs/GlimpseMNIST-Megapixel-v0")
    """Ids of environments."""
    env_kwargs: JsonObject = field(default_factory=dict)
    """Arguments of all of them."""
    seeds: tuple[int, ...] = number((0, 1, 2), NOT_NEGATIVE)
    """Of training; at least 3."""
    steps: int = number(1_000_000, COUNT)
    """Budget of a run, that is of an entry in one environment from one seed: steps of the environment."""
    core_minutes: float = number(60.0, POSITIVE)
    """And minutes of processor time for training, on one thread; the run ends with the first of both."""
    out: Path = Path("runs/benchmark")
    """Where runs are kept, and what comes of them. Several processes may work in it, also of other virtual
    environments: each takes runs that no other is at."""
    merge: tuple[Path, ...] = ()
    """Submissions of these directories come into the table too."""
    run: bool = True
    """Train; else only make the table and the figure of what is there."""
    test_scenes: int | None = number(None, COUNT)
    """Measure on the first so many test scenes; by default on all, as a board wants it."""
    validation_scenes: int = number(1000, COUNT)
    """Of the learning curves."""
    weights: bool = True
    """Whether submissions bring the weights of agents of this package, so that `ram verify` can play them."""
    who: str = "The ram-envs contributors"
    """Whose entries they are."""
    code: str = ""
    """The address of the code; by default this package's."""
    commit: str = ""
    """Of the code; by default that of the checkout which this package lies in."""


def benchmark(arguments: Sequence[str]) -> None:
    """Run `ram benchmark`: check all that can be wrong, run, and write what came of it."""
    options = parse(Benchmark, arguments, command="benchmark", description=_description())
    statistics.check_installed()
    check_out(options.out, directory=True)
    collect(options.merge, lambda path, error: None)  # a directory that is not there is told before any work
    failed, elsewhere = train(options) if options.run else ([], False)

    def leave_out(path: Path, error: Exception) -> None:
        print(f"{path} is left out: {in_one_line(error)}", file=sys.stderr)
        failed.append(str(path))

    board = collect([options.out, *options.merge], leave_out)
    if board:
        publish(board, options.out)
    elif not failed:
        message = (
            f"there is no submission in {options.out} yet: an entry is written when all its seeds are done, where it "
            "makes sense"
        )
        if not elsewhere:
            raise ValueError(message)
        print(message, file=sys.stderr)  # by the process that ends last
    if failed:
        raise ValueError(f"failed, or are left out, as told above: {', '.join(failed)}")


def publish(board: list[Submission], out: Path) -> None:
    """Print the table, and write it and the figure."""
    text = markdown(board)
    with naming(out / TABLE) as path:
        path.write_text(text)
    print(text)
    if any(each.curves for each in board):
        with naming(out / CURVES) as path:
            save(learning_curves(board), path)


def _description() -> str:
    listed = "\n".join(f"  {name}: {entry.title}" for name, entry in ENTRIES.items())
    return f"{Benchmark.__doc__}\n\nEntries:\n\n{listed}"


def train(options: Benchmark) -> tuple[list[str], bool]:
    """Do the runs that have not ended, seed by seed, and write the submissions of those that have.

    Returns:
        The entries that failed, each of which has been told: the others have run nevertheless. And whether another
        process was at some of the runs.

    Raises:
        ValueError: options that can't be.
        ImportError: an entry that was asked for lacks a package.
    """
    names = chosen(options.entries)
    if len(set(options.seeds)) < max(LEAST_SEEDS, len(options.seeds)):
        raise ValueError(f"--seeds {options.seeds}: give at least {LEAST_SEEDS}, no two alike")
    terms = Terms(
        who=options.who,
        code=options.code or repository(),
        commit=options.commit or commit(),
        scenes=options.test_scenes,
        validation_scenes=options.validation_scenes,
        weights=options.weights,
    )
    torch.set_num_threads(1)
    budget = Budget(steps=options.steps, core_minutes=options.core_minutes)
    for env_id in options.envs:
        import_module_of(env_id)
    challenges = {
        env_id: [Challenge(env_id, options.env_kwargs, seed, budget) for seed in options.seeds]
        for env_id in options.envs
    }
    plan = [
        [Run(name, challenge, terms, options.out) for challenge in challenges[env_id]]
        for env_id in options.envs
        for name in names
    ]
    for each in challenges.values():
        check_admitted(Run(names[0], each[0], terms, options.out), options.seeds)
    for runs in plan:
        for run in runs:
            run.check()
    failed, elsewhere = [], False
    for runs in plan:
        try:
            elsewhere |= not compete(runs, options.out)
        except Exception as error:
            if not is_mistake(error):
                traceback.print_exc()
            failed.append(f"{runs[0].name} in {runs[0].challenge.env_id}")
            print(f"{failed[-1]} failed: {in_one_line(error)}", file=sys.stderr)
    return failed, elsewhere


def chosen(names: Sequence[str]) -> list[str]:
    """The entries that are to run: those asked for, or all that can.

    Raises:
        ValueError: there is no such entry.
        ImportError: one that was asked for lacks a package.
    """
    if unknown := [name for name in names if name not in ENTRIES]:
        raise ValueError(f"--entries {unknown[0]}: there is no such entry; there are {', '.join(ENTRIES)}")
    lacking = {name: missing for name in names or ENTRIES if (missing := ENTRIES[name].missing())}
    if names and lacking:
        raise ImportError("; ".join(f"--entries {name}: {missing}" for name, missing in lacking.items()))
    for name, missing in lacking.items():
        print(f"{name} is left out: {missing}", file=sys.stderr)
    return [name for name in names or ENTRIES if name not in lacking]


def compete(runs: list[Run], out: Path) -> bool:
    """Do the runs of one entry in one environment, and write its submission if all of them have ended.

    Returns whether no other process was at one of them.
    """
    first, alone = runs[0], True
    place = environment_name(first.challenge.env_id, first.challenge.env_kwargs)
    for run in runs:

        def tell(line: str, run: Run = run) -> None:
            print(f"{run.name}, {place}, seed {run.challenge.seed}: {line}", file=sys.stderr, flush=True)

        try:
            alone &= run.run(tell)
        except NotForThis as error:
            print(f"{run.name} is left out in {place}: {error}", file=sys.stderr)
            return alone
    if (made := submission(runs)) is not None:
        made.write(out / f"{first.name}--{place}.json")
    return alone


@dataclass(frozen=True)
class Verify:
    """Check submissions to the scoreboard: their schema, their arithmetic, and where they bring weights their play.

    Nothing in a file is run, whoever wrote it: docs/scoreboard.md.
    """

    files: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILE [FILE ...]")]
    """JSON files, as `ram benchmark` writes them."""
    play: bool = True
    """Play the agents that a file brings, on all of the test scenes that it states."""
    most_different: float = number(MOST_DIFFERENT, SHARE)
    """The share of scenes that may end otherwise than stated: processors round differently."""
    threads: int = number(DEFAULT_THREADS, COUNT)
    """Of torch, on the CPU."""


def verify(arguments: Sequence[str]) -> None:
    """Run `ram verify`: check each file, say what was found; an error names those that are not as they should be."""
    options = parse(Verify, arguments, command="verify")
    if not options.files:
        raise ValueError("name a file, such as board/ram-reinforce--GlimpseMNIST-v0.json")
    statistics.check_installed()
    torch.set_num_threads(options.threads)
    wrong = []
    for path in options.files:
        print(path)
        try:
            check_submission(
                path, play=options.play, most_different=options.most_different, tell=lambda line: print(f"  {line}")
            )
        except (FileNotFoundError, ValueError) as error:
            if len(options.files) == 1:
                raise
            print(f"ram verify: {in_one_line(error)}", file=sys.stderr)
            wrong.append(str(path))
    if wrong:
        raise ValueError(f"{len(wrong)} of {len(options.files)} files are not as they should be: {', '.join(wrong)}")
