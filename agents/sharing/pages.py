"""A static page on which agents look at scenes, and play, in the browser: no server, no network, no framework."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

PARTS = resources.files(__package__) / "page"
MODEL = "retina", "sensor", "saccades", "layers", "networks", "canvas", "cells", "ram", "data", "episode", "catch"
"""The scripts that need no browser, in the order in which they are loaded: the paper's."""
VIEWS = "drawing", "painting", "watch", "fovea", "match", "page"
"""Those of what is shown, after them."""
PLACE = "<!-- scripts -->"
"""Where index.html loads the scripts."""


def write_page(folder: Path, data: Sequence[dict[str, Any]]) -> int:
    """Write a page into a folder, beside what else is there; returns its size in bytes.

    Args:
        folder: it is made if it does not exist.
        data: of each agent, as `page_data` gives it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {part.name: part.read_text("utf-8") for part in PARTS.iterdir()}
    agents = [f"agent-{number}" for number in range(len(data))]
    files |= {f"{name}.js": agent_script(each) for name, each in zip(agents, data, strict=True)}
    loaded = [f'<script src="{name}.js"></script>' for name in (*MODEL, *VIEWS, *agents)]
    files["index.html"] = files["index.html"].replace(PLACE, "\n".join([*loaded, "<script>openPage();</script>"]))
    for name, content in files.items():
        (folder / name).write_text(content, "utf-8")
    return sum(len(content.encode()) for content in files.values())


def agent_script(data: dict[str, Any]) -> str:
    """The script that hands an agent to the page."""
    return f"pages.push({json.dumps(data, separators=(',', ':'))});\n"
