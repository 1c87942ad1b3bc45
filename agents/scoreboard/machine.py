"""What a run ran on: the processor, its cores, how busy it was, and the versions of what it used."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

import torch

from ..evaluation.estimate import processor

PACKAGES = ("torch", "gymnasium", "numpy", "stable-baselines3", "sb3-contrib", "ray")


def machine() -> dict[str, str]:
    """The state of this machine now, in words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = {
        "processor": processor(),
        "cores": str(cores),
        "threads": str(torch.get_num_threads()),
        "python": platform.python_version(),
        "ram-envs": version("ram-envs"),
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an extra that is not here
            continue
    return found


def load() -> float:
    """Processes that want to run, in the mean over the last minute; 0 where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


def commit() -> str:
    """Of the checkout that this package runs from.

    Raises:
        ValueError: it runs from none, or from one with changes that no commit has.
    """
    try:
        _git("ls-files", "--error-unmatch", Path(__file__).name)  # an installed copy may lie in somebody's checkout too
        changed, head = _git("status", "--porcelain", "--untracked-files=no"), _git("rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError) as error:
        raise ValueError("this package lies in no checkout of git: say by --commit which one it is") from error
    if changed:
        raise ValueError("the checkout has changes that no commit has: commit them, or say by --commit which one it is")
    return head


def _git(*words: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def repository() -> str:
    """The address of this package's code."""
    urls = metadata("ram-envs").get_all("Project-URL") or []
    return dict(url.split(", ", 1) for url in urls)["Repository"]
