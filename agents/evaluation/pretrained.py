"""The trained agents that come with the package."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import Any

import torch

from ram_envs.arguments import shown

from ..training.reinforce import Reinforce

BY_ENVIRONMENT = {
    "ram_envs/GlimpseMNIST-v0": "mnist28",
    "ram_envs/GlimpseMNIST-Translated-v0": "translated60",
    "ram_envs/GlimpseMNIST-Cluttered-v0": "cluttered60",
    "ram_envs/GlimpseMNIST-Cluttered100-v0": "cluttered100",
    "ram_envs/GlimpseMNIST-Megapixel-v0": "megapixel",
    "ram_envs/GlimpseMNIST-Pairs-v0": "pairs",
    "ram_envs/GlimpseMNIST-Addition-v0": "addition",
    "ram_envs/GlimpseMNIST-Moving-v0": "moving",
    "ram_envs/CircleSquare-v0": "circlesquare",
    "ram_envs/Catch-v0": "catch",
}
"""For each environment the agent that is trained in it, once its weights are there, and its recipe."""
WEIGHTS = resources.files(__package__.partition(".")[0]) / "weights"


def pretrained_names() -> list[str]:
    """Their names."""
    folder = WEIGHTS
    if not folder.is_dir():
        return []
    return sorted(file.name.removesuffix(".safetensors") for file in folder.iterdir() if file.name.endswith("tensors"))


def load(name_or_path: str | Path, *, device: torch.device | str = "cpu", allow_unsigned: bool = False) -> Reinforce:
    """A pretrained agent by its name, such as "cluttered60", or any agent by its file.

    Args:
        name_or_path: the name or the file.
        device: where the model is to live.
        allow_unsigned: see `Reinforce.load`.

    Raises:
        FileNotFoundError: there is neither; the message lists the names.
        ValueError: the file is damaged, or no agent of ours.
    """
    if Path(name_or_path).is_file():
        return Reinforce.load(name_or_path, device=device, allow_unsigned=allow_unsigned)
    names = pretrained_names()
    if str(name_or_path) not in names:
        raise FileNotFoundError(
            f"there is no file {name_or_path}, and no agent of this name comes with the package; there are: "
            f"{', '.join(names) or 'none yet'}"
        )
    with resources.as_file(WEIGHTS / f"{name_or_path}.safetensors") as path:
        return Reinforce.load(path, device=device)


def tell_images(name: str, *arguments: dict[str, Any]) -> None:
    """Tell the user which files or folders will be read because a file, not the user, says so.

    Args:
        name: of the file.
        arguments: of the environments that it asks for.
    """
    paths = [path for kwargs in arguments if isinstance(path := kwargs.get("images"), str)]
    for path in dict.fromkeys(paths):
        print(f"reads images from {shown(Path(path))} as {name} says", file=sys.stderr)
