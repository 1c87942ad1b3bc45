"""Gymnasium's vector environments as Stable-Baselines3's: the same episodes as its own DummyVecEnv, and its API."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sb3_contrib", reason="Stable-Baselines3 is an extra")

import gymnasium as gym
from conftest import Case, assert_same
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from ram_agents.sb3 import SB3VecEnv, make_vec_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecMonitor

from ram_envs.wrappers import FlatAction, LabelObservation, VectorFlatAction, VectorGridAction, VectorLabelObservation

ID = "ram_envs/GlimpseMNIST-v0"
SHORT = {"num_glimpses": 3}


def native(num_envs: int = 4, *, id: str = ID, **kwargs: Any) -> SB3VecEnv:
    arguments = (SHORT if "MNIST" in id else {}) | kwargs
    return SB3VecEnv(VectorFlatAction(gym.make_vec(id, num_envs=num_envs, autoreset_mode="SameStep", **arguments)))


def flat_actions(env: VecEnv, steps: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, (env.num_envs, *env.action_space.shape)).astype(np.float32) for _ in range(steps)]


def sorted_keys(infos: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [dict(sorted(info.items())) for info in infos]


def plain(infos: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Infos without the episode statistics, whose time differs from run to run."""
    return [{key: value for key, value in info.items() if key != "episode"} for info in infos]


def test_it_plays_what_dummy_vec_env_plays(case: Case) -> None:
    """Observations, rewards, dones, infos, terminal observations and reset infos, over several episodes."""
    if case.can_stop:
        pytest.skip("Stable-Baselines3 takes flat actions only, which have no place for stop")
    labelled = not case.is_catch
    single = [lambda: FlatAction(case.make()), lambda: LabelObservation(FlatAction(case.make()))][labelled]
    dummy = DummyVecEnv([single] * 3)
    vector = VectorFlatAction(case.make_vec(3, autoreset_mode="SameStep"))
    ours = SB3VecEnv(VectorLabelObservation(vector) if labelled else vector)
    assert ours.observation_space == dummy.observation_space
    assert ours.action_space == dummy.action_space
    # A VecEnv's rows are seeded with consecutive seeds, and every episode of a row goes on with its generator.
    assert list(ours.seed(11)) == list(dummy.seed(11))
    assert_same(dict(ours.reset()), dict(dummy.reset()))
    assert_same(ours.reset_infos, dummy.reset_infos)
    ends = 0
    for actions in flat_actions(ours, 50):
        observations, rewards, dones, infos = ours.step(actions)
        expected = dummy.step(actions)
        assert_same((dict(observations), rewards, dones), (dict(expected[0]), *expected[1:3]))
        assert_same(sorted_keys(infos), sorted_keys(expected[3]))
        assert_same(ours.reset_infos, dummy.reset_infos)
        ends += dones.sum()
    assert ends >= 3


