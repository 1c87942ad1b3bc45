"""The contract for bad input: every environment refuses it by name, and goes on as if it had not come."""

from __future__ import annotations

import copy
import gc
import re
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import Case, actions_for, assert_same
from gymnasium.error import ResetNeeded


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


def bad_actions(space: gym.spaces.Dict, *rows: int) -> list[tuple[Any, str]]:
    """Actions that are not in a space whose arrays begin with `rows`, and what the error must name."""
    n = int(np.max(space["action"].n if not rows else space["action"].nvec))
    good = {"location": np.zeros((*rows, 2), np.float32), "action": np.zeros(rows, np.int64)}
    stopping = []
    if "stop" in space.spaces:
        stopping = [
            (dict(good), "can_stop"),
            ({**good, "stop": np.full(rows, 2)}, "2.*0 or 1"),
            ({**good, "stop": np.full(rows, 0.5)}, r"0\.5.*0 or 1"),
            ({**good, "stop": np.zeros((*rows, 1), int)}, "shape"),
        ]
        good["stop"] = np.zeros(rows, np.int64)

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
        *stopping,
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


BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"reset_mask": np.array([True, False])}, r"\(2,\)"),
    ({"reset_mask": np.array([1, 0, 0])}, "int"),
    ({"reset_mask": np.zeros(3, bool)}, "reset_mask"),
    ({"indices": np.array([1, 2])}, "3"),
    ({"indices": np.array([0.5, 1, 2])}, r"0\.5"),
    ({"indices": np.array([1, 2, -1])}, "-1"),
    ({"index": 3}, "index"),
    ({"mask": np.ones(3, bool)}, "mask"),
]


def test_bad_options_are_refused_and_change_nothing(case: Case) -> None:
    env = case.make_vec(3)
    env.reset(seed=0)
    untouched = copy.deepcopy(env)
    actions = actions_for(env)
    for options, named in BAD_OPTIONS:
        with pytest.raises((ValueError, TypeError, IndexError), match=named):
            env.reset(options=options)
        action = next(actions)
        assert_same(env.step(action), untouched.step(action), str(options))


def is_refused(seed: Any) -> bool:
    """Whether Gymnasium's own environments refuse a seed."""
    try:
        gym.Env().reset(seed=seed)
    except gym.error.Error:
        return True
    return False


def test_seeds_follow_gymnasiums_rule_for_single_environments(case: Case) -> None:
    """A vector environment takes and refuses, alone and in a list, what `gymnasium.Env.reset` does."""
    single, native = case.make().unwrapped, case.make_vec(3)
    seeds = [2.5, "3", -1, np.int64(3), np.float32(1), [1], True, 0, 2**70]
    refused, taken = ([seed for seed in seeds if is_refused(seed) is which] for which in (True, False))
    assert refused
    assert taken
    for env in (single, native):
        env.reset(seed=0)
        untouched = copy.deepcopy(env)
        for seed in refused:
            for given in (seed,) if env is single else (seed, [0, 5, seed]):
                if env is single or not (isinstance(given, list) and given == [1]):  # a list of one is a list
                    with pytest.raises(gym.error.Error, match=re.escape(f"seed {seed!r}")):
                        env.reset(seed=given)
        assert_same(env.reset(), untouched.reset())
        for seed in taken:
            env.reset(seed=seed)
            assert env.np_random_seed == (seed if env is single else tuple(seed + row for row in range(3)))
    for seed in taken:
        native.reset(seed=[0, 5, seed])
        assert native.np_random_seed == (0, 5, seed)


def test_a_refused_option_does_not_seed(case: Case) -> None:
    for env in (case.make().unwrapped, case.make_vec(3)):
        env.reset(seed=0)
        untouched = copy.deepcopy(env)
        with pytest.raises(ValueError, match="colour"):
            env.reset(seed=9, options={"colour": 3})
        assert_same(env.reset(), untouched.reset())
