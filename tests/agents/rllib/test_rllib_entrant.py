"""RLlib's entry of the benchmark: it ends with its budget, and goes on from RLlib's checkpoint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("ray.rllib", reason="RLlib is an extra with a virtual environment of its own")

import ray
from ram_agents.entrants import by_rllib
from ram_agents.entrants.course import Budget, Course
from ram_agents.entrants.entry import ENTRIES, Challenge

BUDGET = Budget(steps=100, core_minutes=100)


@pytest.fixture(autouse=True)
def shut_down() -> Iterator[None]:
    """An entrant leaves Ray running, for the next seed of its benchmark."""
    yield
    ray.shutdown()


def test_it_trains_ends_and_goes_on(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(by_rllib, "NUM_ENVS", 4)
    challenge = Challenge("ram_envs/GlimpseMNIST-v0", {}, 0, BUDGET)
    made, course = ENTRIES["ram-rllib-ppo"].make(challenge), Course(BUDGET, pauses=2)
    paused: list[int] = []

    def pause() -> None:
        paused.append(course.steps)
        if len(paused) == 1:
            made.save(tmp_path)

    course.pause = pause
    made.train(course)
    assert paused == [72, 120]  # 4 episodes of 6 glimpses in an update
    assert made.successes("test", 12).shape == (12,)
    assert made.agent().policy.config == challenge.config().model()
    again, rest = ENTRIES["ram-rllib-ppo"].make(challenge), Course(BUDGET, pauses=2)
    again.load(tmp_path)
    rest.restore(course.as_json() | {"steps": 72})
    again.train(rest)
    assert rest.steps == 120
