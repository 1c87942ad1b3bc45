"""Error against glimpses, where each one costs: `python docs/stopping.py train OUT`, then `... draw OUT`.

On cluttered 60x60, from the weights of `cluttered60`: a run for each cost of a glimpse, in which the agent learns when
to stop, and one in which it cannot. `train` makes the runs in directories under OUT; it can be stopped at any time,
and goes on with what is there. `draw` measures those that are at their end on the test scenes, makes
docs/images/stopping.png, and renews the table between `<!-- stopping -->` and `<!-- /stopping -->` in RESULTS.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import courses
import matplotlib.pyplot as plt
import torch
from marked import renew
from matplotlib.ticker import ScalarFormatter
from ram_agents import Config, Reinforce, evaluate, recipe
from ram_agents.evaluation.runs import LAST
from ram_agents.reports.intervals import wilson

PICTURE = Path(__file__).parent / "images" / "stopping.png"
TAUGHT, BEGINNING = "mnist28_stop", "cluttered60"
"""The recipe of how stopping is learned, and the agent that learns it."""
COSTS = (0.04, 0.02, 0.01, 0.005, 0.0025)
EPISODES = 300_000


class Point(NamedTuple):
    """What an agent reaches on the test scenes."""

    cost: float | None
    """Of a glimpse; None: it cannot stop."""
    glimpses: float
    """Mean of an episode."""
    error: float
    """In %."""
    episodes: int


def config_of(cost: float | None) -> Config:
    """The run in which a glimpse has this cost; None: stopping is not possible."""
    begun = recipe(BEGINNING)
    stopping = {"can_stop": False} if cost is None else {"can_stop": True, "glimpse_cost": cost}
    model = vars(begun.model()) | {"location_std": begun.final_location_std}
    return recipe(TAUGHT).replace(
        **model,
        env_id=begun.env_id,
        env_kwargs=begun.env_kwargs | stopping,
        total_episodes=EPISODES,
        checkpoint_every=200,
    )


def directory(out: Path, cost: float | None) -> Path:
    """Of one run."""
    return out / ("never" if cost is None else f"cost{cost:g}")


def train(out: Path) -> None:
    """Make all runs, one after the other on one thread, or go on with them."""
    torch.set_num_threads(1)
    for cost in (*COSTS, None):
        courses.train(directory(out, cost), config_of(cost), weights=BEGINNING)


def measure(out: Path, cost: float | None) -> list[Point]:
    """One agent that stops when it likes; or one that cannot, asked after each of its glimpses but the first."""
    agent = Reinforce.load(directory(out, cost) / LAST)
    found = evaluate(agent, paths=0)
    if cost is not None:
        return [Point(cost, found.glimpses, float(found.mean[-1]), found.episodes)]
    return [Point(None, t, float(error), found.episodes) for t, error in enumerate(found.mean, 1) if t > 1]


def draw(stopping: list[Point], always: list[Point]) -> None:
    """The picture: who stops, and who takes as many glimpses in every scene."""
    figure, axes = plt.subplots(figsize=(6, 4))
    for points, label, style in ((stopping, "stops when it likes", "o-"), (always, "as many in every scene", "s--")):
        points = sorted(points, key=lambda point: point.glimpses)
        ends = [wilson(point.error / 100, point.episodes) for point in points]
        bars = [
            [point.error - 100 * low for point, (low, _) in zip(points, ends, strict=True)],
            [100 * high - point.error for point, (_, high) in zip(points, ends, strict=True)],
        ]
        x, y = [point.glimpses for point in points], [point.error for point in points]
        axes.errorbar(x, y, yerr=bars, fmt=style, markersize=4, capsize=2, label=label)
    for point in stopping:
        place = {"xytext": (-5, -11), "textcoords": "offset points", "ha": "right"}
        axes.annotate(f"{point.cost:g}", (point.glimpses, point.error), **place)
    axes.set(yscale="log", xlabel="mean glimpses", ylabel="test error, % (95% interval)")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(ScalarFormatter())
    axes.margins(x=0.1)
    axes.grid(alpha=0.3, which="both")
    axes.legend(title="cluttered 60x60; beside points: cost of a glimpse")
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=80)
    print(PICTURE)


def table(points: list[Point]) -> str:
    """A row for each point."""
    lines = ["| cost of a glimpse | mean glimpses | test error, % | 95% interval |", "|---:|---:|---:|---:|"]
    for point in points:
        low, high = wilson(point.error / 100, point.episodes)
        cost = "cannot stop" if point.cost is None else f"{point.cost:g}"
        lines.append(f"| {cost} | {point.glimpses:.2f} | {point.error:.2f} | {100 * low:.2f} to {100 * high:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Train or draw."""
    parser = courses.arguments(__doc__, "train", "draw")
    options = parser.parse_args()
    if options.what == "train":
        train(options.out)
        return
    done = [cost for cost in (*COSTS, None) if courses.ended(directory(options.out, cost), config_of(cost))]
    points = [point for cost in done for point in measure(options.out, cost)]
    text = table(points)
    print(text)
    draw([p for p in points if p.cost is not None], [p for p in points if p.cost is None])
    renew("stopping", text)


if __name__ == "__main__":
    main()
