"""One contract for every environment: what a user of Gymnasium may rely on, whatever the task."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import IDS, Case, arrays_in, assert_same
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

MODES = ["NextStep", "SameStep", "Disabled"]


def actions_for(env: Any, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Random actions, the same for every environment with the same action space and seed."""
    space = copy.deepcopy(env.action_space)
    space.seed(seed)
    while True:
        yield space.sample()


def trajectory(env: gym.Env, seed: int | None = 0, *, episodes: int = 2) -> list[Any]:
    """Everything that an environment returns in some episodes, copied."""
    actions = actions_for(env)
    result: list[Any] = []
    for episode in range(episodes):
        result.append(copy.deepcopy(env.reset(seed=seed if episode == 0 else None)))
        over = False
        while not over:
            step = env.step(next(actions))
            over = step[2] or step[3]
            result.append(copy.deepcopy(step))
    return result


def vector_trajectory(env: gym.vector.VectorEnv, seed: int | None = 0, *, steps: int = 60) -> list[Any]:
    """Everything that a vector environment returns in some steps, copied; resets by mask where nothing else does."""
    actions = actions_for(env)
    result = [copy.deepcopy(env.reset(seed=seed))]
    for _ in range(steps):
        step = env.step(next(actions))
        result.append(copy.deepcopy(step))
        over = step[2] | step[3]
        if env.metadata["autoreset_mode"] == AutoresetMode.DISABLED and over.any():
            result.append(copy.deepcopy(env.reset(options={"reset_mask": over})))
    return result


# Making.


def test_all_six_are_registered_with_a_native_vector_environment() -> None:
    for id in IDS:
        spec = gym.spec(id)
        assert spec.entry_point is not None
        assert spec.vector_entry_point is not None
    assert gym.make("ram_envs:ram_envs/Catch-v0").spec.id == "ram_envs/Catch-v0"


def test_gymnasiums_checker_has_nothing_to_say(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")  # human rendering is checked too, on no display
    with warnings.catch_warnings():
        warnings.simplefilter("error")
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
    assert set(env.observation_space) == {"glimpse", "location"}
    glimpse, location = env.observation_space["glimpse"], env.observation_space["location"]
    assert (glimpse.dtype, glimpse.low.min(), glimpse.high.max()) == (np.float32, 0, 1)
    assert glimpse.low.max() == 0
    assert glimpse.high.min() == 1
    assert location == gym.spaces.Box(-1, 1, (2,), np.float32)
    assert set(env.action_space) == {"location", "action"}
    assert env.action_space["location"] == gym.spaces.Box(-1, 1, (2,), np.float32)
    assert isinstance(env.action_space["action"], gym.spaces.Discrete)
    native, sync = case.make_vec(4), case.make_sync(4, "NextStep")
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(native, name) == getattr(sync, name), name


@pytest.mark.filterwarnings("ignore:.*not in the possible render_modes")  # Gymnasium warns before we refuse
@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")  # what could not be made is closed
def test_an_unknown_argument_is_refused_by_name(case: Case) -> None:
    for make in (case.make, lambda **kwargs: case.make_vec(2, **kwargs)):
        with pytest.raises(TypeError, match="colour_blind"):
            make(colour_blind=True)
        with pytest.raises(ValueError, match="ascii"):
            make(render_mode="ascii")
    gc.collect()


@pytest.mark.parametrize("arguments", [{"num_envs": 0}, {"repeats": 3}, {"repeats": 0}, {"autoreset_mode": "Never"}])
def test_an_impossible_vector_is_refused_by_value(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(arguments.values())))):
        gym.make_vec("ram_envs/Catch-v0", **({"num_envs": 4} | arguments))


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
    for item in trajectory(case.make(), episodes=4):
        ended = len(item) == 5 and item[2]
        assert ("is_success" in item[-1]) is ended
        if ended:
            assert item[-1]["is_success"] is (item[1] == 1.0)
        elif len(item) == 5:
            assert item[1] == 0.0


def test_what_is_returned_is_the_callers_to_keep_and_to_spoil(case: Case) -> None:
    spoilt, kept = case.make().unwrapped, case.make().unwrapped
    vectors = [(case.make_vec(3, autoreset_mode=mode), case.make_vec(3, autoreset_mode=mode)) for mode in MODES[:2]]
    for one, other in [(spoilt, kept), *vectors]:
        actions = actions_for(one)
        assert_same(one.reset(seed=1), other.reset(seed=1))
        seen: list[np.ndarray] = []
        for _ in range(50):
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


