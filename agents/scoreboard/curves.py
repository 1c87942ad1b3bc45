"""The board's figure: error on held-out scenes against steps, and against core-minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..entrants.course import Point
from ..rendering.figures import LINES, STYLE, subplots
from .submission import Submission, environment

AXES = {"steps": "steps", "core_minutes": "core-minutes"}
"""Of a point, and how the axis is called."""
STYLES = ("-", "--", ":")
"""Of the lines of entries, after their colours."""


@matplotlib.rc_context(STYLE)
def learning_curves(submissions: Sequence[Submission]) -> Figure:
    """Draw a row for each environment: every seed (thin), and the mean of the seeds (thick) as far as all go.

    Raises:
        ValueError: no submission tells its curves.
    """
    drawn = [submission for submission in submissions if submission.curves and all(submission.curves)]
    if not drawn:
        raise ValueError("none of the submissions tells its learning curves")
    environments = sorted({environment(submission) for submission in drawn})
    names = sorted({_name(submission) for submission in drawn})
    figure, grid = subplots(len(environments), len(AXES), width=5.4, height=3.0)
    for axes_of_one, where in zip(grid, environments, strict=True):
        of_one = [submission for submission in drawn if environment(submission) == where]
        for axes, axis in zip(axes_of_one, AXES, strict=True):
            for submission in of_one:
                i = names.index(_name(submission))
                look = {"color": LINES[i % len(LINES)], "linestyle": STYLES[i // len(LINES) % len(STYLES)]}
                _draw(axes, submission.curves or [], axis, _name(submission), look)
            axes.set(xlabel=AXES[axis], ylim=(0, 100))
        axes_of_one[0].set(ylabel="held-out error, %")
        axes_of_one[0].set_title(where[0].rpartition("/")[2] + where[1].replace("{}", ""), loc="left")
        axes_of_one[0].set(xscale="log")  # a CNN's steps are scenes, a tenth of an agent's or less
        axes_of_one[-1].set(xlim=(0, None))
        axes_of_one[-1].legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _name(submission: Submission) -> str:
    """Of a line; mathematics of matplotlib is none of a stranger's business."""
    return f"{submission.algorithm}, {submission.who}".replace("$", r"\$").lstrip("_")


def _draw(axes: Axes, curves: list[list[Point]], axis: str, name: str, look: dict[str, Any]) -> None:
    lines = [np.array([(getattr(point, axis), point.error) for point in curve], float) for curve in curves]
    for line in lines:
        axes.plot(*line.T, linewidth=0.6, alpha=0.5, **look)
    axes.plot(*mean_curve(lines).T, linewidth=1.8, label=name, marker="o", markersize=2.5, **look)


def mean_curve(lines: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of lines (n_i, 2) at the places of all of them, as far as each goes, by linear interpolation, (m, 2)."""
    first, last = max(line[0, 0] for line in lines), min(line[-1, 0] for line in lines)
    places = np.unique(np.concatenate([line[:, 0] for line in lines]))
    places = places[(first <= places) & (places <= last)]
    if not len(places):  # lines that have no place in common
        return np.array([[np.mean([line[-1, 0] for line in lines]), np.mean([line[-1, 1] for line in lines])]])
    return np.stack([places, np.mean([np.interp(places, *line.T) for line in lines], axis=0)], axis=1)
