"""CircleSquare, learned here and measured in ap-gym: `python docs/circlesquare.py train OUT`, then `... measure OUT`.

`train` makes three runs of the recipe `circlesquare` in directories under OUT; it can be stopped at any time, and goes
on with what is there. `measure` needs ap-gym (`make test-ap-gym` makes an environment that has it): it renews the table
between `<!-- circlesquare -->` and `<!-- /circlesquare -->` in RESULTS.md, with what ap-gym's authors publish beside.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import courses
import torch
from ram_agents import Config, Reinforce, recipe
from ram_agents.agent.agent import Agent
from ram_agents.evaluation.runs import LAST, read_log
from ram_agents.reports.intervals import wilson

if TYPE_CHECKING:  # without ap-gym it is an error, and training does not need it
    from ram_agents import ap_gym

SEEDS = (0, 1, 2)
TASK = "CircleSquare-v0"
GLIMPSES = 16
EPISODES = 10_000


class Published(NamedTuple):
    """A figure of the authors': their runs' accuracy of the last prediction while they train, mean and deviation."""

    method: str
    steps: int
    accuracy: float
    deviation: float


PUBLISHED = (
    Published("CrossQ (APPLE-CrossQ)", 250_000, 96.7, 4.9),
    Published("CrossQ (APPLE-CrossQ)", 997_828, 99.1, 0.5),
    Published("SAC (APPLE-SAC)", 250_000, 94.7, 2.4),
    Published("PPO (APPLE-PPO)", 235_536, 53.1, 3.3),
    Published("PPO (APPLE-PPO)", 1_048_398, 64.3, 3.5),
    Published("PPO (APPLE-PPO)", 9_989_888, 78.6, 4.8),
    Published("HAM (REINFORCE)", 249_792, 54.1, 2.4),
    Published("HAM (REINFORCE)", 1_041_202, 48.7, 7.1),
    Published("HAM (REINFORCE)", 9_995_680, 51.8, 7.0),
    Published("random moves (APPLE-RND)", 250_000, 56.8, 10.7),
)
"""Of https://github.com/TimSchneider42/apple, data/CircleSquare-v0/*/train_final.csv at commit 4b1d71f: crossq,
crossq_long, sac, ppo_long, ham, ham_long and rand_act, the row whose number of steps is nearest."""


def config_of(seed: int) -> Config:
    """Of one run."""
    return recipe("circlesquare").replace(seed=seed)


def directory(out: Path, seed: int) -> Path:
    """Of one run."""
    return out / f"seed{seed}"


def train(out: Path) -> None:
    """Make all runs, one after the other on one thread, or go on with them."""
    torch.set_num_threads(1)
    for seed in SEEDS:
        courses.train(directory(out, seed), config_of(seed))


def on_the_way(out: Path, steps: int) -> str:
    """Each seed's accuracy over all native scenes, at the checkpoint nearest to so many steps."""
    found = []
    for seed in SEEDS:
        line = min(read_log(directory(out, seed)), key=lambda line: abs(GLIMPSES * line["episodes"] - steps))
        found.append(f"{100 - line['validation_error']:.2f}")
    return ", ".join(found)


def measured(agent: Agent, task: str, **images: Any) -> tuple[ap_gym.Figures, ap_gym.Figures]:
    """In ap-gym: with the means of the moves, and with moves that are drawn."""
    from ram_agents import ap_gym

    mean, drawn = (ap_gym.measure(agent, task, episodes=EPISODES, deterministic=way, **images) for way in (True, False))
    return mean, drawn


def accuracy(figures: ap_gym.Figures) -> str:
    """Of the last prediction in %, with the interval of 95%."""
    low, high = (100 * end for end in wilson(figures.final_accuracy, figures.episodes))
    return f"{100 * figures.final_accuracy:.2f} ({low:.2f} to {high:.2f})"


def measure(out: Path) -> str:
    """The table."""
    lines = ["| method | steps | accuracy of the last prediction, % | of |", "|---|---:|---|---|"]
    for steps in (250_000, 500_000):
        lines.append(f"| RAM, recipe `circlesquare` | {steps:,} | {on_the_way(out, steps)} | all scenes, native |")
    for seed in SEEDS:
        agent = Reinforce.load(directory(out, seed) / LAST)
        mean, drawn = measured(agent, TASK)
        reached = f"{accuracy(mean)}, drawn {100 * drawn.final_accuracy:.2f}"
        where = f"{mean.episodes:,} episodes in ap-gym, return {mean.episode_return:.2f}"
        name = f"RAM, recipe `circlesquare`, seed {seed}"
        lines.append(f"| {name} | {GLIMPSES * agent.episodes:,} | {reached} | {where} |")
    for row in PUBLISHED:
        figure = f"{row.accuracy:.1f} ± {row.deviation:.1f}"
        lines.append(f"| {row.method} | {row.steps:,} | {figure} | the authors' training episodes |")
    return "\n".join(lines)


if __name__ == "__main__":
    courses.train_or_measure(__doc__, train, measure, table="circlesquare")
