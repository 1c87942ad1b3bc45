"""PPO in RLlib on two env runners: training, a killed runner, checkpoints, evaluation, weights both ways."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from processes import run_python

pytest.importorskip("ray.rllib", reason="RLlib is an extra with a virtual environment of its own")

import gymnasium as gym
import ray
from ram_agents import Reinforce
from ram_agents.rllib import load_agent, ppo_config, to_agent
from ray.rllib.algorithms import Algorithm
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.utils.numpy import convert_to_numpy

ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # runners can't import tests

ID, LENGTH, ROWS = "ram_envs/GlimpseMNIST-v0", 3, 8
SMALL = {"glimpse_size": 16, "location_size": 16, "hidden_size": 32, "location_hidden": 4, "location_std": 0.25}
BATCH = 2 * ROWS * LENGTH
MOST_ITERATIONS = 3_000
"""That a new runner may take to start: some tens on an idle machine, and on a slow one they are slow too."""


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def config_of(
    *, num_env_runners: int = 2, core: str = "rnn", label: bool = True, saccade: str = "absolute", **options: str
) -> PPOConfig:
    kwargs = {"num_glimpses": LENGTH, "saccade": saccade}
    return (
        ppo_config(ID, label=label, env_kwargs=kwargs, max_seq_len=LENGTH + 1, core=core, **SMALL, **options)
        .env_runners(num_env_runners=num_env_runners, num_envs_per_env_runner=ROWS, rollout_fragment_length=LENGTH)
        .training(train_batch_size_per_learner=BATCH, minibatch_size=None, num_epochs=1, lr=1e-2, gamma=1.0)
        .debugging(seed=0, log_level="ERROR")
    )


@pytest.fixture(scope="module")
def algorithm() -> Iterator[Algorithm]:
    """One algorithm for all tests that can share it."""
    config = config_of().evaluation(
        evaluation_interval=1_000,  # never by itself
        evaluation_duration=20,
        evaluation_config={
            "explore": False,
            "env_config": {"env_id": ID, "env_kwargs": {"num_glimpses": LENGTH, "split": "test"}, "label": True},
        },
    )
    built = config.build_algo()
    yield built
    built.stop()


def weights_of(runner: Any) -> dict[str, np.ndarray]:
    return runner.module.get_state()


def runners(algorithm: Algorithm, function: Any) -> list[Any]:
    """What both say; RLlib leaves out, with a line in its log, whoever fails."""
    told = algorithm.env_runner_group.foreach_env_runner(function, local_env_runner=False)
    assert len(told) == 2
    return told


def assert_same_weights(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert set(ours) == set(theirs)
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


def agents_weights(algorithm: Algorithm) -> dict[str, np.ndarray]:
    return {f"ram.{name}": value.numpy() for name, value in to_agent(algorithm).policy.state_dict().items()}


def test_two_runners_train_the_whole_network_on_whole_episodes(algorithm: Algorithm) -> None:
    before = agents_weights(algorithm)
    results = [algorithm.train() for _ in range(2)]
    for result in results:
        told = result["env_runners"]
        assert told["num_env_steps_sampled"] == BATCH
        assert told["num_episodes"] == BATCH / LENGTH
        assert told["episode_len_min"] == told["episode_len_max"] == LENGTH
        assert result["learners"][DEFAULT_MODULE_ID]["label_loss"] > 0
    after = agents_weights(algorithm)
    assert all((before[name] != after[name]).any() for name in before)
    for theirs in runners(algorithm, weights_of):
        assert_same_weights(theirs, after)


def test_evaluation_plays_the_split_that_it_is_told(algorithm: Algorithm) -> None:
    result = algorithm.evaluate()["env_runners"]
    assert result["episode_len_mean"] == LENGTH
    assert 20 <= result["num_episodes"] < 20 + ROWS
    assert 0 <= result["episode_return_mean"] <= 1
    assert algorithm.eval_env_runner.env.unwrapped.num_scenes == 10_000, "the test split's images"


def test_a_killed_runner_costs_its_fragment_and_nothing_else(algorithm: Algorithm) -> None:
    algorithm.train()
    before = agents_weights(algorithm)
    pids = runners(algorithm, lambda runner: os.getpid())
    trained = algorithm.iteration
    os.kill(pids[0], signal.SIGKILL)
    results = []
    while len(results) < 3 or algorithm.env_runner_group.num_healthy_remote_workers() < 2:
        assert len(results) < MOST_ITERATIONS, "the runner did not come back"
        results.append(algorithm.train())
    for result in results:
        told = result["env_runners"]
        assert BATCH <= told["num_env_steps_sampled"] < 2 * BATCH, "a batch is filled up by the runner that is left"
        assert told["episode_len_min"] == told["episode_len_max"] == LENGTH
    assert algorithm.iteration == trained + len(results)
    again = runners(algorithm, lambda runner: os.getpid())
    assert pids[1] in again
    assert pids[0] not in again
    assert len(again) == 2
    after = agents_weights(algorithm)
    assert all((before[name] != after[name]).any() for name in before), "training went on"
    for theirs in runners(algorithm, weights_of):
        assert_same_weights(theirs, after)


def test_a_checkpoint_goes_on_where_it_was(algorithm: Algorithm, tmp_path: Path) -> None:
    algorithm.train()
    algorithm.save_to_path(tmp_path)
    again = Algorithm.from_checkpoint(tmp_path)
    try:
        assert again.iteration == algorithm.iteration
        assert_same_weights(agents_weights(again), agents_weights(algorithm))
        moments = [
            learner_group.foreach_learner(
                lambda learner: learner.get_optimizer().state_dict()["state"][0]["exp_avg_sq"]
            )
            for learner_group in (algorithm.learner_group, again.learner_group)
        ]
        first, second = [next(iter(result)).get() for result in moments]
        torch.testing.assert_close(first, second)
        assert first.abs().sum() > 0
        steps = again.train()["env_runners"]["num_env_steps_sampled_lifetime"]
        assert steps > BATCH
    finally:
        again.stop()
    # In another process nobody has named the environment yet, but the checkpoint's own configuration.
    code = f"""
