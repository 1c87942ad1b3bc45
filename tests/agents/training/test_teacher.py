"""A teacher that sees whole scenes, and an agent that learns from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from ram_agents import Config, Reinforce
from ram_agents.agent import checkpoint
from ram_agents.agent.envs import make_env
from ram_agents.evaluation.estimate import TAUGHT, estimate
from ram_agents.training.teacher import Teacher, whole_scenes
from shared_runs import together
from toy_env import PeekVectorEnv

ID = "ram_envs/GlimpseMNIST-v0"
SMALL: dict[str, Any] = {"glimpse_size": 16, "location_size": 16, "hidden_size": 32, "num_envs": 64}
TAUGHT_RUN = Config(env_id=ID, env_kwargs={"num_glimpses": 2}, teacher_weight=0.5, teacher_scenes=192, **SMALL)


def teacher(config: Config, **changes: Any) -> Teacher:
    agent = Reinforce(config=config, **changes)
    agent.train_teacher()
    assert agent.teacher is not None
    return agent.teacher


def test_it_learns_to_name_whole_scenes() -> None:
    taught = teacher(TAUGHT_RUN, teacher_scenes=2_500)
    env = make_env(TAUGHT_RUN.replace(num_envs=500), split="validation")
    _, info = env.reset(options={"indices": np.arange(500)})
    probabilities = taught.probabilities(env, 1.0)
    assert (probabilities.argmax(1).numpy() != info["label"]).mean() < 0.2
    torch.testing.assert_close(probabilities.sum(1), torch.ones(500))
    logits = taught.network(whole_scenes(env, "cpu")).detach()
    torch.testing.assert_close(taught.probabilities(env, 4.0), (logits / 4).softmax(1))


def test_it_sees_each_scene_of_a_curriculum_as_it_is() -> None:
    curriculum = {"0": [{"canvas_size": 40}], "0.5": [{"canvas_size": 60}]}
    taught = teacher(TAUGHT_RUN.replace(env_id="ram_envs/GlimpseMNIST-Cluttered-v0", curriculum=curriculum))
    for size in (40, 60, 100):
        env = gym.make_vec("ram_envs/GlimpseMNIST-Cluttered-v0", num_envs=3, canvas_size=size)
        env.reset(seed=0)
        assert whole_scenes(env, "cpu").shape == (3, 1, size, size)
        assert taught.probabilities(env, 2.0).shape == (3, 10)


def test_colour_comes_as_channels_and_single_environments_side_by_side() -> None:
    env = gym.make_vec("ram_envs/GlimpseImages-v0", num_envs=2, vectorization_mode="sync", images="sklearn:photos")
    env.reset(seed=0)
    images = whole_scenes(env, "cpu")
    assert images.shape[:2] == (2, 3)
    expected = np.concatenate([row.unwrapped.whole_scenes() for row in env.envs]) / 255
    np.testing.assert_allclose(images.permute(0, 2, 3, 1), expected, rtol=1e-6)


def test_an_agent_learns_from_it_and_a_run_that_was_stopped_goes_on(tmp_path) -> None:
    config = TAUGHT_RUN.replace(checkpoint_every=2, lr_schedule="constant")
    unbroken = Reinforce(config=config).learn(256)
    Reinforce(config=config).learn(128).save(tmp_path / "half")
    resumed = Reinforce.load(tmp_path / "half").learn(256, resume=True)
    other = Reinforce(config=config, teacher_weight=0.0).learn(256)
    for name, tensor in resumed.policy.state_dict().items():
        assert torch.equal(tensor, unbroken.policy.state_dict()[name])
    assert not torch.equal(other.policy.f_a.weight, unbroken.policy.f_a.weight)
    assert other.teacher is None
    unbroken.save(tmp_path / "weights", resumable=False)
    assert not [name for name in checkpoint.read(tmp_path / "weights")[0] if name.startswith("teacher")]


def test_its_answers_are_of_the_scenes_that_the_agent_looked_at() -> None:
    agent = Reinforce(config=TAUGHT_RUN, teacher_scenes=2_000)
    agent.update()
    rollout = agent.last_rollout
    assert rollout is not None
    assert rollout.taught is not None
    assert rollout.label is not None
    assert rollout.taught.shape == rollout.logits.shape
    assert (rollout.taught[0].argmax(1) == rollout.label).float().mean() > 0.6


def test_all_of_several_processes_have_the_same_one() -> None:
    def work(processes) -> list[torch.Tensor]:
        agent = Reinforce(config=TAUGHT_RUN, processes=processes)
        agent.train_teacher()
        assert agent.teacher is not None
        return list(agent.teacher.network.state_dict().values())

    for ours, theirs in zip(*together(work), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Reinforce(config=TAUGHT_RUN, hybrid=False), "by which this action does not learn"),
        (lambda: Reinforce(PeekVectorEnv(64), TAUGHT_RUN), "shows no whole scenes of one size to a teacher"),
        (
            lambda: Reinforce("ram_envs/GlimpseMNIST-Pairs-v0", TAUGHT_RUN.replace(env_kwargs={})),
            "has no scenes with one label each",
        ),
        (lambda: Reinforce("ram_envs/Catch-v0", TAUGHT_RUN.replace(env_kwargs={})), "this action does not learn"),
    ],
)
def test_where_there_is_none_it_is_told_before_any_update(make: Callable[[], Reinforce], told: str) -> None:
    agent = make()
    for learn in (agent.learn, agent.update):
        with pytest.raises(ValueError, match=told):
            learn()
    assert agent.updates == 0


def test_its_training_is_part_of_an_estimate(monkeypatch) -> None:
    monkeypatch.setattr("ram_agents.evaluation.estimate.AT_LEAST", 0.01)
    monkeypatch.setattr("ram_agents.evaluation.estimate.TAUGHT", 256)
    assert TAUGHT > 256
    config = TAUGHT_RUN.replace(teacher_scenes=256_000, total_episodes=64)
    found = estimate(config)
    assert found.teacher > 100 * found.update
    assert found.minutes > found.teacher / 60
    assert f"a teacher's training of {found.teacher:.0f} s" in str(found)
    assert estimate(config, episodes=64).teacher == 0.0
    assert "teacher" not in str(estimate(config.replace(teacher_weight=0.0)))
