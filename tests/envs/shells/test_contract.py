"""One contract for every environment: what a user of Gymnasium may rely on, whatever the task."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import IDS, Case, actions_for, arrays_in, assert_same, strict_checker, trajectory, vector_trajectory
from gymnasium.utils.env_checker import check_env

MODES = ["NextStep", "SameStep", "Disabled"]


# Making.


def test_all_are_registered_with_a_native_vector_environment() -> None:
    for id in IDS:
        spec = gym.spec(id)
        assert spec.entry_point is not None
        assert spec.vector_entry_point is not None
    assert gym.make("ram_envs:ram_envs/Catch-v0").spec.id == "ram_envs/Catch-v0"


def test_gymnasiums_checker_has_nothing_to_say(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")  # human rendering is checked too, on no display
    with strict_checker(case):
        env = case.make()
        check_env(env.unwrapped)
        env.close()


def test_an_environment_can_be_made_from_its_spec(case: Case) -> None:
    assert_same(trajectory(gym.make(case.make().spec)), trajectory(case.make()))
    native = case.make_vec(3)
    again = gym.make_vec(native.spec)
    assert again.num_envs == 3
    assert type(again) is type(native)


def test_spaces_are_plain_dicts_of_the_contract(case: Case) -> None:
    env = case.make()
    assert set(env.observation_space) == {"glimpse", "location"} | ({"periphery"} & set(case.kwargs))
    glimpse, location = env.observation_space["glimpse"], env.observation_space["location"]
    assert (glimpse.dtype, glimpse.low.min(), glimpse.high.max()) == (np.float32, 0, 1)
    assert glimpse.low.max() == 0
    assert glimpse.high.min() == 1
    bound = np.inf if case.is_relative else 1
    assert location == gym.spaces.Box(-bound, bound, (2,), np.float32)
    assert set(env.action_space) == {"location", "action"} | ({"stop"} if case.can_stop else set())
    assert env.action_space["location"] == gym.spaces.Box(-1, 1, (2,), np.float32)
    assert isinstance(env.action_space["action"], gym.spaces.Discrete)
    native, sync = case.make_vec(4), case.make_sync(4, "NextStep")
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(native, name) == getattr(sync, name), name


# What comes back.


def test_everything_returned_is_in_the_spaces(case: Case) -> None:
    env = case.make()
    for item in trajectory(env, episodes=3):
        assert item[0] in env.observation_space
    for mode in MODES:
        native = case.make_vec(5, autoreset_mode=mode)
        for item in vector_trajectory(native):
            assert item[0] in native.observation_space
            if len(item) == 5 and "final_obs" in item[4]:
                for final in item[4]["final_obs"]:
                    assert final is None or final in native.single_observation_space


def test_single_environments_return_python_scalars(case: Case) -> None:
    for item in trajectory(case.make().unwrapped):
        info = item[-1]
        if len(item) == 5:
            assert type(item[1]) is float
            assert type(item[2]) is bool
            assert type(item[3]) is bool
        for key, value in info.items():
            assert type(value) in (int, float, bool) or isinstance(value, np.ndarray), f"{key} is {type(value)}"
            assert not (isinstance(value, np.ndarray) and value.ndim == 0), key


def test_vector_environments_return_arrays_of_gymnasiums_types(case: Case) -> None:
    for item in vector_trajectory(case.make_vec(3)):
        if len(item) == 5:
            assert [(array.dtype, array.shape) for array in item[1:4]] == [(float, (3,)), (bool, (3,)), (bool, (3,))]


def test_success_is_told_at_the_end_alone(case: Case) -> None:
    location = np.zeros(2)
    for item in trajectory(case.make(), episodes=4):
        ended, cost = len(item) == 5 and item[2], case.arguments.get("glimpse_cost", 0.0)
        before, location = location, item[0]["location"]
        cost += case.arguments.get("saccade_cost", 0.0) * float(np.linalg.norm((location - before).astype(float)))
        if case.has_several_answers:
            assert item[-1]["is_success"] <= ended
            assert len(item) < 5 or item[1] in (0.0, 1.0, -cost, 1 - cost)
            continue
        assert item[-1]["is_success"] is (ended and item[1] == 1.0)
        if len(item) == 5 and not ended:
            assert item[1] == pytest.approx(-cost)


def test_infos_have_the_same_keys_types_and_shapes_at_every_turn(case: Case) -> None:
    """What recorders of episodes need, such as Minari's; before the first step there is no prediction, which is -1."""

    def form(info: dict[str, Any]) -> dict[str, Any]:
        return {key: (type(value), np.shape(value), getattr(value, "dtype", None)) for key, value in info.items()}

    own = {"ball", "paddle"} if case.is_catch else {"label", "prediction", "correct"}
    own |= {"labels", "answered"} if case.has_several_answers else set()
    told = [item[-1] for item in trajectory(case.make(), episodes=3)]
    assert set(told[0]) == own | {"gaze", "index", "is_success"}
    assert all(form(info) == form(told[0]) for info in told)
    if not case.is_catch:
        assert (told[0]["prediction"], told[0]["correct"]) == (-1, False)
    for mode in MODES:
        for item in vector_trajectory(case.make_vec(5, autoreset_mode=mode)):
            info = dict(item[-1])
            final = info.pop("final_info", None)
            if final is not None:
                ended = info.pop("_final_info")
                assert set(final) == set(told[0]) | {f"_{key}" for key in told[0]}
                assert all((final[f"_{key}"] == ended).all() for key in told[0])
                del info["final_obs"], info["_final_obs"]
            assert set(info) == set(told[0]) | {f"_{key}" for key in told[0]}
            assert len(item) == 2 or all(info[f"_{key}"].all() for key in told[0]), "a step tells of every row"


