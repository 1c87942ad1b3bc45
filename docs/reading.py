"""What a canvas and a teacher gain on 28x28: `python docs/reading.py train OUT`, then `... measure OUT`.

Four runs of one length, seed 0, by the recipe `canvas28` at twice its rates in half its batches: with the paper's
glimpse network or a canvas, by labels alone or with a teacher's soft targets too. `measure` gives their held-out
errors, a single path of mean locations from the centre: a table between `<!-- reading -->` and `<!-- /reading -->` in
RESULTS.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import courses
import torch
from ram_agents import Config, Reinforce, recipe
from ram_agents.evaluation.evaluate import evaluate
from ram_agents.evaluation.runs import LAST, LOG, read_log
from ram_agents.reports.intervals import wilson

EPISODES, HELD_OUT = 400_000, 5_000
FASTER = {"num_envs": 128, "learning_rate": 0.002, "matrix_learning_rate": 0.02, "checkpoint_every": 1000}
"""Of these runs, with the paper's baseline; the recipe has lower rates."""
GLIMPSES = 3, 4, 5, 6, 7
MATRIX: dict[str, Any] = {"glimpse_network": "mlp", "canvas_size": 0}
TEACHER = {"teacher_weight": 0.8}
READERS: dict[str, dict[str, Any]] = {
    "the present glimpse, labels": MATRIX,
    "the present glimpse, labels and a teacher": MATRIX | TEACHER,
    "a canvas, labels": {},
    "a canvas, labels and a teacher": TEACHER,
}


def config_of(reader: str) -> Config:
    """The run's."""
    return recipe("canvas28").replace(total_episodes=EPISODES, baseline="state", **FASTER, **READERS[reader])


def directory(out: Path, reader: str) -> Path:
    """Of one run."""
    return out / reader.replace(" ", "-").replace(",", "")


def train(out: Path) -> None:
    """Make the runs, one after the other on one thread, or go on with them."""
    torch.set_num_threads(1)
    for reader in READERS:
        courses.train(directory(out, reader), config_of(reader))


def measure(out: Path) -> str:
    """A row for each run that is at its end."""
    heads = " | ".join(f"{count} glimpses" for count in GLIMPSES)
    lines = [f"| what is read, and by what it learns | {heads} | minutes of one core |", "|---|" + "---:|" * 6]
    for reader in READERS:
        where = directory(out, reader)
        if not (where / LOG).exists() or not courses.ended(where, config_of(reader)):
            continue
        errors = evaluate(Reinforce.load(where / LAST), split="validation", paths=0).mean
        cells = [_told(float(errors[count - 1])) for count in GLIMPSES]
        lines.append(f"| {reader} | {' | '.join(cells)} | {read_log(where)[-1]['seconds'] / 60:.1f} |")
    return "\n".join(lines)


def _told(error: float) -> str:
    low, high = wilson(error / 100, HELD_OUT)
    return f"{error:.2f} ({100 * low:.2f} to {100 * high:.2f})"


if __name__ == "__main__":
    courses.train_or_measure(__doc__, train, measure, table="reading")
