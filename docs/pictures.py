"""Draw the pictures of the environments and of the trained agents: `python docs/pictures.py` renews all of them.

`python docs/pictures.py moving` renews those of the agent "moving" alone.

Small ones of README's table, in docs/images/suite/: an agent that comes with the package, on the first test scenes or
games, however they end. Large ones, in docs/images/, as `ram watch` draws them.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import ram_agents
from ram_agents.commands import watch
from ram_agents.rendering.episodes import environment, record
from ram_agents.rendering.video import Frame, write_video

from ram_envs.rendering.frames import draw
from ram_envs.rendering.painting import SLATE, YELLOW, surface_on, write
from ram_envs.rendering.view import View

FOLDER = Path(__file__).parent / "images"
SIZE, LINE = 240, 24
"""Of a small picture, in pixels: its sides, and the height of the words below it."""
HOLD = 4.0
"""How many frame times the end of an episode stays."""


class Shown(NamedTuple):
    """An environment, and who is to be seen in it."""

    env_id: str
    agent: str
    """A name for `ram_agents.load`."""
    scenes: tuple[int, ...] = (0, 1, 2)
    """Their numbers."""


SUITE = {
    "glimpse-mnist": Shown("ram_envs/GlimpseMNIST-v0", "mnist28"),
    "translated": Shown("ram_envs/GlimpseMNIST-Translated-v0", "translated60"),
    "cluttered": Shown("ram_envs/GlimpseMNIST-Cluttered-v0", "cluttered60"),
    "cluttered-100": Shown("ram_envs/GlimpseMNIST-Cluttered100-v0", "cluttered100"),
    "megapixel": Shown("ram_envs/GlimpseMNIST-Megapixel-v0", "megapixel"),
    "pairs": Shown("ram_envs/GlimpseMNIST-Pairs-v0", "pairs"),
    "addition": Shown("ram_envs/GlimpseMNIST-Addition-v0", "addition"),
    "moving": Shown("ram_envs/GlimpseMNIST-Moving-v0", "moving"),
    "catch": Shown("ram_envs/Catch-v0", "catch"),
    # Its scenes are numbered by where the shape is: these are a circle in the middle, a square, and a circle.
    "circlesquare": Shown("ram_envs/CircleSquare-v0", "circlesquare", (813, 488, 1133)),
}
LARGE = (
    "cluttered60 --index 0 7 11 21 33 38 --size 360 --fps 3 --out {}/cluttered60.gif",
    "catch --index 0 1 2 --size 360 --out {}/catch.gif",
    "megapixel --split test --index 14 --size 360 --fps 3 --out {}/megapixel.gif",
    "mnist28 --index 0 1 2 3 --size 300 --fps 3 --out {}/mnist28.gif",
    "translated60 --index 0 1 2 3 --size 300 --fps 3 --out {}/translated60.gif",
    "cluttered100 --index 0 1 2 3 --size 300 --fps 3 --out {}/cluttered100.gif",
    "circlesquare --index 813 488 1133 --size 300 --fps 4 --out {}/circlesquare.gif",
    "moving --index 0 1 2 3 --size 300 --fps 3 --out {}/moving.gif",
    "pairs --index 0 1 2 3 --size 300 --fps 3 --out {}/pairs.gif",
    "addition --index 0 1 2 3 --size 300 --fps 3 --out {}/addition.gif",
)
"""What `ram watch` is asked for."""


def by_agent(shown: Shown) -> list[list[View]]:
    """What a trained agent does, episode by episode."""
    agent = ram_agents.load(shown.agent)
    env = environment(agent, num_envs=len(shown.scenes), split="test")
    episodes = record(agent.policy, env, seed=0, indices=np.array(shown.scenes))
    env.close()
    return [episode.views for episode in episodes]


def captioned(frame: Frame, words: str) -> Frame:
    """A small picture with words below it."""
    whole = np.concatenate([frame, np.zeros((LINE, *frame.shape[1:]), np.uint8)])
    surface = surface_on(whole)
    surface.fill(SLATE, (0, len(frame), frame.shape[1], LINE))
    middle = frame.shape[1] / 2, len(frame) + LINE / 2
    write(surface, words, middle, height=17, colour=YELLOW, anchor="center")
    return whole


def moments(shown: Shown) -> Iterator[tuple[Frame, float]]:
    """The frames of a small picture, and how many frame times each stays."""
    for views in by_agent(shown):
        for view in views:
            frame = captioned(draw(view, size=SIZE, panel=False), f'trained agent "{shown.agent}"')
            yield frame, HOLD if view is views[-1] else 1.0


def small(name: str, folder: Path) -> None:
    """Draw one picture of README's table."""
    frames, holds = zip(*moments(SUITE[name]), strict=True)
    write_video(folder / f"{name}.gif", frames, fps=8 if name == "catch" else 2.5, holds=holds)


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agents", nargs="*", help="only their pictures")
    agents = parser.parse_args().agents
    (FOLDER / "suite").mkdir(parents=True, exist_ok=True)
    for name, shown in SUITE.items():
        if not agents or shown.agent in agents:
            small(name, FOLDER / "suite")
    for arguments in LARGE:
        if not agents or arguments.split()[0] in agents:
            watch.main(shlex.split(arguments.format(FOLDER)))


if __name__ == "__main__":
    main()
