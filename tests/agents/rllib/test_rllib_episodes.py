"""Whole episodes at once: the runner plays what RLlib's plays, and the batch is what RLlib's connectors make of it."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("ray.rllib", reason="RLlib is an extra with a virtual environment of its own")

import ray
from ram_agents.rllib import EpisodesRunner, HybridPPOTorchLearner, WholeEpisodes, ppo_config
from ram_agents.training.optimizer import Muon
from ray.rllib.algorithms import Algorithm
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from ray.rllib.env.single_agent_episode import SingleAgentEpisode
from ray.rllib.evaluation.postprocessing import Postprocessing

ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # runners can't import tests

ID, LENGTH, ROWS = "ram_envs/GlimpseMNIST-v0", 3, 8
SMALL: dict[str, Any] = {"glimpse_size": 16, "location_size": 16, "hidden_size": 32, "location_std": 0.7}


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def config_of(*, fragment: int = LENGTH, **options: Any) -> PPOConfig:
    arguments = {"label": True, "max_seq_len": LENGTH + 1, **SMALL, **options}
    return (
        ppo_config(ID, env_kwargs={"num_glimpses": LENGTH}, **arguments)
        .env_runners(num_env_runners=0, num_envs_per_env_runner=ROWS, rollout_fragment_length=fragment)
        .training(
            train_batch_size_per_learner=ROWS * fragment, minibatch_size=None, num_epochs=1, gamma=0.7, lambda_=0.9
        )
        .debugging(seed=0, log_level="ERROR")
    )


@pytest.fixture(scope="module")
def algorithm() -> Iterator[Algorithm]:
    built = config_of().build_algo()
    yield built
    built.stop()


def assert_same(ours: Any, theirs: Any) -> None:
    if isinstance(ours, dict):
        assert ours.keys() <= theirs.keys()
        for name, value in ours.items():
            assert_same(value, theirs[name])
    elif isinstance(ours, list):
        for value, other in zip(ours, theirs, strict=True):
            assert_same(value, other)
    elif isinstance(ours, np.ndarray | np.generic | float):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    else:
        assert ours == theirs


@pytest.mark.parametrize("asked", [{"num_episodes": 2 * ROWS - 3}, {"num_timesteps": 2 * ROWS * LENGTH}])
def test_the_runner_plays_what_rllibs_plays(algorithm: Algorithm, asked: dict[str, int]) -> None:
    ours, theirs = (kind(config=algorithm.config) for kind in (EpisodesRunner, SingleAgentEnvRunner))
    theirs.module.set_state(ours.module.get_state())
    mine, other = (runner.sample(explore=False, **asked) for runner in (ours, theirs))
    done = [episode for episode in other if episode.is_done]
    assert len(mine) == len(done) == asked.get("num_episodes", 2 * ROWS)
    for one, two in zip(mine, done, strict=True):
        assert (len(one), one.t_started, one.is_terminated, one.is_truncated) == (LENGTH, 0, True, False)
        assert_same(one.get_observations(), two.get_observations())
        assert_same(one.get_actions(), two.get_actions())
        assert_same(one.get_rewards(), two.get_rewards())
        assert one.get_return() == two.get_return()
        for name, value in one.extra_model_outputs.items():
            assert_same(value.data, two.extra_model_outputs[name].data)
    metrics = [runner.get_metrics() for runner in (ours, theirs)]
    for name in ("num_env_steps_sampled", "num_episodes", "episode_return_mean", "episode_len_mean"):
        assert metrics[0][name].peek() == metrics[1][name].peek(), name


def test_drawn_actions_are_clipped_for_the_environment_alone(algorithm: Algorithm) -> None:
    episodes = [episode for _ in range(40) for episode in algorithm.env_runner.sample()]
    raw = np.concatenate([episode.get_actions()["location"] for episode in episodes])
    seen = np.concatenate([episode.get_observations()["location"][1:-1] for episode in episodes])
    looked = np.concatenate([episode.get_actions()["location"][:-1] for episode in episodes])
    assert (abs(raw) > 1).any()
    np.testing.assert_allclose(seen, looked.clip(-1, 1), atol=1e-6)
    first = [episode.get_observations()["location"][0].tobytes() for episode in episodes]
    assert len(set(first)) == len(first)  # another scene in each


def test_a_callback_for_episodes_is_called_for_each() -> None:
    called: list[int] = []

    def count(episode: SingleAgentEpisode, **others: Any) -> None:
        called.append(len(episode))

    runner = EpisodesRunner(config=config_of().callbacks(on_episode_end=count))
    assert len([episode for episode in runner.sample() if episode.is_done]) == ROWS
    assert called == [LENGTH] * ROWS


def test_a_rollout_of_several_episodes_and_one_that_cuts_them() -> None:
    runner = EpisodesRunner(config=config_of(fragment=2 * LENGTH))
    assert [len(episode) for episode in runner.sample()] == [LENGTH] * 2 * ROWS
    cut = EpisodesRunner(config=config_of(fragment=LENGTH + 1))
    assert {len(episode) for episode in cut.sample()} != {LENGTH}  # RLlib's own way


def batches(algorithm: Algorithm, episodes: list[SingleAgentEpisode]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ours, and that of RLlib's connectors."""
    learner = algorithm.learner_group._learner
    assert isinstance(learner._learner_connector, WholeEpisodes)
    made = []
    for connector in (learner._learner_connector, learner._learner_connector.connector):
        given = {"rl_module": learner.module, "batch": {}, "episodes": copy.deepcopy(episodes), "shared_data": {}}
        made.append(connector(**given, metrics=learner.metrics)[DEFAULT_MODULE_ID])
        assert given["shared_data"][f"_zero_padded_for_mid={DEFAULT_MODULE_ID}"]
    return made[0], made[1]


