"""Compare designs of the networks that see the retina: `python docs/designs.py train OUT`, then `... draw OUT`.

Each is one run, seed 0, of a task that docs/networks.py tries its network on, or of a larger one, and differs from the
package's design in one thing, which this script changes. `draw` renews the table between `<!-- designs -->` and
`<!-- /designs -->` in RESULTS.md. The logs of the runs there are in docs/networks/designs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from unittest.mock import patch

import courses
import networks
import torch
from marked import renew
from networks import PRECISION, Panel, panels
from ram_agents import Config
from ram_agents.evaluation.runs import read_log
from ram_agents.model.cells import CellLocationNetwork
from ram_agents.model.networks import Convolutions
from ram_agents.precision import MatmulPrecision
from torch import Tensor


def forget(network: CellLocationNetwork, location: Tensor, looks: Tensor) -> Tensor:
    """No cell counts as seen."""
    return location.new_zeros(len(location), network.scales, 2, network.size**2)


def tasks() -> dict[str, Panel]:
    """The tasks, each with the episodes of a run."""
    shown = panels()
    search = shown["search"]
    larger = Panel(
        "location network, cluttered 400x400, 16 glimpses", networks.search(100, 200, 400), search.variants, 200_000
    )
    return {name: shown[name]._replace(episodes=300_000) for name in ("glimpse", "location")} | {
        "search": search,
        "search 400": larger,
    }


class Design(NamedTuple):
    """A network, and what it has of its own."""

    panel: str
    network: str
    """`glimpse_network` or `location_network`, as the panel compares them."""
    changed: tuple[type, str, tuple[int, int] | Callable[..., Tensor]] | None = None
    """A class, and what an attribute of it is in this design."""
    options: Mapping[str, Any] = MappingProxyType({})
    """Of the agent."""


DESIGNS = {
    "mlp (the paper's)": Design("glimpse", "mlp"),
    "conv: 16 and 32 filters (the package's)": Design("glimpse", "conv"),
    "conv: 8 and 16 filters": Design("glimpse", "conv", (Convolutions, "FILTERS", (8, 16))),
    "conv: 32 and 64 filters": Design("glimpse", "conv", (Convolutions, "FILTERS", (32, 64))),
    "linear (the paper's)": Design("location", "linear"),
    "cells: choice of one": Design("location", "cells"),
    "cells: the mean of all": Design("location", "cells-mean"),
    "cells: no mark of those seen": Design("location", "cells", (CellLocationNetwork, "seen", forget)),
    "cells: a mark near the present look alone": Design("location", "cells", options={"location_memory": 1}),
    "cells: a mark of all that was covered": Design("location", "cells", options={"location_seen": "covered"}),
    "cells: the centre of gravity": Design("location", "cells", options={"location_gravity": True}),
}
DESIGNS |= {
    f"{name}, {canvas}": design._replace(panel=task)
    for canvas, task in (("200x200", "search"), ("400x400", "search 400"))
    for name, design in DESIGNS.items()
    if name.startswith("cells")
}


def directory(out: Path, name: str) -> Path:
    """Of one run."""
    return out / "".join(letter if letter.isalnum() else "-" for letter in name)


def train(out: Path, chosen: list[str], precision: MatmulPrecision) -> None:
    """Make the runs of some designs, one after the other on one thread, or go on with them."""
    torch.set_num_threads(1)
    for name in chosen:
        design = DESIGNS[name]
        with patch.object(*design.changed) if design.changed else nullcontext():
            courses.train(directory(out, name), config_of(design).replace(matmul_precision=precision))


def config_of(design: Design) -> Config:
    """The run's."""
    panel = tasks()[design.panel]
    every = min(200, panel.episodes // 1500)
    options: dict[str, Any] = {"total_episodes": panel.episodes, "checkpoint_every": every}
    options["matmul_precision"] = PRECISION
    compared = "glimpse_network" if design.panel == "glimpse" else "location_network"
    return panel.base.replace(**options, **{compared: design.network}, **design.options)


def table(out: Path) -> str:
    """The error at the end of each run, and its time."""
    lines = ["| task | network | episodes | held-out error, % | minutes of one core |", "|---|---|---:|---:|---:|"]
    for name, design in DESIGNS.items():
        if courses.ended(directory(out, name), config_of(design)):
            last = read_log(directory(out, name))[-1]
            task, shown = tasks()[design.panel], name.partition(",")[0]
            cells = [task.title, shown, f"{task.episodes:,}"]
            cells += [f"{last['validation_error']:.2f}", f"{last['seconds'] / 60:.1f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Train, or renew the table."""
    parser = courses.arguments(__doc__, "train", "draw")
    parser.add_argument("--tasks", nargs="+", choices=list(tasks()), default=list(tasks()))
    parser.add_argument("--only", nargs="+", choices=list(DESIGNS), default=list(DESIGNS), help="these designs")
    parser.add_argument(
        "--matmul-precision", choices=["highest", "medium"], default=PRECISION, help="see docs/agent.md"
    )
    options = parser.parse_args()
    if options.what == "train":
        chosen = [name for name in options.only if DESIGNS[name].panel in options.tasks]
        train(options.out, chosen, options.matmul_precision)
        return
    text = table(options.out)
    print(text)
    renew("designs", text)


if __name__ == "__main__":
    main()
