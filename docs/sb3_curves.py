"""Draw the learning curves of docs/stable-baselines3.md from the directories of its examples, given in their order.

python docs/sb3_curves.py runs/sb3-hybrid runs/sb3-reward runs/sb3-catch
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from ram_agents.rendering.figures import learning_curves, save

OUT = Path(__file__).parent / "images" / "sb3-learning.png"
RUNS = {"label and reward": 6, "reward alone": 6, "Catch": 23}
"""What a run is called, and the steps of its episodes."""


def read(directory: Path, steps: int) -> list[dict[str, float]]:
    """A log of Stable-Baselines3's as `ram_agents.rendering.figures` wants it: the lines with a held-out error."""
    lines, training = [], float("nan")
    with (directory / "progress.csv").open() as file:
        for row in csv.DictReader(file):
            training = float(row.get("rollout/ep_rew_mean") or training)
            if row.get("eval/mean_reward"):
                held_out = 100 - 100 * float(row["eval/mean_reward"])
                episodes = float(row["time/total_timesteps"]) / steps
                lines.append({"episodes": episodes, "episode_return": training, "validation_error": held_out})
    return lines


if __name__ == "__main__":
    directories = map(Path, sys.argv[1:])
    pairs = zip(RUNS.items(), directories, strict=True)
    save(learning_curves({name: read(directory, steps) for (name, steps), directory in pairs}), OUT)
