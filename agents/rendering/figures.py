"""Figures by matplotlib: learning curves, errors by glimpse, where the gaze goes. Of episodes: `sequences`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from ram_envs.rendering.painting import BLUE, GREEN, NIGHT, ORANGE, PURPLE, SKY, VERMILLION, YELLOW

if TYPE_CHECKING:
    from ..evaluation.attention import Cost
    from ..evaluation.evaluate import Evaluation

STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "savefig.dpi": 220,
    "savefig.bbox": "tight",
    "svg.hashsalt": "ram",
}


def hexed(colour: tuple[int, int, int]) -> str:
    """Return a colour as matplotlib takes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


LINES = [hexed(colour) for colour in (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)]
HEAT = LinearSegmentedColormap.from_list("gaze", [hexed(c) for c in (NIGHT, BLUE, SKY, YELLOW)])


@matplotlib.rc_context(STYLE)
def save(figure: Figure, path: Path) -> None:
    """Write a figure as .svg, .png or .pdf; the same figure gives the same file."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    figure.savefig(path, metadata=dates.get(path.suffix))


def subplots(rows: int, columns: int, *, width: float, height: float, **arguments: Any) -> tuple[Figure, Any]:
    """Return a figure with (rows, columns) axes, each of a size in inches."""
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, **arguments)


def spread(steps: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of the steps 0, 1, ..., spread evenly from the first to the last."""
    return np.unique(np.linspace(0, steps - 1, min(steps, most)).round().astype(int))


def _error_axis(axes: Axes) -> None:
    """Give axes with all of their lines a logarithmic axis of errors in %, with plain numbers; a zero is its lower end.

    Where there is a zero, the axis is linear from it to the power of ten at or below the smallest other error.
    """
    errors = np.concatenate([np.asarray(line.get_ydata(), float) for line in axes.lines])
    errors = errors[np.isfinite(errors)]
    axes.set(ylabel="error, %")
    if (errors > 0).all():
        axes.set(yscale="log")
        axes.yaxis.set_major_formatter(LogFormatter())
        axes.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.5)))
        return
    least = 10.0 ** math.floor(np.log10(errors[errors > 0].min(initial=1)))
    if errors.any():
        axes.set_yscale("symlog", linthresh=least, linscale=0.5)
    axes.set_ylim(-0.06 * least, None if errors.any() else 1)
    axes.yaxis.set_major_formatter("{x:g}")


