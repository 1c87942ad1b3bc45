"""Compare the networks that see the retina with the paper's: `python docs/networks.py train OUT`, then `... draw OUT`.

`train` makes the runs, three seeds of each network, in directories under OUT; what is there already is gone on with, so
that it can be stopped at any time, and a run whose log tells its end is not made again. `draw` makes
docs/images/networks.png, the held-out error against episodes and against minutes of one core, and renews the table
between `<!-- networks -->` and `<!-- /networks -->` in RESULTS.md. The logs of the runs there are in docs/networks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import courses
import matplotlib.pyplot as plt
import numpy as np
import torch
from marked import renew
from matplotlib.ticker import ScalarFormatter
from ram_agents import Config, recipe
from ram_agents.evaluation.runs import LOG, read_log

DOCS = Path(__file__).parent
PICTURE = DOCS / "images" / "networks.png"
SEEDS = 0, 1, 2
PRECISION = "medium"
"""Of all runs, since their minutes are compared."""
CANVASES = {
    100: {"canvas_size": 100, "num_distractors": 8, "num_glimpses": 8},
    200: {"canvas_size": 200, "num_distractors": 32, "num_glimpses": 12},
    400: {"canvas_size": 400, "num_distractors": 128, "num_glimpses": 16},
}
AS_IT_WAS: dict[str, Any] = {
    "location_drift": 0.0,
    "location_seen": "near",
    "discount": 0.8,
    "final_location_std": 0.03,
}
"""What the recipe of large scenes had when these runs were made."""
"""Scenes in which the digit has to be searched for, clutter at one density, by their size."""


class Panel(NamedTuple):
    """Networks that are compared on one task."""

    title: str
    base: Config
    variants: dict[str, dict[str, Any]]
    """What differs from `base`, by a name."""
    episodes: int = 600_000


def panels() -> dict[str, Panel]:
    """The comparisons, by the names of their directories."""
    papers: dict[str, Any] = {"glimpse_network": "mlp", "location_network": "linear"}
    papers |= {"location_drift": 0.0, "curriculum": {}}
    cluttered60, cluttered100 = (recipe(name).replace(**papers) for name in ("cluttered60", "cluttered100"))
    glimpse = {"mlp (the paper's)": {"glimpse_network": "mlp"}, "conv": {"glimpse_network": "conv"}}
    location = {"linear (the paper's)": {"location_network": "linear"}, "cells": {"location_network": "cells"}}
    return {
        "glimpse": Panel("glimpse network, cluttered 60x60, 8 glimpses", cluttered60, glimpse),
        "location": Panel("location network, cluttered 100x100, 8 glimpses", cluttered100, location),
        "search": Panel("location network, cluttered 200x200, 12 glimpses", search(100, 200), location, 120_000),
    }


def search(*canvases: int) -> Config:
    """A run of the recipe of large scenes on these canvases, in equal parts, validated on the largest."""
    largest = CANVASES[canvases[-1]]
    config = recipe("megapixel").replace(curriculum={"0": [CANVASES[canvas] for canvas in canvases]}, **AS_IT_WAS)
    return config.replace(env_kwargs=config.env_kwargs | largest, validation_kwargs={}, validation_scenes=None)


def directory(out: Path, panel: str, variant: str, seed: int) -> Path:
    """Of one run."""
    return out / panel / variant.split()[0] / f"seed{seed}"


def train(out: Path, chosen: list[str], seeds: list[int]) -> None:
    """Make all runs, one after the other on one thread, or go on with them."""
    torch.set_num_threads(1)
    for seed in seeds:
        for name, panel in panels().items():
            for variant, changes in panel.variants.items() if name in chosen else ():
                every = min(200, panel.episodes // 1500)
                options = {"total_episodes": panel.episodes, "checkpoint_every": every, "seed": seed}
                config = panel.base.replace(**options, matmul_precision=PRECISION, **changes)
                courses.train(directory(out, name, variant, seed), config)


def curves(out: Path, panel: str, variant: str) -> list[np.ndarray]:
    """Of each seed: (3, N) of episodes, minutes of a core, and held-out error in %."""
    found = [directory(out, panel, variant, seed) for seed in SEEDS]
    logs = [read_log(where) for where in found if (where / LOG).exists()]
    return [
        np.array([[line["episodes"], line["seconds"] / 60, line["validation_error"]] for line in log]).T for log in logs
    ]


def draw(out: Path) -> None:
    """The picture: a row for each comparison, a line for each seed."""
    shown = {name: panel for name, panel in panels().items() if (out / name).exists()}
    figure, axes = plt.subplots(len(shown), 2, figsize=(10, 3.4 * len(shown)), squeeze=False, sharey="row")
    for row, (name, panel) in zip(axes, shown.items(), strict=True):
        for number, variant in enumerate(panel.variants):
            for seed, (episodes, minutes, error) in enumerate(curves(out, name, variant)):
                label = variant if seed == 0 else None
                row[0].plot(episodes / 1000, error, color=f"C{number}", label=label, linewidth=1)
                row[1].plot(minutes, error, color=f"C{number}", linewidth=1)
        row[0].set(xlabel="thousand episodes", ylabel="held-out error, %", yscale="log", title=panel.title)
        row[1].set(xlabel="minutes of one core")
        row[0].legend()
        for axis in row:
            axis.grid(alpha=0.3, which="both")
            axis.yaxis.set_major_formatter(ScalarFormatter())
            axis.yaxis.set_minor_formatter(ScalarFormatter())
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=80)
    print(PICTURE)


def table(out: Path) -> str:
    """The mean over the seeds, and their range, at parts of the run and at its end."""
    lines = [
        "| task | network | seeds | error after a third, % | after two thirds | at the end | minutes of one core |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, panel in panels().items():
        for variant in panel.variants:
            runs = [run for run in curves(out, name, variant) if run[0, -1] >= panel.episodes]
            if not runs:
                continue
            cells = [f"{panel.title} | {variant} | {len(runs)}"]
            for share in (1 / 3, 2 / 3, 1):
                errors = [run[2, np.searchsorted(run[0], share * panel.episodes)] for run in runs]
                ends = f" ({min(errors):.2f} to {max(errors):.2f})" if len(errors) > 1 else ""
                cells.append(f"{np.mean(errors):.2f}{ends}")
            cells.append(f"{np.mean([run[1, -1] for run in runs]):.1f}")
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Train or draw."""
    parser = courses.arguments(__doc__, "train", "draw")
    parser.add_argument("--panels", nargs="+", choices=list(panels()), default=list(panels()))
    parser.add_argument("--seeds", type=int, nargs="+", choices=SEEDS, default=list(SEEDS), help="to train")
    options = parser.parse_args()
    if options.what == "train":
        train(options.out, options.panels, options.seeds)
        return
    draw(options.out)
    text = table(options.out)
    print(text)
    renew("networks", text)


if __name__ == "__main__":
    main()
