"""The form of an action that `gym.make(id, action=...)` chooses: the same as the wrapper of that name makes."""

from __future__ import annotations

import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import CASES, Case, actions_for, assert_same, strict_checker, trajectory, vector_trajectory
from gymnasium.utils.env_checker import check_env

from ram_envs import wrappers
from ram_envs.shells.action_forms import NAMES

MNIST = "ram_envs/GlimpseMNIST-v0"
WRAPPERS = {
    "flat": (wrappers.FlatAction, wrappers.VectorFlatAction),
    "grid": (wrappers.GridAction, wrappers.VectorGridAction),
    "discrete": (wrappers.DiscreteAction, wrappers.VectorDiscreteAction),
}
each_form = pytest.mark.parametrize("form", WRAPPERS)
each_case = pytest.mark.parametrize("case", [Case(name) for name in CASES], ids=repr)


@each_case
@each_form
def test_the_argument_does_what_the_wrapper_does(case: Case, form: str) -> None:
    single, vector = WRAPPERS[form]
    sizes: list[dict[str, Any]] = [{}] if form == "flat" else [{}, {"columns": 4, "rows": 3}]
    for size in sizes:
        given = {"grid_size": (4, 3)} if size else {}
        ours, theirs = case.make(action=form, **given), single(case.make(), **size)
        assert ours.action_space == theirs.action_space
        assert_same(trajectory(ours, episodes=1), trajectory(theirs, episodes=1))
        envs = case.make_vec(3, action=form, **given), vector(case.make_vec(3), **size)
        assert envs[0].single_action_space == envs[1].single_action_space
        assert envs[0].action_space == envs[1].action_space
        assert_same(vector_trajectory(envs[0], steps=8), vector_trajectory(envs[1], steps=8))


@each_case
def test_dict_is_the_default(case: Case) -> None:
    assert_same(trajectory(case.make(action="dict")), trajectory(case.make()))
    assert case.make().action_space == case.make(action="dict").action_space


@each_form
def test_they_equal_gymnasiums_own_vector_of_single_ones(form: str) -> None:
    native = gym.make_vec(MNIST, num_envs=3, action=form)
    sync = gym.make_vec(MNIST, num_envs=3, vectorization_mode="sync", action=form)
    assert native.action_space == sync.action_space
    assert_same(vector_trajectory(native, steps=20), vector_trajectory(sync, steps=20))


@each_form
@each_case
def test_gymnasiums_checker_has_nothing_to_say(case: Case, form: str) -> None:
    with strict_checker(case):
        check_env(case.make(action=form).unwrapped, skip_render_check=True)


@each_form
def test_their_specs_make_them_again_and_copies_go_on(form: str) -> None:
    sizes = {} if form == "flat" else {"grid_size": 5}
    single, vector = gym.make(MNIST, action=form, **sizes), gym.make_vec(MNIST, num_envs=2, action=form, **sizes)
    assert single.spec is not None
    again = gym.make(gym.envs.registration.EnvSpec.from_json(single.spec.to_json()))
    assert again.action_space == single.action_space
    assert_same(trajectory(again), trajectory(single))
    assert gym.make_vec(vector.spec).single_action_space == vector.single_action_space
    for env in (single, vector):
        env.reset(seed=0)
        action = next(actions_for(env))
        twin = pickle.loads(pickle.dumps(env))
        assert_same(twin.step(action), env.step(action))


