"""Several digits and a moving one: `python docs/objects.py train OUT`, then `... measure OUT`.

`train` makes the runs that stand beside the pretrained agents `pairs`, `addition` and `moving`, in directories under
OUT: the recipes with and without the second layer and the context of Ba et al. (2015), for as many episodes each, and
`moving` with a gaze at random. It can be stopped at any time, and goes on with what is there. `measure` renews three
tables of RESULTS.md: between `<!-- several -->` and `<!-- /several -->`, and likewise "sums" and "moving". The rows of
runs that are not in OUT stay. `--tasks addition` trains and measures for that task alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import courses
import numpy as np
import ram_agents
import torch
from marked import renew, renew_rows
from numpy.typing import NDArray
from ram_agents import Config, Reinforce, recipe
from ram_agents.agent.envs import make_env
from ram_agents.agent.runner import Runner
from ram_agents.evaluation.attention import by_glimpse, on_the_target
from ram_agents.evaluation.controls import as_control
from ram_agents.evaluation.evaluate import Evaluation, evaluate, evaluation_env
from ram_agents.evaluation.paths import batches
from ram_agents.evaluation.runs import LAST
from ram_agents.model.choice import Look
from ram_agents.reports.intervals import wilson

EPISODES = 300_000
"""Of each run with and without a context: as many as tell them apart."""
PERIPHERY = 12
"""The context network sees the scene averaged down to so many cells a side."""
GAZES: dict[Look, str] = {"mean": "its own", "random": "random"}
STARTS = ("center", "random")
FAR = 40
"""Pixels."""
TASKS = "pairs", "addition", "moving"
SEVERAL = [
    "| agent | first look | gaze | wrong, % | first digit, % | second digit, % | sampled, % | averaged, % |",
    "|---|---|---|---|---:|---:|---:|---:|",
]
"""The head of that table."""


class Row(NamedTuple):
    """An agent, and how it looks."""

    name: str
    agent: Reinforce
    start: str
    look: Look


def config_of(run: str) -> Config:
    """Of a run, named as its directory is."""
    name, _, variant = run.partition("-")
    config = recipe(name)
    if variant == "random":
        return as_control(config, "random").replace(total_episodes=config.total_episodes // 10)
    beginner = recipe("pairs")  # `addition` goes on from other weights, at lower rates
    rates = {name: getattr(beginner, name) for name in ("learning_rate", "matrix_learning_rate", "location_std")}
    config = config.replace(total_episodes=EPISODES, **rates)
    if variant == "context":
        periphery = config.env_kwargs | {"periphery": PERIPHERY}
        return config.replace(core_layers=2, context=True, env_kwargs=periphery)
    return config


RUNS = {
    "pairs-plain": f"recipe `pairs`, {EPISODES:,} episodes",
    "pairs-context": f"recipe `pairs` with a second layer and a context, {EPISODES:,} episodes",
    "addition-plain": f"recipe `addition`, {EPISODES:,} episodes",
    "addition-context": f"recipe `addition` with a second layer and a context, {EPISODES:,} episodes",
    "moving-random": "recipe `moving`, trained with a gaze at random for a tenth of the episodes",
}


def train(out: Path, tasks: Sequence[str]) -> None:
    """Make the runs beside these tasks, one after the other on one thread, or go on with them."""
    torch.set_num_threads(1)
    for run in RUNS:
        if run.partition("-")[0] in tasks:
            courses.train(out / run, config_of(run))


def rows(out: Path, task: str) -> Iterator[Row]:
    """The pretrained agent from both starts, its weights with a gaze at random, and the runs beside it."""
    agent = ram_agents.load(task)
    for start in STARTS:
        yield Row(f"`{task}`", agent, start, "mean")
    yield Row(f"`{task}`", agent, "random", "random")
    for run, told in RUNS.items():
        if run.startswith(f"{task}-") and (out / run / LAST).exists():
            agent = Reinforce.load(out / run / LAST)
            yield Row(told, agent, "center", "random" if run.endswith("random") else "mean")


def errors(row: Row) -> Evaluation:
    """Over all test scenes: of the mean path, and of ten drawn ones where the agent looks by itself."""
    env_kwargs = row.agent.env_kwargs | {"initial_location": row.start}
    row.agent.config = row.agent.config.replace(env_kwargs=env_kwargs)
    look = None if row.look == "mean" else row.look
    return evaluate(row.agent, paths=10 if look is None else 0, look=look)


def interval(percent: float, scenes: int) -> str:
    """An error in % and its 95% interval."""
    low, high = (100 * end for end in wilson(percent / 100, scenes))
    return f"{percent:.2f} ({low:.2f} to {high:.2f})"


def several(out: Path, tasks: Sequence[str]) -> list[str]:
    """The rows of the table of pairs and sums."""
    lines = []
    for row in chain.from_iterable(rows(out, task) for task in tasks):
        lines.append(answers(row))
        print(lines[-1], flush=True)
    return lines


def answers(row: Row) -> str:
    """A line of the table: the error of the whole and of each digit."""
    found = errors(row)
    parts = found.several or {}
    whole, *each = parts.get("mean", [float(found.mean[-1])])
    digits = [f"{error:.2f}" for error in each] or ["", ""]
    sampled, averaged = (
        parts[way][0] if way in parts else float(of[-1]) if of is not None else None
        for way, of in (("sampled", found.sampled), ("averaged", found.averaged))
    )
    drawn = ["" if error is None else f"{error:.2f}" for error in (sampled, averaged)]
    cells = [row.name, row.start, GAZES[row.look], interval(whole, found.episodes), *digits, *drawn]
    return f"| {' | '.join(cells)} |"


class Sums(NamedTuple):
    """What came of N scenes of two digits, after each of T glimpses."""

    wrong: NDArray[np.bool_]
    """(T, N)."""
    seen: NDArray[np.bool_]
    """(T, N): the middle of each digit has lain in a finest patch."""
    beside: NDArray[np.float64]
    """(T, N): how far the gaze is from the nearer digit's middle, in pixels, in the wider of the two directions."""
    apart: NDArray[np.float64]
    """(N,): how far the digits' middles lie apart, in pixels, in the wider of the two directions."""


