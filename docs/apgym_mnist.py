"""ap-gym's MNIST, learned and measured in ap-gym: `python docs/apgym_mnist.py train OUT`, then `... measure OUT`.

Both need ap-gym (`make test-ap-gym` makes an environment that has it). `train` makes a run in OUT; it can be stopped
at any time, and goes on with what is there. `measure` renews the table between `<!-- apgym-mnist -->` and
`<!-- /apgym-mnist -->` in RESULTS.md: the checkpoint with the smallest validation error, on the test images.
"""

from __future__ import annotations

from pathlib import Path

import courses
import torch
from circlesquare import GLIMPSES, accuracy, measured
from ram_agents import Config, Reinforce, recipe
from ram_agents.evaluation.runs import BEST, read_log

TASK = "MNIST-v0"


def config_of() -> Config:
    """Of the run: CircleSquare's recipe, with what a few short runs showed to suit digits."""
    from ram_agents import ap_gym

    return recipe("circlesquare").replace(
        env_id=ap_gym.ENV_ID,
        env_kwargs={"task": TASK, "packaged_mnist": True, "batched_glimpses": True},
        total_episodes=320_000,
        num_envs=256,
        checkpoint_every=125,
        core="rnn",
        identity_core=True,
        normalise="none",
        glimpse_size=256,
        hidden_size=512,
        location_hidden=128,
        location_std=0.5,
        final_location_std=0.1,
        optimizer="muon",
        matmul_precision="auto",
    )


def train(out: Path) -> None:
    """Make the run on one thread, or go on with it."""
    torch.set_num_threads(1)
    courses.train(out, config_of())


def measure(out: Path) -> str:
    """The table: what the validation said on the way, and the test."""
    agent = Reinforce.load(out / BEST)
    lines = ["| steps | core-minutes | of | accuracy of the last prediction, % | of all predictions, % | return |"]
    lines.append("|---:|---:|---|---|---:|---:|")
    for line in read_log(out):
        errors = line["validation_errors"]
        right = f"{100 - errors[-1]:.2f} | {100 - sum(errors) / len(errors):.2f}"
        lines.append(f"| {so_far(line['episodes'], line['seconds'])} | validation, mean moves | {right} | |")
    for moves, figures in zip(("mean", "drawn"), measured(agent, TASK, packaged_mnist=True), strict=True):
        of = f"{figures.episodes:,} test episodes, {moves} moves"
        right = f"{accuracy(figures)} | {100 * figures.average_accuracy:.2f}"
        lines.append(f"| {so_far(agent.episodes, agent.seconds)} | {of} | {right} | {figures.episode_return:.2f} |")
    return "\n".join(lines)


def so_far(episodes: int, seconds: float) -> str:
    """Steps and minutes of processor time, as two columns."""
    return f"{GLIMPSES * episodes:,} | {seconds / 60:.1f}"


if __name__ == "__main__":
    courses.train_or_measure(__doc__, train, measure, table="apgym-mnist")
