"""Digits that move: courses by hand and as seen, the same for everyone in held-out splits, still without speed."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from ram_envs.tasks.moving import Moving

MOVING = "ram_envs/GlimpseMNIST-Moving-v0"
NOTHING = {"location": np.zeros(2, np.float32), "action": 0}


def scene(env: Any) -> np.ndarray:
    """The scene as it is now."""
    return env.unwrapped.view(0).scene


def course(task: Moving, start: tuple[int, int], direction: float, turn: float) -> list[list[int]]:
    """Where a digit is after each step."""
    angles = np.array([[np.radians(direction)]]), np.array([[turn]])
    return task._course(np.array([[start]]), *angles)[0, :, 0].tolist()


def test_courses_by_hand() -> None:
    task = Moving(canvas_size=40, num_glimpses=4, speed=5, max_turn=90)  # 12 free rows and columns
    assert course(task, (3, 1), 0, 0) == [[3, 1], [3, 6], [3, 11], [3, 8], [3, 3]], "off the right edge"
    assert course(task, (3, 1), 90, 0) == [[3, 1], [8, 1], [11, 1], [6, 1], [1, 1]], "off the bottom"
    assert course(task, (2, 2), 180, 0) == [[2, 2], [2, 3], [2, 8], [2, 11], [2, 6]], "off the left edge"
    assert course(task, (3, 1), 0, 1) == [[3, 1], [3, 6], [8, 6], [8, 1], [3, 1]], "a square"
    assert course(task, (3, 6), 0, -1)[2] == [2, 11], "to the other side, and off the top"
    still = Moving(num_glimpses=2, speed=5)  # no room to move in
    assert course(still, (0, 0), 30, 0) == [[0, 0]] * 3


def test_the_digit_is_seen_where_its_course_leads() -> None:
    env = gym.make(MOVING, num_distractors=0, max_distortion=0.3, max_bend=1.0).unwrapped
    for seed in range(6):
        env.reset(seed=seed)
        tops, lefts = [], []
        first = None
        for _ in range(10):
            top, left = env.task.corners[0, 0]
            cut = scene(env)[top : top + 28, left : left + 28].copy()
            assert scene(env).sum() == cut.sum(dtype=int) > 0
            first = cut if first is None else first
            np.testing.assert_array_equal(cut, first, "the same digit, distorted once")
            tops.append(top)
            lefts.append(left)
            env.step(NOTHING)
        way = np.hypot(np.diff(tops), np.diff(lefts))
        assert way.min() >= 0
        assert way.max() <= 2 + np.sqrt(2), "a step of two pixels, to whole pixels"
        assert way.sum() > 5


def test_everything_moves_on_a_course_of_its_own() -> None:
    env = gym.make(MOVING, num_distractors=5).unwrapped
    env.reset(seed=0)
    ways = np.diff(env.task._courses[0], axis=0)  # (T, things, 2)
    assert (np.abs(ways).sum(axis=(0, 2)) > 0).all()
    assert len(np.unique(ways.transpose(1, 0, 2).reshape(6, -1), axis=0)) == 6
    seen = [scene(env).copy()]
    for _ in range(5):
        env.step(NOTHING)
        seen.append(scene(env).copy())
    assert len({picture.tobytes() for picture in seen}) == 6


def test_without_speed_it_is_the_still_environment() -> None:
    still = gym.make_vec("ram_envs/GlimpseMNIST-Cluttered-v0", num_envs=8, split="test", num_glimpses=10)
    stopped = gym.make_vec(MOVING, num_envs=8, split="test", speed=0)
    for env in (still, stopped):
        env.reset(seed=0, options={"indices": np.arange(8)})
    assert still.unwrapped.task.image_shape == stopped.unwrapped.task.image_shape
    first = [stopped.unwrapped.view(row).scene.copy() for row in range(8)]
    actions = {"location": np.zeros((8, 2), np.float32), "action": np.zeros(8, np.int64)}
    for _ in range(4):
        observations = stopped.step(actions)[0]
    for row in range(8):
        np.testing.assert_array_equal(stopped.unwrapped.view(row).scene, first[row])
    retina = stopped.unwrapped.task.retina
    np.testing.assert_array_equal(observations["glimpse"], retina(np.stack(first), actions["location"]))


def test_held_out_courses_are_the_same_for_everyone() -> None:
    one, other = (gym.make(MOVING, split="test").unwrapped for _ in range(2))
    for env, seed in ((one, 1), (other, 2)):
        env.reset(seed=seed, options={"index": 5})
    for _ in range(10):
        np.testing.assert_array_equal(scene(one), scene(other))
        np.testing.assert_array_equal(one.targets(), other.targets())
        for env in (one, other):
            env.step(NOTHING)


def test_the_target_moves_with_the_digit() -> None:
    env = gym.make(MOVING, num_distractors=0).unwrapped
    env.reset(seed=1)
    for _ in range(10):
        top, left, height, width = env.targets()[0]
        rows, columns = np.nonzero(scene(env))
        assert [top, left] == [rows.min(), columns.min()]
        assert [height, width] == [np.ptp(rows) + 1, np.ptp(columns) + 1]
        env.step(NOTHING)


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"speed": -1}, ValueError, "speed is -1"),
        ({"speed": float("inf")}, ValueError, "speed is inf"),
        ({"speed": 1e301}, ValueError, "speed is 1e\\+301; it must be from 0 to 1e\\+300"),
        ({"max_turn": 181}, ValueError, "max_turn is 181"),
        ({"max_shift": 1}, TypeError, "'max_shift'; Moving takes speed"),
        ({"num_distractors": -1}, ValueError, "num_distractors is -1"),
    ],
)
def test_what_can_not_be_is_refused(arguments: dict[str, Any], error: type, named: str) -> None:
    with pytest.raises(error, match=named):
        gym.make(MOVING, **arguments)
