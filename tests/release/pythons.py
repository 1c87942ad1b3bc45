"""The Pythons of this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

NEWEST_MINOR = 30
"""Names up to python3.30 are looked for."""
ASK = "import sys; print(*sys.version_info[:3], sys.version_info.releaselevel, sys.implementation.name)"
Version = tuple[int, ...]


def on_this_machine() -> dict[Path, Version]:
    """Every CPython 3 that is on the path, or pyenv's, with its version; none that is not finished."""
    named = [shutil.which(f"python3.{minor}") for minor in range(NEWEST_MINOR + 1)]
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [Path(name) for name in named if name] + sorted(home.glob("versions/3.*/bin/python3"))
    versions = {path: version_of(path) for path in candidates}
    return {path: version for path, version in versions.items() if version}


def version_of(python: Path) -> Version | None:
    """Such as (3, 11, 7); None of what is no finished CPython, or does not run, as pyenv's shim of one not chosen."""
    done = subprocess.run([python, "-c", ASK], capture_output=True, text=True)
    if done.returncode or not done.stdout.strip().endswith(" final cpython"):
        return None
    return tuple(int(part) for part in done.stdout.split()[:3])


def newest_of_each(pythons: dict[Path, Version] | Iterable[tuple[Path, Version]], requires: str) -> dict[str, Path]:
    """By "3.11", "3.12", ... the newest of each, from the lowest that is admitted.

    Args:
        pythons: see `on_this_machine`.
        requires: what pyproject.toml says of Python, such as ">=3.11".

    Raises:
        ValueError: `requires` has another form.
    """
    match = re.fullmatch(r">=(\d+)\.(\d+)", requires)
    if match is None:
        raise ValueError(f"requires-python is {requires!r}; expected a lowest version alone, such as '>=3.11'")
    lowest = tuple(map(int, match.groups()))
    by_version = sorted((version, path) for path, version in dict(pythons).items() if version >= lowest)
    return {f"{version[0]}.{version[1]}": path for version, path in by_version}
