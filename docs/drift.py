"""Where the eye lands beside a cell's middle: `python docs/drift.py`.

Measures pretrained agents whose location network sees cells with other values of `location_drift`, on held-out scenes,
and puts the table between `<!-- drift -->` and `<!-- /drift -->` in RESULTS.md.
"""

from __future__ import annotations

import argparse
from typing import Any

import ram_agents
import torch
from marked import renew
from ram_agents import Reinforce
from ram_agents.evaluation.evaluate import evaluate

DRIFTS = 0.0, 0.15, 0.25, 0.35
LARGER = {"canvas_size": 400, "num_distractors": 128}
SHOWN: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "cluttered100": ("cluttered 100x100", {"num_glimpses": 16}, (4, 8, 16)),
    "megapixel": ("cluttered 400x400", LARGER, (8, 16, 24)),
    "pairs": ("two digits, 100x100", {}, (4, 8)),
    "addition": ("their sum", {}, (4, 8, 12)),
    "moving": ("a moving digit, 60x60", {}, (4, 10)),
}
"""Of each agent the task in words, its environment's arguments, and the glimpses whose error is told."""


def with_drift(agent: Reinforce, drift: float, **env_kwargs: Any) -> Reinforce:
    """The same weights, looking so."""
    config = agent.config.replace(location_drift=drift, env_kwargs=agent.env_kwargs | env_kwargs)
    other = Reinforce(agent.spaces, config)
    other.policy.load_state_dict(agent.policy.state_dict())
    other.policy.location_std, other.hybrid = agent.policy.location_std, agent.hybrid
    return other


def line(name: str, drift: float, scenes: int) -> str:
    """The row of an agent and a drift: on paths of mean locations, and on drawn ones."""
    task, env_kwargs, looks = SHOWN[name]
    agent = with_drift(ram_agents.load(name), drift, **env_kwargs)
    found = evaluate(agent, split="validation", episodes=scenes, paths=1)
    assert found.sampled is not None
    errors = [", ".join(f"{of[look - 1]:.2f}" for look in looks) for of in (found.mean, found.sampled)]
    told = ", ".join(map(str, looks))
    return f"| `{name}`: {task} | {drift} | {told} | {errors[0]} | {errors[1]} | {found.episodes:,} |"


def main() -> None:
    """Measure, print, and renew the table in RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agents", nargs="*", default=list(SHOWN), help=f"of {', '.join(SHOWN)}")
    parser.add_argument("--scenes", type=int, default=2_000, help="only the first so many held-out scenes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines = [
        "| agent: task | `location_drift` | after glimpses | wrong, mean path, % | drawn path, % | held-out scenes |",
        "|---|---:|---|---|---|---:|",
    ]
    for name in options.agents:
        for drift in DRIFTS:
            lines.append(line(name, drift, options.scenes))
            print(lines[-1], flush=True)
    renew("drift", "\n".join(lines))


if __name__ == "__main__":
    main()
