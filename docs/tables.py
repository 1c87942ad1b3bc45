"""Writes the tables that documents take from the code and from RESULTS.md: `python docs/tables.py`.

A table stands between `<!-- name -->` and `<!-- /name -->` in a document. A test compares.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import figures
import gymnasium as gym
import numpy as np
from marked import with_table

import ram_envs  # noqa: F401

ROOT = Path(__file__).parent.parent
PAGES = ("environments", "index", "scoreboard")
PLACES = ("README.md", "RESULTS.md", *(f"docs/{page}.md" for page in PAGES), "agents/weights/README.md")
DOCUMENTS = [ROOT / place for place in PLACES if (ROOT / place).exists()]


def environments() -> str:
    """One line for each registered environment, with its defaults."""
    lines = ["| id | scene | retina | widest patch | steps | actions |", "|---|---|---|---|---|---|"]
    for id in (id for id in gym.registry if id.startswith("ram_envs/")):
        own = "Images" in id
        env = gym.make(id, **({"images": np.zeros((1, 64, 64), np.uint8), "labels": [0]} if own else {}))
        task = env.unwrapped.task
        scales, size = env.observation_space["glimpse"].shape[:2]
        scene = "your images" if own else "x".join(map(str, task.image_shape))
        names = task.action_names
        actions = "your classes" if own else ", ".join(names) if len(names) < 5 else f"{names[0]} to {names[-1]}"
        retina = f"{size}x{size}, {scales} scale{'s' if scales > 1 else ''}"
        widest = size * 2 ** (scales - 1)
        lines.append(f"| `{id}` | {scene} | {retina} | {widest}x{widest} | {task.num_steps} | {actions} |")
    return "\n".join(lines)


def board() -> str:
    """The scoreboard's tables, as `ram benchmark --no-run --out docs/board` made them of the submissions there."""
    return (ROOT / "docs" / "board" / "table.md").read_text().strip()


TABLES = {
    "environments": environments,
    "board": board,
    "figures": figures.paper_table,
    "start-figures": figures.start_table,
    "megapixel-figures": figures.megapixel_table,
    "comparison-words": figures.comparison_words,
    "aims": figures.aims_table,
    **{f"errors-{agent}": partial(figures.errors_of, agent) for agent in figures.AGENTS},
}


def with_tables(text: str) -> str:
    """A document with its tables as the code and RESULTS.md have them now."""
    for name, table in TABLES.items():
        if f"<!-- {name} -->" in text:
            text = with_table(text, name, table())
    return text


if __name__ == "__main__":
    for path in DOCUMENTS:
        path.write_text(with_tables(path.read_text()))
