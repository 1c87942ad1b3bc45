"""A budget is spent by steps or by time, measuring is not counted, and pauses are spread evenly over it."""

from __future__ import annotations

import pytest
from ram_agents.entrants.course import Budget, Course, Point


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_steps_end_it() -> None:
    course, paused = Course(Budget(steps=100, core_minutes=1), pauses=4, clock=Clock()), []
    course.pause = lambda: paused.append(course.steps)
    going = [course.tick(steps=10, episodes=2) for _ in range(10)]
    assert going == [True] * 9 + [False]
    assert paused == [30, 50, 80, 100]
    assert (course.episodes, course.left, course.over) == (20, 0, True)


def test_time_ends_it_and_pauses_cost_none() -> None:
    clock = Clock()
    course = Course(Budget(steps=10**9, core_minutes=1), pauses=2, clock=clock)

    def pause() -> None:
        clock.now += 1000

    course.pause = pause
    clock.now += 500  # before it begins
    course.begin()
    shares = []
    for _ in range(4):
        clock.now += 15
        course.tick(steps=1, episodes=1)
        shares.append(course.left)
    assert shares == [0.75, 0.5, 0.25, 0]
    assert course.core_minutes == 1


def test_an_update_past_two_pauses_pauses_once() -> None:
    course, paused = Course(Budget(steps=10, core_minutes=1), pauses=10, clock=Clock()), []
    course.pause = lambda: paused.append(course.steps)
    for _ in range(3):
        course.tick(steps=4, episodes=1)
    assert paused == [4, 8, 12]


def test_it_is_restored() -> None:
    course, again = (Course(Budget(steps=10, core_minutes=1), clock=Clock()) for _ in range(2))
    course.tick(steps=3, episodes=1)
    course.points.append(Point(3, 0.0, 90.0))
    again.restore(course.as_json())
    assert (again.steps, again.episodes, again.points) == (3, 1, [Point(3, 0.0, 90.0)])
    paused = []
    again.pause = lambda: paused.append(again.steps)
    again.tick(steps=1, episodes=0)
    assert paused == [4]  # and not once more for the pauses before


@pytest.mark.parametrize("changes", [{"steps": 0}, {"core_minutes": 0}, {"core_minutes": float("inf")}])
def test_budgets_that_can_not_be(changes) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(changes))} must be"):
        Budget(**changes)
