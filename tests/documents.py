"""The documents, and the blocks of Python in them, each run alone, in an empty directory: an interpreter
that knows nothing of the others, and has torch and Gymnasium loaded, which take most of the time of a short block."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from places import ROOT
from processes import run_script

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for folder in ("docs", "agents", "ram_envs") for path in (ROOT / folder).rglob("*.md"))]
)
IN_OTHER_ENVIRONMENTS = {
    "rllib.md": "tests/agents/rllib",
    "ap-gym.md": "tests/agents/ap_gym",
    "integrations.md": "tests/test_integrations.py",
}
"""Documents whose libraries have a virtual environment of their own, and where their blocks are tested."""


class Block(NamedTuple):
    """A block of Python in a document."""

    path: Path
    line: int
    """Of the document, where its code begins."""
    code: str


def blocks(*paths: Path) -> list:
    """All blocks of these documents, as pytest's parameters; a block after the comment `<!-- slow -->` is slow."""
    found = []
    for path in paths:
        text = path.read_text()
        for match in re.finditer(r"(<!-- slow -->\n+)?^```(?:python|py)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            block = Block(path, text.count("\n", 0, match.start(2)) + 1, match[2])
            marks = [pytest.mark.slow] if match[1] else []
            found.append(pytest.param(block, id=f"{path.relative_to(ROOT)}:{block.line}", marks=marks))
    return found


def run_block(block: Block, directory: Path) -> None:
    """Run a block as a user who copies it; where a comment behind a `print` says what it prints, that is checked."""
    script = directory / "example.py"
    script.write_text(block.code)
    done = run_script(script)
    assert done.returncode == 0, done.stderr
    for promised in re.findall(r"^print\(.*\)  # (.+)$", block.code, flags=re.MULTILINE):
        assert promised in done.stdout.splitlines(), f"it printed {done.stdout!r}, not {promised!r}"
