"""What an environment tells of how it was made, also if its arguments are arrays."""

from __future__ import annotations

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from conftest import Case, assert_same, own_images, own_labels, trajectory
from gymnasium.envs.registration import EnvSpec

OWN = "ram_envs/GlimpseImages-v0"
ARRAYS = {"images": own_images(9, 9), "labels": own_labels()}


def test_arrays_are_no_json_and_the_remedy_is_a_file(tmp_path) -> None:
    labelled = pytest.raises(TypeError, match=rf"{OWN} was made with arrays as images, labels; save .*npz")
    for env in (gym.make(OWN, **ARRAYS), gym.make_vec(OWN, num_envs=2, **ARRAYS)):
        with labelled:
            env.spec.to_json()
    path = tmp_path / "mine.npz"
    np.savez(path, **ARRAYS)
    env = gym.make(OWN, images=str(path), hold_out=False)
    assert_same(trajectory(gym.make(EnvSpec.from_json(env.spec.to_json()))), trajectory(env))
    assert_same(trajectory(gym.make(OWN, **ARRAYS)), trajectory(env))


def test_everything_else_about_a_spec_of_arrays_works(case: Case) -> None:
    env = case.make()
    for spec in (env.spec, copy.deepcopy(env.spec), pickle.loads(pickle.dumps(env.spec))):
        assert isinstance(spec, EnvSpec)
        assert case.id in spec.pprint(disable_print=True)
        assert_same(trajectory(gym.make(spec)), trajectory(env))
        assert spec.kwargs.keys() >= case.kwargs.keys()


def test_specs_without_arrays_are_gymnasiums_own(case: Case) -> None:
    if "images" not in case.kwargs:
        spec = case.make().spec
        assert type(spec) is EnvSpec
        assert EnvSpec.from_json(spec.to_json()) == spec
