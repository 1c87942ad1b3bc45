"""Several digits in a scene: their places and order, answers one after the other, sums, and varying numbers."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from ram_envs.images.datasets import load_mnist
from ram_envs.tasks.digits import END

PAIRS, ADDITION = "ram_envs/GlimpseMNIST-Pairs-v0", "ram_envs/GlimpseMNIST-Addition-v0"


def act(name: int) -> dict[str, Any]:
    """Look at the middle and answer."""
    return {"location": np.zeros(2, np.float32), "action": name}


def digits_seen(env: Any, row: int) -> list[int]:
    """The classes of the digits in a row's scene from left to right, found by their pixels."""
    scene, dataset, found = env.unwrapped.view(row).scene, env.unwrapped.task.dataset, []
    for (top, left), shown in zip(env.unwrapped.task.corners[row], env.unwrapped.task.shown[row], strict=True):
        if top < scene.shape[0]:
            np.testing.assert_array_equal(scene[top : top + 28, left : left + 28], dataset.images[shown])
            found.append((left, dataset.labels[shown]))
    assert (scene > 0).sum() == sum((dataset.images[s] > 0).sum() for s in env.unwrapped.task.shown[row][: len(found)])
    return [int(label) for _, label in sorted(found)]


@pytest.mark.parametrize("arguments", [{}, {"num_digits": 3}, {"num_digits": (1, 3)}, {"split": "test"}])
def test_digits_are_named_from_left_to_right(arguments: dict[str, Any]) -> None:
    env = gym.make_vec(PAIRS, num_envs=200, **arguments)
    _, info = env.reset(seed=0)
    labels = load_mnist(arguments.get("split", "train")).labels
    numbers = set()
    for row in range(200):
        names = digits_seen(env, row)
        assert labels[info["index"][row]] in names
        assert info["label"][row] == names[0]
        numbers.add(len(names))
        ending = [END] * (info["labels"].shape[1] - len(names))
        assert info["labels"][row].tolist() == names + ending
    assert numbers == {2: {2}, 3: {3}, (1, 3): {1, 2, 3}}[arguments.get("num_digits", 2)]


def test_answers_come_one_after_the_other_and_each_is_rewarded() -> None:
    env = gym.make(PAIRS, glimpses_per_object=2)
    for wrong in (None, 0, 1):
        _, info = env.reset(seed=3)
        first, second = info["labels"].tolist()
        assert first != second
        assert (info["label"], info["answered"], info["prediction"], info["correct"]) == (first, 0, -1, False)
        said = [(name + 1) % 10 if number == wrong else name for number, name in enumerate((first, second))]
        # A guess before the answer brings nothing, right or wrong.
        _, reward, over, _, info = env.step(act(first))
        assert (reward, over, info["label"], info["answered"], info["correct"]) == (0, False, first, 0, True)
        _, reward, over, _, info = env.step(act(said[0]))
        assert (reward, over, info["label"], info["answered"]) == (float(wrong != 0), False, second, 1)
        assert (info["prediction"], info["correct"], info["is_success"]) == (said[0], wrong != 0, False)
        _, reward, over, _, info = env.step(act(first))
        assert (reward, over, info["label"], info["answered"], info["correct"]) == (0, False, second, 1, False)
        _, reward, over, _, info = env.step(act(said[1]))
        assert (reward, over, info["label"], info["answered"]) == (float(wrong != 1), True, second, 2)
        assert (info["correct"], info["is_success"]) == (wrong != 1, wrong is None)


def test_the_last_answer_is_the_end_where_the_number_varies() -> None:
    env = gym.make(PAIRS, num_digits=(1, 2), glimpses_per_object=1, split="test")
    assert env.action_space["action"].n == 11
    assert env.unwrapped.action_names[-1] == "end"
    lengths = set()
    for index in range(10):
        _, info = env.reset(options={"index": index})
        names, over, rewards = info["labels"].tolist(), False, []
        while not over:
            _, reward, over, _, info = env.step(act(info["label"]))
            rewards.append(reward)
        assert info["is_success"]
        assert names[len(rewards) - 1] == END != names[len(rewards) - 2]
        assert rewards == [1.0] * len(rewards)
        assert info["answered"] == len(rewards)
        lengths.add(len(rewards))
        # "end" too early is an answer like another: wrong, and the rest is still asked for.
        env.reset(options={"index": index})
        assert env.step(act(END))[1:3] == (0.0, False)
    assert lengths == {2, 3}


