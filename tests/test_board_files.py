"""The board of docs/scoreboard.md: it is of the submissions in docs/board, and each of them is in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import DOCS

pytest.importorskip("rliable", reason="the scoreboard's statistics are an extra")

from ram_agents.scoreboard.table import collect, markdown
from ram_agents.scoreboard.verification import verify

BOARD = DOCS / "board"
FILES = sorted(BOARD.glob("*.json"))


def test_the_table_is_of_the_submissions() -> None:
    text = (BOARD / "table.md").read_text()
    assert text == markdown(collect([BOARD])), "run `ram benchmark --no-run --out docs/board`"
    assert text in (DOCS / "scoreboard.md").read_text(), "run `python docs/tables.py`"
    assert (BOARD / "curves.svg").exists()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_submission_is_in_order(path: Path) -> None:
    submission = verify(path, play=False)
    assert submission.success.shape[1] == 10_000, "all test scenes"
    assert submission.budget is not None


def test_every_environment_has_its_controls() -> None:
    entries = {path.stem.partition("--")[::2] for path in FILES}
    for place in {place for _, place in entries}:
        assert {("random-gaze", place), ("whole-image", place)} <= entries
