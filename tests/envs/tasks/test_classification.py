"""The rules of Glimpse-MNIST and of a user's own images: episodes, rewards, infos, glimpses, held-out splits."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import own_images, own_labels

from ram_envs.images.datasets import load_mnist, make_dataset, resize
from ram_envs.retina.retina import Retina
from ram_envs.tasks.classification import Classification

MNIST = "ram_envs/GlimpseMNIST-v0"
OWN = "ram_envs/GlimpseImages-v0"


def act(label: int, x: float = 0, y: float = 0) -> dict[str, Any]:
    """Look at (x, y) and answer `label`."""
    return {"location": np.array([x, y], np.float32), "action": label}


@pytest.mark.parametrize(
    ("id", "patch_size", "num_scales"),
    [
        ("GlimpseMNIST-v0", 8, 1),
        ("GlimpseMNIST-Translated-v0", 12, 3),
        ("GlimpseMNIST-Cluttered-v0", 12, 3),
        ("GlimpseMNIST-Cluttered100-v0", 12, 4),
    ],
)
def test_defaults_are_the_papers(id: str, patch_size: int, num_scales: int) -> None:
    env = gym.make(f"ram_envs/{id}")
    glimpse, location = env.observation_space["glimpse"], env.observation_space["location"]
    assert glimpse == gym.spaces.Box(0, 1, (num_scales, patch_size, patch_size), np.float32)
    assert location == gym.spaces.Box(-1, 1, (2,), np.float32)
    assert env.action_space["location"] == location
    assert env.action_space["action"] == gym.spaces.Discrete(10)
    assert set(env.action_space) == {"location", "action"}


@pytest.mark.parametrize("num_glimpses", [1, 2, 7])
def test_t_glimpses_are_t_steps_and_the_last_answer_alone_counts(num_glimpses: int) -> None:
    env = gym.make(MNIST, num_glimpses=num_glimpses)
    for final_is_right in (True, False):
        _, info = env.reset(seed=0)
        for step in range(1, num_glimpses + 1):
            last = step == num_glimpses
            # Right answers before the end bring nothing, nor do wrong ones cost anything.
            is_right = final_is_right if last else not final_is_right
            prediction = info["label"] if is_right else (info["label"] + 1) % 10
            _, reward, terminated, truncated, info = env.step(act(prediction))
            assert info["prediction"] == prediction
            assert info["correct"] is is_right
            assert (terminated, truncated) == (last, False)
            assert reward == (1.0 if last and final_is_right else 0.0)
            assert info["is_success"] is (last and final_is_right)


def test_info_tells_label_and_index_from_the_start() -> None:
    env = gym.make(MNIST)
    labels = load_mnist("train").labels
    for seed in range(30):
        _, info = env.reset(seed=seed)
        assert set(info) == {"label", "index", "prediction", "correct", "gaze", "is_success"}
        assert (info["prediction"], info["correct"], info["is_success"]) == (-1, False, False)
        assert info["label"] == labels[info["index"]]
        index = info["index"]
        info = env.step(act(3))[4]
        assert info["prediction"] == 3
        assert (info["index"], info["label"]) == (index, labels[index])


def test_the_label_is_not_in_the_observation() -> None:
    one, other = (gym.make(OWN, images=own_images(9, 9), labels=labels) for labels in (own_labels(), 2 - own_labels()))
    for seed in range(5):
        seen, told = one.reset(seed=seed)
        same, otherwise = other.reset(seed=seed)
        assert told["label"] == 2 - otherwise["label"]
        assert set(seen) == {"glimpse", "location"}
        np.testing.assert_array_equal(seen["glimpse"], same["glimpse"])


def test_glimpses_are_the_retinas_of_the_images_at_the_locations() -> None:
    env = gym.make(MNIST, num_glimpses=4, patch_size=7, num_scales=2, split="test")
    images = load_mnist("test").images.copy()  # writable, as scenes are: for others code would be compiled
    retina, generator = Retina(7, 2), np.random.default_rng(0)
    for index in range(20):
        observation, _ = env.reset(options={"index": index})
        location, terminated = observation["location"], False
        while not terminated:
            np.testing.assert_array_equal(observation["location"], location)
            np.testing.assert_array_equal(observation["glimpse"], retina(images[index : index + 1], location[None])[0])
            previous, location = location, generator.uniform(-1, 1, 2).astype(np.float32)
            observation, _, terminated, _, _ = env.step({"location": location, "action": 0})
        np.testing.assert_array_equal(observation["location"], previous, "the last location is never looked at")
        np.testing.assert_array_equal(observation["glimpse"], retina(images[index : index + 1], previous[None])[0])


def test_the_first_location_is_uniform_over_the_image_or_the_centre() -> None:
    location = gym.make_vec(MNIST, num_envs=4000).reset(seed=0)[0]["location"]
    for axis in location.T:
        counts, _ = np.histogram(axis, bins=10, range=(-1, 1))
        assert ((counts - 400) ** 2 / 400).sum() < 9 + 5 * np.sqrt(18)
    assert abs(np.corrcoef(location.T)[0, 1]) < 0.05
    centre = gym.make_vec(MNIST, num_envs=10, initial_location="center").reset(seed=0)[0]["location"]
    assert (centre == 0).all()


def test_images_are_drawn_evenly() -> None:
    env = gym.make_vec(OWN, num_envs=6000, images=own_images(8, 8), labels=own_labels())
    counts = np.bincount(env.reset(seed=0)[1]["index"], minlength=12)
    assert ((counts - 500) ** 2 / 500).sum() < 11 + 5 * np.sqrt(22)


@pytest.mark.parametrize(("split", "size"), [("train", 55_000), ("validation", 5_000), ("test", 10_000)])
def test_an_index_chooses_an_image_of_the_split(split: str, size: int) -> None:
    env = gym.make(MNIST, split=split, patch_size=28, initial_location="center")
    images, labels = load_mnist(split)
    for index in (0, 1, size - 1, np.int64(5)):
        observation, info = env.reset(options={"index": index})
        np.testing.assert_array_equal(np.rint(observation["glimpse"][0] * 255), images[index])
        assert (info["index"], info["label"]) == (index, labels[index])
    assert env.reset(seed=0)[1]["index"] < size


@pytest.mark.parametrize("index", [-1, 55_000, 1.5, "3", True, [1, 2]])
def test_an_index_that_does_not_exist_is_refused(index: Any) -> None:
    env = gym.make(MNIST)
    with pytest.raises((IndexError, ValueError, TypeError), match=str(index).strip("[]")):
        env.reset(options={"index": index})


def test_an_unknown_option_is_refused() -> None:
    env = gym.make(MNIST)
    env.reset(options={})
    with pytest.raises(ValueError, match="indx"):
        env.reset(options={"indx": 3})


def test_every_episode_of_a_held_out_image_has_one_scene() -> None:
    env = gym.make("ram_envs/GlimpseMNIST-Cluttered-v0", split="test", patch_size=60, num_scales=1, num_glimpses=1)
    scenes = []
    for seed in range(3):
        env.reset(seed=seed, options={"index": 5})
        # The final observation of a single glimpse looks where the first did, so go by the scene.
        scenes.append(env.unwrapped.task.view(0).scene.copy())
    assert (scenes[0] == scenes[1]).all()
    assert (scenes[0] == scenes[2]).all()


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_distractors_are_cut_from_training_digits_in_every_split(split: str) -> None:
    task = gym.make("ram_envs/GlimpseMNIST-Cluttered-v0", split=split).unwrapped.task
    assert np.shares_memory(task.distractor_images, load_mnist("train").images)
    assert len(task.distractor_images) == 55_000


def test_the_target_is_the_box_of_the_digits_ink_where_it_lies() -> None:
    env = gym.make_vec("ram_envs/GlimpseMNIST-Translated-v0", num_envs=50, num_glimpses=1)
    env.reset(seed=0)
    for row, target in enumerate(env.unwrapped.targets()):
        ink = env.unwrapped.view(row).scene > 0
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        box = [rows[0], columns[0], rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]]
        np.testing.assert_array_equal(target, box)


def test_the_view_of_a_new_episode_keeps_nothing_of_the_last() -> None:
    env = gym.make(MNIST, num_glimpses=1)
    _, info = env.reset(seed=0)
    env.step(act(info["label"]))
    view = env.unwrapped.task.view(0)
    assert (view.prediction, view.finished, view.success, view.counts) == (
        info["label"],
        True,
        True,
        {"right": 1, "wrong": 0},
    )
    env.reset()
    view = env.unwrapped.task.view(0)
    assert (view.prediction, view.finished, view.success, view.counts) == (None, False, False, {"right": 1, "wrong": 0})


def test_own_images_take_their_size_channels_and_classes_from_the_data() -> None:
    env = gym.make(OWN, images=own_images(14, 20, 3), labels=own_labels(), patch_size=5, num_scales=2)
    assert env.observation_space["glimpse"].shape == (2, 5, 5, 3)
    assert env.action_space["action"].n == 3
    more = gym.make(OWN, images=own_images(14, 20), labels=own_labels(), num_classes=7)
    assert more.action_space["action"].n == 7
    with pytest.raises(ValueError, match="num_classes"):
        gym.make(OWN, images=own_images(14, 20), labels=own_labels(), num_classes=2)


def test_own_images_may_be_placed_and_cluttered_like_the_papers() -> None:
    arguments = {"images": own_images(10, 10), "labels": own_labels(), "patch_size": 30, "initial_location": "center"}
    env = gym.make_vec(OWN, num_envs=50, canvas_size=30, num_distractors=3, distractor_size=4, **arguments)
    glimpse = env.reset(seed=0)[0]["glimpse"]
    assert glimpse.shape == (50, 1, 30, 30)
    lit = (glimpse > 0).sum(axis=(1, 2, 3))
    assert lit.max() > 100, "there is more than the image"
    assert lit.max() <= 100 + 3 * 16
    assert lit.min() >= 95


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "images"),
        ({"images": own_images(9, 9)}, "labels"),
        ({"images": own_images(9, 9), "labels": own_labels(11)}, "11"),
        ({"images": own_images(9, 9), "labels": own_labels(), "split": "dev"}, "dev"),
        ({"images": own_images(9, 9), "labels": own_labels(), "canvas_size": 8}, "8x8"),
    ],
)
def test_own_images_that_cannot_be_used_are_refused(arguments: dict, named: str) -> None:
    with pytest.raises((ValueError, TypeError), match=named):
        gym.make(OWN, **arguments)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"split": "tset"}, "tset"),
        ({"num_glimpses": 0}, "num_glimpses"),
        ({"num_glimpses": 2.0}, r"2\.0"),
        ({"patch_size": 0}, "patch_size"),
        ({"num_scales": 0}, "num_scales"),
        ({"initial_location": "centre"}, "centre"),
        ({"max_shift": -1}, "max_shift"),
        ({"num_distractors": -1}, "num_distractors"),
    ],
)
def test_impossible_arguments_are_refused(arguments: dict, named: str) -> None:
    for make in (gym.make, gym.make_vec):
        with pytest.raises((ValueError, TypeError), match=named):
            make(MNIST, **arguments)


@pytest.mark.parametrize("stop_at", [1, 2, 4, None])
@pytest.mark.parametrize("is_right", [True, False])
def test_to_stop_makes_the_action_the_answer(stop_at: int | None, is_right: bool) -> None:
    env = gym.make(MNIST, num_glimpses=4, can_stop=True, glimpse_cost=0.125)
    assert env.action_space["stop"] == gym.spaces.Discrete(2)
    _, info = env.reset(seed=0)
    label, rewards = info["label"], []
    for step in range(1, (stop_at or 4) + 1):
        answer = label if is_right else (label + 1) % 10
        _, reward, terminated, truncated, info = env.step({**act(answer), "stop": int(step == stop_at)})
        rewards.append(reward)
        assert (terminated, truncated) == (step == (stop_at or 4), False)
        assert info["is_success"] is (terminated and is_right)
    assert rewards == [-0.125] * (len(rewards) - 1) + [float(is_right)]
    with pytest.raises(gym.error.ResetNeeded):
        env.step({**act(0), "stop": 0})


def test_the_last_glimpse_of_one_who_stops_is_where_they_looked_last() -> None:
    env = gym.make(MNIST, can_stop=True)
    first, _ = env.reset(seed=0)
    second, *_ = env.step({**act(1, 0.5, -0.5), "stop": 0})
    last, _, terminated, _, _ = env.step({**act(1, -1, -1), "stop": 1})
    assert terminated
    np.testing.assert_array_equal(last["location"], np.array([0.5, -0.5], np.float32))
    np.testing.assert_array_equal(last["glimpse"], second["glimpse"])
    assert not np.array_equal(first["location"], last["location"])


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_rows_stop_by_themselves(mode: str) -> None:
    """Row i stops at its glimpse i + 1; a row that began anew counts its glimpses afresh."""
    env = gym.make_vec(MNIST, num_envs=3, num_glimpses=3, can_stop=True, glimpse_cost=0.5, autoreset_mode=mode)
    env.reset(seed=0)
    glimpses, over = np.ones(3, int), np.zeros(3, bool)
    for _ in range(12):
        stop = glimpses == [1, 2, 4]
        action = {"location": np.zeros((3, 2), np.float32), "action": np.zeros(3, int), "stop": stop.astype(int)}
        _, reward, terminated, _, info = env.step(action)
        expected = ~over & (stop | (glimpses == 3))
        np.testing.assert_array_equal(terminated, expected)
        np.testing.assert_array_equal(reward == -0.5, ~expected & ~over)
        told = info["final_info"]["is_success"] if mode == "SameStep" and expected.any() else info["is_success"]
        np.testing.assert_array_equal(told, reward == 1)
        ended = terminated if mode == "SameStep" else over
        glimpses = np.where(ended, 1, glimpses + ~terminated)
        over = terminated if mode == "NextStep" else over


def test_a_saccade_costs_by_its_length() -> None:
    kwargs = {"num_glimpses": 4, "initial_location": "center", "saccade_cost": 0.5, "glimpse_cost": 0.125}
    env = gym.make(MNIST, **kwargs)
    _, info = env.reset(seed=0)
    places = [(0.75, -1.0), (0.75, -1.0), (-0.25, -1.0), (1.0, 1.0)]  # the last is not looked at
    rewards = [env.step(act(info["label"], *place))[1] for place in places]
    assert rewards == [-0.125 - 0.5 * 1.25, -0.125, -0.125 - 0.5, 1.0]


def test_a_relative_saccade_costs_by_the_reaches_that_the_eye_moves() -> None:
    env = gym.make(MNIST, num_glimpses=6, initial_location="center", saccade="relative", saccade_cost=1.0)
    env.reset(seed=0)  # the reach is 4 pixels, and the edge 14 from the middle
    rewards = [env.step(act(0, x, 0.0))[1] for x in (0.5, 1, 1, 1, 1)]
    assert rewards == pytest.approx([-0.25, -1, -1, -1, -0.25], abs=1e-4)


def test_rows_pay_for_their_own_saccades() -> None:
    env = gym.make_vec(MNIST, num_envs=2, num_glimpses=3, initial_location="center", saccade_cost=0.5)
    env.reset(seed=0)
    where = np.array([[0, 1], [0.25, 0]], np.float32)
    for expected in ([-0.5, -0.125], [0.0, 0.0]):
        _, reward, *_ = env.step({"location": where, "action": np.zeros(2, int)})
        np.testing.assert_allclose(reward, expected)


def test_a_saccade_costs_in_scenes_of_several_digits() -> None:
    kwargs = {"glimpses_per_object": 2, "initial_location": "center", "saccade_cost": 0.5}
    env = gym.make("ram_envs/GlimpseMNIST-Pairs-v0", **kwargs)
    _, info = env.reset(seed=0)
    rewards = []
    for x in (0.5, 0.0, 1.0, 0.0):
        _, reward, _, _, info = env.step(act(info["label"], x, 0.0))
        rewards.append(reward)
    assert rewards == [-0.25, 1 - 0.25, -0.5, 1.0]


def test_a_cost_may_be_had_without_stopping() -> None:
    env = gym.make(MNIST, num_glimpses=2, glimpse_cost=1)
    _, info = env.reset(seed=0)
    assert set(env.action_space) == {"location", "action"}
    assert [env.step(act(info["label"]))[1] for _ in range(2)] == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"can_stop": 1}, "can_stop is 1"),
        ({"glimpse_cost": -0.1}, r"glimpse_cost is -0\.1; it must be from 0 to 1e\+300"),
        ({"glimpse_cost": float("inf")}, "glimpse_cost is inf; it must be from 0 to"),
        ({"glimpse_cost": float("nan")}, "glimpse_cost is nan"),
        ({"glimpse_cost": "0.1"}, r"glimpse_cost is '0\.1'"),
        ({"glimpse_cost": True}, "glimpse_cost is True"),
        ({"saccade_cost": -1}, r"saccade_cost is -1; it must be from 0 to 1e\+300"),
    ],
)
def test_impossible_stopping_is_refused(arguments: dict, named: str) -> None:
    with pytest.raises((ValueError, TypeError), match=named):
        gym.make(MNIST, **arguments)


def test_digits_of_another_size() -> None:
    for size in (14, 40):
        env = gym.make(MNIST, split="test", digit_size=size, patch_size=size, initial_location="center")
        observation, _ = env.reset(options={"index": 7})
        assert env.unwrapped.task.image_shape == (size, size)
        digit = resize(load_mnist("test").images[7:8], size)[0]
        np.testing.assert_array_equal(np.rint(observation["glimpse"][0] * 255), digit)
    cluttered = gym.make("ram_envs/GlimpseMNIST-Cluttered-v0", split="test", digit_size=14).unwrapped.task
    assert cluttered.image_shape == (60, 60)
    assert cluttered.distractor_images.shape == (55_000, 14, 14)
    for arguments, named in (
        ({"digit_size": 0}, "digit_size is 0"),
        ({"digit_size": 14.0}, r"digit_size is 14\.0"),
        ({"digit_size": 64, "canvas_size": 60}, "60x60 pixels is smaller than the images of 64x64"),
    ):
        with pytest.raises((ValueError, TypeError), match=named):
            gym.make(MNIST, **arguments)


def test_only_training_scenes_are_shifted():
    images = np.zeros((1, 5, 5), np.uint8)
    images[0, 2, 2] = 255
    dataset = make_dataset(images, np.zeros(1, int))
    rows = np.arange(200)
    draws = np.random.default_rng(0).random((200, 2 + 1 + 2))

    def places(split: str) -> set[tuple[int, int]]:
        task = Classification(dataset, batch_size=200, split=split, max_shift=1, patch_size=2, distractor_size=1)
        task.begin(rows, draws, None)
        return {(int(i), int(j)) for _, i, j in np.argwhere(task.scenes(rows))}

    assert places("train") == {(i, j) for i in (1, 2, 3) for j in (1, 2, 3)}
    assert places("test") == places("validation") == {(2, 2)}


def test_the_periphery_is_the_whole_scene_at_a_low_resolution() -> None:
    env = gym.make_vec("ram_envs/GlimpseMNIST-Translated-v0", num_envs=4, periphery=(6, 10), num_glimpses=2)
    assert env.single_observation_space["periphery"] == gym.spaces.Box(0, 1, (6, 10), np.float32)
    observation, _ = env.reset(seed=0)
    scenes = np.stack([env.unwrapped.view(row).scene for row in range(4)])
    blocks = scenes.reshape(4, 6, 10, 10, 6).mean((2, 4)) / 255
    np.testing.assert_allclose(observation["periphery"], blocks, atol=1e-6)
    action = {"location": np.zeros((4, 2), np.float32), "action": np.zeros(4, np.int64)}
    np.testing.assert_array_equal(env.step(action)[0]["periphery"], observation["periphery"])
    with pytest.raises(ValueError, match="periphery of 61x61 is larger than the image of 60x60"):
        gym.make("ram_envs/GlimpseMNIST-Translated-v0", periphery=61)
