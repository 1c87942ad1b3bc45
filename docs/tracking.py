"""Does the gaze follow the ball, or only lie near it? `python docs/tracking.py`.

Over many games of Catch, the correlation of gaze and ball: sideways at each frame over the games, and over the frames
of each game. Beside the agent's gaze three others in the same games: one that keeps to the paddle, one that stays in
the middle, and one that looks at random. Draws docs/images/tracking.png, and puts a table between
`<!-- tracking -->` and `<!-- /tracking -->` in RESULTS.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import ram_agents
import torch
from marked import renew
from numpy.typing import NDArray
from ram_agents import Reinforce
from ram_agents.agent.runner import Runner
from ram_agents.evaluation.attention import Targets, correlation, middle
from ram_agents.evaluation.evaluate import evaluation_env

PICTURE = Path(__file__).parent / "images" / "tracking.png"
FRAMES = (1, 6, 12, 18, 23)
Traces = dict[str, NDArray[np.float64]]
"""Of each gaze, and of "the ball": places in pixels, (T, B, 2) as (x, y)."""


@torch.no_grad()
def traces(agent: Reinforce, games: int, seed: int) -> Traces:
    """Where the ball and the gazes are in each frame of so many games, which the agent plays by its own gaze."""
    env = evaluation_env(agent, num_envs=games)
    targets, task = Targets(env), env.unwrapped.task  # type: ignore[attr-defined]
    runner = Runner(agent.policy, env, look=agent.look(deterministic=True), sample_action=False, seed=seed)
    seen: dict[str, list[NDArray[np.float64]]] = {"the agent's": [], "at the paddle": [], "the ball": []}
    while runner.active.any():
        seen["the agent's"].append(targets.pixels(runner.gaze))
        seen["at the paddle"].append(task.lit(np.arange(games))[:, 1:].mean(1) + 0.5)
        seen["the ball"].append(middle(targets.regions()))
        runner.choose()
        runner.step()
    found = {name: np.stack(places) for name, places in seen.items()}
    shape, size = found["the ball"].shape, np.array(targets.scene_shape[1::-1])
    found["fixed in the middle"] = np.broadcast_to(size / 2, shape)
    found["at random"] = np.random.default_rng(seed).random(shape) * size
    return found


def table(found: Traces) -> str:
    """A row for each gaze."""
    frames = ", ".join(map(str, FRAMES))
    lines = [
        f"| gaze | sideways at frame {frames} | in a game, sideways | downwards | pixels from the ball |",
        "|---|---|---:|---:|---:|",
    ]
    ball = found["the ball"]
    for name, gaze in found.items():
        if name == "the ball":
            continue
        at = correlation(gaze[..., 0], ball[..., 0], axis=1)
        within = correlation(gaze, ball, axis=0).mean(0)
        distance = np.linalg.norm(gaze - ball, axis=-1).mean()
        each = ", ".join(f"{at[frame - 1]:.2f}" for frame in FRAMES)
        lines.append(f"| {name} | {each} | {within[0]:.2f} | {within[1]:.2f} | {distance:.1f} |")
    return "\n".join(lines)


def draw(found: Traces) -> None:
    """The correlation sideways, frame by frame."""
    figure, axes = plt.subplots(figsize=(5.2, 3.0))
    for name, gaze in found.items():
        if name != "the ball":
            values = correlation(gaze[..., 0], found["the ball"][..., 0], axis=1)
            axes.plot(np.arange(1, len(values) + 1), values, "o-", markersize=3, linewidth=1, label=name)
    axes.set(xlabel="frame", ylabel="correlation of gaze and ball, sideways", ylim=(-0.2, 1.05))
    axes.legend(title="gaze")
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=80)
    print(PICTURE)


def main() -> None:
    """Measure, draw, and renew the table in RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent", nargs="?", default="catch", help="a pretrained agent, or a checkpoint")
    parser.add_argument("--games", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    options: Any = parser.parse_args()
    found = traces(ram_agents.load(options.agent), options.games, options.seed)
    text = table(found)
    print(text)
    draw(found)
    renew("tracking", text)


if __name__ == "__main__":
    main()