def test_the_batch_is_that_of_rllibs_connectors_without_their_extra_step(algorithm: Algorithm) -> None:
    ours, theirs = batches(algorithm, algorithm.env_runner.sample())
    for name in (Columns.OBS, Columns.ACTIONS):
        for key, value in ours[name].items():
            torch.testing.assert_close(value, theirs[name][key][:, :LENGTH])
    for name in (Columns.ACTION_LOGP, Columns.ACTION_DIST_INPUTS, Columns.REWARDS, Postprocessing.VALUE_TARGETS):
        torch.testing.assert_close(ours[name], theirs[name][:, :LENGTH].to(ours[name].dtype), atol=1e-5, rtol=1e-4)
    for name in (Columns.TERMINATEDS, Columns.LOSS_MASK):
        assert torch.equal(ours[name], theirs[name][:, :LENGTH]), name
    torch.testing.assert_close(ours[Columns.STATE_IN]["core"], theirs[Columns.STATE_IN]["core"])
    advantages = theirs[Postprocessing.ADVANTAGES][:, :LENGTH]  # standardised over the extra steps too
    advantages = (advantages - advantages.mean()) / advantages.std()
    torch.testing.assert_close(ours[Postprocessing.ADVANTAGES], advantages, atol=1e-4, rtol=1e-3)


def test_both_batches_have_the_same_gradient(algorithm: Algorithm) -> None:
    """But for the advantages, of which RLlib standardises the extra steps too."""
    learner, gradients = algorithm.learner_group._learner, []
    for batch in batches(algorithm, algorithm.env_runner.sample()):
        short = batch[Columns.OBS]["location"].shape[1] == LENGTH
        batch[Postprocessing.ADVANTAGES] = torch.linspace(-1, 1, ROWS)[:, None].expand(ROWS, LENGTH + (not short))
        given = {DEFAULT_MODULE_ID: batch}
        loss = learner.compute_losses(fwd_out=learner.module.forward_train(given), batch=given)
        gradients.append(learner.compute_gradients(loss))
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], atol=1e-5, rtol=1e-3)