# Vectors against single environments.


def test_rows_play_what_single_environments_play(case: Case) -> None:
    native = case.make_vec(3, autoreset_mode="Disabled")
    observation, _ = native.reset(seed=20)
    singles = [case.make() for _ in range(3)]
    rows = [single.reset(seed=20 + i)[0] for i, single in enumerate(singles)]
    actions = actions_for(native)
    over = False
    while not over:
        for i, row in enumerate(rows):
            assert_same({key: value[i] for key, value in observation.items()}, row)
        action = next(actions)
        observation, reward, terminated, _, info = native.step(action)
        for i, single in enumerate(singles):
            rows[i], one, ended, _, told = single.step({key: value[i] for key, value in action.items()})
            assert (one, ended) == (reward[i], terminated[i])
            for key, value in told.items():
                assert info[f"_{key}"][i]
                np.testing.assert_array_equal(info[key][i], value)
        over = terminated.any()


@pytest.mark.parametrize("mode", MODES)
def test_everything_equals_gymnasiums_sync_vector_environment(case: Case, mode: str) -> None:
    native, sync = case.make_vec(5, autoreset_mode=mode), case.make_sync(5, mode)
    for step, (ours, theirs) in enumerate(zip(vector_trajectory(native, 11), vector_trajectory(sync, 11), strict=True)):
        assert_same(ours, theirs, f"step {step}")
    assert native.autoreset_mode is AutoresetMode(mode)
    assert native.metadata["autoreset_mode"] is AutoresetMode(mode)
    assert native.np_random_seed == sync.np_random_seed


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_autoreset_equals_sync_when_rows_end_at_different_times(case: Case, mode: str) -> None:
    native, sync = case.make_vec(4, autoreset_mode=mode), case.make_sync(4, mode)
    for env in (native, sync):
        env.reset(seed=5)
    actions = actions_for(native)
    for step in range(70):
        action = next(actions)
        if step in (0, 3, 30):  # rows that began later end later
            mask = np.array([step == 0, step == 3, True, False])
            ours, theirs = (env.reset(options={"reset_mask": mask.copy()}) for env in (native, sync))
            assert_same(ours, theirs, f"reset at step {step}")
        assert_same(native.step(copy.deepcopy(action)), sync.step(action), f"step {step}")


def test_seeds_may_be_a_list_and_a_row_without_one_goes_on(case: Case) -> None:
    native, sync = case.make_vec(3), case.make_sync(3, "NextStep")
    for seed in (8, [5, 5, 7], [None, 5, None], 8):
        assert_same(native.reset(seed=seed), sync.reset(seed=seed))
    with pytest.raises(ValueError, match="2"):
        native.reset(seed=[1, 2])


def test_the_enum_and_its_value_mean_the_same() -> None:
    for mode in AutoresetMode:
        for given in (mode, mode.value):
            assert gym.make_vec("ram_envs/Catch-v0", autoreset_mode=given).autoreset_mode is mode
    other = gym.make_vec("ram_envs/Catch-v0")
    assert other.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP, "the default, as in Gymnasium"


@pytest.mark.parametrize("name", ["GlimpseMNIST-v0-test", "GlimpseImages-v0-colour", "Catch-v0-small"])
def test_asynchronous_environments_work(name: str) -> None:
    case = Case(name)  # processes are slow to start, so one of each kind of task
    make_async = gym.make_vec(case.id, 2, vectorization_mode="async", **case.kwargs)
    try:
        for ours, theirs in zip(
            vector_trajectory(case.make_vec(2), 4, steps=12), vector_trajectory(make_async, 4, steps=12), strict=True
        ):
            assert_same(ours, theirs)
    finally:
        make_async.close()


# Rows on their own.


