"""Submissions of several directories become one board."""

from __future__ import annotations

import re
import shutil

import pytest

pytest.importorskip("rliable", reason="the scoreboard's statistics are an extra")

from ram_agents.scoreboard import statistics
from ram_agents.scoreboard.table import collect, markdown, overall
from submissions import bits, write

BETTER = {
    "algorithm": "looking",
    "success": bits("11111111", "11111111", "11111110"),
    "errors": [0, 0, 12.5],
    "interquartile_mean": 12.5 / 3,
    "interval": [0, 12.5],
    "core_minutes": [1, 2, 6],
    "budget": {"steps": 100, "core_minutes": 10},
    "machine": {"load": "0.5 to 2.0", "processor": "a fast one", "cores": "2", "torch": "2.13.0"},
}
CATCH = {"env_id": "ram_envs/Catch-v0"}


def lines(text: str) -> list[str]:
    return text.splitlines()


def test_two_directories_are_merged(tmp_path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.mkdir()
    b.mkdir()
    write(a / "guessing.json")
    write(b / "looking.json", **BETTER)
    shutil.copy(a / "guessing.json", b / "the-same.json")
    text = markdown(collect([a, b]))
    assert lines(text) == [
        "### ram_envs/GlimpseMNIST-v0",
        "",
        "| entry | error, % (95% interval) | test scenes | seeds | steps | core-minutes | budget | machine |",
        "|---|---:|---:|---:|---:|---:|---|---|",
        "| looking, Ada ([0123abc](https://example.org/ada/guessing)) | 4.17 (0.00 to 12.50) | 8 | 3 | 66 | 3.00 | "
        "100 steps, 10 core-minutes | 1, load 0.5 to 2.0 |",
        "| guessing, Ada ([0123abc](https://example.org/ada/guessing)) | 25.00 (0.00 to 50.00) | 8 | 3 | 66 |  | "
        "not stated | not stated |",
        "",
        "Machines:",
        "",
        "1. a fast one, cores 2; torch 2.13.0",
    ]


def test_two_files_of_one_entry_are_refused(tmp_path) -> None:
    write(tmp_path / "a.json")
    write(tmp_path / "b.json", note="another")
    with pytest.raises(
        ValueError, match=r"a.json and .*b.json are of one entry, 'guessing' by 'Ada' in .*, and differ"
    ):
        collect([tmp_path])


def test_arithmetic_that_is_wrong_comes_into_no_table(tmp_path) -> None:
    write(tmp_path / "a.json", interquartile_mean=20)
    with pytest.raises(ValueError, match=r"a\.json: interquartile_mean is 20"):
        collect([tmp_path])
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        collect([tmp_path / "nowhere"])


def test_all_environments_together(tmp_path, monkeypatch) -> None:
    """Six errors, of which one at each end is left out: of guessing 0, 0, 25, 25, 50, 50."""
    monkeypatch.setattr(statistics, "REPEATS", 100)
    write(tmp_path / "a.json")
    write(tmp_path / "b.json", **CATCH)
    write(tmp_path / "c.json", **BETTER)  # in one environment alone
    ((entry, figure),) = overall(collect([tmp_path]))
    assert entry.algorithm == "guessing"
    assert figure.interquartile_mean == 25
    text = markdown(collect([tmp_path]))
    assert re.search(r"### All environments together\n\n.*\n.*\n\| guessing, Ada .* \| 25.00 \(", text)


def test_a_strangers_words_are_no_markup(tmp_path) -> None:
    write(tmp_path / "a.json", who="<script>|[x](y)", note="x")
    assert r"guessing, \<script\>\|\[x\](y) (" in markdown(collect([tmp_path]))