def test_a_glimpses_cost_is_taken_off_every_step_but_the_last() -> None:
    env = gym.make(PAIRS, glimpses_per_object=2, glimpse_cost=0.25)
    _, info = env.reset(seed=3)
    rewards = []
    for _ in range(4):
        _, reward, _, _, info = env.step(act(info["label"]))
        rewards.append(reward)
    assert rewards == [-0.25, 0.75, -0.25, 1.0]


def test_sums_are_of_the_digits_in_the_scene() -> None:
    for arguments, classes in (({}, 19), ({"num_digits": (1, 3)}, 28)):
        env = gym.make_vec(ADDITION, num_envs=100, **arguments)
        _, info = env.reset(seed=0)
        assert env.single_action_space["action"].n == env.unwrapped.num_labels == classes
        assert info["label"].tolist() == [sum(digits_seen(env, row)) for row in range(100)]
        assert set(info) >= {"label", "index"}
        assert "answered" not in info


def test_a_held_out_scene_is_always_the_same() -> None:
    for arguments in ({}, {"num_digits": (1, 3), "num_distractors": 4}):
        one, other = (gym.make(PAIRS, split="test", **arguments).unwrapped for _ in range(2))
        for index in (0, 7, 9999):
            told = [env.reset(seed=seed, options={"index": index})[1] for seed, env in enumerate((one, other))]
            assert told[0]["labels"].tolist() == told[1]["labels"].tolist()
            np.testing.assert_array_equal(one.view(0).scene, other.view(0).scene)


def test_training_digits_are_distorted_one_by_one() -> None:
    plain = gym.make_vec(PAIRS, num_envs=60)
    bent = gym.make_vec(PAIRS, num_envs=60, max_distortion=0.3)
    for env in (plain, bent):
        env.reset(seed=0)
    changed = np.zeros((60, 2), bool)
    for row in range(60):
        scenes = [env.unwrapped.view(row).scene for env in (plain, bent)]
        for i, (top, left) in enumerate(plain.unwrapped.task.corners[row]):
            cuts = [scene[top : top + 28, left : left + 28] for scene in scenes]
            changed[row, i] = (cuts[0] != cuts[1]).any()
    kinds = {tuple(pair) for pair in changed.tolist()}
    assert kinds == {(False, False), (False, True), (True, False), (True, True)}


def test_the_target_is_the_digit_to_name_and_of_a_sum_the_nearest() -> None:
    env = gym.make(PAIRS, glimpses_per_object=1).unwrapped
    for seed in range(10):
        env.reset(seed=seed)
        first = env.targets()[0]
        env.step(act(0))
        second = env.targets()[0]
        assert first[1] + first[3] <= second[1] + 4, "the box of the second lies to the right of the first's"
        for top, left, height, width in (first, second):
            assert env.view(0).scene[top : top + height, left : left + width].any()
    env = gym.make(ADDITION).unwrapped
    env.reset(seed=0)
    boxes = env.task.boxes(np.zeros(1, np.intp))[0]
    for box in boxes:
        middle = np.array([box[1] + box[3] / 2, box[0] + box[2] / 2]) / 50 - 1
        env.step({"location": middle.astype(np.float32), "action": 0})
        np.testing.assert_array_equal(env.targets()[0], box)


def test_pictures_tell_what_was_answered() -> None:
    env = gym.make(PAIRS, glimpses_per_object=2).unwrapped
    _, info = env.reset(seed=3)
    first, second = info["labels"].tolist()
    wrong = (second + 1) % 10
    said = []
    for name in (first, first, wrong, wrong):
        env.step(act(name))
        said.append(env.view(0).said())
    assert said == [f"{first}?", str(first), f"{first} {wrong}?", f"{first} {wrong}"]
    view = env.view(0)
    assert (view.truth(), view.success, view.counts) == (f"{first} {second}", False, {"right": 0, "wrong": 1})


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"num_digits": 4}, ValueError, "4 images of 28 columns .* make it at least 112 wide"),
        ({"num_digits": 0}, ValueError, "num_digits, the fewest, is 0"),
        ({"num_digits": (2, 1)}, ValueError, "num_digits, the most, is 1"),
        ({"num_digits": "2"}, TypeError, "num_digits is '2'"),
        ({"num_digits": (1, 2, 3)}, TypeError, "num_digits is"),
        ({"glimpses_per_object": 0}, ValueError, "glimpses_per_object is 0"),
        ({"num_glimpses": 8}, TypeError, "'num_glimpses'; Reading takes .*glimpses_per_object"),
        ({"can_stop": True}, TypeError, "'can_stop'"),
    ],
)
def test_what_can_not_be_is_refused(arguments: dict[str, Any], error: type, named: str) -> None:
    with pytest.raises(error, match=named):
        gym.make(PAIRS, **arguments)
