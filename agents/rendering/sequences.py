"""Figures of episodes: the gaze on the scene, and what the agent sees glimpse by glimpse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ram_envs.rendering.painting import GREEN, NIGHT, ORANGE, VERMILLION, YELLOW, rgb

from .figures import STYLE, hexed, spread, subplots

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

    from .episodes import Episode

CAPTION = (
    "Left: the scene, which the agent never sees, and where it looked. Right: its glimpses, and what it says after each"
)
NUMBERED = 12
"""Paths of so many fixations have their numbers; longer ones only grow."""


@matplotlib.rc_context(STYLE)
def montage(episodes: Sequence[Episode], *, columns: int = 8) -> Figure:
    """Draw a row for each episode: the scene with the gaze's path, then at most `columns` glimpses as it sees them."""
    steps = max(len(episode.views) for episode in episodes) - 1
    shown = spread(steps, columns)
    figure, axes = subplots(len(episodes), len(shown) + 1, width=1.1, height=1.35)
    for row, episode in zip(axes, episodes, strict=True):
        _scene_with_path(row[0], episode, size=1, fontsize=6.5)
        for panel, t in zip(row[1:], shown, strict=True):
            if t >= len(episode.views) - 1:
                panel.set_visible(False)
                continue
            view = episode.views[t]
            panel.imshow(rgb(foveated(view.glimpse)), interpolation="nearest")
            panel.set_title(f"glimpse {t + 1}\n{_opinion(view)}", fontsize=6.5, color=_colour(view))
    _bare(axes)
    judged = episodes[0].views[0].label is not None
    figure.supxlabel(f"{CAPTION}{' (green: right, red: wrong)' * judged}.", fontsize=7)
    return figure


def _opinion(view: View) -> str:
    """Return what the agent says at a moment, with the probability that it gives this."""
    if view.prediction is None or view.probabilities is None:
        return ""
    return f"{view.action_names[view.prediction]}, {view.probabilities[view.prediction]:.0%} sure"


def _colour(view: View) -> str:
    """Return the colour of what the agent says at a moment."""
    return "black" if view.label is None else hexed(GREEN if view.success else VERMILLION)


def _bare(axes: NDArray[Any]) -> None:
    """Leave of axes what is drawn in them."""
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)


@matplotlib.rc_context(STYLE)
def gaze_on_scenes(episodes: Sequence[Episode], *, columns: int = 3) -> Figure:
    """Draw each episode's scene, large, with the numbered path of the gaze, and say how it ended."""
    rows = math.ceil(len(episodes) / columns)
    figure, axes = subplots(rows, min(columns, len(episodes)), width=2.8, height=3.1)
    for panel, episode in zip(axes.flat, episodes, strict=False):
        _scene_with_path(panel, episode, size=4, fontsize=10)
    for panel in axes.flat[len(episodes) :]:
        panel.set_visible(False)
    _bare(axes)
    return figure


def _scene_with_path(panel: Axes, episode: Episode, *, size: float, fontsize: float) -> None:
    """Draw the last scene, and the fixations in their order; above it, how the episode ended."""
    view = episode.views[-1]
    height, width = view.scene.shape[:2]
    panel.imshow(rgb(view.scene), extent=(0, width, height, 0))
    _plot_path(panel, (view.gaze + 1) / 2 * [width, height], size=size)
    panel.set(xlim=(0, width), ylim=(height, 0))
    colour = hexed(GREEN if episode.success else VERMILLION)
    panel.set_title(_end(episode), fontsize=fontsize, color=colour, fontweight="bold")


def _end(episode: Episode) -> str:
    """Return in words how an episode ended."""
    view = episode.views[-1]
    if view.label is None:
        names = list(view.counts) or ["success", "failure"]
        return names[0] if episode.success else names[-1]
    said = f"says {view.said()}"
    return f"{said}\nright" if episode.success else f"{said}\nwrong: it is {view.truth()}"


def _plot_path(panel: Axes, points: NDArray[np.floating[Any]], *, size: float = 1) -> None:
    """Draw a path (T, 2) of fixations, whose dots grow towards the last; large ones have numbers."""
    x, y = points.T
    panel.plot(x, y, "-", color=hexed(YELLOW), linewidth=0.7 * math.sqrt(size))
    numbered = size > 2 and len(points) <= NUMBERED
    areas = np.full(len(x), 30 * size) if numbered else size * np.linspace(3, 14, len(x))
    panel.scatter(x, y, s=areas, color=hexed(ORANGE), zorder=3, linewidths=0)
    for i, (column, row) in enumerate(zip(x, y, strict=True)):
        if numbered:
            panel.text(column, row, str(i + 1), ha="center", va="center_baseline", fontsize=7, color=hexed(NIGHT))


@matplotlib.rc_context(STYLE)
def glimpses(glimpse: NDArray[np.float32], *, columns: int = 12) -> Figure:
    """Draw a row for each episode: at most `columns` of its glimpses, as the agent sees them.

    Args:
        glimpse: (T, N, k, h, w[, C]) in [0, 1], T glimpses of N episodes.
        columns: the most glimpses to show of each.
    """
    steps, episodes, _, height, width = glimpse.shape[:5]
    shown, tall = spread(steps, columns), height / width
    figure, ((axes,),) = subplots(1, 1, width=0.8 * len(shown) + 0.4, height=0.8 * tall * episodes + 0.4)
    for row in range(episodes):
        for column, t in enumerate(shown):
            extent = (column, column + 0.95, (row + 0.95) * tall, row * tall)
            axes.imshow(rgb(foveated(glimpse[t, row])), extent=extent, interpolation="nearest")
    axes.set(xlim=(0, len(shown)), ylim=(episodes * tall, 0), xlabel="glimpse", yticks=[])
    axes.set_xticks(np.arange(len(shown)) + 0.475, [str(t + 1) for t in shown])
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    return figure


@matplotlib.rc_context(STYLE)
def gaze_paths(gaze: NDArray[np.float32]) -> Figure:
    """Draw a square for each episode with the path of its gaze, (T, N, 2) locations in [-1, 1]: of unknown scenes."""
    figure, axes = subplots(1, gaze.shape[1], width=1.6, height=1.6)
    for panel, path in zip(axes.flat, gaze.swapaxes(0, 1), strict=True):
        _plot_path(panel, path)
        panel.set(xlim=(-1, 1), ylim=(1, -1), xticks=[], yticks=[], aspect="equal", facecolor=hexed(NIGHT))
    return figure


def foveated(glimpse: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a glimpse (k, h, w[, C]) as one picture (h 2^(k-1), w 2^(k-1)[, C]): fine in the middle, blocky around."""
    k, height, width = glimpse.shape[:3]
    picture = glimpse[-1]
    for scale in range(k - 2, -1, -1):
        picture = picture.repeat(2, axis=0).repeat(2, axis=1)
        wide = 2 ** (k - 1 - scale)  # the picture is so many of this scale's patches wide
        patch = glimpse[scale]
        top, left = (wide - 1) * height // 2, (wide - 1) * width // 2
        picture[top : top + height, left : left + width] = patch
    return picture
