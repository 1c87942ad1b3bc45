"""`ram watch`: a trained agent at work, in a window or in a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zipfile import is_zipfile

import numpy as np
import tyro

from ..evaluation.runs import naming
from ..model.config import COUNT, NOT_NEGATIVE, POSITIVE, number
from ..rendering.episodes import Episode, Selection, environment, episodes
from ..rendering.keys import with_keys
from ..rendering.video import Frame, check_path, write_strip, write_video
from ..training.callbacks import Progress
from .options import JsonObject, check_out, metered, open_agent, parse

if TYPE_CHECKING:
    from ram_envs.rendering.window import Window

PAUSE = 5.0  # how many frame times the end of an episode stays
STRIP = 8  # the most moments of an episode in a strip


@dataclass(frozen=True)
class Watch:
    """Watch a trained agent in a window, or write what it does to a file.

    In the window: space pauses, the right arrow shows the next episode, up and down change the speed, escape ends; the
    line below the picture says so.
    """

    agent: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="AGENT")]
    """A pretrained agent's name, such as cluttered60, or the path of a checkpoint."""
    env_id: str | None = None
    """Another environment than the one that the agent was trained on; its spaces must fit."""
    env_kwargs: JsonObject = field(default_factory=dict)
    """Keyword arguments of the environment that differ from the agent's own, such as '{"num_glimpses": 8}'."""
    split: Literal["train", "validation", "test"] = "test"
    """Which scenes, where the environment has splits."""
    images: Path | None = None
    """For GlimpseImages: an .npz file with the arrays "images" and "labels"."""
    index: tuple[int, ...] = number((), NOT_NEGATIVE)
    """Which images of the split, or which numbered games of Catch; random ones by default."""
    only: Literal["all", "right", "wrong"] = "all"
    """Show all episodes, or only successes, or only mistakes."""
    episodes: int | None = number(None, COUNT)
    """How many; by default all of --index, else without end in a window, and one (or one gallery) in a file."""
    gallery: int = number(1, COUNT)
    """Show that many episodes at once, as tiles."""
    out: Path | None = None
    """Write to this file, .gif, .mp4 or .png (a strip, one row for each episode), and open no window."""
    fps: float | None = number(None, POSITIVE)
    """Frames a second; by default the environment's."""
    size: int = number(480, COUNT)
    """Height of a picture in pixels, a multiple of 6."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of random images and first locations."""
    sample: bool = False
    """Draw locations and actions from their distributions, rather than take the means and the likeliest."""
    device: str = "cpu"
    """Where the model lives."""
    allow_unsigned: bool = False
    """Load a checkpoint of an old format too, whose checksum leaves out what it was trained on and how."""


