"""CircleSquare: its scenes by hand, what the sensor sees against a slow twin, its steps, and what they cost."""

from __future__ import annotations

import tracemalloc
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from ram_envs.tasks.shapes import Pictures

ID = "ram_envs/CircleSquare-v0"


def move(x: float, y: float, action: int = 0) -> dict[str, Any]:
    """One action."""
    return {"location": np.array([x, y], np.float32), "action": action}


def test_scenes_by_hand() -> None:
    scenes = Pictures(6, 4, False)
    middle = scenes[2 * (6 * 2 + 3) + np.arange(2)]  # around row 2, column 3
    square = np.zeros((6, 6))
    square[0:5, 1:6] = 1
    np.testing.assert_array_equal(middle[0], square)
    circle = np.zeros((6, 6))
    circle[[0, 4], 3] = 1
    circle[1:4, 2:5] = 1
    circle[2, [1, 5]] = 1
    np.testing.assert_array_equal(middle[1], circle)
    assert scenes[0].sum() == 9, "cut off at the corner"
    assert len(scenes) == 72
    assert scenes[np.arange(72)].shape == (72, 6, 6)


def test_the_slope_leads_to_the_shape() -> None:
    scene = Pictures(28, 8, True)[2 * (28 * 3 + 4)]  # around row 3, column 4
    assert scene[3, 4] == scene[7, 8] == 1
    assert scene[3, 9] == pytest.approx(1 - 5 / np.hypot(28, 28))
    assert scene[27, 27] == pytest.approx(1 - np.hypot(24, 23) / np.hypot(28, 28))


def test_large_scenes_take_little_memory() -> None:
    """All 80,000 of them by themselves would take 13 GB."""
    tracemalloc.start()
    env = gym.make_vec(ID, num_envs=3, image_size=200)
    env.reset(options={"indices": np.array([0, 40_000, 79_999])})
    env.step(env.action_space.sample())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * 2**20


def test_steps_are_at_most_a_tenth_of_the_way_in_any_direction_and_end_at_the_edge() -> None:
    env = gym.make(ID, initial_location="center")
    observation, info = env.reset(seed=0)
    np.testing.assert_array_equal(observation["location"], [0, 0])
    for action, place in (((0.5, 0), (0.1, 0)), ((1, 1), (0.1 + 0.2 / 2**0.5, 0.2 / 2**0.5)), ((0.3, -0.4), None)):
        before = observation["location"]
        observation, *_, info = env.step(move(*action))
        expected = before + 0.2 * np.array(action) if place is None else place
        np.testing.assert_allclose(observation["location"], expected, atol=1e-6)
        np.testing.assert_allclose(info["gaze"], 23 / 28 * observation["location"], atol=1e-6)
    for _ in range(8):
        observation, *_ = env.step(move(1, 0))
    assert observation["location"][0] == 1


def test_reward_is_for_the_answer_less_the_way() -> None:
    env = gym.make(ID, initial_location="center", num_glimpses=3)
    for index, answer, won in ((0, 0, 1.0), (1, 0, 0.0), (1, 1, 1.0)):
        _, info = env.reset(options={"index": index})
        assert info["label"] == index % 2
        rewards = [env.step(move(1, 0))[1], env.step(move(0, 0.5))[1]]
        np.testing.assert_allclose(rewards, [-0.001, -0.0005], atol=1e-9)
        *_, reward, terminated, _, info = env.step(move(1, 1, answer))
        assert (reward, terminated, info["is_success"]) == (won, True, bool(won))


def test_the_gaze_is_brought_to_places_and_targets_are_boxes_of_the_shape() -> None:
    env = gym.make(ID, gradient=False).unwrapped
    for seed in range(8):
        env.reset(seed=seed)
        top, left, height, width = env.targets()[0]
        rows, columns = np.nonzero(env.view(0).scene)
        assert [top, left, height, width] == [rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1]
        middle = np.array([[left + width / 2, top + height / 2]]) / 14 - 1
        for _ in range(15):
            *_, info = env.step({"location": env.look_at(middle)[0], "action": 0})
        np.testing.assert_allclose(info["gaze"], np.clip(middle[0], -23 / 28, 23 / 28), atol=1e-5)


def test_every_scene_has_a_number_and_there_are_no_splits() -> None:
    env = gym.make_vec(ID, num_envs=4)
    assert env.unwrapped.num_scenes == 1568
    assert env.unwrapped.splits == ()
    _, info = env.reset(options={"indices": np.array([0, 1, 1566, 1567])})
    assert info["label"].tolist() == [0, 1, 0, 1]
    assert env.unwrapped.action_names == ("square", "circle")


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"image_size": 5}, ValueError, "image_size is 5"),
        ({"object_size": 0}, ValueError, "object_size is 0"),
        ({"max_step": 0}, ValueError, "max_step is 0; it must be above 0"),
        ({"max_step": -0.1}, ValueError, "max_step is -0.1"),
        ({"gradient": 1}, TypeError, "gradient is 1"),
        ({"split": "test"}, TypeError, "'split'; CircleSquare takes image_size"),
        ({"saccade": "relative"}, TypeError, "'saccade'; CircleSquare takes"),
    ],
)
def test_what_can_not_be_is_refused(arguments: dict[str, Any], error: type, named: str) -> None:
    with pytest.raises(error, match=named):
        gym.make(ID, **arguments)