class Countdown(gym.Env):
    """Counts from 0 upwards; terminates at `last`, unless a time limit comes first."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (1,))
    action_space = gym.spaces.Box(-1, 1, (1,))

    def __init__(self, last: int) -> None:
        self.last = last

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        return np.zeros(1, np.float32), {"begun": True}

    def step(self, action):
        self.count += 1
        return np.full(1, self.count, np.float32), 1.0, self.count >= self.last, False, {"count": self.count}


def test_time_limits_and_episodes_of_unequal_length() -> None:
    """Any vector environment in same-step mode, also one of another package; truncation is told from termination."""
    makers = [lambda last=last: TimeLimit(Countdown(last), 4) for last in (2, 9, 4)]
    ours = SB3VecEnv(SyncVectorEnv(makers, autoreset_mode=AutoresetMode.SAME_STEP))
    dummy = DummyVecEnv(makers)
    assert_same(ours.reset(), dummy.reset())
    truncated = []
    for actions in flat_actions(ours, 9):
        observations, rewards, dones, infos = ours.step(actions)
        expected = dummy.step(actions)
        assert_same((observations, rewards, dones), expected[:3])
        assert_same(sorted_keys(infos), sorted_keys(expected[3]))
        truncated.append([info["TimeLimit.truncated"] for info in infos])
    assert np.array(truncated).sum(0).tolist() == [0, 2, 0]
    assert infos[1]["TimeLimit.truncated"] is False


def test_vec_monitor_tells_return_and_length(tmp_path) -> None:
    env = make_vec_env(ID, n_envs=3, seed=0, env_kwargs=SHORT, monitor_dir=str(tmp_path))
    assert isinstance(env, VecMonitor)
    env.reset()
    for step, actions in enumerate(flat_actions(env, 6)):
        _, rewards, _, infos = env.step(actions)
        for reward, info in zip(rewards, infos, strict=True):
            if step % 3 == 2:
                assert (info["episode"]["r"], info["episode"]["l"]) == (reward, 3)
            else:
                assert "episode" not in info
            assert info["is_success"] is bool(reward)
    env.close()
    assert len((tmp_path / "monitor.csv").read_text().splitlines()) == 2 + 6


def test_what_is_returned_is_not_written_to_later() -> None:
    env = native()
    env.reset()
    first = env.step(flat_actions(env, 1)[0])
    kept = [{key: value.copy() for key, value in first[0].items()}, first[1].copy(), first[2].copy()]
    kept_infos = [dict(info) for info in first[3]]
    for actions in flat_actions(env, 5, seed=1):
        env.step(actions)
    assert_same(list(first[:3]), kept)
    assert_same(first[3], kept_infos)


def test_seeds_are_used_once() -> None:
    env = native()
    env.seed(5)
    first, second = env.reset()["location"], env.reset()["location"]
    assert (first != second).any()
    env.seed(5)
    np.testing.assert_array_equal(env.reset()["location"], first)


def test_options_choose_the_scenes_once() -> None:
    env = native(3)
    env.set_options([{"index": 7}, {"index": 8}, {"index": 9}])
    env.reset()
    assert [info["index"] for info in env.reset_infos] == [7, 8, 9]
    env.set_options({"index": 4})
    env.reset()
    assert [info["index"] for info in env.reset_infos] == [4, 4, 4]
    env.seed(0)
    env.reset()
    assert [info["index"] for info in env.reset_infos] != [4, 4, 4]
    env.set_options([{"index": 7}, {}, {"speed": 9}])
    with pytest.raises(ValueError, match="index"):
        env.reset()


def test_attributes_and_methods() -> None:
    env = native(3, render_mode="rgb_array")
    assert env.get_attr("render_mode") == ["rgb_array"] * 3
    assert env.render_mode == "rgb_array"
    assert env.get_attr("num_envs", indices=1) == [3]
    assert len(env.get_attr("task", indices=[0, 2])) == 2
    assert env.has_attr("task")
    assert not env.has_attr("no_such_thing")
    probabilities = np.full((3, 10), 0.1)
    env.set_attr("probabilities", probabilities)
    assert env.env.unwrapped.probabilities is probabilities
    assert env.get_attr("probabilities", 0)[0] is probabilities
    with pytest.raises(ValueError, match="leave rows out"):
        env.set_attr("probabilities", None, indices=[1])
    with pytest.raises(AttributeError):
        env.env_method("no_such_thing")
    with pytest.raises(ValueError, match="reset"):
        env.env_method("reset")
    env.reset()
    frames = env.env_method("render", indices=[2, 0])
    everyone = env.get_images()
    np.testing.assert_array_equal(frames[0], everyone[2])
    np.testing.assert_array_equal(frames[1], everyone[0])
    height, width, _ = everyone[0].shape
    assert env.render().shape == (2 * height, 2 * width, 3)
    env.close()


def test_wrappers_are_told() -> None:
    env = native(2)
    assert env.env_is_wrapped(VectorFlatAction) == [True, True]
    assert env.env_is_wrapped(VectorLabelObservation, indices=0) == [False]


def test_the_grid_action_too() -> None:
    vector = gym.make_vec("ram_envs/Catch-v0", num_envs=2, autoreset_mode="SameStep")
    env = SB3VecEnv(VectorGridAction(vector, columns=5, rows=4))
    env.reset()
    observations, *_ = env.step(np.array([[0, 0, 1], [4, 3, 2]]))
    np.testing.assert_allclose(observations["location"], [[-0.8, -0.75], [0.8, 0.75]], atol=1e-6)


@pytest.mark.parametrize("mode", ["NextStep", "Disabled"])
def test_other_autoreset_modes_are_refused_with_the_remedy(mode: str) -> None:
    env = VectorFlatAction(gym.make_vec(ID, num_envs=2, autoreset_mode=mode))
    with pytest.raises(ValueError, match=rf"{mode}.*autoreset_mode=\"SameStep\""):
        SB3VecEnv(env)


def test_make_vec_env_shows_labels_on_demand() -> None:
    assert "label" not in make_vec_env(ID, n_envs=2).observation_space.spaces
    env = make_vec_env(ID, n_envs=2, seed=3, label=True, env_kwargs=SHORT)
    observation = env.reset()
    assert [info["label"] for info in env.unwrapped.reset_infos] == observation["label"].tolist()