def test_a_masked_reset_leaves_the_other_rows_alone(case: Case) -> None:
    env, untouched = case.make_vec(4, autoreset_mode="Disabled"), case.make_vec(4, autoreset_mode="Disabled")
    before = env.reset(seed=0)[0]
    untouched.reset(seed=0)
    mask = np.array([False, True, False, True])
    after, info = env.reset(options={"reset_mask": mask})
    for key in after:
        np.testing.assert_array_equal(after[key][~mask], before[key][~mask])
    assert all((info[key] == mask).all() for key in info if key.startswith("_"))
    assert "_index" in info
    action = next(actions_for(env))
    ours, theirs = env.step(action), untouched.step(action)
    for key in ours[0]:
        np.testing.assert_array_equal(ours[0][key][~mask], theirs[0][key][~mask])
    np.testing.assert_array_equal(ours[1][~mask], theirs[1][~mask])


def test_what_happens_in_one_row_never_changes_another(case: Case) -> None:
    for mode in ("NextStep", "SameStep"):
        one, other = case.make_vec(3, autoreset_mode=mode), case.make_vec(3, autoreset_mode=mode)
        one.reset(seed=0)
        other.reset(seed=0)
        actions = actions_for(one)
        for _ in range(60):
            action = next(actions)
            changed = copy.deepcopy(action)
            changed["location"][1] = -changed["location"][1]
            changed["action"][1] = 0
            ours, theirs = one.step(action), other.step(changed)
            for i in (0, 2):
                for key in ours[0]:
                    np.testing.assert_array_equal(ours[0][key][i], theirs[0][key][i])
                assert ours[1][i] == theirs[1][i]


def test_a_small_batch_is_the_beginning_of_a_large_one(case: Case) -> None:
    large, small = case.make_vec(7).reset(seed=3), case.make_vec(2).reset(seed=3)
    for key in small[0]:
        np.testing.assert_array_equal(large[0][key][:2], small[0][key])


def test_repeats_share_the_scene_and_nothing_else(case: Case) -> None:
    env = case.make_vec(12, repeats=4, autoreset_mode="SameStep")
    plain = case.make_vec(3, autoreset_mode="SameStep")
    observation, info = env.reset(seed=30)
    expected, told = plain.reset(seed=30)
    for step in range(60):
        groups = info["index"].reshape(3, 4)
        assert (groups == told["index"][:, None]).all(), step
        for name in ("label", "ball"):
            if name in info and f"final_{name}" not in info:
                values = info[name].reshape(3, 4, -1)
                assert (values == values[:, :1]).all(), (step, name)
        for key in expected:
            np.testing.assert_array_equal(observation[key][::4], expected[key], err_msg="the first row of each group")
        action = next(actions_for(plain, step))
        repeated = {key: np.repeat(value, 4, axis=0) for key, value in action.items()}
        observation, _, _, _, info = env.step(repeated)
        expected, _, _, _, told = plain.step(action)


def test_repeats_start_their_gaze_apart(case: Case) -> None:
    location = case.make_vec(8, repeats=4).reset(seed=0)[0]["location"]
    assert len(np.unique(location, axis=0)) == (1 if case.kwargs.get("initial_location") == "center" else 8)
    assert np.abs(location).max() <= 1


def test_an_index_for_each_row(case: Case) -> None:
    env = case.make_vec(4)
    _, info = env.reset(seed=0, options={"indices": np.array([3, 1, 4, 1])})
    assert info["index"].tolist() == [3, 1, 4, 1]
    mask = np.array([True, False, False, True])
    options = {"indices": np.array([7, 7, 7, 8]), "reset_mask": mask}
    _, info = env.reset(options=options)
    assert info["index"][mask].tolist() == [7, 8]
    assert info["_index"].tolist() == mask.tolist()
    assert set(options) == {"indices", "reset_mask"}, "the caller's options are left as they are"
    single = case.make()
    assert single.reset(options={"index": 7})[1]["index"] == 7


# Bad input.


