"""A benchmark's runs: killed in the middle they go on, ended they are not repeated, and others' are left alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from ram_agents.entrants.course import Budget
from ram_agents.entrants.entry import ENTRIES, Challenge
from ram_agents.scoreboard.runs import Run, Terms, environment_name, submission

TERMS = Terms(who="Ada", code="https://example.org", commit="0123abc", scenes=8, validation_scenes=4, weights=True)
BUDGET = Budget(steps=100, core_minutes=1000)


class Killed(BaseException):
    """What nobody catches."""


class Counting:
    """An entrant whose one weight is how many steps it was trained for; an update is 7 of them."""

    made: list[Counting] = []  # noqa: RUF012
    killed_at = 10**9

    def __init__(self, challenge: Challenge) -> None:
        self.challenge, self.weight, self.trained = challenge, 0, 0
        self.made.append(self)

    def train(self, course) -> None:
        course.begin()
        going = True
        while going:
            if self.weight >= self.killed_at:
                raise Killed
            self.weight += 7
            self.trained += 7
            going = course.tick(steps=7, episodes=1)

    def save(self, directory: Path) -> None:
        (directory / "weight").write_text(str(self.weight))

    def load(self, directory: Path) -> None:
        self.weight = int((directory / "weight").read_text())

    def successes(self, split: str, scenes: int) -> np.ndarray:
        return np.arange(scenes) < (self.challenge.seed + 1 if split == "test" else 2)

    def agent(self) -> None:
        return None


class Entry:
    title = "counting"

    def missing(self) -> str:
        return ""

    def make(self, challenge: Challenge) -> Counting:
        return Counting(challenge)


@pytest.fixture
def runs(monkeypatch, tmp_path):
    monkeypatch.setitem(ENTRIES, "counting", Entry())
    monkeypatch.setattr(Counting, "made", [])
    challenges = [Challenge("ram_envs/Catch-v0", {}, seed, BUDGET) for seed in range(3)]
    return [Run("counting", challenge, TERMS, tmp_path) for challenge in challenges]


def silent(line: str) -> None:
    pass


def test_a_killed_run_goes_on_where_it_was_last_saved(runs, monkeypatch) -> None:
    monkeypatch.setattr(Counting, "killed_at", 56)  # between the pauses at 56, that is 50, and 63
    with pytest.raises(Killed):
        runs[0].run(silent)
    assert runs[0].result is None
    monkeypatch.setattr(Counting, "killed_at", 10**9)
    told: list[str] = []
    assert runs[0].run(told.append)
    first, second = Counting.made
    assert told[0] == "goes on at 56%"
    assert (first.trained, second.trained, second.weight) == (56, 49, 105)
    result = runs[0].result
    assert result is not None
    assert (result["steps"], result["episodes"]) == (105, 15)
    # Every tenth of the budget, at the first update that reaches it.
    assert [point[0] for point in result["points"]] == [14, 21, 35, 42, 56, 63, 70, 84, 91, 105]
    assert {point[2] for point in result["points"]} == {50.0}


def test_a_state_that_was_half_written_is_no_state(runs, monkeypatch) -> None:
    monkeypatch.setattr(Counting, "killed_at", 56)
    with pytest.raises(Killed):
        runs[0].run(silent)
    (runs[0].directory / "state-000009.part").mkdir()
    monkeypatch.setattr(Counting, "killed_at", 10**9)
    runs[0].run(silent)
    assert sorted(path.name for path in runs[0].directory.iterdir()) == ["asked.json", "lock", "result.json"]


def test_what_has_ended_is_not_repeated(runs) -> None:
    for _ in range(2):
        for run in runs:
            assert run.run(silent)
    assert [entrant.challenge.seed for entrant in Counting.made] == [0, 1, 2]
    made = submission(runs)
    assert made is not None
    assert (made.algorithm, made.who, made.seeds, made.steps) == ("counting", "Ada", [0, 1, 2], [105] * 3)
    np.testing.assert_array_equal(made.errors, [87.5, 75, 62.5])
    assert made.weights == [None] * 3
    assert "processor" in made.machine
    assert " to " in made.machine["load"]


def test_there_is_no_submission_before_the_last_seed(runs) -> None:
    runs[0].run(silent)
    assert submission(runs) is None


def test_other_options_are_refused_also_of_a_run_that_has_ended(runs, tmp_path) -> None:
    runs[0].run(silent)
    for change in ({"commit": "fedcba9"}, {"scenes": 9}):
        with pytest.raises(ValueError, match=r"holds this run with .* go on as it was begun, or choose another --out"):
            Run("counting", runs[0].challenge, TERMS._replace(**change), tmp_path).run(silent)
    more = runs[0].challenge._replace(budget=Budget(steps=200, core_minutes=1000))
    with pytest.raises(ValueError, match="with steps 100, not 200"):
        Run("counting", more, TERMS, tmp_path).run(silent)


def test_a_run_that_another_process_is_at_is_left_alone(runs) -> None:
    runs[0].directory.mkdir(parents=True)
    told: list[str] = []
    with FileLock(runs[0].directory / "lock"):
        assert not runs[0].run(told.append)
    assert told == ["another process is at it"]
    assert not Counting.made


def test_a_run_that_another_process_has_just_ended_is_not_repeated(runs, monkeypatch) -> None:
    before = iter([None, {"ended": "a moment ago"}, {"ended": "a moment ago"}])
    monkeypatch.setattr(Run, "result", property(lambda _: next(before)))
    assert runs[0].run(silent)
    assert not Counting.made


def test_what_is_damaged_is_named(runs) -> None:
    runs[0].run(silent)
    for name in ("result.json", "asked.json"):
        (runs[0].directory / name).write_text("{")
        with pytest.raises(ValueError, match=rf"{name} is damaged \(it is no JSON.*delete its directory"):
            runs[0].run(silent)


def test_seeds_of_two_machines_tell_of_both(runs) -> None:
    for run in runs:
        run.run(silent)
    path = runs[1].directory / "result.json"
    held = json.loads(path.read_text())
    path.write_text(json.dumps(held | {"machine": held["machine"] | {"cores": "64", "ray": "2.0"}}))
    machine = submission(runs).machine
    assert machine["cores"].endswith(" or 64")
    assert machine["torch"] == held["machine"]["torch"]


def test_the_name_of_an_environment_is_a_part_of_a_path() -> None:
    assert environment_name("ram_envs/Catch-v0", {}) == "Catch-v0"
    assert environment_name("ram_envs/Catch-v0", {"width": 5, "pooling": "max"}) == "Catch-v0_pooling=_max__width=5"


def test_what_was_asked_is_kept_beside_the_result(runs) -> None:
    runs[0].run(silent)
    asked = json.loads((runs[0].directory / "asked.json").read_text())
    assert asked["env_id"] == "ram_envs/Catch-v0"
    assert asked["commit"] == "0123abc"
