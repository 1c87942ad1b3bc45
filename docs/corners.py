"""How much more often an agent errs on digits near the corners, from either first look: `python docs/corners.py`.

A digit counts as near a corner if its centre lies in the outer fifth of where it can lie, in both directions: of 100
scenes about 4. Each scene is drawn afresh, of a test image, and the same for every agent and start. Prints a table,
and puts it between `<!-- corners -->` and `<!-- /corners -->` in RESULTS.md.
"""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import numpy as np
import ram_agents
import torch
from marked import renew_rows
from numpy.typing import NDArray
from ram_agents import Reinforce
from ram_agents.agent.envs import AnyVectorEnv
from ram_agents.agent.rollout import collect_rollout
from ram_agents.agent.runner import Runner
from ram_agents.evaluation.evaluate import evaluation_env
from ram_agents.reports.intervals import wilson

BATCH, OUTER = 1_000, 0.2


class Answers(NamedTuple):
    """Of N scenes."""

    wrong: NDArray[np.bool_]
    """(N,): the answer after the last glimpse."""
    outer: NDArray[np.bool_]
    """(N,): the digit is near a corner."""


def near_a_corner(corners: NDArray[np.integer[Any]], free: int) -> NDArray[np.bool_]:
    """Which digits lie in the outer fifth of where they can lie, in both directions, (N,).

    Args:
        corners: (N, 2) of the digits' (top, left), each from 0 to `free`.
        free: pixels that the canvas is wider than a digit, and higher.
    """
    return (np.abs(2 * corners / free - 1) > 1 - OUTER).all(1)


def drawing_afresh(env: AnyVectorEnv) -> Any:
    """An environment's task, from now on with scenes drawn afresh; a split has but a fixed one for each image."""
    task: Any = env.unwrapped.task  # type: ignore[union-attr]
    task._fixed_draws = None
    return task


@torch.no_grad()
def answers(agent: Reinforce, scenes: int, seed: int) -> Answers:
    """The answers of a single path with mean locations to so many random scenes; seeds count on from `seed`."""
    env = evaluation_env(agent, num_envs=BATCH)
    task = drawing_afresh(env)
    free = task.rules.canvas_width - task.rules.image_width
    wrong, outer = [], []
    for first in range(0, scenes, BATCH):
        look = agent.look(deterministic=True)
        rollout = collect_rollout(Runner(agent.policy, env, look=look, sample_action=False, seed=seed + first))
        assert rollout.label is not None
        wrong.append((rollout.logits[-1].argmax(-1) != rollout.label).numpy())
        outer.append(near_a_corner(task.corners.reshape(BATCH, 2), free))  # one digit a scene
    return Answers(np.concatenate(wrong)[:scenes], np.concatenate(outer)[:scenes])


def cells(wrong: NDArray[np.bool_]) -> str:
    """Scenes, error in % and its 95% interval."""
    low, high = wilson(float(wrong.mean()), len(wrong))
    return f"{len(wrong):,} | {100 * wrong.mean():.2f} | {100 * low:.2f} to {100 * high:.2f}"


def row(name: str, start: str, found: Answers) -> str:
    """A line of the table."""
    ratio = found.wrong[found.outer].mean() / found.wrong.mean()
    return f"| `{name}` | {start} | {cells(found.wrong)} | {cells(found.wrong[found.outer])} | {ratio:.2f} |"


HEADER = """| agent | first look | scenes | error, % | 95% interval | near a corner | error, % | 95% interval | ratio |
|---|---|---:|---:|---:|---:|---:|---:|---:|"""


def main() -> None:
    """Measure, print, and renew the table in RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agents", nargs="*", default=["cluttered100"], help="pretrained agents, or checkpoints")
    parser.add_argument("--scenes", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first-look", nargs="+", choices=("center", "random"), default=["center", "random"])
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    lines = []
    for name in options.agents:
        agent = ram_agents.load(name)
        trained = agent.env_kwargs
        for start in options.first_look:
            agent.config = agent.config.replace(env_kwargs=trained | {"initial_location": start})
            lines.append(row(name, start, answers(agent, options.scenes, options.seed)))
            print(lines[-1], flush=True)
    renew_rows("corners", HEADER.splitlines(), lines, keys=2)


if __name__ == "__main__":
    main()
