"""The wrappers, single and for vectors: spaces, what an action becomes, labels at every turn, bad input."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import CASES, Case, arrays_in, assert_same
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from ram_envs.wrappers import (
    DiscreteAction,
    FlatAction,
    GridAction,
    LabelObservation,
    VectorDiscreteAction,
    VectorFlatAction,
    VectorGridAction,
    VectorLabelObservation,
)

MNIST = "ram_envs/GlimpseMNIST-v0"
PAIRS = [
    (FlatAction, VectorFlatAction),
    (GridAction, VectorGridAction),
    (DiscreteAction, VectorDiscreteAction),
    (LabelObservation, VectorLabelObservation),
]
LABELLED = ("GlimpseMNIST-v0-test", "GlimpseImages-v0", "GlimpseImages-v0-colour")


def stopping(action: Any, kind: type, n: int) -> tuple[Any, Any]:
    """Actions (B, ...) of a wrapper around an environment that can be stopped: without that, and who stops."""
    if kind is DiscreteAction:
        return action % (49 * n), action // (49 * n)
    return action[:, :-1], (action[:, -1] > 0.5).astype(int)


def plain(action: Any, kind: type, n: int) -> dict[str, Any]:
    """What a wrapper's actions (B, ...) mean, worked out one at a time."""
    if kind is FlatAction:
        choices = [max(range(n), key=lambda i, row=row: (row[2 + i], -i)) for row in action]
        return {"location": action[:, :2], "action": np.array(choices)}
    if kind is GridAction:
        centres = [
            (np.float64(column + 0.5) / 7 * 2 - 1, np.float64(row + 0.5) / 7 * 2 - 1) for column, row, _ in action
        ]
        return {"location": np.array(centres, np.float32), "action": action[:, 2]}
    return plain(np.array([(number // n % 7, number // n // 7, number % n) for number in action]), GridAction, n)


@pytest.mark.parametrize("kinds", PAIRS[:3])
@pytest.mark.parametrize("name", CASES)
def test_actions_mean_what_they_say(name: str, kinds: tuple[type, type]) -> None:
    case = Case(name)
    single, vector = kinds
    wrapped, bare = vector(case.make_vec(4)), case.make_vec(4)
    assert_same(wrapped.reset(seed=1), bare.reset(seed=1))
    wrapped.action_space.seed(0)
    n = int(bare.single_action_space["action"].n)
    for _ in range(30):
        action = rest = wrapped.action_space.sample()
        stop = {}
        if case.can_stop:
            rest, stop["stop"] = stopping(action, single, n)
        assert_same(wrapped.step(action), bare.step(plain(rest, single, n) | stop))


@pytest.mark.parametrize("kinds", PAIRS)
@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_vectors_equal_wrapped_single_environments(kinds: tuple[type, type], mode: str) -> None:
    single, vector = kinds
    for name in LABELLED:
        case = Case(name)
        ours = vector(case.make_vec(3, autoreset_mode=mode))
        theirs = gym.vector.SyncVectorEnv([lambda case=case: single(case.make())] * 3, autoreset_mode=mode)
        assert ours.observation_space == theirs.observation_space
        assert ours.action_space == theirs.action_space
        assert ours.single_observation_space == theirs.single_observation_space
        assert ours.single_action_space == theirs.single_action_space
        assert_same(ours.reset(seed=2), theirs.reset(seed=2))
        ours.action_space.seed(0)
        for step in range(20):
            if step in (1, 7):
                mask = np.array([True, False, False])
                assert_same(*(env.reset(options={"reset_mask": mask.copy()}) for env in (ours, theirs)))
            action = ours.action_space.sample()
            result = ours.step(action)
            assert_same(result, theirs.step(copy.deepcopy(action)))
            assert result[0] in ours.observation_space
            over = result[2]
            if mode == "Disabled" and over.any():
                assert_same(*(env.reset(options={"reset_mask": over.copy()}) for env in (ours, theirs)))


@pytest.mark.parametrize("kind", [single for single, _ in PAIRS])
def test_gymnasiums_checker_has_nothing_to_say(kind: type) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*is different from the unwrapped version")  # it is a wrapper
        check_env(kind(gym.make(MNIST)), skip_render_check=True)


@pytest.mark.parametrize("kind", [single for single, _ in PAIRS])
def test_a_wrapped_environment_can_be_made_from_its_spec(kind: type) -> None:
    env = gym.make(kind(gym.make(MNIST)).spec)
    assert isinstance(env, kind)
    env.reset(seed=0)
    env.step(env.action_space.sample())


def test_spaces_after_wrapping() -> None:
    env, catch = gym.make(MNIST), gym.make("ram_envs/Catch-v0")
    assert FlatAction(env).action_space == gym.spaces.Box(-1, 1, (12,), np.float32)
    assert FlatAction(catch).action_space == gym.spaces.Box(-1, 1, (5,), np.float32)
    assert GridAction(env).action_space == gym.spaces.MultiDiscrete([7, 7, 10])
    assert GridAction(catch, columns=4, rows=3).action_space == gym.spaces.MultiDiscrete([4, 3, 3])
    assert DiscreteAction(env).action_space == gym.spaces.Discrete(490)
    assert DiscreteAction(catch, columns=4, rows=3).action_space == gym.spaces.Discrete(36)
    assert LabelObservation(env).observation_space["label"] == gym.spaces.Discrete(10)
    assert FlatAction(env).observation_space == env.observation_space
    assert LabelObservation(env).action_space == env.action_space


def test_a_flat_action_by_hand() -> None:
    env = FlatAction(gym.make(MNIST))
    _, info = env.reset(seed=0)
    scores = np.full(10, -0.5)
    scores[7] = -0.4
    observation, *_, info = env.step(np.array([0.25, -0.75, *scores], np.float32))
    assert observation["location"].tolist() == [0.25, -0.75]
    assert info["prediction"] == 7
    assert env.step(np.zeros(12))[-1]["prediction"] == 0, "the first of several"
    assert env.step([0, 0, *range(-100, 900, 100)])[-1]["prediction"] == 9, "scores beyond the Box"
    masked = np.full(12, -np.inf)
    masked[[0, 1, 5]] = 0
    assert env.step(masked)[-1]["prediction"] == 3, "minus infinity rules an action out"


def test_a_grid_action_by_hand() -> None:
    env = GridAction(gym.make(MNIST, num_glimpses=9), columns=4, rows=2)
    env.reset(seed=0)
    for column, row, location in [(0, 0, [-0.75, -0.5]), (3, 0, [0.75, -0.5]), (1, 1, [-0.25, 0.5])]:
        observation, *_, info = env.step(np.array([column, row, 6]))
        assert observation["location"].tolist() == location
        assert info["prediction"] == 6
    middle = GridAction(gym.make(MNIST), columns=3, rows=1)
    middle.reset(seed=0)
    assert middle.step([1, 0, 0])[0]["location"].tolist() == [0, 0]


def test_a_discrete_action_by_hand() -> None:
    """Columns go fastest after the actions: number 6 + 10 * (3 + 4 * 1) is action 6 at column 3 of row 1."""
    env = DiscreteAction(gym.make(MNIST, num_glimpses=9), columns=4, rows=2)
    env.reset(seed=0)
    expected = [(0, [-0.75, -0.5], 0), (39, [0.75, -0.5], 9), (76, [0.75, 0.5], 6), (17, [-0.25, -0.5], 7)]
    for number, location, answer in expected:
        observation, *_, info = env.step(number)
        assert observation["location"].tolist() == location
        assert info["prediction"] == answer


def test_the_label_is_the_infos_and_stays_for_rows_that_are_not_reset() -> None:
    env = VectorLabelObservation(gym.make_vec(MNIST, num_envs=6, split="test", autoreset_mode="Disabled"))
    observation, _ = env.reset(seed=0, options={"indices": np.arange(6)})
    assert observation["label"].tolist() == [7, 2, 1, 0, 4, 1]  # as MNIST's test labels begin
    mask = np.array([False, True, False, False, True, False])
    options = {"indices": np.full(6, 9), "reset_mask": mask}
    observation, _ = env.reset(options=options)
    assert observation["label"].tolist() == [7, 9, 1, 0, 9, 1]
    env.action_space.seed(0)
    assert env.step(env.action_space.sample())[0]["label"].tolist() == [7, 9, 1, 0, 9, 1]


def test_the_last_observation_holds_the_old_label_and_the_next_the_new() -> None:
    env = VectorLabelObservation(gym.make_vec(MNIST, num_envs=50, num_glimpses=1, autoreset_mode="SameStep"))
    before, _ = env.reset(seed=0)
    env.action_space.seed(0)
    after, *_, info = env.step(env.action_space.sample())
    assert [final["label"] for final in info["final_obs"]] == before["label"].tolist()
    assert (after["label"] == info["label"]).all()
    assert (after["label"] != before["label"]).any()


def test_labels_are_the_callers_to_spoil() -> None:
    env = VectorLabelObservation(gym.make_vec(MNIST, num_envs=4, autoreset_mode="Disabled"))
    first, info = env.reset(seed=0)
    kept = first["label"].copy()
    for array in [*arrays_in(first), *arrays_in(info)]:
        array.fill(0)
    again, _ = env.reset(options={"reset_mask": np.array([True, False, False, False])})
    assert again["label"][1:].tolist() == kept[1:].tolist()


@pytest.mark.parametrize(
    "order", [(VectorFlatAction, VectorLabelObservation), (VectorLabelObservation, VectorFlatAction)]
)
def test_they_combine_in_any_order(order: tuple[type, type]) -> None:
    env = order[1](order[0](gym.make_vec(MNIST, num_envs=3)))
    assert env.single_action_space.shape == (12,)
    assert env.single_observation_space["label"] == gym.spaces.Discrete(10)
    observation, _ = env.reset(seed=0)
    assert observation in env.observation_space
    env.action_space.seed(0)
    assert env.step(env.action_space.sample())[0] in env.observation_space
    single = {VectorFlatAction: FlatAction, VectorLabelObservation: LabelObservation}
    env = single[order[1]](single[order[0]](gym.make(MNIST)))
    assert env.action_space.shape == (12,)
    assert env.reset(seed=0)[0] in env.observation_space


@pytest.mark.parametrize("kinds", PAIRS)
def test_vectors_still_tell_their_autoreset_mode(kinds: tuple[type, type]) -> None:
    for mode in AutoresetMode:
        env = kinds[1](gym.make_vec(MNIST, num_envs=2, autoreset_mode=mode))
        assert env.autoreset_mode is mode
        assert env.metadata["autoreset_mode"] is mode


@pytest.mark.parametrize("kinds", PAIRS)
def test_a_copy_goes_on_identically(kinds: tuple[type, type]) -> None:
    for env in (kinds[0](gym.make(MNIST)), kinds[1](gym.make_vec(MNIST, num_envs=3))):
        env.reset(seed=0)
        twin = pickle.loads(pickle.dumps(env))
        env.action_space.seed(0)
        action = env.action_space.sample()
        assert_same(env.step(action), twin.step(action))


def bad_flat(rows: tuple[int, ...]) -> list[tuple[Any, str]]:
    def flat(index: int, value: float) -> np.ndarray:
        action = np.zeros((*rows, 12), np.float32)
        action[..., index] = value
        return action

    return [
        (flat(0, np.nan), "nan"),
        (flat(1, 1.5), r"1\.5"),
        (flat(0, np.inf), "inf"),
        (flat(5, np.nan), "nan"),
        (flat(0, 0)[..., :11], "11"),
        (np.zeros((*rows, 1, 12)), "1, 12"),
        ({"location": np.zeros((*rows, 2)), "action": 3}, "expected"),
        (None, "expected"),
    ]


def bad_grid(rows: tuple[int, ...]) -> list[tuple[Any, str]]:
    def grid(*action: float) -> np.ndarray:
        return np.broadcast_to(np.array(action), (*rows, len(action)))

    return [
        (grid(7, 0, 0), r"\[7, 0, 0\]"),
        (grid(0, 7, 0), r"\[0, 7, 0\]"),
        (grid(0, 0, 10), r"\[0, 0, 10\]"),
        (grid(-1, 0, 0), "-1"),
        (grid(0.5, 0, 0), "float"),
        (grid(0, 0), "2"),
        (None, "expected"),
    ]


def bad_discrete(rows: tuple[int, ...]) -> list[tuple[Any, str]]:
    return [
        (np.full(rows, 490), "490"),
        (np.full(rows, -1), "-1"),
        (np.full(rows, 0.5), "float"),
        (np.zeros((*rows, 1), int), "1"),
        (None, "expected"),
    ]


@pytest.mark.parametrize(("kinds", "bad"), [(PAIRS[0], bad_flat), (PAIRS[1], bad_grid), (PAIRS[2], bad_discrete)])
def test_bad_actions_are_refused(kinds: tuple[type, type], bad: Any) -> None:
    for env, rows in ((kinds[0](gym.make(MNIST)), ()), (kinds[1](gym.make_vec(MNIST, num_envs=3)), (3,))):
        env.reset(seed=0)
        for action, named in bad(rows):
            with pytest.raises((ValueError, TypeError), match=named):
                env.step(action)
        env.step(env.action_space.sample())


@pytest.mark.parametrize("arguments", [{"columns": 0}, {"rows": -2}, {"columns": 2.5}])
def test_an_impossible_grid_is_refused(arguments: dict[str, Any]) -> None:
    for make in (
        lambda: GridAction(gym.make(MNIST), **arguments),
        lambda: VectorGridAction(gym.make_vec(MNIST), **arguments),
        lambda: DiscreteAction(gym.make(MNIST), **arguments),
        lambda: VectorDiscreteAction(gym.make_vec(MNIST), **arguments),
    ):
        with pytest.raises(ValueError, match=f"{next(iter(arguments))} is {next(iter(arguments.values()))}"):
            make()


def test_other_environments_are_refused() -> None:
    for kinds in PAIRS:
        with pytest.raises(TypeError, match="space"):
            kinds[0](gym.make("CartPole-v1"))
        with pytest.raises(TypeError, match="space"):
            kinds[1](gym.make_vec("CartPole-v1", num_envs=2))


def test_labels_are_shown_where_one_can_stop() -> None:
    for env in (
        LabelObservation(gym.make(MNIST, can_stop=True)),
        VectorLabelObservation(gym.make_vec(MNIST, can_stop=True)),
    ):
        observation, info = env.reset(seed=0)
        assert observation["label"] == info["label"]


def test_an_environment_without_labels_is_refused_when_it_is_wrapped() -> None:
    with pytest.raises(TypeError, match=r"Catch.* no label"):
        LabelObservation(FlatAction(gym.make("ram_envs/Catch-v0")))
    with pytest.raises(TypeError, match=r"Catch.* no label"):
        VectorLabelObservation(VectorFlatAction(gym.make_vec("ram_envs/Catch-v0")))


def test_one_that_declares_nothing_is_refused_at_the_first_reset() -> None:
    class Mute(gym.Env):
        observation_space = gym.spaces.Dict(location=gym.spaces.Box(-1, 1, (2,)))
        action_space = gym.spaces.Dict(location=gym.spaces.Box(-1, 1, (2,)), action=gym.spaces.Discrete(3))

        def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict]:
            return {"location": np.zeros(2, np.float32)}, {"weather": 1}

    for env in (LabelObservation(Mute()), VectorLabelObservation(gym.vector.SyncVectorEnv([Mute]))):
        with pytest.raises(KeyError, match=r"weather.* no label"):
            env.reset()


def test_labels_beside_every_form_of_an_action() -> None:
    for action in ("dict", "flat", "grid", "discrete"):
        single, vector = gym.make(MNIST, action=action), gym.make_vec(MNIST, num_envs=2, action=action)
        for env in (LabelObservation(single), VectorLabelObservation(vector)):
            observation, info = env.reset(seed=0)
            assert np.array_equal(observation["label"], info["label"])
            assert observation in env.observation_space
    many = gym.make("ram_envs/GlimpseImages-v0", images=np.zeros((1, 9, 9), np.uint8), labels=[0], num_classes=5)
    assert LabelObservation(many).observation_space["label"] == gym.spaces.Discrete(5)
