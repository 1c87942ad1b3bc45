"""Measure whether trained agents carry over to other scenes: `python docs/shifts.py`.

Prints a Markdown table, and puts it between `<!-- shifts -->` and `<!-- /shifts -->` in RESULTS.md. Agents are named by
arguments, pretrained ones or checkpoints; by default those of the paper's tasks. Columns of others stay as they are.
For others there are docs/large.py and docs/objects.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import ram_agents
import torch
from marked import renew, rows
from ram_agents import Reinforce, recipe
from ram_agents.evaluation.evaluate import evaluate, evaluation_env
from ram_agents.reports.paper import ONCE_MORE, ROWS


def shifts(agent: Reinforce) -> dict[str, dict[str, Any] | None]:
    """Changes of the arguments of an agent's environment, by name; None where one makes no sense for it.

    Raises:
        ValueError: the agent is of another environment than Glimpse-MNIST.
    """
    if "GlimpseMNIST" not in agent.env_id:
        raise ValueError(f"{agent.env_id} is no classification of MNIST: only for that there are other scenes here")
    rules = evaluation_env(agent, num_envs=1).unwrapped.task.rules  # type: ignore[attr-defined]
    width, clutter = rules.canvas_width, rules.num_distractors
    changes: dict[str, dict[str, Any] | None] = {"as trained": {}}
    changes["no distractors"] = {"num_distractors": 0} if clutter else None
    changes["4 distractors"] = None if clutter else {"num_distractors": 4}
    for times in (2, 4):
        changes[f"{times} times the distractors"] = {"num_distractors": times * clutter} if clutter else None
    for percent in (125, 150, 200):
        changes[f"canvas of {percent}% the width"] = {"canvas_size": width * percent // 100}
    for size in (14, 20, 24, 32, 36, 42, 56):
        changes[f"digits of {size} pixels"] = {"digit_size": size, "canvas_size": max(width, size)}
    changes["first look anywhere"] = {"initial_location": "random"}
    changes["first look at the centre"] = {"initial_location": "center"}
    return changes


def measure(name: str, episodes: int | None) -> dict[str, float | None]:
    """The error in % of one agent on each shift: a single path with mean locations, on the test scenes."""
    agent, errors = ram_agents.load(name), dict[str, float | None]()
    trained = agent.env_kwargs
    for shift, change in shifts(agent).items():
        agent.config = agent.config.replace(env_kwargs=trained | (change or {}))
        errors[shift] = None if change is None else float(evaluate(agent, paths=0, episodes=episodes).mean[-1])
        print(f"{name}: {shift}: {errors[shift]}", flush=True)
    return errors


def markdown(measured: dict[str, dict[str, float | None]]) -> str:
    """A row for each shift, a column for each agent."""
    lines = ["| test scenes | " + " | ".join(f"`{name}`" for name in measured) + " |"]
    lines.append("|---|" + "---:|" * len(measured))
    for shift in next(iter(measured.values())):
        cells = ["" if errors[shift] is None else f"{errors[shift]:.2f}" for errors in measured.values()]
        lines.append(f"| {shift} | {' | '.join(cells)} |")
    return "\n".join(lines)


def in_results() -> dict[str, dict[str, float | None]]:
    """The table that stands in RESULTS.md, by agent and shift."""
    lines = {line.pop("test scenes"): line for line in rows("shifts")}
    heads = next(iter(lines.values()))
    return {
        head.strip("`"): {shift: float(line[head]) if line[head] else None for shift, line in lines.items()}
        for head in heads
    }


def main() -> None:
    """Measure, print, and renew the table in RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("agents", nargs="*", help="names of pretrained agents, or checkpoints")
    parser.add_argument("--episodes", type=int, help="only the first so many test scenes")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    names = options.agents or sorted(
        {row.agent for row in ROWS + ONCE_MORE if not recipe(row.agent).canvas_size} - {"catch"}
    )  # a canvas takes scenes of one size
    table = markdown(in_results() | {Path(name).stem: measure(name, options.episodes) for name in names})
    print(table)
    renew("shifts", table)


if __name__ == "__main__":
    main()
