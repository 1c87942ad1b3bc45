"""From the paper's own recipe to ours, one change at a time: `python docs/ablation.py train OUT`, then `... draw OUT`.

On cluttered 60x60, at a tenth of our recipe's episodes. `train` makes the runs in directories under OUT, goes on with
what is there already, so that it can be stopped at any time, and leaves a run alone whose log tells its end. `--only`
makes some of them. `draw` renews the rows of the runs that are at their end, in the table between `<!-- ablation -->`
and `<!-- /ablation -->` in RESULTS.md, and draws all rows into docs/images/ablation.png.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, NamedTuple

import courses
import matplotlib.pyplot as plt
import torch
from marked import renew_rows, rows
from matplotlib.ticker import ScalarFormatter
from ram_agents import Config, recipe
from ram_agents.evaluation.runs import read_log
from ram_agents.reports.intervals import wilson

HEAD = [
    "| recipe | options | held-out error, % | 95% interval | minutes of one core |",
    "|---|---|---:|---:|---:|",
]
PICTURE = Path(__file__).parent / "images" / "ablation.png"
FIRST, LAST_RECIPE = "paper-60", "cluttered60"
FIRST_STEP, ALL_ELSE = "the paper's recipe", "all else"
CHECKPOINTS, HELD_OUT = 10, 5_000
OF_THE_RUN = ("total_episodes", "checkpoint_every", "seed")
STEPS = {
    "the optimiser, its rates and its batch": (
        *("optimizer", "learning_rate", "matrix_learning_rate", "lr_schedule", "max_grad_norm", "num_envs"),
    ),
    "first look at the centre": ("initial_location",),
    "cross-entropy after every glimpse": ("step_weight",),
    "information gain as reward": ("reward", "discount", "standardise"),
    "weight of the gaze's loss": ("reinforce_weight",),
    "std of locations annealed": ("location_std", "final_location_std"),
    "the gaze's gradient into the core": ("detach_location",),
    "hidden layer in the location network": ("location_hidden",),
    "recurrence begun as the identity": ("identity_core",),
    "convolutions in the glimpse network": ("glimpse_network",),
    "the retina's cells in the location network": ("location_network",),
    "more units": ("glimpse_size", "location_size", "hidden_size"),
    "digits distorted": ("max_distortion", "max_bend"),
    "half of the first looks random": ("curriculum",),
}
"""Options that are taken over from our recipe together, by what the change is called; one that our recipe does not make
is left out, and what no step names comes last."""


class Step(NamedTuple):
    """One run of the ablation."""

    name: str
    config: Config
    changed: dict[str, Any]
    """The options that differ from the step before."""


def flat(config: Config) -> dict[str, Any]:
    """All options, the environment's arguments among them; without those of the run."""
    options = vars(config) | config.env_kwargs
    return {name: value for name, value in options.items() if name not in (*OF_THE_RUN, "env_kwargs")}


def steps(first: Config, last: Config) -> list[Step]:
    """From one recipe to another: each step makes its change and all before it; the last is the other recipe's."""
    result = [Step(FIRST_STEP, first, {})]
    wanted, named = flat(last), {name for names in STEPS.values() for name in names}
    rest = tuple(name for name in wanted | flat(first) if name not in named)
    for title, names in (STEPS | {ALL_ELSE: rest}).items():
        before = flat(result[-1].config)
        changed = {n: wanted.get(n) for n in names if before.get(n) != wanted.get(n)}
        if changed:
            result.append(Step(title, with_options(result[-1].config, changed), changed))
    return result


def with_options(config: Config, changed: dict[str, Any]) -> Config:
    """A configuration with other options. Those it does not know are the environment's; None leaves one out there."""
    own = {f.name for f in dataclasses.fields(Config)}
    env_kwargs = config.env_kwargs | {name: value for name, value in changed.items() if name not in own}
    env_kwargs = {name: value for name, value in env_kwargs.items() if value is not None}
    return config.replace(env_kwargs=env_kwargs, **{n: value for n, value in changed.items() if n in own})


def ablation(seed: int) -> list[Step]:
    """The steps, as they are trained."""
    ours = recipe(LAST_RECIPE)
    episodes = ours.total_episodes // 10
    result = []
    for step in steps(recipe(FIRST), ours):
        every = max(1, episodes // step.config.num_envs // CHECKPOINTS)
        run = step.config.replace(total_episodes=episodes, checkpoint_every=every, seed=seed)
        result.append(step._replace(config=run))
    return result


def directory(out: Path, step: Step) -> Path:
    """Of one run."""
    return out / re.sub(r"\W+", "-", step.name) / f"seed{step.config.seed}"


def train(out: Path, seed: int, only: list[str]) -> None:
    """Make the runs of some steps, one after the other on one thread, the last step first, or go on with them."""
    torch.set_num_threads(1)
    for step in reversed(ablation(seed)):
        if step.name in only:
            courses.train(directory(out, step), step.config)


def ended(out: Path, step: Step) -> bool:
    """Whether a run's log tells of its end."""
    return courses.ended(directory(out, step), step.config)


def draw(errors: dict[str, float]) -> None:
    """The picture: the held-out error in % at the end of each run, with its interval."""
    figure, axes = plt.subplots(figsize=(7, 0.36 * len(errors) + 1))
    for place, error in enumerate(errors.values()):
        low, high = interval(error)
        axes.errorbar(error, -place, xerr=[[error - low], [high - error]], fmt="o", color="C0", markersize=4)
    axes.set_yticks([-place for place in range(len(errors))], list(errors))
    axes.set(xscale="log", xlabel="held-out error, % (95% interval)")
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(ScalarFormatter())
    axes.grid(alpha=0.3, which="both")
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=80)
    print(PICTURE)


def interval(error: float) -> tuple[float, float]:
    """The 95% interval of an error in % of the held-out scenes."""
    low, high = wilson(error / 100, HELD_OUT)
    return 100 * low, 100 * high


def told(step: Step) -> tuple[str, str]:
    """What the table calls a step, and the options that it changes."""
    options = ", ".join(f"`{name}` {_plain(value)}" for name, value in step.changed.items())
    return f"+ {step.name}" if step.changed else step.name, options


def measured(out: Path, seed: int) -> list[str]:
    """A row for each run that is at its end."""
    lines = []
    for step in ablation(seed):
        if not ended(out, step):
            continue
        line = read_log(directory(out, step))[-1]
        low, high = interval(line["validation_error"])
        figures = f"{line['validation_error']:.2f} | {low:.2f} to {high:.2f} | {line['seconds'] / 60:.1f}"
        lines.append(f"| {' | '.join(told(step))} | {figures} |")
    return lines


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def main() -> None:
    """Train or draw."""
    parser = courses.arguments(__doc__, "train", "draw")
    parser.add_argument("--seed", type=int, default=0)
    every = [FIRST_STEP, *STEPS, ALL_ELSE]
    parser.add_argument("--only", nargs="+", choices=every, default=every, metavar="STEP", help="train these steps")
    options = parser.parse_args()
    if options.what == "train":
        train(options.out, options.seed, options.only)
        return
    lines = measured(options.out, options.seed)
    print("\n".join(lines))
    renew_rows("ablation", HEAD, lines, keys=1)
    draw({row["recipe"]: float(row["held-out error, %"]) for row in rows("ablation")})


if __name__ == "__main__":
    main()