@matplotlib.rc_context(STYLE)
def learning_curves(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """Draw validation error (thick) and training error (thin) against episodes.

    Args:
        runs: by name, the lines of the run's log: "episodes", "validation_error" in % or None, "episode_return",
            and the "answers" in an episode, where there are several.

    Raises:
        ValueError: a run without lines.
    """
    if empty := [name for name, lines in runs.items() if not lines]:
        raise ValueError(f"the log of {empty[0]} is empty: the run has not reached its first checkpoint yet")
    figure, ((axes,),) = subplots(1, 1, width=5.2, height=3.4)
    for i, (name, lines) in enumerate(runs.items()):
        colour = LINES[i % len(LINES)]
        episodes = np.array([line["episodes"] for line in lines], float)
        training = np.array([100 - 100 * line["episode_return"] / line.get("answers", 1) for line in lines])
        held_out = np.array([line["validation_error"] for line in lines], float)  # None becomes nan
        mark = "o" if len(lines) == 1 else None
        axes.plot(episodes, training, color=colour, linewidth=0.7, alpha=0.7, marker=mark, markersize=3)
        last = f" ({held_out[-1]:.2f}%)" if np.isfinite(held_out[-1]) else ""
        axes.plot(episodes, held_out, color=colour, linewidth=1.8, marker=mark, label=f"{name}{last}")
    axes.set(xlabel="episodes")
    _error_axis(axes)
    axes.xaxis.set_major_formatter(lambda x, _: f"{x / 1e6:g} M" if x >= 1e6 else f"{x / 1e3:g} k" if x else "0")
    axes.legend(title="thick: held out, thin: training", alignment="left")
    return figure


@matplotlib.rc_context(STYLE)
def error_by_glimpse(results: Mapping[str, Evaluation]) -> Figure:
    """Draw the error after each glimpse: with mean locations (thick), and averaged over sampled paths (dashed)."""
    figure, ((axes,),) = subplots(1, 1, width=5.2, height=3.4)
    for i, (name, result) in enumerate(results.items()):
        colour = LINES[i % len(LINES)]
        glimpses = np.arange(1, len(result.mean) + 1)
        axes.plot(glimpses, result.mean, "o-", color=colour, markersize=4, label=f"{name} ({result.mean[-1]:.2f}%)")
        if result.averaged is not None:
            label = f"{name}, paths averaged ({result.averaged[-1]:.2f}%)"
            axes.plot(glimpses, result.averaged, "--", color=colour, linewidth=1, label=label)
    axes.set(xlabel="glimpses")
    _error_axis(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


@matplotlib.rc_context(STYLE)
def course(lines: Mapping[str, NDArray[np.float64]], *, ylabel: str) -> Figure:
    """Draw a measure after each glimpse, a line (T,) for each name; the first is the agent's, thick."""
    figure, ((axes,),) = subplots(1, 1, width=5.2, height=3.0)
    for i, (name, values) in enumerate(lines.items()):
        glimpses = np.arange(1, len(values) + 1)
        axes.plot(glimpses, values, "o-", color=LINES[i], markersize=3, linewidth=1 if i else 1.8, label=name)
    axes.set(xlabel="glimpses", ylabel=ylabel, ylim=(0, None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


@matplotlib.rc_context(STYLE)
def costs(measured: Sequence[Cost]) -> Figure:
    """Draw the time for an image against its size: of a glimpse, and of two CNNs that see it whole."""
    figure, ((axes,),) = subplots(1, 1, width=5.2, height=3.0)
    names = {"glimpse": "RAM, one glimpse", "weak_cnn": "the paper's CNN", "modern_cnn": "a modern CNN"}
    sizes = [cost.size for cost in measured]
    for i, (field, name) in enumerate(names.items()):
        times = [getattr(cost, field) for cost in measured]
        axes.plot(sizes, times, "o-", color=LINES[i], markersize=4, linewidth=1 if i else 1.8, label=name)
    axes.set(xlabel="width and height of the image, pixels", ylabel="ms for an image", xscale="log", yscale="log")
    axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend()
    return figure


class Fixations(NamedTuple):
    """Where an agent looked, around what matters."""

    pixels: NDArray[np.float64]
    """(N, T, 2): right of and below the centre, in pixels of the scene."""
    around: str
    """What the centre is: "the digit", "the ball", "the image"."""
    backdrop: NDArray[np.float64] | None
    """The mean picture around the centre (2 r, 2 r) in [0, 1], or None."""
    radius: float
    """Of the region to show, in pixels."""


@matplotlib.rc_context(STYLE)
def gaze_map(fixations: Fixations, *, panels: int = 8) -> Figure:
    """Draw how often the agent looked where, a panel for each of at most `panels` glimpses."""
    steps = fixations.pixels.shape[1]
    shown = spread(steps, panels)
    columns = min(len(shown), 4)
    rows = math.ceil(len(shown) / columns)
    figure, axes = subplots(rows, columns, width=1.9, height=2.0)
    radius, bins = fixations.radius, _bins(fixations.radius)
    extent = (bins[0], bins[-1], bins[-1], bins[0])
    for panel, t in zip(axes.flat, shown, strict=False):
        counts, *_ = np.histogram2d(fixations.pixels[:, t, 1], fixations.pixels[:, t, 0], bins=bins)
        panel.imshow(np.sqrt(counts), extent=extent, cmap=HEAT, interpolation="bilinear")
        panel.set(xlim=(-radius, radius), ylim=(radius, -radius))
        if fixations.backdrop is not None:
            edges = np.linspace(-radius, radius, len(fixations.backdrop))
            panel.contour(edges, edges, fixations.backdrop, levels=[0.25], colors="white", linewidths=0.8, alpha=0.8)
        inside = (np.abs(fixations.pixels[:, t]) <= radius).all(axis=-1).mean()
        panel.set_title(f"glimpse {t + 1}" + (f", {inside:.0%} inside" if inside < 0.995 else ""), fontsize=8)
        panel.tick_params(labelsize=6, length=2)
        panel.grid(False)
    for panel in axes.flat[len(shown) :]:
        panel.set_visible(False)
    figure.supxlabel(f"pixels right of the middle of {fixations.around}", fontsize=8)
    figure.supylabel("pixels below", fontsize=8)
    return figure


def _bins(radius: float) -> NDArray[np.float64]:
    """Return the edges of at most 38 bins from -radius to radius, with as many half pixels in each.

    From a fixed place to the middle of a target it is whole or half pixels. Bins of another width than whole pixels, or
    with an edge on such a place, would have now more of them and now fewer: a lattice where there is none.
    """
    width = max(math.ceil(2 * radius / 36), 1)
    count = math.ceil(radius / width)
    return np.arange(-count, count + 1, dtype=np.float64) * width - 0.25
