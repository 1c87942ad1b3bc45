"""The API reference: a page for each door of the packages, and one for each room behind it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = {"ram_envs": ROOT / "ram_envs", "ram_agents": ROOT / "agents"}
DOORS = (
    *("ram_envs", "ram_envs.wrappers"),
    *("ram_agents", "ram_agents.sb3", "ram_agents.rllib", "ram_agents.ap_gym", "ram_agents.scoreboard"),
)
"""Modules whose `__all__` is what users import."""
PROGRAMS = {"commands", "game", "cli", "data", "recipes", "weights", "__main__"}
"""Rooms of the command line and of data: what they offer is `ram --help`."""


def public_names(door: str) -> list[str]:
    """What a door offers, in its own order; read from its source, so that no library is needed."""
    package, *inner = door.split(".")
    for node in ast.parse((PACKAGES[package].joinpath(*inner) / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    raise ValueError(f"{door} has no __all__")


def rooms() -> dict[str, list[str]]:
    """The modules of each room behind the doors: of "ram_envs.retina", say, all that lie in it."""
    found: dict[str, list[str]] = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if parts[0] in PROGRAMS or parts[-1] == "__init__":
                continue
            found.setdefault(f"{package}.{parts[0]}", []).append(".".join((package, *parts)))
    return found


def reference_pages() -> dict[str, str]:
    """The pages by their places."""
    pages = {f"reference/{door}.md": door_page(door) for door in DOORS}
    pages |= {f"reference/rooms/{room}.md": room_page(room, modules) for room, modules in rooms().items()}
    return pages | {"reference/index.md": index_page()}


def index_page() -> str:
    """Where to find what."""
    doors, behind = "\n".join(DOORS), "\n".join(f"rooms/{room}" for room in rooms())
    return (
        "# Reference\n\nImport from these:\n\n"
        f"```{{toctree}}\n:maxdepth: 2\n\n{doors}\n```\n\n"
        "Behind them lie the rooms of the two packages, in the order of [the architecture](../architecture.md):\n\n"
        f"```{{toctree}}\n:maxdepth: 1\n\n{behind}\n```\n"
    )


def door_page(door: str) -> str:
    """What users import."""
    parts = [f"# {door}"]
    before = {name for other in DOORS[: DOORS.index(door)] for name in public_names(other) if door.startswith(other)}
    for name in public_names(door):
        kind = "autodata" if name.isupper() and len(name) > 3 else "autoclass" if name[0].isupper() else "autofunction"
        members = "\n   :members:" if kind == "autoclass" else ""
        members += "\n   :no-index:" if name in before else ""  # the same object has its entry already
        parts.append(f"## {name}\n\n```{{eval-rst}}\n.. {kind}:: {door}.{name}{members}\n```")
    return "\n\n".join(parts) + "\n"


def room_page(room: str, modules: list[str]) -> str:
    """All that is public in the modules of a room."""
    parts = [f"# {room}"]
    for module in modules:
        parts.append(f"## {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n```")
    return "\n\n".join(parts) + "\n"
