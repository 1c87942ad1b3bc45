"""The board of docs/scoreboard.md: it is of the submissions in docs/board, and each of them is in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import DOCS

pytest.importorskip("rliable", reason="the scoreboard's statistics are an extra")

from ram_agents.scoreboard.table import collect, environment, markdown
from ram_agents.scoreboard.verification import verify

BOARD = DOCS / "board"
FILES = sorted(BOARD.glob("*.json"))
LARGEST = 200_000
"""Bytes of a file: weights are not kept here."""


def test_the_table_is_of_the_submissions_and_has_a_place() -> None:
    table = (BOARD / "table.md").read_text()
    assert table == markdown(collect([BOARD])), "run `ram benchmark --no-run --out docs/board`"
    text = (DOCS / "scoreboard.md").read_text()
    assert "<!-- board -->" in text
    assert "board/curves.svg" in text
    assert (BOARD / "curves.svg").exists()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_submission_is_in_order(path: Path) -> None:
    assert path.stat().st_size < LARGEST
    assert verify(path, play=False).success.shape[1] == 10_000, "all test scenes"


def test_every_environment_has_its_controls() -> None:
    submissions = collect([BOARD])
    assert submissions
    for place in map(environment, submissions):
        names = {each.algorithm for each in submissions if environment(each) == place}
        assert {"RAM with a random gaze", "sees the whole scene"} <= names
