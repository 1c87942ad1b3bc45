"""Successes as bits, worked by hand; and that what is written is what is read."""

from __future__ import annotations

import numpy as np
import pytest
from ram_agents.scoreboard import statistics
from ram_agents.scoreboard.reading import read
from ram_agents.scoreboard.submission import Budget, Point, Submission, pack, unpack

NINE = np.array([1, 0, 1, 1, 0, 0, 0, 1, 1], bool)  # 10110001 1, in hexadecimal b1 80


def test_scenes_are_bits_from_the_highest() -> None:
    assert pack(NINE) == "sYA="
    np.testing.assert_array_equal(unpack("sYA=", 9), NINE)
    np.testing.assert_array_equal(unpack("sYA=", 16), [*NINE, *[False] * 7])


@pytest.mark.parametrize(
    ("text", "scenes", "message"),
    [
        ("sYA=", 8, "holds 2 bytes, and 8 scenes need 1"),
        ("sYA=", 25, "has 4 characters, and 25 scenes need 8: is it cut short?"),
        ("sYA", 9, "has 3 characters"),
        ("s~A=", 9, "is no base64"),
        ("sYE=", 9, "has bits set behind scene 8, the last"),
        ("A" * 10**6, 9, "has 1,000,000 characters"),
    ],
)
def test_what_is_not_the_bits_of_so_many_scenes_is_refused(text: str, scenes: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unpack(text, scenes)


def test_what_is_written_is_read(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(statistics, "figures", lambda scores: statistics.Figures(1.0, 0.5, 2.0))
    monkeypatch.setattr("ram_agents.scoreboard.submission.figures", statistics.figures)
    made = Submission(
        who="Ada",
        algorithm="guessing",
        code="https://example.org",
        commit="0123abc",
        env_id="ram_envs/GlimpseMNIST-v0",
        env_kwargs={"num_glimpses": 3},
        seeds=[3, 4, 5],
        steps=[1, 2, 3],
        episodes=[1, 1, 1],
        success=np.stack([NINE, ~NINE, NINE]),
        core_minutes=[0.5, 0.25, 1.0],
        budget=Budget(steps=3, core_minutes=2.0),
        machine={"processor": "a fast one"},
        curves=[[Point(1, 0.5, 90.0)], [], [Point(3, 1.0, 80.0)]],
        weights=[b"abc", None, b"d"],
        note="as it came",
    )
    made.write(tmp_path / "a.json")
    found = read(tmp_path / "a.json")
    assert found.stated == (1.0, 0.5, 2.0)
    assert found.stated_errors == pytest.approx([400 / 9, 500 / 9, 400 / 9])
    for name, value in vars(made).items():
        np.testing.assert_equal(getattr(found.submission, name), value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
