"""CircleSquare, learned here and measured in ap-gym: `python docs/circlesquare.py train OUT`, then `... measure OUT`.

`train` makes three runs of the recipe `circlesquare` in directories under OUT; it can be stopped at any time, and goes
on with what is there. `measure` needs ap-gym (`make test-ap-gym` makes an environment that has it): it renews the table
between `<!-- circlesquare -->` and `<!-- /circlesquare -->` in RESULTS.md, with what ap-gym's authors publish beside.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import courses
import torch
from marked import renew
from ram_agents import Config, Reinforce, recipe
from ram_agents.evaluation.runs import LAST, read_log
from ram_agents.reports.intervals import wilson

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


def measure(out: Path) -> str:
    """The table."""
    from ram_agents import ap_gym

    lines = ["| method | steps | accuracy of the last prediction, % | of |", "|---|---:|---|---|"]
    for steps in (250_000, 500_000):
        lines.append(f"| RAM, recipe `circlesquare` | {steps:,} | {on_the_way(out, steps)} | all scenes, native |")
    for seed in SEEDS:
        agent = Reinforce.load(directory(out, seed) / LAST)
        mean, drawn = (ap_gym.measure(agent, TASK, episodes=EPISODES, deterministic=way) for way in (True, False))
        low, high = (100 * end for end in wilson(mean.final_accuracy, EPISODES))
        reached = f"{100 * mean.final_accuracy:.2f} ({low:.2f} to {high:.2f}), drawn {100 * drawn.final_accuracy:.2f}"
        where = f"{mean.episodes:,} episodes in ap-gym, return {mean.episode_return:.2f}"
        name = f"RAM, recipe `circlesquare`, seed {seed}"
        lines.append(f"| {name} | {GLIMPSES * agent.episodes:,} | {reached} | {where} |")
    for row in PUBLISHED:
        figure = f"{row.accuracy:.1f} ± {row.deviation:.1f}"
        lines.append(f"| {row.method} | {row.steps:,} | {figure} | the authors' training episodes |")
    return "\n".join(lines)


def main() -> None:
    """Train or measure."""
    parser = courses.arguments(__doc__, "train", "measure")
    options = parser.parse_args()
    if options.what == "train":
        train(options.out)
        return
    text = measure(options.out)
    print(text)
    renew("circlesquare", text)


if __name__ == "__main__":
    main()
