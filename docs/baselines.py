"""What a baseline is worth to the gaze: `python docs/baselines.py train OUT`, then `... measure OUT`.

`train` makes runs of one length by the recipe `mnist28`, each with another baseline and three seeds. `measure` gives
how much of the returns' variance each baseline leaves, of agents of the package, and the runs' held-out errors, a
single path of mean locations: tables `<!-- variance -->` and `<!-- baselines -->` in RESULTS.md.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import courses
import numpy as np
import ram_agents
import torch
from marked import renew
from numpy.typing import NDArray
from ram_agents import Config, Reinforce, recipe
from ram_agents.agent.envs import make_env
from ram_agents.agent.rollout import Rollout, collect_rollout
from ram_agents.agent.runner import Runner
from ram_agents.evaluation.evaluate import evaluate
from ram_agents.evaluation.runs import LAST
from ram_agents.training.objective import find_advantage, label_nll, trained_reward
from torch import Tensor

RECIPE, EPISODES = "mnist28", 400_000
AGENTS = "mnist28", "cluttered60", "cluttered100"
"""Trained with the paper's b_t, which elsewhere is left as it was at first."""
SEEDS = 0, 1, 2
BASELINES: dict[str, dict[str, Any]] = {
    "none": {"baseline": "none"},
    "b_t, the paper's": {"baseline": "state"},
    "from the label": {"baseline": "label"},
    "the scene's other episode": {"baseline": "leave-one-out", "repeats": 2},
}
MEASURED = 2_048
"""Episodes by which variances are told, two of each scene."""


def config_of(baseline: str, seed: int) -> Config:
    """The run's."""
    every = EPISODES // recipe(RECIPE).num_envs // 4
    changes = {"total_episodes": EPISODES, "checkpoint_every": every, "seed": seed}
    return recipe(RECIPE).replace(**changes, **BASELINES[baseline])


def directory(out: Path, baseline: str, seed: int) -> Path:
    """Of one run."""
    return out / RECIPE / re.sub(r"\W+", "-", baseline) / f"seed{seed}"


def train(out: Path) -> None:
    """Make the runs, one after the other on one thread, or go on with them."""
    torch.set_num_threads(1)
    for seed in SEEDS:
        for baseline in BASELINES:
            courses.train(directory(out, baseline, seed), config_of(baseline, seed))


def measure(out: Path) -> str:
    """A row for each baseline of which all runs are at their end: mean and range over the seeds, in %."""
    counts = range(2, recipe(RECIPE).env_kwargs["num_glimpses"] + 1)
    heads = " | ".join(f"{count} glimpses" for count in counts)
    lines = [f"| baseline | {heads} |", "|---|" + "---:|" * len(counts)]
    for baseline in BASELINES:
        runs = [(directory(out, baseline, seed), config_of(baseline, seed)) for seed in SEEDS]
        if all(courses.ended(where, config) for where, config in runs):
            errors = np.stack([_errors(where) for where, _ in runs])[:, 1:]
            cells = [f"{e.mean():.2f} ({e.min():.2f} to {e.max():.2f})" for e in errors.T]
            lines.append(f"| {baseline} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _errors(where: Path) -> NDArray[np.float64]:
    """Of a run's last weights on the held-out scenes, after each glimpse, in %."""
    return evaluate(Reinforce.load(where / LAST), split="validation", paths=0).mean


def variance() -> str:
    """Two rows for each agent: of the first choice, and of all."""
    lines = [f"| agent | choices | {' | '.join(BASELINES)} |", "|---|---|" + "---:|" * len(BASELINES)]
    for name in AGENTS:
        left = variance_left(ram_agents.load(name))
        for choices, shares in (("the first", left[:, 0]), ("all", left[:, 1])):
            lines.append(f"| `{name}` | {choices} | {' | '.join(f'{share:.2f}' for share in shares)} |")
    return "\n".join(lines)


@torch.no_grad()
def variance_left(agent: Reinforce) -> NDArray[np.float64]:
    """The share of the returns' variance that each baseline leaves, of the first choice and of all; (baselines, 2).

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
    variances = torch.stack([_variances(rollout, config.replace(**changes)) for changes in BASELINES.values()])
    of_choices = torch.stack([variances[:, 0], variances.sum(1)], dim=1)
    return (of_choices / of_choices[0]).double().numpy()  # the first is none


def _variances(rollout: Rollout, config: Config) -> Tensor:
    """Of the advantage, of each choice: (T - 1,)."""
    assert rollout.label is not None
    nll = label_nll(rollout.logits, rollout.label)
    advantage = find_advantage(rollout, config, trained_reward(rollout, config, nll), nll)
    return advantage[:-1].var(1)


def main() -> None:
    """Train, or measure and renew both tables."""
    options = courses.arguments(__doc__, "train", "measure").parse_args()
    if options.what == "train":
        train(options.out)
        return
    for name, lines in {"variance": variance(), "baselines": measure(options.out)}.items():
        print(lines)
        renew(name, lines)


if __name__ == "__main__":
    main()