def test_minibatches_are_of_whole_episodes_and_leave_none_out() -> None:
    rows, seen = 2 * ROWS, []

    class Watching(HybridPPOTorchLearner):
        def compute_loss_for_module(self, *, batch: dict[str, Any], **others: Any) -> torch.Tensor:
            seen.append(batch[Columns.OBS]["location"][:, 0])
            return super().compute_loss_for_module(batch=batch, **others)

    config = config_of(fragment=2 * LENGTH).learners(learner_class=Watching)
    algorithm = config.training(minibatch_size=rows // 2 * LENGTH, num_epochs=2).build_algo()
    result = algorithm.train()["learners"][DEFAULT_MODULE_ID]
    algorithm.stop()
    assert [len(first) for first in seen] == [rows // 2] * 4
    for epoch in (torch.cat(seen[:2]), torch.cat(seen[2:])):
        assert len(epoch.unique(dim=0)) == rows
    assert result["num_module_steps_trained"] == 2 * rows * LENGTH


def test_episodes_that_were_cut_go_rllibs_own_way(algorithm: Algorithm) -> None:
    whole = algorithm.env_runner.sample()
    ours, theirs = batches(algorithm, [*whole[:-1], whole[-1][: LENGTH - 1]])
    assert ours[Columns.LOSS_MASK].shape == theirs[Columns.LOSS_MASK].shape == (ROWS, LENGTH + 1)


def test_information_gain_is_how_far_the_next_glimpse_lets_the_labels_surprise_fall() -> None:
    algorithm = config_of(reward="information-gain").build_algo()
    episodes = algorithm.env_runner.sample()
    learner = algorithm.learner_group._learner
    given = {"rl_module": learner.module, "shared_data": {}, "metrics": learner.metrics}
    reward = learner._learner_connector(episodes=episodes, **given)[DEFAULT_MODULE_ID][Columns.REWARDS]
    for episode, gains in zip(episodes, reward.numpy(), strict=True):
        logits = episode.extra_model_outputs[Columns.ACTION_DIST_INPUTS].data[:, 3:]
        label = int(episode.get_observations()["label"][0])
        surprise = [np.log(np.exp(row).sum()) - row[label] for row in logits]
        expected = [surprise[0] - surprise[1], surprise[1] - surprise[2], 0.0]
        np.testing.assert_allclose(gains, expected, atol=1e-5)
    cut = [episode[: LENGTH - 1] for episode in episodes]
    with pytest.raises(ValueError, match="whole episodes: set rollout_fragment_length"):
        learner._learner_connector(episodes=cut, **given)
    algorithm.stop()


def test_muon_takes_the_matrices_at_its_own_rate_and_a_checkpoint_holds_it(tmp_path: Any) -> None:
    config = config_of(optimizer="muon", matrix_learning_rate=20.0, adam_eps=1e-5).training(
        lr=[[0, 1e-3], [10_000, 0.0]]
    )
    algorithm = config.build_algo()
    learner = algorithm.learner_group._learner
    optimizers = dict(learner.get_optimizers_for_module(DEFAULT_MODULE_ID))
    (muon,) = [optimizer for optimizer in optimizers.values() if isinstance(optimizer, Muon)]
    matrices = {id(matrix) for matrix, _ in learner.module[DEFAULT_MODULE_ID].ram.hidden_matrices()}
    assert {id(p) for group in muon.param_groups for p in group["params"]} == matrices
    assert {group["eps"] for each in optimizers.values() for group in each.param_groups if "eps" in group} == {1e-5}
    rates = [{group["lr"] for group in optimizer.param_groups} for optimizer in optimizers.values()]
    assert sorted(rate for each in rates for rate in each) == pytest.approx([1e-3, 2e-2])
    before = learner.module[DEFAULT_MODULE_ID].ram.f_h.hidden.weight.clone()
    assert np.isfinite(algorithm.train()["learners"][DEFAULT_MODULE_ID]["label_loss"])
    assert not torch.equal(before, learner.module[DEFAULT_MODULE_ID].ram.f_h.hidden.weight)
    place = algorithm.save_to_path(tmp_path / "checkpoint")
    again = Algorithm.from_checkpoint(place)
    states = [each.learner_group._learner._get_optimizer_state() for each in (algorithm, again)]
    assert_same(*states)
    assert len(states[0]) == 2
    for each in (algorithm, again):
        each.stop()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reward": "log-likelihood"}, "reward must be one of 0/1, information-gain, not 'log-likelihood'"),
        ({"reward": "information-gain", "label": False}, "is made of labels: use label=True"),
        ({"optimizer": "sgd"}, "optimizer must be 'adam' or 'muon', not 'sgd'"),
    ],
)
def test_what_there_is_not_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config_of(**options)
