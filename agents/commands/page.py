"""`ram page`: agents at work in the browser, on a static page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from ..evaluation.runs import naming
from ..model.config import COUNT, number
from ..sharing.page_data import page_data
from ..sharing.pages import write_page
from .options import JsonObject, check_out, open_agent, parse

LARGE = 8e6  # bytes, which take some seconds to load


@dataclass(frozen=True)
class Page:
    """Write a page on which agents look at scenes in the browser: watch them, draw digits, play against them.

    It needs no server and no network: open index.html in the folder, or put the folder on any website.
    """

    agents: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="AGENT [AGENT ...]")]
    """Pretrained agents' names, such as cluttered60 or catch, or the paths of checkpoints."""
    out: Path
    """The folder to write to, which is made if it does not exist; files of the same names are replaced."""
    scenes: int = number(24, COUNT)
    """How many scenes of each agent's environment."""
    split: Literal["train", "validation", "test"] = "test"
    """Which scenes, where the environment has splits."""
    half: bool = False
    """Round the weights to float16, for half the size; a few scenes may be answered otherwise."""
    env_kwargs: JsonObject = field(default_factory=dict)
    """Keyword arguments of the environments that differ from the agents' own, such as '{"num_glimpses": 8}'."""
    allow_unsigned: bool = False
    """Load checkpoints of an old format too, whose checksum leaves out what they were trained on and how."""


def main(arguments: Sequence[str]) -> None:
    """Run `ram page`."""
    options = parse(Page, arguments, command="page")
    if not options.agents:
        raise ValueError("name at least one agent, such as cluttered60")
    check_out(options.out, directory=True)
    data = [_data(options, name) for name in options.agents]
    with naming(options.out):
        size = write_page(options.out, data)
    print(f"wrote {options.out / 'index.html'}, {size / 1e6:.2f} MB with all that it loads: open it in a browser")
    if size > LARGE:
        print(f"it is larger than {LARGE / 1e6:.0f} MB: --half, fewer --scenes or fewer agents make it load faster")


def _data(options: Page, name: str) -> dict[str, Any]:
    agent = open_agent(name, env_kwargs=options.env_kwargs, allow_unsigned=options.allow_unsigned)
    title = Path(name).stem
    return page_data(agent, title, num_scenes=options.scenes, split=options.split, half=options.half)
