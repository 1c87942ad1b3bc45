"""Where the eye lands in a cell, and which cells it has seen: `python docs/drift.py [AGENT ...]`.

Measures pretrained agents whose location network sees cells, on held-out scenes: with other values of `location_drift`,
and with and without `location_gravity` and `location_memory`; the weights are the same. It renews two tables of
RESULTS.md, "drift" and "landing"; the rows of agents that are not named stay.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import product
from typing import Any

import ram_agents
import torch
from marked import renew_rows
from ram_agents import Reinforce
from ram_agents.evaluation.evaluate import Evaluation, evaluate

DRIFTS = 0.0, 0.15, 0.25, 0.35
LANDINGS = tuple(product((False, True), (0, 1)))
"""`location_gravity` and `location_memory`."""
LARGER = {"canvas_size": 400, "num_distractors": 128}
SHOWN: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "translated60": ("60x60", {}, (2, 4, 8)),
    "cluttered100": ("cluttered 100x100", {"num_glimpses": 16}, (4, 8, 16)),
    "megapixel": ("cluttered 400x400", LARGER, (8, 16, 24)),
    "pairs": ("two digits, 100x100", {}, (4, 8)),
    "addition": ("their sum", {}, (4, 8, 12)),
    "moving": ("a moving digit, 60x60", {}, (4, 10)),
}
"""Of each agent the task in words, its environment's arguments, and the glimpses whose error is told."""


def measured(name: str, scenes: int, **options: Any) -> Evaluation:
    """An agent's weights with other options: on paths of mean locations, and on drawn ones."""
    agent = ram_agents.load(name)
    config = agent.config.replace(**options, env_kwargs=agent.env_kwargs | SHOWN[name][1])
    other = Reinforce(agent.spaces, config)
    other.policy.load_state_dict(agent.policy.state_dict())
    other.policy.location_std, other.hybrid = agent.policy.location_std, agent.hybrid
    return evaluate(other, split="validation", episodes=scenes, paths=1)


def line(name: str, scenes: int, **options: Any) -> str:
    """The row of an agent with some options."""
    task, _, looks = SHOWN[name]
    found = measured(name, scenes, **options)
    assert found.sampled is not None
    errors = [", ".join(f"{of[look - 1]:.2f}" for look in looks) for of in (found.mean, found.sampled)]
    cells = [f"`{name}`: {task}", *map(str, options.values()), ", ".join(map(str, looks)), *errors]
    return f"| {' | '.join(cells)} | {found.episodes:,} |"


def renew(table: str, agents: Iterable[str], scenes: int, ways: list[dict[str, Any]]) -> None:
    """Measure agents in some ways, print, and renew their rows."""
    names = [f"`{option}`" for option in ways[0]]
    columns = ["agent: task", *names, "after glimpses", "wrong, mean path, %", "drawn path, %", "held-out scenes"]
    head = [f"| {' | '.join(columns)} |", f"|---|{'---:|' * len(names)}---|---|---|---:|"]
    lines = []
    for name, way in product(agents, ways):
        lines.append(line(name, scenes, **way))
        print(lines[-1], flush=True)
    renew_rows(table, head, lines, keys=1 + len(names))


def main() -> None:
    """Measure, print, and renew the tables in RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agents", nargs="*", default=list(SHOWN), help=f"of {', '.join(SHOWN)}")
    parser.add_argument("--scenes", type=int, default=2_000, help="only the first so many held-out scenes")
    parser.add_argument("--tables", nargs="*", choices=("drift", "landing"), default=["drift", "landing"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    if "drift" in options.tables:
        renew("drift", options.agents, options.scenes, [{"location_drift": drift} for drift in DRIFTS])
    if "landing" in options.tables:
        ways = [{"location_gravity": gravity, "location_memory": memory} for gravity, memory in LANDINGS]
        renew("landing", options.agents, options.scenes, ways)


if __name__ == "__main__":
    main()