def main(arguments: Sequence[str]) -> None:
    """Run `ram watch`."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets otherwise
    watch(parse(Watch, arguments, command="watch"))


def watch(options: Watch) -> None:
    """Show or write the episodes that the options ask for."""
    if options.out is not None:
        check_path(options.out)
        check_out(options.out)
    env_kwargs = read_images(options.images) | options.env_kwargs
    agent = open_agent(
        options.agent,
        device=options.device,
        env_id=options.env_id,
        env_kwargs=env_kwargs,
        allow_unsigned=options.allow_unsigned,
    )
    selection = Selection(options.index, options.only, options.seed, options.sample)
    env = environment(agent, num_envs=selection.num_envs, split=options.split, env_kwargs=env_kwargs)
    chosen = episodes(agent, env, selection)
    total = options.episodes
    if total is None and options.out is not None and not options.index:
        total = options.gallery
    groups = _groups(islice(chosen, total), options.gallery)
    if options.out is None:
        _show(groups, options, title=f"RAM on {agent.env_id.split('/')[-1]}")
    else:
        with metered("episodes", options.agent) as progress, naming(options.out):
            written = _write(_told(groups, progress, total or len(options.index)), options, options.out)
        print(f"wrote {options.out}: {written}, {options.out.stat().st_size / 1e6:.2f} MB")


def read_images(path: Path | None) -> dict[str, Any]:
    """The arrays "images" and "labels" of a file as keyword arguments; none without a file."""
    if path is None:
        return {}
    if not is_zipfile(path):
        raise ValueError(f"{path} is missing, or no .npz file; numpy.savez(path, images=..., labels=...) writes one")
    with np.load(path) as arrays:
        if missing := {"images", "labels"} - set(arrays):
            raise ValueError(f"{path} has no array {' and none '.join(sorted(missing))}")
        return {name: arrays[name] for name in ("images", "labels")}


def _groups(chosen: Iterator[Episode], size: int) -> Iterator[list[Episode]]:
    """Episodes that are shown together."""
    while group := list(islice(chosen, size)):
        yield group


def _told(groups: Iterator[list[Episode]], progress: Progress, total: int) -> Iterator[list[Episode]]:
    """The same groups, of which `progress` is told once each is done with."""
    for group in groups:
        yield group
        progress(len(group), total)


def _moments(group: list[Episode], options: Watch) -> list[Frame]:
    """The frames of episodes that are shown together; those that end early stay at their end."""
    from ram_envs.rendering.frames import draw, draw_grid

    frames = []
    for t in range(max(len(episode.views) for episode in group)):
        views = [episode.views[min(t, len(episode.views) - 1)] for episode in group]
        frames.append(
            draw(views[0], size=options.size) if options.gallery == 1 else draw_grid(views, size=2 * options.size)
        )
    return frames


def strip(episode: Episode, *, tile: int) -> list[Frame]:
    """At most `STRIP` moments of an episode, from its first to its last, as square tiles."""
    from ram_envs.rendering.frames import draw

    views = episode.views[:-2] + episode.views[-1:]  # the last two show the same glimpse, before and after the answer
    moments = np.unique(np.linspace(0, len(views) - 1, STRIP).round().astype(int))
    return [draw(views[t], size=tile, panel=False) for t in moments]


def _write(groups: Iterator[list[Episode]], options: Watch, path: Path) -> str:
    """Write all episodes to one file; returns what it holds."""
    first = next(groups, None)
    if first is None:
        raise ValueError("there is no such episode to write")
    groups = chain([first], groups)
    if path.suffix.lower() == ".png":
        rows = [strip(episode, tile=options.size // 12 * 6) for group in groups for episode in group]
        write_strip(path, rows)
        return f"{len(rows)} rows"
    frames: list[Frame] = []
    holds: list[float] = []
    for group in groups:
        moments = _moments(group, options)
        frames += moments
        holds += [1.0] * (len(moments) - 1) + [PAUSE]
    write_video(path, frames, fps=options.fps or first[0].fps, holds=holds)
    return f"{len(frames)} frames"


def _show(groups: Iterator[list[Episode]], options: Watch, *, title: str) -> None:
    """Show episodes in a window until it is closed."""
    from ram_envs.rendering.window import Window

    window = Window(title, interactive=True)
    speed = 1.0
    try:
        for group in groups:
            fps = options.fps or group[0].fps
            moments = _moments(group, options)
            speed = _show_moments(window, [*moments, *[moments[-1]] * round(PAUSE - 1)], fps, speed)
            if window.closed:
                return
    finally:
        window.close()


def _show_moments(window: Window, frames: list[Frame], fps: float, speed: float) -> float:
    """Show the frames of one group, listening to the keys; returns the speed as the person left it."""
    t, paused = 0, False
    while t < len(frames) and not window.closed:
        window.show(with_keys(frames[t], speed=speed, paused=paused), fps=15 if paused else fps * speed)
        t += not paused
        for event in window.inputs():
            if event.kind != "key":
                continue
            if event.key == "space":
                paused = not paused
            elif event.key == "right":
                return speed
            elif event.key in ("up", "down"):
                speed = min(max(speed * (1.5 if event.key == "up" else 1 / 1.5), 0.1), 20.0)
            elif event.key in ("escape", "q"):
                window.close()
    return speed
