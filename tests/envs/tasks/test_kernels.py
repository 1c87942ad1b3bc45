"""The compiled code of the tasks' steps, by hand: of three rows only those that are named change."""

from __future__ import annotations

import numpy as np
import pytest

from ram_envs.tasks import kernels


@pytest.mark.parametrize("full", [0, 1])
def test_a_row_that_has_taken_all_its_steps_stops_all(full: int) -> None:
    steps, path, last_actions = np.zeros(3, np.int64), np.zeros((3, 3, 2)), np.full(3, -1)
    steps[2 * full] = 2
    rows, moved, actions = np.array([0, 2]), np.array([[0.5, -0.5], [0.25, 1.0]]), np.array([4, 7])
    assert not kernels.take_step(rows, moved, actions, steps, path, last_actions)
    assert sorted(steps) == [0, 0, 2]
    assert not path.any()
    assert last_actions.tolist() == [-1, -1, -1]


def test_a_step_of_two_rows_of_three() -> None:
    steps, path, last_actions = np.zeros(3, np.int64), np.zeros((3, 3, 2)), np.full(3, -1)
    rows, moved, actions = np.array([2, 0]), np.array([[0.5, -0.5], [0.25, 1.0]]), np.array([4, 7])
    assert kernels.take_step(rows, moved, actions, steps, path, last_actions)
    assert steps.tolist() == [1, 0, 1]
    assert path[:, 1].tolist() == [[0.25, 1.0], [0.0, 0.0], [0.5, -0.5]]
    assert last_actions.tolist() == [7, -1, 4]


def test_answers_count_at_the_last_step_or_where_a_row_stopped() -> None:
    rows, actions, labels = np.arange(4), np.array([3, 3, 3, 3]), np.array([3, 3, 3, 5])
    steps, stopped = np.array([6, 2, 2, 6]), np.array([False, True, False, False])
    reward, terminated, correct = np.empty(4), np.empty(4, bool), np.empty(4, bool)
    kernels.answer(rows, actions, steps, 6, stopped, labels, reward, terminated, correct)
    assert terminated.tolist() == [True, True, False, True]
    assert correct.tolist() == [True, True, True, False]
    assert reward.tolist() == [1.0, 1.0, 0.0, 0.0]


def test_answers_in_turn_are_every_second_action() -> None:
    """Rows of two, two and one answers: the first gives its first, right; the second guesses; the third ends, wrong."""
    steps, last = np.array([2, 3, 2]), np.array([1, 1, 0])
    answers, given, labels = np.array([[4, 7], [5, 6], [8, 0]]), np.full((3, 2), -1), np.array([4, 6, 8])
    given[1, 0] = 5
    right, reward, terminated, correct = np.zeros(3, bool), np.empty(3), np.empty(3, bool), np.empty(3, bool)
    arguments = 2, last, answers, given, labels, right, reward, terminated, correct

    kernels.answer_in_turn(np.arange(3), np.array([4, 6, 9]), steps, *arguments)
    assert given.tolist() == [[4, -1], [5, -1], [9, -1]]
    assert labels.tolist() == [7, 6, 8]
    assert reward.tolist() == [1, 0, 0]
    assert terminated.tolist() == [False, False, True]
    assert right.tolist() == correct.tolist() == [True, True, False]

    steps += 2
    kernels.answer_in_turn(np.array([0]), np.array([1]), steps, *arguments)  # its second answer, wrong
    assert (reward[0], terminated[0], right[0], correct[0]) == (0, True, False, False)
    steps[1] -= 1
    kernels.answer_in_turn(np.array([1]), np.array([6]), steps, *arguments)  # right, as its first was
    assert (reward[0], terminated[0], right[1], correct[0]) == (1, True, True, True)
    assert labels.tolist() == [7, 6, 8]
    kernels.answer_in_turn(np.array([2]), np.array([8]), steps, *arguments)  # after its end: nothing is read beyond
    assert labels[2] == 8


def test_the_eye_stays_at_the_end_and_the_outcome_counts() -> None:
    eye, finished, successes = np.zeros((3, 2)), np.zeros(3, bool), np.zeros(3, bool)
    counts = np.zeros((3, 2), np.int64)
    rows, moved = np.array([0, 1, 2]), np.full((3, 2), 0.5)
    kernels.end_step(
        rows, moved, np.array([True, True, False]), np.array([True, False, False]), eye, finished, successes, counts
    )
    assert eye.tolist() == [[0, 0], [0, 0], [0.5, 0.5]]
    assert finished.tolist() == [True, True, False]
    assert successes.tolist() == [True, False, False]
    assert counts.tolist() == [[1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize("drift", [-1.7, -0.5, 0.0, 0.3, 1.9])
def test_a_ball_bounces_between_the_walls_as_one_that_turns_round_there(drift: float) -> None:
    width, height, start = 7, 12, 3.25
    x, speed = start, drift
    for step in range(1, height):
        x += speed
        if x < 0 or x > width:  # it turns at the wall
            x, speed = (-x if x < 0 else 2 * width - x), -speed
        lit = np.zeros((1, 3, 2), np.int64)
        lit[0, 1, 0] = 6  # a paddle of two, pushed to the right, stops at the wall
        terminated, caught = np.empty(1, bool), np.empty(1, bool)
        state = np.array([0]), np.array([2]), np.array([step]), np.array([start]), np.array([drift])
        kernels.play_catch(*state, lit, (height, width), 1, terminated, caught)
        ball = min(int(x), width - 1)
        assert lit[0].tolist() == [[ball, step], [5, 0], [6, 0]]
        assert terminated[0] == (step == height - 1)
        assert caught[0] == (step == height - 1 and ball in (5, 6))
