"""What agents learn of an environment beyond Gymnasium's interface, and how they make one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from ram_agents import Config, Reinforce
from ram_agents.agent.envs import Declared, adopt, declared, find_splits, import_module_of, in_split, make_env
from toy_env import PeekVectorEnv

from ram_envs.wrappers import FlatAction, VectorFlatAction

MNIST, CATCH = "ram_envs/GlimpseMNIST-v0", "ram_envs/Catch-v0"


class Splitting(PeekVectorEnv):
    """Declares two splits on its class; cannot be made."""

    splits = ("train", "dev")

    def __init__(self, **kwargs: Any) -> None:
        raise AssertionError("it is too expensive to make")


class Asked(PeekVectorEnv):
    """Tells its splits only once it is made."""

    @property
    def splits(self) -> tuple[str, ...]:
        return ("train", "dev")


def make_asked(num_envs: int = 1) -> VectorFlatAction:
    return VectorFlatAction(Asked(num_envs))


@pytest.fixture
def register() -> Iterator[Any]:
    """Registers a toy's entry point, of vectors or of single ones, and forgets it afterwards; returns the id."""
    ids = []

    def register(creator: Any, *, kind: str = "vector_entry_point") -> str:
        ids.append(f"toys/Toy{len(ids)}-v0")
        gym.register(ids[-1], **{kind: creator})
        return ids[-1]

    yield register
    for id in ids:
        del gym.registry[id]


def test_an_environment_that_declares_nothing() -> None:
    env = PeekVectorEnv(4)
    del env.repeats
    assert declared(env) == Declared() == Declared((), 0, 1, None, None, None, "the target", *[None] * 5)


def test_declarations_are_found_through_wrappers() -> None:
    single, vector = FlatAction(gym.make(CATCH)), VectorFlatAction(gym.make_vec(CATCH, num_envs=6, repeats=3))
    for env, repeats in ((single, 1), (vector, 3)):
        found = declared(env)
        assert (found.splits, found.num_scenes, found.repeats) == ((), math.inf, repeats)
        assert (found.scene_shape, found.target_name) == ((24, 24), "the ball")
        env.reset(seed=0)
        assert found.targets is not None
        assert found.targets().shape == (env.unwrapped.task.batch_size, 4)
        assert found.view is not None
        assert found.view(0).scene.shape == (24, 24)


def test_gymnasiums_vector_of_single_environments_declares_what_they_do() -> None:
    env = gym.make_vec(MNIST, num_envs=3, vectorization_mode="sync", split="test", canvas_size=40)
    native = gym.make_vec(MNIST, num_envs=3, split="test", canvas_size=40)
    env.reset(seed=0)
    native.reset(seed=0)
    found, expected = declared(env), declared(native)
    assert found[:1] + found[2:5] == expected[:1] + expected[2:5]
    assert (found.num_scenes, expected.num_scenes) == (0, 10_000)  # one option of its reset goes to all rows
    np.testing.assert_array_equal(found.targets(), expected.targets())  # type: ignore[misc]
    for row in range(3):
        one, other = found.view(row, np.ones(10)), expected.view(row, np.ones(10))  # type: ignore[misc]
        np.testing.assert_array_equal(one.scene, other.scene)
        np.testing.assert_array_equal(one.probabilities, other.probabilities)
    assert declared(gym.make_vec("CartPole-v1", 2, vectorization_mode="sync")) == Declared()


def test_a_wrappers_own_declaration_comes_first() -> None:
    env = VectorFlatAction(gym.make_vec(CATCH, num_envs=2))
    env.num_scenes = 5  # type: ignore[attr-defined]
    assert declared(env).num_scenes == 5


def test_splits_are_found_without_making_an_environment(register) -> None:
    assert find_splits(MNIST, {"no such argument": 1}) == ("train", "validation", "test")
    assert find_splits(CATCH, {"no such argument": 1}) == ()
    assert find_splits(register(Splitting), {}) == ("train", "dev")
    assert find_splits(register(PeekVectorEnv), {"no such argument": 1}) == ()


def test_who_tells_its_splits_late_is_asked(register) -> None:
    assert find_splits(register(Asked), {}) == ("train", "dev")
    assert find_splits(register(make_asked), {}) == ("train", "dev")
    single = register(lambda: gym.make(MNIST), kind="entry_point")
    assert find_splits(single, {}) == ("train", "validation", "test")


def test_the_arguments_of_a_split(register) -> None:
    assert in_split(MNIST, {"num_glimpses": 3, "split": "train"}, "test") == {"num_glimpses": 3, "split": "test"}
    assert in_split(CATCH, {"width": 30}, "test") == {"width": 30}
    peek = register(PeekVectorEnv)
    assert in_split(peek, {}, "test") == {}
    assert in_split(peek, {"split": "train"}, "test") == {"split": "test"}  # who was given one takes one
    with pytest.raises(ValueError, match="has no split 'test'; it has 'train', 'dev'"):
        in_split(register(Splitting), {}, "test")


def test_a_vector_environment_gets_no_argument_that_it_does_not_take(register) -> None:
    class Plain(PeekVectorEnv):
        def __init__(self, num_envs: int) -> None:
            super().__init__(num_envs, autoreset_mode=AutoresetMode.SAME_STEP)

    env = make_env(Config(env_id=register(Plain), num_envs=3))
    assert (env.num_envs, env.metadata["autoreset_mode"]) == (3, AutoresetMode.SAME_STEP)
    config = Config(env_id=MNIST, num_envs=6, repeats=3, env_kwargs={"num_glimpses": 2})
    native = make_env(config, split="validation")
    assert native.metadata["autoreset_mode"] is AutoresetMode.DISABLED
    assert (declared(native).repeats, declared(native).num_scenes) == (3, 5_000)
    assert adopt(Config(), native) == config.replace(env_kwargs={"num_glimpses": 2, "split": "validation"})
    single = register(lambda: gym.make(MNIST), kind="entry_point")
    assert make_env(Config(env_id=single, num_envs=2)).metadata["autoreset_mode"] is AutoresetMode.DISABLED
    with pytest.raises(ValueError, match=f"{single} can't repeat scenes"):
        make_env(Config(env_id=single, num_envs=2, repeats=2))


def test_a_mistyped_id_is_told_with_those_that_there_are() -> None:
    with pytest.raises(
        gym.error.UnregisteredEnv, match=f"there is no environment 'ram_envs/Ctch-v0' .*{CATCH}, .*{MNIST}"
    ):
        make_env(Config(env_id="ram_envs/Ctch-v0"))


def test_an_environment_without_glimpses_is_told_what_gives_it_some() -> None:
    with pytest.raises(ValueError, match=r"RAM needs the observation space .* ram_envs\.wrappers\.FoveatedObservation"):
        Reinforce("CartPole-v1", num_envs=2)


def test_an_id_keeps_its_module() -> None:
    env = make_env(Config(env_id=f"ram_envs:{CATCH}", num_envs=2))
    assert adopt(Config(env_id=f"ram_envs:{CATCH}"), env).env_id == f"ram_envs:{CATCH}"
    assert adopt(Config(), env).env_id == CATCH
    assert find_splits(f"ram_envs:{MNIST}", {}) == ("train", "validation", "test")
    with pytest.raises(ImportError, match="no_module_here can't be found: install it, or put its folder on PYTHONPATH"):
        import_module_of("no_module_here:Mine-v0")
