"""What the environments declare of themselves, as docs/architecture.md lists it."""

from __future__ import annotations

import math

import gymnasium as gym
import numpy as np
import pytest
from conftest import Case
from gymnasium.envs.registration import load_env_creator

SPLITS = ("train", "validation", "test")


def test_splits_are_known_before_anything_is_made(case: Case) -> None:
    spec = gym.spec(case.id)
    expected = () if case.is_catch or case.stays_inside else SPLITS
    assert load_env_creator(spec.entry_point).splits == expected
    assert load_env_creator(spec.vector_entry_point).splits == expected
    for split in expected:
        assert case.make(split=split).unwrapped.num_scenes >= 1


def test_single_and_vector_environments_declare_the_same(case: Case) -> None:
    single, vector = case.make().unwrapped, case.make_vec(3)
    for name in ("splits", "num_scenes", "num_labels", "scene_shape", "target_name"):
        assert getattr(single, name) == getattr(vector, name)
    single.reset(seed=0)
    vector.reset(seed=0)
    assert single.view(0).scene.shape == vector.view(2).scene.shape == single.scene_shape
    assert vector.targets().shape == (3, 4)
    np.testing.assert_array_equal(single.targets(), vector.targets()[:1])
    np.testing.assert_array_equal(single.view(0).scene, vector.view(0).scene)
    assert single.view(0, np.array([0.5])).probabilities == 0.5


def test_scenes_are_numbered_up_to_num_scenes(case: Case) -> None:
    env = case.make()
    if case.is_catch:
        assert env.unwrapped.num_scenes == math.inf
        last = 2**40
    else:
        last = env.unwrapped.num_scenes - 1
    assert env.reset(options={"index": last})[1]["index"] == last


def test_labels_are_told_where_they_are_declared(case: Case) -> None:
    env = case.make()
    labels = {env.reset(seed=seed)[1].get("label") for seed in range(40)}
    assert env.unwrapped.num_labels == (0 if case.is_catch else env.action_space["action"].n)
    assert labels == {None} if case.is_catch else labels <= set(range(env.unwrapped.num_labels))


def test_labels_are_counted() -> None:
    images = np.zeros((5, 9, 9), np.uint8)
    own = gym.make("ram_envs/GlimpseImages-v0", images=images, labels=[0, 2, 2, 2, 0], num_classes=4)
    np.testing.assert_array_equal(own.unwrapped.label_counts, [2, 0, 3, 0])
    assert gym.make("ram_envs/Catch-v0").unwrapped.label_counts is None


def test_the_names_of_the_targets() -> None:
    names = {id: load_env_creator(gym.spec(f"ram_envs/{id}-v0").entry_point) for id in ("GlimpseMNIST", "Catch")}
    assert [gym.make(f"ram_envs/{id}-v0").unwrapped.target_name for id in names] == ["the digit", "the ball"]
    own = gym.make("ram_envs/GlimpseImages-v0", images=np.zeros((1, 9, 9), np.uint8), labels=[0])
    assert own.unwrapped.target_name == "the image"


def test_looking_at_a_place_brings_the_gaze_as_near_as_one_step_can(case: Case) -> None:
    if case.kwargs.get("num_glimpses", 6) < 3 or case.stays_inside:
        return  # nothing is looked at, or once; or tests/envs/tasks/test_shapes.py says how near
    env, generator = case.make_vec(6), np.random.default_rng(0)
    height, width = env.scene_shape[:2]
    glimpse = env.single_observation_space["glimpse"].shape
    limit = glimpse[1] * 2 ** (glimpse[0] - 1) / np.array([width, height]) if case.is_relative else 2
    _, info = env.reset(seed=0)
    for _ in range(2):
        places = generator.uniform(-1, 1, (6, 2))
        expected = info["gaze"] + np.clip(places - info["gaze"], -limit, limit)
        actions = {name: np.zeros_like(value) for name, value in env.action_space.sample().items()}
        *_, info = env.step(actions | {"location": env.look_at(places)})
        np.testing.assert_allclose(info["gaze"], expected, rtol=0, atol=1e-5)
    single = case.make().unwrapped
    single.reset(seed=0)
    assert single.look_at(np.zeros((1, 2))).shape == (1, 2)
    with pytest.raises(ValueError, match=r"1\.5"):
        single.look_at([[0, 1.5]])
    with pytest.raises(ValueError, match="shape"):
        single.look_at([0, 0.5])
