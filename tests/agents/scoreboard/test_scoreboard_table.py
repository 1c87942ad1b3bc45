"""Submissions of several directories become one board."""

from __future__ import annotations

import re
import shutil

import pytest

pytest.importorskip("rliable", reason="the scoreboard's statistics are an extra")

from ram_agents.scoreboard import statistics, verification
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
        "| looking, Ada ([0123abc](https://example.org/ada/guessing)) | 4.17 (0.00 to 12.50) | 8 of 10,000 | "
        "3 | 66 | 3.00 | 100 steps, 10 core-minutes | 1, load 0.5 to 2.0 |",
        "| guessing, Ada ([0123abc](https://example.org/ada/guessing)) | 25.00 (0.00 to 50.00) | 8 of 10,000 | "
        "3 | 66 |  | not stated | not stated |",
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


@pytest.fixture
def eight_scenes(monkeypatch) -> None:
    """Every environment has eight test scenes, and figures take little time."""
    monkeypatch.setattr(verification, "num_test_scenes", lambda *_: 8)
    monkeypatch.setattr(statistics, "REPEATS", 100)


def test_who_tells_of_some_scenes_comes_last(tmp_path, eight_scenes) -> None:
    write(tmp_path / "a.json")
    one = {"errors": [0, 0, 0], "interquartile_mean": 0, "interval": [0, 0]}
    write(tmp_path / "b.json", algorithm="a lucky scene", scenes=1, success=bits("1", "1", "1"), **one)
    first, second = lines(markdown(collect([tmp_path])))[4:6]
    assert first.startswith("| guessing,")
    assert second.startswith("| a lucky scene,")


def test_one_environment_of_a_stranger_leaves_the_others_together(tmp_path, eight_scenes) -> None:
    for i, name in enumerate(["guessing", "looking", "hoping"]):
        write(tmp_path / f"{i}.json", algorithm=name)
        write(tmp_path / f"{i}-catch.json", algorithm=name, **CATCH)
    write(tmp_path / "z.json", who="Bob", env_kwargs={"num_glimpses": 7})
    assert [entry.algorithm for entry, _ in overall(collect([tmp_path]))] == ["guessing", "looking", "hoping"]


def test_a_budget_that_was_not_kept_is_marked(tmp_path, eight_scenes) -> None:
    write(tmp_path / "a.json", **BETTER | {"budget": {"steps": 100, "core_minutes": 2}})
    assert "| 100 steps, 2 core-minutes, exceeded 3.0 times |" in markdown(collect([tmp_path]))


def test_what_can_not_be_in_the_board_is_told_and_left_out(tmp_path) -> None:
    write(tmp_path / "a.json")
    write(tmp_path / "b.json", note="another")
    (tmp_path / "c.json").write_text("{}")
    (tmp_path / "d.json").mkdir()
    told: dict[str, str] = {}
    (kept,) = collect([tmp_path], lambda path, error: told.update({path.name: str(error)}))
    assert not kept.note
    assert list(told) == ["b.json", "c.json", "d.json"]
    assert "are of one entry, 'guessing' by 'Ada'" in told["b.json"]
    assert "it lacks" in told["c.json"]


def test_all_environments_together(tmp_path, eight_scenes) -> None:
    """Six errors, of which one at each end is left out: of guessing 0, 0, 25, 25, 50, 50."""
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
    write(tmp_path / "a.json", who="https://evil.example, WWW.evil.example, a@b.c")
    assert "guessing, https&#58;//evil.example, WWW&#46;evil.example, a&#64;b.c (" in markdown(collect([tmp_path]))