def adding(agent: Reinforce, start: str, *, scenes: int = 10_000, rows: int = 1000) -> Sums:
    """Play one episode in each of the first test scenes, by the mean locations."""
    kwargs = agent.env_kwargs | {"initial_location": start}
    env = make_env(agent.config.without_repeats(env_kwargs=kwargs, num_envs=rows), split="test")
    task = env.unwrapped.task  # type: ignore[attr-defined]
    size, reach = np.array(task.image_shape[1::-1]), task.retina.patch_size / 2
    wrong, seen, beside, apart = [], [], [], []
    for indices in batches(np.arange(scenes), rows):
        runner = Runner(agent.policy, env, look="mean", sample_action=False, indices=indices)
        boxes = task.boxes(np.arange(rows))
        middles = boxes[..., 1::-1] + boxes[..., :1:-1] / 2  # (rows, digits, 2), x first
        answers, distances = [], []
        while runner.active.any():
            gaze = (runner.gaze[:, None] + 1) / 2 * size
            distances.append(np.abs(middles - gaze).max(-1))
            answers.append(runner.choose().action.numpy())
            runner.step()
        wrong.append(np.array(answers) != runner.info["label"])
        seen.append(np.logical_or.accumulate(np.array(distances) <= reach).all(-1))
        beside.append(np.array(distances).min(-1))
        apart.append(np.abs(middles[:, 0] - middles[:, 1]).max(-1))
    env.close()
    return Sums(*(np.concatenate(parts, axis=-1)[..., :scenes] for parts in (wrong, seen, beside, apart)))


def sums() -> str:
    """The table of where sums go wrong."""
    agent = ram_agents.load("addition")
    looks = [3, 4, 6, 8, agent.env_kwargs["num_glimpses"]]
    told = ", ".join(map(str, looks))
    lines = [
        f"| first look | wrong after {told} glimpses, % | both digits looked at by then, % | gaze from a digit's "
        "middle then, pixels | wrong where both were looked at; where not, % | wrong where they lie at most "
        f"{FAR} pixels apart; farther, % |",
        "|---|---|---|---|---|---|",
    ]
    for start in STARTS:
        wrong, seen, beside, apart = adding(agent, start)
        parts = [", ".join(percent(of[look - 1]) for look in looks) for of in (wrong, seen)]
        parts.append(", ".join(f"{np.median(beside[look - 1]):.1f}" for look in looks))
        for ways in (seen[-1], apart <= FAR):
            parts.append("; ".join(f"{percent(wrong[-1][which])} of {which.sum():,}" for which in (ways, ~ways)))
        lines.append(f"| {' | '.join([start, *parts])} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def percent(which: NDArray[np.bool_]) -> str:
    """The share, in %."""
    return f"{100 * which.mean():.2f}"


def moving_head() -> list[str]:
    """The first lines of the table of a moving digit: a column for each look."""
    looks = recipe("moving").env_kwargs["num_glimpses"]
    head = " | ".join(map(str, range(1, looks + 1)))
    return [f"| agent | first look | gaze | what | {head} | at the end |", f"|---|---|---|---|{'---:|' * looks}---|"]


def moving(out: Path) -> list[str]:
    """The rows of that table: the error, and how often the gaze lies on the digit, after each look."""
    lines = []
    for row in rows(out, "moving"):
        found = errors(row)
        env = evaluation_env(row.agent, num_envs=1000)
        near = 100 * by_glimpse(row.agent, env, on_the_target, look=row.look, seed=0).mean(1)
        env.close()
        beginning = f"| {row.name} | {row.start} | {GAZES[row.look]} |"
        end = interval(float(found.mean[-1]), found.episodes)
        for what, figures, last in (("wrong, %", found.mean, end), ("gaze on the digit, %", near, "")):
            lines.append(f"{beginning} {what} | {' | '.join(f'{figure:.1f}' for figure in figures)} | {last} |")
        print(*lines[-2:], sep="\n", flush=True)
    return lines


def main() -> None:
    """Train or measure."""
    parser = courses.arguments(__doc__, "train", "measure")
    parser.add_argument("--tasks", nargs="*", choices=TASKS, default=TASKS)
    options = parser.parse_args()
    if options.what == "train":
        train(options.out, options.tasks)
        return
    renew_rows("several", SEVERAL, several(options.out, [task for task in options.tasks if task != "moving"]), keys=3)
    if "addition" in options.tasks:
        renew("sums", sums())
    if "moving" in options.tasks:
        renew_rows("moving", moving_head(), moving(options.out), keys=4)


if __name__ == "__main__":
    main()
