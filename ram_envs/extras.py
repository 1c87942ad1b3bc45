"""Parts of the installation that one may do without: what is said where one is missing."""

from __future__ import annotations


def how_to_install(extra: str) -> str:
    """How to install an extra of this distribution, such as "render", in words that follow "run" or "needs"."""
    return f"`pip install '.[{extra}]'` in a clone of the repository"
