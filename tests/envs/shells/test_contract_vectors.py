"""The contract of vector environments: equal to single ones and to Gymnasium's, rows independent of each other."""

from __future__ import annotations

import copy

import gymnasium as gym
import numpy as np
import pytest
from conftest import Case, actions_for, assert_same, vector_trajectory
from gymnasium.vector import AutoresetMode

MODES = ["NextStep", "SameStep", "Disabled"]


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
    late, steps = (30, 70) if case.is_catch else (13, 35)
    for step in range(steps):
        action = next(actions)
        if step in (0, 3, late):  # rows that began later end later
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
    gaze = case.make_vec(8, repeats=4).reset(seed=0)[1]["gaze"]
    assert len(np.unique(gaze, axis=0)) == (1 if case.starts_at_center else 8)
    assert np.abs(gaze).max() <= 1


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
