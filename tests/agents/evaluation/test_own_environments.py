"""Environments that declare little or nothing: agents train on them, keep checkpoints, and are evaluated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from ram_agents import Config, Reinforce
from ram_agents.agent.envs import Spaces, declared
from ram_agents.commands.train import Train, train
from ram_agents.evaluation.evaluate import evaluate, evaluation_env, follow, scene_indices, validation_errors
from toy_env import PeekVectorEnv

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16}
MNIST = "ram_envs/GlimpseMNIST-v0"
SEEDS: list[int | None] = []
"""What the toys were reset with."""


class Watched(PeekVectorEnv):
    """Takes no more arguments than it needs, and remembers the seeds."""

    def __init__(self, num_envs: int, labels: bool = True) -> None:
        super().__init__(num_envs, labels=labels, autoreset_mode=AutoresetMode.NEXT_STEP)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        SEEDS.append(seed)
        return super().reset(seed=seed, options=options)


class Single(gym.Env):
    """The same game, one episode at a time."""

    def __init__(self, labels: bool = True) -> None:
        self.rows = PeekVectorEnv(1, labels=labels)
        self.observation_space = self.rows.single_observation_space
        self.action_space = self.rows.single_action_space

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        SEEDS.append(seed)
        super().reset(seed=seed)
        observation, info = self.rows.reset(seed=seed)
        return {key: value[0] for key, value in observation.items()}, {key: value[0] for key, value in info.items()}

    def step(self, action: dict[str, Any]):
        observation, reward, terminated, _, info = self.rows.step({key: np.array([a]) for key, a in action.items()})
        first = {key: value[0] for key, value in info.items()}
        return {key: value[0] for key, value in observation.items()}, reward[0], bool(terminated[0]), False, first


@pytest.fixture(params=["vector", "single"])
def own(request) -> Iterator[str]:
    """The id of a user's own environment, which declares nothing."""
    if request.param == "vector":
        gym.register("own/Peek-v0", vector_entry_point=Watched)
    else:
        gym.register("own/Peek-v0", entry_point=Single)
    SEEDS.clear()
    yield "own/Peek-v0"
    del gym.registry["own/Peek-v0"]


@pytest.mark.parametrize("labels", [True, False])
def test_an_own_environment_is_trained_and_evaluated(own: str, labels: bool, tmp_path: Path) -> None:
    options = {"env_kwargs": {"labels": labels}, "num_envs": 8, "total_episodes": 8, "validation_scenes": 40}
    agent = train(Train(env_id=own, out=tmp_path, progress_bar=False, threads=1, **options, **SMALL))
    assert agent.hybrid is labels
    assert (tmp_path / "best.safetensors").exists()
    lines = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert [len(line["validation_errors"]) for line in lines] == [3 if labels else 1]
    agent = Reinforce.load(tmp_path / "best.safetensors")
    result = evaluate(agent, split="test", episodes=40, paths=1)
    assert result.episodes == 40
    assert (result.averaged is not None) is labels
    assert scene_indices(evaluation_env(agent, "validation"), "validation") == 2_000


def test_validation_and_test_are_episodes_of_different_seeds(own: str) -> None:
    agent = Reinforce(own, num_envs=4, **SMALL)
    found = {}
    for split in ("train", "validation", "test"):
        env = evaluation_env(agent, split, num_envs=50)
        SEEDS.clear()
        found[split] = evaluate(agent, env, split=split, episodes=50, paths=0, seed=3)
        seeds = [seed for seed in SEEDS if seed is not None]
        assert seeds[0] == 3 + {"train": 2_000_000, "validation": 1_000_000, "test": 0}[split]
    assert not np.array_equal(found["test"].confusion, found["validation"].confusion)
    assert not np.array_equal(found["test"].confusion, found["train"].confusion)
    with pytest.raises(ValueError, match="not 'tset'"):
        evaluate(agent, env, split="tset")


def test_validation_errors_are_of_the_validation(own: str) -> None:
    agent = Reinforce(own, num_envs=4, validation_scenes=150, **SMALL)
    env = evaluation_env(agent, "validation", num_envs=50)
    same = evaluate(agent, evaluation_env(agent, "validation", num_envs=50), split="validation", episodes=150, paths=0)
    assert validation_errors(agent, env) == same.mean.tolist()


@pytest.mark.parametrize(("split", "count"), [("train", 55_000), ("validation", 5_000), ("test", 10_000)])
def test_agents_that_learned_from_the_reward_alone_are_measured_on_the_split(split: str, count: int) -> None:
    trained = Reinforce(MNIST, hybrid=False, env_kwargs={"num_glimpses": 2}, num_envs=4, **SMALL)
    # As other libraries' agents are: made from spaces, with an id and no split among the arguments.
    spaces = Spaces(trained.spaces.observation, trained.spaces.action)
    brought = Reinforce(spaces, Config(env_id=MNIST, env_kwargs={"num_glimpses": 2}, hybrid=False, **SMALL))
    for agent in (trained, brought):
        assert not agent.hybrid
        env = evaluation_env(agent, split, num_envs=20)
        assert declared(env).num_scenes == count
        np.testing.assert_array_equal(scene_indices(env, split), np.arange(count))


def test_an_agent_of_the_reward_alone_is_validated_on_held_out_images(tmp_path: Path) -> None:
    options = {"env_kwargs": {"num_glimpses": 2}, "num_envs": 8, "total_episodes": 8, "checkpoint_every": 1}
    agent = train(Train(hybrid=False, out=tmp_path, progress_bar=False, threads=1, **options, **SMALL))
    env = evaluation_env(agent, "validation")
    expected = evaluate(agent, env, split="validation", paths=0)
    assert expected.episodes == 5_000
    assert agent.validation_error == pytest.approx(expected.mean[-1], abs=1e-6)


def test_numbered_scenes_without_splits_are_in_every_split() -> None:
    env = PeekVectorEnv(3)
    env.num_scenes = 4  # type: ignore[attr-defined]
    agent = Reinforce(PeekVectorEnv(3), **SMALL)
    for split in ("validation", "test"):
        np.testing.assert_array_equal(scene_indices(env, split), np.arange(4))
    np.testing.assert_array_equal(scene_indices(env, "test", 2), np.arange(2))
    paths = follow(agent, env, scene_indices(env, "test"), look="mean", sample_action=False)
    np.testing.assert_array_equal(paths.label, np.arange(4) % 2)  # a peek's digit is its scene's number modulo 2