def bad_actions(space: gym.spaces.Dict, *rows: int) -> list[tuple[Any, str]]:
    """Actions that are not in a space whose arrays begin with `rows`, and what the error must name."""
    n = int(np.max(space["action"].n if not rows else space["action"].nvec))
    good = {"location": np.zeros((*rows, 2), np.float32), "action": np.zeros(rows, np.int64)}

    def with_last(key: str, value: float) -> dict[str, Any]:
        array = good[key].astype(float if key == "location" else int)
        array[..., -1:] = value
        return {**good, key: array}

    return [
        (with_last("location", np.nan), "nan"),
        (with_last("location", np.inf), "inf"),
        (with_last("location", 1.5), r"1\.5"),
        (with_last("location", -2), "-2"),
        (with_last("action", n) if rows else {**good, "action": n}, str(n)),
        (with_last("action", -1) if rows else {**good, "action": -1}, "-1"),
        ({**good, "action": np.full(rows, 0.5)}, r"0\.5|float"),
        ({**good, "location": np.zeros((*rows, 3), np.float32)}, "3"),
        ({**good, "location": np.zeros((*rows, 1), np.float32)}, "1"),
        ({"location": good["location"]}, "action"),
        ({"action": good["action"]}, "location"),
        (np.zeros(3), "location"),
        (None, "location"),
        (4, "location"),
    ]


def test_a_bad_action_is_refused_and_changes_nothing(case: Case) -> None:
    single, native = case.make().unwrapped, case.make_vec(3)
    for env, rows in ((single, ()), (native, (3,))):
        env.reset(seed=0)
        untouched = copy.deepcopy(env)
        for action, named in bad_actions(env.action_space, *rows):
            with pytest.raises((ValueError, TypeError, KeyError), match=named):
                env.step(action)
        action = next(actions_for(env))
        assert_same(env.step(action), untouched.step(action))


def test_a_wrong_batch_is_refused(case: Case) -> None:
    env = case.make_vec(3)
    env.reset(seed=0)
    for locations, answers in ((2, 3), (3, 2), (4, 4), (1, 1)):
        with pytest.raises(ValueError, match=str(locations if locations != 3 else answers)):
            env.step({"location": np.zeros((locations, 2), np.float32), "action": np.zeros(answers, np.int64)})


def test_stepping_before_reset_is_refused(case: Case) -> None:
    for env in (case.make().unwrapped, case.make(), case.make_vec(2)):
        with pytest.raises(ResetNeeded, match="reset"):
            env.step(env.action_space.sample())
    partly = case.make_vec(2)
    partly.reset(seed=0, options={"reset_mask": np.array([True, False])})
    with pytest.raises(ResetNeeded, match="reset"):
        partly.step(partly.action_space.sample())
    partly.reset(options={"reset_mask": np.array([False, True])})
    partly.step(partly.action_space.sample())


def test_stepping_after_the_end_is_refused_until_reset(case: Case) -> None:
    for env in (case.make().unwrapped, case.make_vec(2, autoreset_mode="Disabled")):
        env.reset(seed=0)
        actions = actions_for(env)
        while not np.any(env.step(next(actions))[2]):
            pass
        for _ in range(2):
            with pytest.raises(ResetNeeded, match=r"(?s)(?=.*end)(?=.*reset)"):
                env.step(next(actions))
        env.reset()
        env.step(next(actions))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"reset_mask": np.array([True, False])}, r"\(2,\)"),
        ({"reset_mask": np.array([1, 0, 0])}, "int"),
        ({"reset_mask": np.zeros(3, bool)}, "reset_mask"),
        ({"indices": np.array([1, 2])}, "3"),
        ({"indices": np.array([0.5, 1, 2])}, r"0\.5"),
        ({"indices": np.array([1, 2, -1])}, "-1"),
        ({"index": 3}, "index"),
        ({"mask": np.ones(3, bool)}, "mask"),
    ],
)
def test_bad_options_are_refused_and_change_nothing(case: Case, options: dict[str, Any], named: str) -> None:
    env = case.make_vec(3)
    env.reset(seed=0)
    untouched = copy.deepcopy(env)
    with pytest.raises((ValueError, TypeError, IndexError), match=named):
        env.reset(options=options)
    action = next(actions_for(env))
    assert_same(env.step(action), untouched.step(action))


# Keeping and moving.


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_goes_on_identically(case: Case, duplicate: Any) -> None:
    for env in (case.make(), case.make_vec(3), case.make_vec(3, autoreset_mode="SameStep")):
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
    rewards: list[float] = []
    for _ in range(60):
        _, reward, terminated, _, info = env.step(next(actions))
        if terminated.any():
            rewards += reward[terminated].tolist()
            np.testing.assert_array_equal(info["episode"]["r"][terminated], reward[terminated])
    assert list(env.return_queue) == rewards
    assert len(rewards) >= 3