def test_the_location_of_a_dict_action_may_have_another_name() -> None:
    """For libraries that keep observations and actions in one dictionary, where two "location" would be one."""
    env, plain = gym.make(MNIST, action_location_key="look"), gym.make(MNIST)
    assert env.action_space == gym.spaces.Dict(look=gym.spaces.Box(-1, 1, (2,)), action=gym.spaces.Discrete(10))
    observation, _ = env.reset(seed=0)
    plain.reset(seed=0)
    first, action = observation["location"].copy(), {"look": np.float32([0.5, -0.25]), "action": 3}
    kept = {**observation, **action}  # one dictionary of a step, as TorchRL's
    results = env.step({key: kept[key] for key in env.action_space})
    assert_same(results, plain.step({"location": action["look"], "action": 3}))
    assert kept["location"].tolist() == first.tolist()
    assert results[0]["location"].tolist() == [0.5, -0.25]
    with pytest.raises(KeyError, match="look"):
        env.step({"location": np.zeros(2), "action": 3})
    vector = gym.make_vec(MNIST, num_envs=2, can_stop=True, action_location_key="look")
    vector.reset(seed=0)
    assert set(vector.single_action_space) == {"look", "action", "stop"}
    vector.step(vector.action_space.sample())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"action": "box"}, "'box'.*'dict', 'flat', 'grid', 'discrete'"),
        ({"action": None}, "None"),
        ({"action": "grid", "grid_size": 0}, "columns is 0"),
        ({"action": "grid", "grid_size": (4, 2.5)}, r"rows is 2\.5"),
        ({"action": "discrete", "grid_size": (4, 2, 3)}, r"\(4, 2, 3\)"),
        ({"action": "discrete", "grid_size": "7"}, "'7'"),
        ({"action": "flat", "grid_size": 7}, "7.*flat.*no grid"),
        ({"grid_size": 7}, "7.*dict.*no grid"),
        ({"action": "flat", "action_location_key": "look"}, "look.*flat.*no keys"),
        ({"action_location_key": "action"}, "'action'"),
        ({"action_location_key": 3}, "3"),
    ],
)
def test_impossible_forms_are_refused(arguments: dict[str, Any], named: str) -> None:
    for make in (gym.make, gym.make_vec):
        with pytest.raises(ValueError, match=named):
            make(MNIST, **arguments)


@pytest.mark.parametrize(
    ("form", "space", "going_on", "stopping"),
    [
        ("flat", None, [0.5, -0.5, *[0] * 7, 1, 0, 0, 0.5], [0.5, -0.5, *[0] * 7, 1, 0, 0, 0.6]),
        ("grid", gym.spaces.MultiDiscrete([4, 2, 10, 2]), [3, 0, 7, 0], [3, 0, 7, 1]),
        ("discrete", gym.spaces.Discrete(160), (0 * 4 + 3) * 10 + 7, 80 + (0 * 4 + 3) * 10 + 7),
    ],
)
def test_stopping_has_its_place_in_each_form(form: str, space: Any, going_on: Any, stopping: Any) -> None:
    """Both actions look at the same place and say 7; the second ends the episode."""
    sizes = {} if form == "flat" else {"grid_size": (4, 2)}
    arguments = {"can_stop": True, "glimpse_cost": 0.25, "action": form, **sizes}
    env, envs = gym.make(MNIST, **arguments), gym.make_vec(MNIST, num_envs=2, **arguments)
    if space is None:
        low = np.float32([-1] * 12 + [0])
        space = gym.spaces.Box(low, 1, dtype=np.float32)
    assert env.action_space == space
    env.reset(seed=0)
    dtype = np.float32 if form == "flat" else np.int64
    observation, reward, terminated, *_ = env.step(np.array(going_on, dtype))
    assert (reward, terminated) == (-0.25, False)
    np.testing.assert_allclose(observation["location"], [0.5, -0.5] if form == "flat" else [0.75, -0.5])
    *_, terminated, _, info = env.step(np.array(stopping, dtype))
    assert (terminated, info["prediction"]) == (True, 7)
    envs.reset(seed=0)
    _, reward, terminated, *_ = envs.step(np.array([stopping, going_on], dtype))
    assert terminated.tolist() == [True, False]
    assert reward[1] == -0.25


def test_who_can_stop_has_to_say_it_in_a_dict() -> None:
    env = gym.make(MNIST, can_stop=True)
    env.reset(seed=0)
    with pytest.raises(KeyError, match="can_stop=True asks for"):
        env.step({"location": np.zeros(2, np.float32), "action": 0})


@each_form
def test_a_refused_action_changes_nothing(form: str) -> None:
    for env in (gym.make(MNIST, action=form).unwrapped, gym.make_vec(MNIST, num_envs=2, action=form)):
        env.reset(seed=0)
        twin = pickle.loads(pickle.dumps(env))
        for bad in ({"location": np.zeros(2), "action": 0}, None, "up", np.full(env.action_space.shape, 1000)):
            with pytest.raises((ValueError, TypeError), match=r"action|location"):
                env.step(bad)
        action = next(actions_for(env))
        assert_same(env.step(action), twin.step(action))


def test_all_forms_are_tested() -> None:
    assert set(NAMES) == {"dict", *WRAPPERS}