import pickle
from ray.tune.registry import ENV_CREATOR, _global_registry
pickle.load(open({str(tmp_path / "class_and_ctor_args.pkl")!r}, "rb"))
print(_global_registry.contains(ENV_CREATOR, "ram_envs"))
"""
    done = run_python(code)
    assert done.stdout == "True\n", done.stderr


def adams_moment(algorithm: Algorithm) -> torch.Tensor:
    (result,) = algorithm.learner_group.foreach_learner(
        lambda learner: learner.get_optimizer().state_dict()["state"][0]["exp_avg_sq"]
    )
    return result.get()


# Several learners


def learners_weights(algorithm: Algorithm) -> list[dict[str, np.ndarray]]:
    """Of the network in each learner's process."""
    told = algorithm.learner_group.foreach_learner(
        lambda learner: convert_to_numpy(learner.module[DEFAULT_MODULE_ID].unwrapped().state_dict())
    )
    return [result.get() for result in told]


def assert_learners_agree(algorithm: Algorithm) -> dict[str, np.ndarray]:
    """Both hold the same weights, which are the agent's; returns them."""
    first, second = learners_weights(algorithm)
    assert_same_weights(first, second)
    assert_same_weights(first, agents_weights(algorithm))
    return first


@pytest.mark.parametrize("options", [{}, {"reward": "information-gain", "optimizer": "muon"}])
def test_two_learners_train_as_one_are_restored_in_mid_run_and_take_weights(options, tmp_path: Path) -> None:
    config = config_of(num_env_runners=0, **options).learners(num_learners=2, num_cpus_per_learner=1)
    # All of a learner's half in one minibatch, by a number: None fails in RLlib where there are several learners.
    config.training(train_batch_size_per_learner=BATCH // 2, minibatch_size=BATCH // 2)
    algorithm = config.build_algo()
    try:
        begun = assert_learners_agree(algorithm)
        result = algorithm.train()
        assert result["env_runners"]["num_env_steps_sampled"] == BATCH
        rows = result["learners"][DEFAULT_MODULE_ID]["num_module_steps_trained"]
        assert rows == BATCH, "all episodes"
        trained = assert_learners_agree(algorithm)
        assert all((begun[name] != trained[name]).any() for name in begun)
        algorithm.save_to_path(tmp_path)
    finally:
        algorithm.stop()
    again = Algorithm.from_checkpoint(tmp_path)
    try:
        assert again.iteration == 1
        assert_same_weights(assert_learners_agree(again), trained)
        assert again.train()["env_runners"]["num_env_steps_sampled_lifetime"] == 2 * BATCH
        assert_learners_agree(again)
        agent = Reinforce(ID, env_kwargs={"num_glimpses": LENGTH}, num_envs=8, seed=5, **SMALL)
        load_agent(again, agent)
        taken = assert_learners_agree(again)
        assert_same_weights(taken, {f"ram.{name}": value.numpy() for name, value in agent.policy.state_dict().items()})
    finally:
        again.stop()


# Weights both ways


def assert_same_actions(agent: Reinforce, algorithm: Algorithm) -> None:
    """The same over several steps, with the state handed on, by the module that a runner uses."""
    module = algorithm.get_module()
    env = gym.make_vec(ID, num_envs=16, **agent.env_kwargs | {"num_glimpses": 6})
    observation, _ = env.reset(seed=3)
    ours, theirs = None, {"core": module.get_initial_state()["core"].expand(16, -1, -1)}
    for _ in range(5):
        expected, ours = agent.predict(observation, ours, deterministic=True)
        seen = {key: torch.from_numpy(value).unsqueeze(1) for key, value in observation.items()}
        out = module.forward_inference({Columns.OBS: seen, Columns.STATE_IN: theirs})
        distribution = module.get_inference_action_dist_cls().from_logits(out[Columns.ACTION_DIST_INPUTS])
        action, theirs = distribution.to_deterministic().sample(), out[Columns.STATE_OUT]
        np.testing.assert_allclose(action["location"][:, 0], expected["location"], atol=1e-6)
        np.testing.assert_array_equal(action["action"][:, 0], expected["action"])
        observation, *_ = env.step(expected)
    assert len(np.unique(np.round(expected["location"], 3), axis=0)) > 4, "all look at one place: this shows little"


@pytest.mark.parametrize(("core", "saccade"), [("rnn", "absolute"), ("lstm", "absolute"), ("rnn", "relative")])
def test_a_built_in_agent_acts_the_same_inside_rllib_and_back(core: str, saccade: str) -> None:
    kwargs = {"num_glimpses": LENGTH, "saccade": saccade}
    agent = Reinforce(ID, env_kwargs=kwargs, num_envs=8, core=core, **SMALL)
    agent.learn(32)
    with torch.no_grad():
        agent.policy.f_l.mean.weight.mul_(100)  # different gazes for different glimpses
    algorithm = config_of(num_env_runners=0, core=core, saccade=saccade).build_algo()
    try:
        load_agent(algorithm, agent)
        assert_same_actions(agent, algorithm)
        algorithm.train()
        back = to_agent(algorithm)
        moved = [
            not torch.equal(*pair) for pair in zip(agent.policy.parameters(), back.policy.parameters(), strict=True)
        ]
        assert all(moved), "RLlib trained the agent's own tensors, or not all of the network"
        assert_same_actions(back, algorithm)
        assert back.policy.config == agent.policy.config
        assert (back.env_id, back.env_kwargs, back.hybrid) == (agent.env_id, agent.env_kwargs, True)
        back.learn(16)
    finally:
        algorithm.stop()


def test_loaded_weights_reach_every_runner(algorithm: Algorithm) -> None:
    agent = Reinforce(ID, env_kwargs={"num_glimpses": LENGTH}, num_envs=8, seed=5, **SMALL)
    load_agent(algorithm, agent)
    expected = {f"ram.{name}": value.numpy() for name, value in agent.policy.state_dict().items()}
    for theirs in runners(algorithm, weights_of):
        assert_same_weights(theirs, expected)


def test_what_does_not_fit_is_refused(algorithm: Algorithm) -> None:
    other = Reinforce(ID, num_envs=8, **{**SMALL, "hidden_size": 64})
    with pytest.raises(ValueError, match=r"hidden_size': \(32, 64\).*policy\.config"):
        load_agent(algorithm, other)
    relative = Reinforce(ID, env_kwargs={"saccade": "relative"}, num_envs=8, **SMALL)
    with pytest.raises(ValueError, match=r"saccade': \('absolute', 'relative'\)"):
        load_agent(algorithm, relative)
    control = Reinforce(ID, num_envs=8, look="random", **SMALL)
    with pytest.raises(ValueError, match="look='random'"):
        load_agent(algorithm, control)
