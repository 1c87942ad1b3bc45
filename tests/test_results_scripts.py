"""Scripts whose tables stand in RESULTS.md: digits near the corners, tracking the ball, and float16 files."""

from __future__ import annotations

import runpy
import sys
from typing import Any

import numpy as np
from places import DOCS
from ram_agents import Reinforce

sys.path.append(str(DOCS))  # as where `python docs/corners.py` runs
CORNERS, TRACKING, HALVES = (runpy.run_path(str(DOCS / f"{name}.py")) for name in ("corners", "tracking", "halves"))
SMALL: dict[str, Any] = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8, "num_envs": 4}


def test_near_a_corner_is_the_outer_fifth_in_both_directions() -> None:
    places = np.array([[0, 0], [7, 65], [8, 0], [72, 64], [0, 36], [65, 72], [36, 36]])
    assert CORNERS["near_a_corner"](places, 72).tolist() == [True, True, False, False, False, True, False]


def test_about_one_digit_in_25_is_near_a_corner_and_seeds_count_on() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-Translated-v0", env_kwargs={"num_glimpses": 1}, **SMALL)
    found = CORNERS["answers"](agent, 2000, 5)
    assert found.wrong.shape == found.outer.shape == (2000,)
    assert 0.025 < found.outer.mean() < 0.065
    later = CORNERS["answers"](agent, 1000, 1005)
    np.testing.assert_array_equal(later.outer, found.outer[1000:])
    np.testing.assert_array_equal(later.wrong, found.wrong[1000:])


def test_a_row_of_corners_by_hand() -> None:
    wrong, outer = np.zeros(100, bool), np.zeros(100, bool)
    wrong[:10], outer[8:18] = True, True  # 10 of 100, and 2 of 10
    row = CORNERS["row"]("a", "center", CORNERS["Answers"](wrong, outer))
    assert row == "| `a` | center | 100 | 10.00 | 5.52 to 17.44 | 10 | 20.00 | 5.67 to 50.98 | 2.00 |"


def test_a_gaze_that_follows_one_that_keeps_away_and_one_that_stays() -> None:
    ball = np.random.default_rng(0).random((23, 50, 2)) * 24
    gazes = {"a": ball + np.array([3, 4]), "b": -ball, "c": np.zeros_like(ball)}
    lines = TRACKING["table"](gazes | {"the ball": ball}).splitlines()
    assert lines[2] == "| a | 1.00, 1.00, 1.00, 1.00, 1.00 | 1.00 | 1.00 | 5.0 |"
    assert lines[3].startswith("| b | -1.00, -1.00, -1.00, -1.00, -1.00 | -1.00 | -1.00 |")
    assert lines[4].startswith("| c | 0.00, 0.00, 0.00, 0.00, 0.00 | 0.00 | 0.00 |")
    assert len(lines) == 5


def test_traces_of_the_ball_and_the_paddle() -> None:
    found = TRACKING["traces"](Reinforce("ram_envs/Catch-v0", **SMALL), 20, 3)
    ball, paddle = found["the ball"], found["at the paddle"]
    assert ball.shape == paddle.shape == found["the agent's"].shape == (23, 20, 2)
    np.testing.assert_array_equal(ball[..., 1], np.arange(23)[:, None] + np.full((1, 20), 0.5))  # a row a frame
    assert (paddle[..., 1] == 23.5).all()  # the bottom row
    assert np.abs(np.diff(paddle[..., 0], axis=0)).max() <= 1


def test_errors_after_the_glimpses_of_the_papers_rows() -> None:
    errors = np.array([9, 8, 7, 6, 5, 4, 3, 2])
    assert HALVES["rows_of"]("cluttered60", errors).tolist() == [6, 4, 2]
    assert HALVES["rows_of"]("catch", errors[:1]).tolist() == [9]
    assert HALVES["rows_of"]("somebody", errors).tolist() == [2]


def test_an_agent_as_float16_has_half_the_size_and_almost_the_same_errors(tmp_path) -> None:
    path, out = tmp_path / "agent.safetensors", tmp_path / "half.safetensors"
    agent = Reinforce(env_kwargs={"num_glimpses": 2}, **SMALL | {"hidden_size": 128})
    agent.save(path, resumable=False)
    halved = HALVES["halve"](path, out, 200)
    assert (halved.name, halved.episodes, len(halved.differences)) == ("agent", 200, 1)
    assert halved.half_size == out.stat().st_size < 0.6 * halved.size
    assert abs(halved.differences[0]) <= 4
    wrong, count = HALVES["wrong"](agent, 200)
    assert (len(wrong), count) == (2, 200)
