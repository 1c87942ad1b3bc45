"""What a baseline is worth to the gaze: `python docs/baselines.py train OUT`, then `... measure OUT`.

`train` makes runs of a few hundred thousand episodes by a recipe, each with another baseline and three seeds. `measure`
gives how much of the returns' variance each baseline leaves, all on the same episodes, and the runs' held-out errors,
a single path of mean locations: a table between `<!-- baselines -->` and `<!-- /baselines -->` in RESULTS.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import courses
import numpy as np
import torch
from ram_agents import Config, Reinforce, recipe
from ram_agents.agent.envs import make_env
from ram_agents.agent.rollout import Rollout, collect_rollout
from ram_agents.agent.runner import Runner
from ram_agents.evaluation.evaluate import evaluate
from ram_agents.evaluation.runs import LAST
from ram_agents.training.objective import find_advantage, label_nll, trained_reward
from torch import Tensor

TASKS = {"mnist28": 400_000, "cluttered60": 300_000}
"""Recipes, and how many episodes a run takes."""
SEEDS = 0, 1, 2
PAPERS = "b_t, the paper's"
BASELINES: dict[str, dict[str, Any]] = {
    "none": {"baseline": "none"},
    PAPERS: {"baseline": "state"},
    "from the label": {"baseline": "label"},
    "the scene's other episode": {"baseline": "leave-one-out", "repeats": 2},
}
MEASURED = 4_096
"""Episodes by which variances are told, two of each scene."""


def config_of(task: str, baseline: str, seed: int) -> Config:
    """The run's."""
    every = TASKS[task] // recipe(task).num_envs // 4
    changes = {"total_episodes": TASKS[task], "checkpoint_every": every, "seed": seed}
    return recipe(task).replace(**changes, **BASELINES[baseline])


def directory(out: Path, task: str, baseline: str, seed: int) -> Path:
    """Of one run."""
    return out / task / re.sub(r"\W+", "-", baseline) / f"seed{seed}"


def train(out: Path) -> None:
    """Make the runs, one after the other on one thread, or go on with them."""
    torch.set_num_threads(1)
    for task in TASKS:
        for seed in SEEDS:
            for baseline in BASELINES:
                courses.train(directory(out, task, baseline, seed), config_of(task, baseline, seed))


def measure(out: Path) -> str:
    """A row for each task and baseline of which all runs are at their end."""
    lines = [
        "| recipe, episodes | baseline | variance left, first choice | all choices | held-out error, %: mean (range) |",
        "|---|---|---:|---:|---:|",
    ]
    for task, episodes in TASKS.items():
        for baseline in BASELINES:
            runs = [(directory(out, task, baseline, seed), config_of(task, baseline, seed)) for seed in SEEDS]
            if not all(courses.ended(where, config) for where, config in runs):
                continue
            left = variance_left(Reinforce.load(directory(out, task, PAPERS, SEEDS[0]) / LAST), baseline)
            errors = [_error(where) for where, _ in runs]
            told = f"{np.mean(errors):.2f} ({min(errors):.2f} to {max(errors):.2f})"
            lines.append(f"| `{task}`, {episodes:,} | {baseline} | {left[0]:.2f} | {left[1]:.2f} | {told} |")
    return "\n".join(lines)


@torch.no_grad()
def variance_left(agent: Reinforce, baseline: str) -> tuple[float, float]:
    """Of the returns' variance, after the first glimpse and in the mean over the choices, the share that is left.

    A return's variance is that around the mean of its step, which any baseline can take away.
    """
    config = agent.config.replace(num_envs=MEASURED, repeats=2)
    agent.policy.location_std = config.location_std_at(1.0)
    generator = torch.Generator().manual_seed(0)
    env = make_env(config)
    rollout = collect_rollout(
        Runner(agent.policy, env, look="sample", sample_action=False, generator=generator, seed=0)
    )
    env.close()
    whole = _squares(rollout, config.replace(baseline="none"))
    left = _squares(rollout, config.replace(**BASELINES[baseline]))
    return (left[0] / whole[0]).item(), (left.sum() / whole.sum()).item()


def _squares(rollout: Rollout, config: Config) -> Tensor:
    """Each choice's variance of the advantage, (T - 1,)."""
    assert rollout.label is not None
    nll = label_nll(rollout.logits, rollout.label)
    advantage = find_advantage(rollout, config, trained_reward(rollout, config, nll), nll)
    return advantage[:-1].var(1)


def _error(where: Path) -> float:
    """On the held-out scenes, in %."""
    return float(evaluate(Reinforce.load(where / LAST), split="validation", paths=0).mean[-1])


if __name__ == "__main__":
    courses.train_or_measure(__doc__, train, measure, table="baselines")