def test_gaze_is_the_absolute_place_in_both_modes(case: Case) -> None:
    """A location in units of the reach, or of the way of an eye whose patch stays inside, tells the same place."""
    env = case.make().unwrapped
    height, width = env.scene_shape[:2]
    glimpse = env.observation_space["glimpse"].shape
    reach = glimpse[1] * 2 ** (glimpse[0] - 1) / 2
    unit = np.array([width, height]) / 2 / reach if case.is_relative else 1
    if case.stays_inside:
        unit = np.array([width, height]) / (np.array([width, height]) - glimpse[1])
    for mode in (None, *MODES):
        played = vector_trajectory(case.make_vec(5, autoreset_mode=mode)) if mode else trajectory(env, episodes=3)
        for item in played:
            gaze, location = item[-1]["gaze"], item[0]["location"]
            assert (gaze.dtype, gaze.shape) == (np.float32, location.shape)
            told = item[-1]["_gaze"] if mode else ...
            assert np.abs(gaze).max() <= 1
            np.testing.assert_allclose(gaze[told] * unit, location[told], rtol=0, atol=1e-5)


def test_what_is_returned_is_the_callers_to_keep_and_to_spoil(case: Case) -> None:
    spoilt, kept = case.make().unwrapped, case.make().unwrapped
    vectors = [(case.make_vec(3, autoreset_mode=mode), case.make_vec(3, autoreset_mode=mode)) for mode in MODES[:2]]
    for one, other in [(spoilt, kept), *vectors]:
        actions = actions_for(one)
        assert_same(one.reset(seed=1), other.reset(seed=1))
        seen: list[np.ndarray] = []
        for _ in range(30):
            action = next(actions)
            results = one.step(copy.deepcopy(action)), other.step(action)
            assert_same(*results)
            over = np.any(results[0][2]) and one is spoilt
            arrays = arrays_in(results[0])
            for i, array in enumerate(arrays):
                assert not any(np.shares_memory(array, past) for past in seen[-60:] + arrays[:i])
            seen += arrays
            for array in [*arrays, *arrays_in(action)]:
                array.fill(None if array.dtype == object else 1)
            if over:
                assert_same(one.reset(), other.reset())


# Randomness.


def test_the_same_seed_gives_the_same_trajectory(case: Case) -> None:
    first = trajectory(case.make(), 3)
    assert_same(first, trajectory(case.make(), 3))
    env = case.make()
    trajectory(env, 99)
    assert_same(first, trajectory(env, 3))
    native = case.make_vec(4)
    first = vector_trajectory(native, 3)
    assert_same(first, vector_trajectory(native, 3))
    assert_same(first, vector_trajectory(case.make_vec(4), 3))


def test_another_seed_or_none_gives_another_trajectory(case: Case) -> None:
    def summary(env: gym.vector.VectorEnv, seed: int | None) -> list[float]:
        observation, info = env.reset(seed=seed)
        return [*observation["glimpse"].sum(axis=(1, 2, 3)).ravel(), *observation["location"].ravel(), *info["index"]]

    native = case.make_vec(16)
    outcomes = [summary(native, 1), summary(native, 2), summary(native, None), summary(case.make_vec(16), None)]
    assert len({tuple(outcome) for outcome in outcomes}) == 4


def test_consecutive_episodes_differ(case: Case) -> None:
    env = case.make()
    env.reset(seed=0)
    glimpses = {env.reset()[0]["glimpse"].tobytes() + env.reset()[0]["location"].tobytes() for _ in range(20)}
    assert len(glimpses) > 1


def test_global_random_state_is_neither_read_nor_written(case: Case) -> None:
    np.random.seed(0)  # noqa: NPY002
    first = trajectory(case.make())
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert_same(first, trajectory(case.make()))
    np.random.seed(0)  # noqa: NPY002
    assert state == np.random.get_state()[1].tolist()  # noqa: NPY002


# Keeping and moving.


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_goes_on_identically(case: Case, duplicate: Any) -> None:
    fewer = {"split": "validation"} if "MNIST" in case.id and "split" not in case.kwargs else {}  # for the pickles
    for env in (case.make(**fewer), case.make_vec(3, **fewer), case.make_vec(3, autoreset_mode="SameStep", **fewer)):
        env.reset(seed=0)
        actions = actions_for(env)
        env.step(next(actions))
        if isinstance(env, gym.Env):
            env.reset()
        twin = duplicate(env)
        for _ in range(40):
            action = next(actions)
            results = env.step(action), twin.step(action)
            assert_same(*results)
            if isinstance(env, gym.Env) and results[0][2]:
                assert_same(env.reset(), twin.reset())


def test_closing_twice_is_allowed(case: Case) -> None:
    for env in (case.make(), case.make_vec(2)):
        env.reset(seed=0)
        env.close()
        env.close()


def test_gymnasiums_vector_statistics_understand_them(case: Case) -> None:
    env = gym.wrappers.vector.RecordEpisodeStatistics(case.make_vec(3))
    env.reset(seed=0)
    actions = actions_for(env)
    returns: list[float] = []
    totals = np.zeros(3)
    for _ in range(60):
        _, reward, terminated, _, info = env.step(next(actions))
        totals += reward
        if terminated.any():
            returns += totals[terminated].tolist()
            np.testing.assert_array_equal(info["episode"]["r"][terminated], totals[terminated])
            totals[terminated] = 0
    assert list(env.return_queue) == returns
    assert len(returns) >= 3
