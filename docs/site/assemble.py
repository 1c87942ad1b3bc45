"""Put the website's pages together: `python docs/site/assemble.py FOLDER`; `make docs` does, and runs Sphinx on it.

Documents of the repository become pages at new places, with their links turned there. Pages of the environments come
from docstrings and spaces, those of the reference from the packages' public names.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from environment_pages import environment_pages
from reference_pages import reference_pages

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "examples" / "notebooks"
OUTSIDE = {
    "RESULTS.md": "results.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "agents/weights/README.md": "trained-agents.md",
} | {f"examples/notebooks/{path.name}": f"tutorials/{path.name}" for path in NOTEBOOKS.glob("*.ipynb")}
"""Documents beside docs/ that are pages too, and where."""
LIVE = "page.md", '<p><a href="live/index.html">Open such a page here.</a></p>\n'
"""The document that the page of `ram page` is linked from; `make docs` writes that one after Sphinx."""
LINK = re.compile(r"(\]\(|\{literalinclude\} )(?!\w+:|#)([^)#\s]+)")
"""Of Markdown, and of code that Sphinx includes."""


def places() -> dict[Path, Path]:
    """Where each document and picture of the repository lies on the website, by its path in the repository."""
    inside = [path.relative_to(ROOT) for pattern in ("*.md", "images/**/*.*") for path in (ROOT / "docs").glob(pattern)]
    found = {path: path.relative_to("docs") for path in inside}
    return found | {Path(name): Path(page) for name, page in OUTSIDE.items()}


def turned(text: str, source: Path, known: dict[Path, Path]) -> tuple[str, dict[Path, Path]]:
    """A document with its links as they are from its page; and the files that it links to and that are no pages.

    Args:
        text: of the document.
        source: its path in the repository.
        known: see `places`.
    """
    files: dict[Path, Path] = {}

    def turn(link: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / link[2]))
        if target not in known and (ROOT / target).is_file():
            files[target] = Path("files") / target
        place = known.get(target) or files.get(target)
        if place is None:  # of a page that is generated, or nowhere, which Sphinx tells
            return link[0]
        return link[1] + Path(os.path.relpath(place, known[source].parent)).as_posix()

    return LINK.sub(turn, text), files


def assemble(folder: Path) -> None:
    """Write the sources of the whole website."""
    shutil.rmtree(folder, ignore_errors=True)
    known = places()
    files: dict[Path, Path] = {}
    for source, place in known.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        if source.suffix not in (".md", ".ipynb"):
            shutil.copy(ROOT / source, folder / place)
            continue
        text, linked = turned((ROOT / source).read_text(), source, known)
        (folder / place).write_text(text + ("\n" + LIVE[1] if str(place) == LIVE[0] else ""))
        files |= linked
    for source, place in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, folder / place)
    for place, text in (environment_pages() | reference_pages()).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text)


if __name__ == "__main__":
    assemble(Path(sys.argv[1]))
