"""A page for each environment: a trained agent in it and its score, its spaces, and its docstring."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

import ram_envs  # noqa: F401 (registers the environments)

sys.path.append(str(Path(__file__).parents[1]))  # the scripts of docs
import figures

OWN_IMAGES = {"images": np.zeros((1, 64, 64), np.uint8), "labels": [0]}


class Shown(NamedTuple):
    """A trained agent at work."""

    agent: str
    """Its name."""
    score: str
    """What it errs on; the figure is that of RESULTS.md."""

    @property
    def animation(self) -> str:
        """In docs/images."""
        return f"{self.agent}.gif"


def _errs(figure: str, looks: str) -> str:
    return f"It errs on {figure}% of 10,000 test scenes, after {looks}."


SHOWN = {
    "GlimpseMNIST-v0": Shown("mnist28", _errs(figures.error_once_more(), "7 glimpses")),
    "GlimpseMNIST-Translated-v0": Shown("translated60", _errs(figures.error_after("translated 60x60"), "8 glimpses")),
    "GlimpseMNIST-Cluttered-v0": Shown("cluttered60", _errs(figures.error_after("cluttered 60x60"), "8 glimpses")),
    "GlimpseMNIST-Cluttered100-v0": Shown(
        "cluttered100", _errs(figures.error_after("cluttered 100x100"), "8 glimpses")
    ),
    "GlimpseMNIST-Megapixel-v0": Shown("megapixel", _errs(figures.megapixel(), "24 glimpses")),
    "GlimpseImages-v0": Shown("digits8", "It errs on 2.84% of 176 test images, after 6 glimpses."),
    "GlimpseMNIST-Pairs-v0": Shown(
        "pairs",
        f"It errs on {figures.wrong('pairs')}% of 10,000 test scenes, in one digit or both, after 4 glimpses of each.",
    ),
    "GlimpseMNIST-Addition-v0": Shown(
        "addition", f"It errs on {figures.wrong('addition')}% of 10,000 sums, after 12 glimpses."
    ),
    "GlimpseMNIST-Moving-v0": Shown("moving", _errs(figures.moving(), "10 glimpses")),
    "CircleSquare-v0": Shown(
        "circlesquare", f"It is right in {figures.circlesquare()}% of 10,000 episodes, measured in ap-gym."
    ),
    "Catch-v0": Shown("catch", f"It misses {figures.error_after('Catch')} of 100 balls, in 10,000 test games."),
}

BY_RECIPE = {
    "GlimpseImages-v0": "ram train --recipe digits8 --out runs/digits8 --threads 1\n"
    "ram evaluate runs/digits8/best.safetensors --paths 0\nram watch runs/digits8/best.safetensors"
}
"""Agents that do not come with the package, and how one gets them."""


def environment_pages() -> dict[str, str]:
    """The pages by their places."""
    ids = [id for id in gym.registry if id.startswith("ram_envs/")]
    pages = {f"environments/{name_of(id)}.md": page(id) for id in ids}
    return pages | {"environments/index.md": gallery([name_of(id) for id in ids])}


def gallery(names: list[str]) -> str:
    """The page that shows all of them."""
    parts = [
        "# The suite",
        "Each animation shows a trained agent. Each name links to the rules.",
    ]
    parts.append("::::{container} cards")
    for name in names:
        picture = f"[![{name}](../images/{SHOWN[name].animation})]({name}.md)\n\n"
        parts.append(f":::{{container}} card\n{picture}[{name}]({name}.md). {SHOWN[name].score}\n:::")
    parts.append("::::")
    listed = "\n".join(names)
    parts.append(f"```{{toctree}}\n:hidden:\n\n{listed}\n```")
    return "\n\n".join(parts) + "\n"


def name_of(id: str) -> str:
    """An id without the package."""
    return id.partition("/")[2]


def page(id: str) -> str:
    """The page of one environment."""
    spec = gym.spec(id)
    own = OWN_IMAGES if "Images" in id else {}
    env = gym.make(id, **own)
    text = inspect.getdoc(type(env.unwrapped)) or ""
    first, _, rest = text.partition("\n")
    parts = [
        f"# {name_of(id).removesuffix('-v0')}",
        first,
        shown(name_of(id)),
        making(id, dict(spec.kwargs), env),
        rest.strip(),
    ]
    env.close()
    return "\n\n".join(part for part in parts if part) + "\n"


def shown(name: str) -> str:
    """The animation of a trained agent, its score, and the command that draws it."""
    agent, score = SHOWN[name]
    picture = SHOWN[name].animation
    shipped = name not in BY_RECIPE
    by = f'`ram_agents.load("{agent}")`' if shipped else f"`ram train --recipe {agent}`"
    told = f"How it was trained: [trained agents](../trained-agents.md#{agent}). " if shipped else ""
    play = f"ram watch {agent}" if shipped else BY_RECIPE[name]
    return (
        f"```{{figure}} ../images/{picture}\n:alt: The trained agent {agent} in {name}\n:class: animation\n\n"
        f"{by}, a trained agent. {score}\n```\n\n"
        "Dimmed: the scene, which the agent never sees. Bright: the retina's patches, each at its own resolution. "
        f"Yellow: the gaze. {told}See it play:\n\n```bash\n{play}\n```"
    )


def making(id: str, kwargs: dict[str, Any], env: gym.Env[Any, Any]) -> str:
    """How the environment is made, with its own defaults, and its spaces as they are then."""
    arguments = ", images=images, labels=labels" if "Images" in id else ""
    lines = ["```python", "import gymnasium as gym", "import ram_envs  # registers the ids", ""]
    lines += [f'env = gym.make("{id}"{arguments})', "```", "", "| what | how |", "|---|---|"]
    lines += [f"| observation: {key} | `{space}` |" for key, space in spaces_of(env.observation_space)]
    lines += [f"| action: {key} | `{space}` |" for key, space in spaces_of(env.action_space)]
    lines.append(f'| vector environment | `gym.make_vec("{id}", num_envs=n)`, native |')
    if kwargs:
        lines.append(
            "| defaults of this id | " + ", ".join(f"`{key}={value!r}`" for key, value in kwargs.items()) + " |"
        )
    return "\n".join(lines)


def spaces_of(space: gym.spaces.Space[Any]) -> list[tuple[str, gym.spaces.Space[Any]]]:
    """The parts of a Dict space."""
    assert isinstance(space, gym.spaces.Dict)
    return list(space.spaces.items())
