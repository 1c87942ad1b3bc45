"""What `comparison.py` has measured: kept in docs/comparison.json, as a table, and drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from large import percent
from matplotlib.figure import Figure
from ram_agents.reports.intervals import wilson

DOCS = Path(__file__).parent
PICTURE = DOCS / "images" / "comparison.png"
POINTS = DOCS / "comparison.json"
"""All that has been measured."""
NAMES = ("RAM", "paper's CNN", "modern CNN", "modern CNN, shrunk")
"""In the table's order."""


class Point(NamedTuple):
    """One network on one canvas."""

    name: str
    canvas: int
    wrong: float
    """The share of wrong answers."""
    scenes: int
    gigaflops: float
    """Of an image: multiplications and additions of the network's products."""
    milliseconds: float
    """Of processor time an image, one thread."""
    processor: str
    note: str = ""
    """What the network was trained on."""


def read(path: Path) -> list[Point]:
    """What has been measured before, if anything."""
    return [Point(**point) for point in json.loads(path.read_text())] if path.exists() else []


def write(path: Path, points: list[Point]) -> None:
    """Keep what has been measured."""
    path.write_text(json.dumps([point._asdict() for point in points], indent=1) + "\n")


def merged(before: list[Point], now: list[Point]) -> list[Point]:
    """In the table's order; a canvas that was measured now has no other figures than those."""
    canvases = {point.canvas for point in now}
    points = [point for point in before if point.canvas not in canvases] + now
    return sorted(points, key=lambda point: (point.canvas, NAMES.index(point.name)))


def markdown(points: list[Point]) -> str:
    """A row for each network and canvas."""
    lines = [
        "| canvas | network | error, % | 95% interval | scenes | GFLOP an image | ms an image | GFLOP beside RAM's "
        "| ms beside RAM's | trained on |",
        "|---:|---|---:|---|---:|---:|---:|---:|---:|---|",
    ]
    own = {point.canvas: point for point in points if point.name == "RAM"}
    for p in points:
        low, high = wilson(p.wrong, p.scenes)
        ram = own[p.canvas]
        cells = [p.canvas, p.name, percent(p.wrong), f"{percent(low)} to {percent(high)}", f"{p.scenes:,}"]
        cells += [f"{p.gigaflops:.3g}", f"{p.milliseconds:.3g}", f"{p.gigaflops / ram.gigaflops:.2g}"]
        lines.append(f"| {' | '.join(map(str, [*cells, f'{p.milliseconds / ram.milliseconds:.2g}', p.note]))} |")
    machines: dict[str, list[str]] = {}
    for p in own.values():  # a canvas is measured in one run
        machines.setdefault(p.processor, []).append(str(p.canvas))
    told = "; ".join(f"{name} for {', '.join(of)} pixels" for name, of in machines.items())
    lines += ["", f"The times are of one thread: {told}."]
    return "\n".join(lines)


def draw(points: list[Point]) -> None:
    """Error against arithmetic and against time: a line for each network, from canvas to canvas."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for number, name in enumerate(NAMES):
        line = sorted((p for p in points if p.name == name), key=lambda p: p.canvas)
        if not line:
            continue
        for axis, cost in zip(axes, ("gigaflops", "milliseconds"), strict=True):
            axis.plot(
                [getattr(p, cost) for p in line], [100 * p.wrong for p in line], "o-", color=f"C{number}", label=name
            )
            for p in line:
                axis.annotate(str(p.canvas), (getattr(p, cost), 100 * p.wrong), fontsize=7)
    for axis, label in zip(axes, ("GFLOP an image", "milliseconds an image, one thread"), strict=True):
        axis.set(xscale="log", yscale="log", xlabel=label)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("test error, %")
    axes[0].legend()
    figure.savefig(PICTURE, dpi=80)
