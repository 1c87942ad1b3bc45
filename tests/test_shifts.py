"""The table of other scenes than trained on: which shifts an agent gets, and that each is measured."""

from __future__ import annotations

import runpy

import pytest
from places import DOCS
from ram_agents import Reinforce, load

SHIFTS = runpy.run_path(str(DOCS / "shifts.py"))
SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8, "num_envs": 4}


def test_shifts_are_relative_to_what_an_agent_was_trained_on() -> None:
    plain = SHIFTS["shifts"](Reinforce("ram_envs/GlimpseMNIST-v0", **SMALL))
    assert plain["as trained"] == {}
    assert plain["no distractors"] is plain["4 times the distractors"] is None
    assert plain["4 distractors"] == {"num_distractors": 4}
    assert plain["canvas of 150% the width"] == {"canvas_size": 42}
    assert plain["digits of 20 pixels"] == {"digit_size": 20, "canvas_size": 28}
    assert plain["digits of 36 pixels"] == {"digit_size": 36, "canvas_size": 36}
    cluttered = SHIFTS["shifts"](Reinforce("ram_envs/GlimpseMNIST-Cluttered-v0", **SMALL))
    assert list(cluttered) == list(plain)
    assert cluttered["4 distractors"] is None
    assert cluttered["2 times the distractors"] == {"num_distractors": 8}
    assert cluttered["digits of 56 pixels"] == {"digit_size": 56, "canvas_size": 60}


def test_every_shift_is_measured() -> None:
    errors = SHIFTS["measure"]("mnist28", 200)
    assert list(errors) == list(SHIFTS["shifts"](load("mnist28")))
    unfit = {"no distractors", "2 times the distractors", "4 times the distractors"}
    assert {shift for shift, error in errors.items() if error is None} == unfit
    assert errors["as trained"] in (errors["first look anywhere"], errors["first look at the centre"])
    assert errors["as trained"] < 6
    assert errors["digits of 14 pixels"] > 20
    assert errors["digits of 56 pixels"] > errors["digits of 42 pixels"] > errors["as trained"]


def test_the_table_by_hand() -> None:
    measured = {"a": {"as trained": 1.234, "x": None}, "b": {"as trained": 10.0, "x": 99.995}}
    assert SHIFTS["markdown"](measured).splitlines() == [
        "| test scenes | `a` | `b` |",
        "|---|---:|---:|",
        "| as trained | 1.23 | 10.00 |",
        "| x |  | 100.00 |",
    ]


def test_columns_of_agents_that_are_not_measured_stay() -> None:
    """What stands in RESULTS.md is read as it is written."""
    import marked

    text, measured = marked.RESULTS.read_text(), SHIFTS["in_results"]()
    assert {"mnist28", "cluttered100"} < set(measured)
    assert marked.with_table(text, "shifts", SHIFTS["markdown"](measured)) == text


def test_an_agent_without_scenes_is_refused() -> None:
    with pytest.raises(ValueError, match="ram_envs/Catch-v0 is no classification"):
        SHIFTS["shifts"](Reinforce("ram_envs/Catch-v0", **SMALL))
