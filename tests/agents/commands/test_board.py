"""`ram benchmark` and `ram verify`, from end to end on a tiny budget, and what they refuse before any work."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("rliable", reason="the scoreboard's statistics are an extra")

from ram_agents.commands import board
from ram_agents.entrants.entry import ENTRIES
from ram_agents.scoreboard import statistics

TINY = ["--steps", "1", "--test-scenes", "20", "--validation-scenes", "10"]
TINY += ["--envs", "ram_envs/GlimpseMNIST-v0", "--commit", "0123abc"]
NAME = "ram-reinforce--GlimpseMNIST-v0.json"


def run(out, *words: str) -> None:
    board.benchmark([*TINY, "--out", str(out), *words])


def test_a_benchmark_is_run_merged_and_verified(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(statistics, "REPEATS", 50)
    monkeypatch.setattr("ram_agents.training.trainable.faster_precision", lambda *_, **__: "highest")  # unmeasured
    run(tmp_path / "a", "--entries", "ram-reinforce")
    run(tmp_path / "b", "--entries", "random-gaze", "--merge", str(tmp_path / "a"))
    table = (tmp_path / "b" / "table.md").read_text()
    assert table in capsys.readouterr().out
    assert table.count("\n| RAM ") == 2
    assert "1 steps, 60 core-minutes" in table
    assert (tmp_path / "b" / "curves.svg").exists()
    board.verify([str(tmp_path / "a" / NAME)])
    assert "seed 2: played again, 20 of 20 scenes end as stated" in capsys.readouterr().out
    written = (tmp_path / "a" / NAME).stat().st_mtime_ns, (tmp_path / "a" / "table.md").read_text()
    run(tmp_path / "a", "--no-run")
    assert ((tmp_path / "a" / NAME).stat().st_mtime_ns, (tmp_path / "a" / "table.md").read_text()) == written


def test_verify_tells_all_files_that_are_wrong(tmp_path, capsys) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text("{}")
    with pytest.raises(ValueError, match=r"a\.json: it lacks"):
        board.verify([str(tmp_path / "a.json")])
    with pytest.raises(ValueError, match="2 of 2 files are not as they should be"):
        board.verify([str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert capsys.readouterr().err.count("it lacks") == 2
    with pytest.raises(ValueError, match="name a file"):
        board.verify([])


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["--entries", "nobody"], ValueError, "--entries nobody: there is no such entry; there are ram-reinforce, "),
        (["--seeds", "0", "1"], ValueError, "give at least 3, no two alike"),
        (["--seeds", "0", "1", "1"], ValueError, "give at least 3, no two alike"),
        (["--core-minutes", "0"], ValueError, "--core-minutes is 0.0; it must be above 0"),
        (["--entries", "ppo"], ImportError, "--entries ppo: it needs nothing_like_it: run `pip install '.\\[sb3\\]'`"),
        (["--no-run"], ValueError, "there is no submission in .* yet"),
        (["--commit", "v1.0"], ValueError, 'commit is "v1.0"; it must be .* 7 to 40 hexadecimal digits'),
        (["--who", "x" * 101], ValueError, "who is .* at most 100"),
        (["--code", "ftp://x"], ValueError, "code is .* https://"),
        (["--seeds", "4294967296", "1", "2"], ValueError, "seeds.* must be a whole number from 0 to 4,294,967,295"),
        (["--env-kwargs", '{"split": "validation"}'], ValueError, "env_kwargs"),
        (["--env-kwargs", '{"num_glimpses": 0}'], ValueError, "num_glimpses"),
        (["--merge", "nowhere"], FileNotFoundError, "there is no directory nowhere"),
    ],
)
def test_what_can_not_be_is_refused_before_any_work(words, error, message, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(ENTRIES, "ppo", ENTRIES["ppo"]._replace(needs="nothing_like_it"))
    monkeypatch.setattr(board, "compete", lambda *_: pytest.fail("it works"))
    with pytest.raises(error, match=message):
        run(tmp_path, *words)


def test_entries_that_lack_a_package_are_named_and_left_out(monkeypatch, capsys) -> None:
    for name, entry in ENTRIES.items():
        monkeypatch.setitem(ENTRIES, name, entry._replace(needs="nothing_like_it" if entry.needs else ""))
    assert board.chosen(()) == ["ram-reinforce", "random-gaze", "whole-image"]
    told = capsys.readouterr().err.splitlines()
    assert told[0] == (
        "ram-recurrent-ppo is left out: it needs nothing_like_it: "
        "run `pip install '.[sb3]'` in a clone of the repository"
    )
    assert len(told) == len(ENTRIES) - 3


def test_what_makes_no_sense_in_an_environment_is_told(tmp_path, capsys) -> None:
    with pytest.raises(ValueError, match="there is no submission"):
        run(tmp_path, "--entries", "whole-image", "--envs", "ram_envs/GlimpseMNIST-Pairs-v0")
    assert "whole-image is left out in GlimpseMNIST-Pairs-v0: " in capsys.readouterr().err


def test_the_others_run_where_one_fails(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(statistics, "REPEATS", 50)
    monkeypatch.setitem(ENTRIES, "ppo", ENTRIES["ppo"]._replace(maker="nowhere:nobody", needs=""))
    (tmp_path / "merged").mkdir()
    (tmp_path / "merged" / "bad.json").write_text("{}")
    words = ["--entries", "ppo", "random-gaze", "--merge", str(tmp_path / "merged")]
    with pytest.raises(ValueError, match=r"as told above: ppo in ram_envs/GlimpseMNIST-v0, .*bad\.json$"):
        run(tmp_path / "out", *words)
    told = capsys.readouterr()
    assert "\n| RAM with a random gaze, " in told.out
    assert "ppo in ram_envs/GlimpseMNIST-v0 failed: No module named" in told.err
    assert "bad.json is left out: " in told.err


def test_who_is_at_it_is_waited_for_by_nobody(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(board, "compete", lambda *_: False)
    run(tmp_path, "--entries", "random-gaze")
    assert "there is no submission" in capsys.readouterr().err


def test_verify_shows_no_control_characters(tmp_path, capsys, monkeypatch) -> None:
    def refuse(path, **_):
        raise ValueError("\x1b[2J")

    monkeypatch.setattr(board, "check_submission", refuse)
    with pytest.raises(ValueError, match="2 of 2"):
        board.verify(["a.json", "b.json"])
    assert "\x1b" not in capsys.readouterr().err


def test_other_options_are_refused_before_any_run(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "runs" / "GlimpseMNIST-v0" / "random-gaze" / "seed2"
    folder.mkdir(parents=True)
    (folder / "asked.json").write_text(json.dumps({"env_id": "ram_envs/Catch-v0"}))
    monkeypatch.setattr(board, "compete", lambda *_: pytest.fail("it works"))
    with pytest.raises(ValueError, match="holds this run with env_id ram_envs/Catch-v0"):
        run(tmp_path, "--entries", "ram-reinforce", "random-gaze")
