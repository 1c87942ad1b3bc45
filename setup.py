"""What pyproject.toml can't say: README's links lead into the repository, so that they work elsewhere too."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def with_absolute_links(text: str, repository: str, tag: str) -> str:
    """Markdown whose relative links and pictures are those of a tag of the repository."""

    def absolute(link: re.Match[str]) -> str:
        return f"{link[1]}{repository}/{'raw' if link[1].startswith('!') else 'blob'}/{tag}/{link[2]}"

    return re.sub(r"(!?\[[^\]]*\]\()(?!\w+:|#)([^)\s]+)", absolute, text)


setup(
    long_description=with_absolute_links(
        (ROOT / "README.md").read_text(encoding="utf-8"), PROJECT["urls"]["Repository"], f"v{PROJECT['version']}"
    ),
    long_description_content_type="text/markdown",
)
