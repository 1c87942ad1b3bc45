"""RAM inside RecurrentPPO: the distribution by hand, log-probabilities, the hybrid loss, saving and loading."""

from __future__ import annotations

import csv
import math
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("sb3_contrib", reason="Stable-Baselines3 is an extra")

import gymnasium as gym
from conftest import assert_same
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from ram_agents import RAM
from ram_agents.sb3 import GlimpseDistribution, LogLabelLoss, RAMPolicy, SB3VecEnv, make_vec_env
from ram_agents.sb3.policy import add_loss
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import VecNormalize
from torch.nn import functional as F
from toy_env import PeekVectorEnv

from ram_envs.wrappers import FlatAction, VectorFlatAction, VectorLabelObservation

SMALL = {"glimpse_size": 16, "location_size": 16, "hidden_size": 32}
OBSERVATION = spaces.Dict(glimpse=spaces.Box(0, 1, (1, 2, 2)), location=spaces.Box(-1, 1, (2,)))
LABELLED = spaces.Dict({**OBSERVATION.spaces, "label": spaces.Discrete(3)})
FLAT = spaces.Box(-1, 1, (5,))


def peek_env(num_envs: int = 8, *, label: bool = False, lengths: Any = 3) -> SB3VecEnv:
    env = VectorFlatAction(PeekVectorEnv(num_envs, lengths=lengths, autoreset_mode=AutoresetMode.SAME_STEP))
    return SB3VecEnv(VectorLabelObservation(env) if label else env)


def small_model(*, label: bool = False, lengths: Any = 3, ram: dict[str, Any] | None = None, **kwargs) -> RecurrentPPO:
    arguments = {"n_steps": 7, "batch_size": 20, "n_epochs": 2, "seed": 0, "device": "cpu"} | kwargs
    policy_kwargs = SMALL | (ram or {})
    return RecurrentPPO(RAMPolicy, peek_env(label=label, lengths=lengths), policy_kwargs=policy_kwargs, **arguments)


def policy(observation: spaces.Dict = OBSERVATION, **kwargs: Any) -> RAMPolicy:
    torch.manual_seed(0)
    return RAMPolicy(observation, FLAT, lambda _: 1e-3, **(SMALL | kwargs))


def random_batch(num_sequences: int, steps: int, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    size = num_sequences * steps
    return {
        "glimpse": torch.rand(size, 1, 2, 2, generator=generator),
        "location": torch.rand(size, 2, generator=generator) * 2 - 1,
        "label": torch.randint(3, (size, 1), generator=generator).float(),
    }


def zero_states(num_sequences: int, layers: int = 1) -> RNNStates:
    zeros = (torch.zeros(layers, num_sequences, 32), torch.zeros(layers, num_sequences, 32))
    return RNNStates(zeros, zeros)


NETWORKS: dict[str, dict[str, Any]] = {
    "rnn": {"core": "rnn"},
    "lstm": {"core": "lstm"},
    "gru": {"core": "gru"},
    "cells": {"core": "gru", "location_network": "cells", "glimpse_network": "conv"},
    "canvas": {"glimpse_network": "canvas", "canvas_size": 9},
    "cells-mean": {"location_network": "cells-mean"},
    "drift": {"location_network": "cells", "location_drift": 0.25},
    "memory, gravity": {"location_network": "cells", "location_memory": 1, "location_gravity": True},
    "covered": {"location_network": "cells-mean", "location_seen": "covered"},
    "direction": {"location_network": "cells", "location_direction": True},
    "lstm and cells": {"core": "lstm", "location_network": "cells"},
}


# The distribution


def distribution(*, greedy: bool) -> GlimpseDistribution:
    ram = RAM(OBSERVATION, FLAT, location_std=0.5)
    mean = torch.tensor([[0.25, -0.5], [0.0, 0.0]])
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]]))
    return GlimpseDistribution(ram, greedy=greedy).proba_distribution(mean, logits)


def test_log_probability_by_hand() -> None:
    # The first location lies outside the image: the raw sample counts. Density of N(0, 0.5) in two dimensions: 2 / pi.
    actions = torch.tensor([[1.25, -0.5, 0.0, 1.0, 0.0], [0.0, 0.5, 0.0, 0.0, 1.0]])
    location = torch.tensor([math.log(2 / math.pi) - 0.5 * 4, math.log(2 / math.pi) - 0.5])
    torch.testing.assert_close(distribution(greedy=True).log_prob(actions), location)
    choice = torch.log(torch.tensor([0.25, 0.7]))
    torch.testing.assert_close(distribution(greedy=False).log_prob(actions), location + choice)


def test_entropy_by_hand() -> None:
    gaussian = math.log(2 * math.pi * math.e * 0.25)
    categorical = torch.tensor([1.5 * math.log(2), -(0.1 * math.log(0.1) + 0.2 * math.log(0.2) + 0.7 * math.log(0.7))])
    torch.testing.assert_close(distribution(greedy=True).entropy(), torch.full((2,), gaussian))
    torch.testing.assert_close(distribution(greedy=False).entropy(), gaussian + categorical)


def test_samples_follow_the_distribution() -> None:
    torch.manual_seed(0)
    ram = RAM(OBSERVATION, FLAT, location_std=0.5)
    probabilities = torch.tensor([0.1, 0.2, 0.7])
    mean = torch.tensor([0.9, -0.5]).expand(20_000, 2)
    drawn = GlimpseDistribution(ram, greedy=False).proba_distribution(mean, probabilities.log().expand(20_000, 3))
    actions = drawn.sample()
    assert not actions.requires_grad
    assert (actions[:, 2:].sum(1) == 1).all()
    torch.testing.assert_close(actions[:, :2].mean(0), mean[0], atol=0.02, rtol=0)
    torch.testing.assert_close(actions[:, :2].std(0), torch.full((2,), 0.5), atol=0.02, rtol=0)
    torch.testing.assert_close(actions[:, 2:].mean(0), probabilities, atol=0.02, rtol=0)
    assert actions[:, 0].max() > 1.5, "locations are drawn raw"


def test_mode_and_greedy_samples() -> None:
    mode = torch.tensor([[0.25, -0.5, 1, 0, 0], [0.0, 0.0, 0, 0, 1]])
    torch.testing.assert_close(distribution(greedy=False).mode(), mode)
    for _ in range(20):
        torch.testing.assert_close(distribution(greedy=True).sample()[:, 2:], mode[:, 2:])


# The network


@pytest.mark.parametrize("networks", NETWORKS)
def test_a_sequence_is_unrolled_as_ram_steps(networks: str) -> None:
    model = policy(**NETWORKS[networks])
    seen = random_batch(4, 6)
    starts = (torch.rand(4, 6, generator=torch.Generator().manual_seed(3)) < 0.3).float()
    layers = (model.ram.num_states + 1) // 2
    states = tuple(torch.rand(layers, 4, 32) for _ in range(2))
    actions = torch.randn(24, 5)
    with torch.no_grad():
        values, log_prob, _ = model.evaluate_actions(seen, actions, RNNStates(states, states), starts.flatten())
        for sequence in range(4):
            memory = torch.cat(states)[: model.ram.num_states, sequence : sequence + 1]
            for t in range(6):
                if starts[sequence, t]:
                    memory = torch.zeros_like(memory)
                i = sequence * 6 + t
                output, memory = model.ram.step({key: value[i : i + 1] for key, value in seen.items()}, memory)
                torch.testing.assert_close(values[i, 0], output.baseline[0])
                location = model.ram.location_distribution(output.location_parameters).log_prob(actions[i : i + 1, :2])
                choice = output.logits[0].log_softmax(0)[actions[i, 2:].argmax()]
                torch.testing.assert_close(log_prob[i], location[0] + choice, atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize("networks", NETWORKS)
def test_acting_step_by_step_is_evaluating_at_once(networks: str) -> None:
    model, seen = policy(**NETWORKS[networks]), random_batch(2, 5)
    state = start = zero_states(2, (model.ram.num_states + 1) // 2)
    starts = torch.tensor([1.0, 0, 0, 1, 0, 1, 0, 0, 0, 0])
    by_step: list[Any] = []
    with torch.no_grad():
        for t in range(5):
            rows = torch.tensor([t, 5 + t])
            *acted, state = model({key: value[rows] for key, value in seen.items()}, state, starts[rows])
            by_step.append(acted)
        actions, values, log_prob = (torch.stack(parts, 1).flatten(0, 1) for parts in zip(*by_step, strict=True))
        again = model.evaluate_actions(seen, actions, start, starts)
    torch.testing.assert_close(again[0], values)
    torch.testing.assert_close(again[1], log_prob, atol=1e-5, rtol=0)


@pytest.mark.parametrize("label", [False, True])
@pytest.mark.parametrize("networks", NETWORKS)
def test_stored_log_probabilities_are_those_recomputed(networks: str, label: bool) -> None:
    """Through Stable-Baselines3's own buffer: episodes of unequal lengths, cut sequences, padding."""
    model = small_model(label=label, lengths=[2, 3, 4, 2, 3, 4, 2, 3], ram=NETWORKS[networks])
    model.learn(2 * 56)  # two rollouts: the second begins in the midst of episodes
    model.policy.set_training_mode(False)
    steps = 0
    for data in model.rollout_buffer.get(20):
        real = data.mask > 0
        assert not real.all(), "nothing was padded"
    model.collect_rollouts(model.env, *collecting(model), model.rollout_buffer, model.n_steps)
    for data in model.rollout_buffer.get(20):
        real = data.mask > 0
        with torch.no_grad():
            values, log_prob, _ = model.policy.evaluate_actions(
                data.observations, data.actions, data.lstm_states, data.episode_starts
            )
        torch.testing.assert_close(log_prob[real], data.old_log_prob[real], atol=1e-5, rtol=0)
        torch.testing.assert_close(values.flatten()[real], data.old_values[real], atol=1e-5, rtol=0)
        steps += int(real.sum())
    assert steps == 56


def collecting(model: RecurrentPPO) -> tuple[Any]:
    """What `collect_rollouts` needs besides the environment and the buffer: a callback."""
    _, callback = model._setup_learn(56, reset_num_timesteps=False)
    return (callback,)


def test_the_baseline_as_a_probability_learns_by_cross_entropy() -> None:
    model = policy(baseline_probability=True)
    returns = torch.tensor([1.0, 0, 1, 0, 1, 1])
    seen, starts = random_batch(2, 3), torch.zeros(6)
    values = model.predict_values(seen, zero_states(2).vf, starts).flatten()
    logits = model._unroll(seen, zero_states(2).vf, starts)[0].baseline
    torch.testing.assert_close(values, logits.sigmoid())
    (values - returns).square().mean().backward()
    gradient = model.ram.f_b.weight.grad.clone()
    model.zero_grad()
    F.binary_cross_entropy_with_logits(logits, returns).backward()
    torch.testing.assert_close(gradient, 2 * model.ram.f_b.weight.grad)


# The hybrid loss


def test_add_loss_leaves_the_output_and_adds_the_gradient() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    output = add_loss(3 * x, (x**2).sum())
    torch.testing.assert_close(output, 3 * x)
    output.sum().backward()
    torch.testing.assert_close(x.grad, 3 + 2 * x)


def test_the_label_loss_by_hand() -> None:
    """Two sequences of 3 and 2 steps: answers at the last real step of each, padding nowhere."""
    model = policy(LABELLED, step_weight=0.5)
    seen = random_batch(2, 3)
    actions = torch.zeros(6, 5)
    actions[torch.arange(5), torch.tensor([2, 3, 4, 2, 3])] = 1.0  # the sixth is padding
    model.evaluate_actions(seen, actions, zero_states(2), torch.zeros(6))
    log_p = model._unroll(seen, zero_states(2).pi, torch.zeros(6))[0].logits.log_softmax(1)
    nll = [-log_p[i, int(seen["label"][i])] for i in range(6)]
    expected = (nll[2] + nll[4]) / 2 + 0.5 * (nll[0] + nll[1] + nll[3]) / 3
    torch.testing.assert_close(model.label_loss, expected.detach())


@pytest.mark.parametrize("label_weight", [0.0, 0.7])
def test_the_gradient_is_ppos_and_the_label_losss(label_weight: float) -> None:
    model = policy(LABELLED, label_weight=label_weight)
    seen, actions = random_batch(2, 3), F.one_hot(torch.arange(6) % 3 + 2, 5).float()
    values, log_prob, _ = model.evaluate_actions(seen, actions, zero_states(2), torch.zeros(6))
    (log_prob.mean() + values.mean()).backward()
    combined = [parameter.grad.clone() for parameter in model.ram.parameters()]

    model.zero_grad()
    output = model._unroll(seen, zero_states(2).pi, torch.zeros(6))[0]
    log_prob = torch.distributions.Normal(output.location_mean, 0.1).log_prob(actions[:, :2]).sum(1)
    nll = F.cross_entropy(output.logits, seen["label"].flatten().long(), reduction="none").reshape(2, 3)
    if label_weight:
        loss = log_prob.mean() + label_weight * (nll[:, 2].mean() + 0.5 * nll[:, :2].mean())
    else:
        loss = (log_prob + output.logits.log_softmax(1).gather(1, actions[:, 2:].argmax(1, True)).squeeze()).mean()
    (loss + output.baseline.mean()).backward()
    for gradient, parameter in zip(combined, model.ram.parameters(), strict=True):
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-6, rtol=1e-4)


def test_the_policy_does_not_see_the_label() -> None:
    model, seen = policy(LABELLED), random_batch(4, 3)
    shuffled = {**seen, "label": seen["label"].flip(0)}
    assert (shuffled["label"] != seen["label"]).any()
    told = []
    for batch in (seen, shuffled):
        torch.manual_seed(0)
        told.append(model(batch, zero_states(12), torch.zeros(12))[:3])
    assert all(torch.equal(*pair) for pair in zip(*told, strict=True))


def test_prediction_needs_no_label_and_ignores_it() -> None:
    model = small_model(label=True)
    observation = model.env.reset()
    with_label, _ = model.predict(observation, deterministic=True)
    observation["label"] = 1 - observation["label"]
    shuffled, _ = model.predict(observation, deterministic=True)
    del observation["label"]
    without, _ = model.predict(observation, deterministic=True)
    np.testing.assert_array_equal(with_label, shuffled)
    np.testing.assert_array_equal(with_label, without)


def test_the_hybrid_loss_learns_and_logs_beside_stable_baselines3(tmp_path) -> None:
    model = small_model(label=True, n_steps=6, batch_size=48, n_epochs=1, learning_rate=1e-2)
    model.set_logger(configure(str(tmp_path), ["csv"]))
    model.learn(48 * 100, callback=LogLabelLoss())
    with (tmp_path / "progress.csv").open() as file:
        log = list(csv.DictReader(file))[1:]  # the first row is written before the first update
    label_loss = [float(row["train/label_loss"]) for row in log]
    assert np.mean(label_loss[-10:]) < 0.8 * np.mean(label_loss[:10])
    for row in log:
        parts = float(row["train/policy_gradient_loss"]) + 0.5 * float(row["train/value_loss"])
        assert float(row["train/loss"]) == pytest.approx(parts, abs=1e-6), "the label's loss is in the log's own"


# As any policy of Stable-Baselines3


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_a_model_survives_saving_and_learns_on(core: str, tmp_path) -> None:
    ram = {"core": core, "location_std": 0.2, "baseline_probability": True, "detach_baseline": False}
    model = small_model(label=True, ram=ram | {"label_weight": 0.5, "step_weight": 0.0})
    model.learn(56)
    model.save(tmp_path / "model.zip")
    again = RecurrentPPO.load(tmp_path / "model.zip", env=peek_env(label=True))
    assert again.policy.ram.config == model.policy.ram.config
    assert (again.policy.label_weight, again.policy.step_weight, again.policy.baseline_probability) == (0.5, 0.0, True)
    assert_same(
        {key: value.numpy() for key, value in again.policy.state_dict().items()},
        {key: value.numpy() for key, value in model.policy.state_dict().items()},
    )
    moments = model.policy.optimizer.state_dict()["state"]
    assert_same(
        {key: value["exp_avg"].numpy() for key, value in again.policy.optimizer.state_dict()["state"].items()},
        {key: value["exp_avg"].numpy() for key, value in moments.items()},
    )
    observation = peek_env().reset()
    assert_same(again.predict(observation, deterministic=True), model.predict(observation, deterministic=True))
    again.learn(56, reset_num_timesteps=False)
    assert again.num_timesteps == 112


def test_a_policy_survives_saving_alone(tmp_path) -> None:
    saved = policy(core="lstm", location_std=0.3)
    saved.save(tmp_path / "policy.pt")
    again = RAMPolicy.load(tmp_path / "policy.pt")
    seen = {key: value.numpy() for key, value in random_batch(4, 1).items() if key != "label"}
    assert again.ram.config == saved.ram.config
    assert_same(again.predict(seen, deterministic=True), saved.predict(seen, deterministic=True))


def test_predict_keeps_the_state_and_forgets_at_starts() -> None:
    model = small_model(ram={"core": "lstm"})
    observation = peek_env().reset()
    _, first = model.predict(observation, deterministic=True)
    assert first[0].shape == first[1].shape == (1, 8, 32)
    _, second = model.predict(observation, first, np.zeros(8, bool), deterministic=True)
    starts = np.arange(8) % 2 == 0
    mixed_action, mixed = model.predict(observation, second, starts, deterministic=True)
    anew_action, anew = model.predict(observation, deterministic=True)
    np.testing.assert_allclose(mixed[0][:, starts], anew[0][:, starts], atol=1e-6)
    np.testing.assert_allclose(mixed_action[starts], anew_action[starts], atol=1e-6)
    assert np.abs(mixed[0][:, ~starts] - anew[0][:, ~starts]).max() > 1e-3
    single, state = model.predict({key: value[0] for key, value in observation.items()}, deterministic=True)
    assert single.shape == (4,)
    assert state[0].shape == (1, 1, 32)
    np.testing.assert_allclose(single, anew_action[0], atol=1e-6)


def test_predicted_actions_are_in_the_space_and_their_argmax_survives_clipping() -> None:
    model = small_model(ram={"location_std": 2.0})
    actions, _ = model.predict(model.env.reset())
    assert all(model.action_space.contains(action) for action in actions)
    assert (actions[:, 2:].sum(1) == 1).all()
    assert (np.abs(actions[:, :2]) == 1).any(), "no location was clipped: the test shows nothing"


@pytest.mark.filterwarnings("ignore:Evaluation environment is not wrapped")
def test_vec_normalize_callbacks_tensorboard_and_evaluate_policy(tmp_path) -> None:
    env = VecNormalize(peek_env(label=True), norm_obs_keys=["glimpse", "location"])
    model = RecurrentPPO(
        RAMPolicy, env, n_steps=6, batch_size=48, policy_kwargs=SMALL, tensorboard_log=str(tmp_path / "tb"), seed=0
    )
    seen = ["glimpse", "location"]
    evaluation = VecNormalize(peek_env(label=True), training=False, norm_obs_keys=seen, norm_reward=False)
    callback = EvalCallback(evaluation, eval_freq=6, log_path=str(tmp_path), best_model_save_path=str(tmp_path))
    model.learn(96, callback=[callback, LogLabelLoss()])
    mean, _ = evaluate_policy(model, evaluation, n_eval_episodes=16)
    assert 0 <= mean <= 1
    assert (tmp_path / "evaluations.npz").exists()
    assert (tmp_path / "best_model.zip").exists()
    assert list((tmp_path / "tb").rglob("events.*"))


def test_a_schedule_moves_the_learning_rate() -> None:
    model = small_model(learning_rate=lambda progress: 1e-3 + 1e-2 * progress)
    assert model.policy.optimizer.param_groups[0]["lr"] == pytest.approx(1.1e-2)
    model.learn(2 * 56)
    assert model.policy.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_training_is_repeatable() -> None:
    one, other = (small_model(label=True).learn(112).policy.state_dict() for _ in range(2))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_single_environment_made_by_gymnasium() -> None:
    env = FlatAction(gym.make("ram_envs/GlimpseMNIST-v0", num_glimpses=2))
    model = RecurrentPPO(RAMPolicy, env, n_steps=8, batch_size=8, policy_kwargs=SMALL).learn(16)
    observation, _ = env.reset(seed=0)
    action, _ = model.predict(observation)
    assert env.action_space.contains(action)


def test_only_rams_parameters_are_trained() -> None:
    model = policy()
    trained = {id(p) for group in model.optimizer.param_groups for p in group["params"]}
    assert trained == {id(p) for p in model.parameters()} == {id(p) for p in model.ram.parameters()}


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"FlatAction"):
        RAMPolicy(OBSERVATION, spaces.MultiDiscrete([7, 7, 3]), lambda _: 1e-3)
    with pytest.raises(ValueError, match=r"label_weight=0.5 needs labels.*LabelObservation"):
        policy(label_weight=0.5)
    with pytest.raises(ValueError, match="use_sde"):
        policy(use_sde=True)
    with pytest.raises(ValueError, match="RAM needs the observation space"):
        policy(spaces.Dict(image=spaces.Box(0, 1, (4,))))
    with pytest.raises(TypeError, match="net_arch"):
        policy(net_arch=[64])


def test_a_dict_action_is_refused_with_the_remedy() -> None:
    env = gym.make_vec("ram_envs/Catch-v0", num_envs=2, autoreset_mode="SameStep")
    with pytest.raises(ValueError, match=r'action="flat".*VectorFlatAction'):
        SB3VecEnv(env)


def test_make_vec_env_takes_other_forms_of_an_action_by_name() -> None:
    for form, space in (("dict", spaces.Box), ("flat", spaces.Box), ("grid", spaces.MultiDiscrete)):
        assert isinstance(make_vec_env("ram_envs/Catch-v0", env_kwargs={"action": form}).action_space, space)


def test_make_vec_env_fits_the_policy() -> None:
    env = make_vec_env("ram_envs/GlimpseMNIST-v0", n_envs=4, seed=0, label=True, env_kwargs={"num_glimpses": 2})
    model = RecurrentPPO(RAMPolicy, env, n_steps=4, batch_size=16, policy_kwargs=SMALL).learn(32)
    assert model.policy.hybrid
    assert [info["r"] in (0.0, 1.0) and info["l"] == 2 for info in model.ep_info_buffer] == [True] * 16


@pytest.mark.parametrize("core", ["rnn", "lstm"])
def test_two_layers_with_a_context_learn_to_name_pairs(core: str) -> None:
    kwargs = {"glimpses_per_object": 1, "periphery": 6}
    env = make_vec_env("ram_envs/GlimpseMNIST-Pairs-v0", n_envs=4, seed=0, label=True, env_kwargs=kwargs)
    ram = {"core": core, "core_layers": 2, "context": True}
    model = RecurrentPPO(RAMPolicy, env, n_steps=4, batch_size=16, policy_kwargs=SMALL | ram)
    before = model.policy.ram.f_c.last.weight.clone()
    model.learn(32)
    assert (model.policy.ram.f_c.last.weight != before).any()
    assert {info["l"] for info in model.ep_info_buffer} == {2}
    assert {info["r"] for info in model.ep_info_buffer} <= {0.0, 1.0, 2.0}


@pytest.mark.parametrize("algorithm", [PPO, A2C])
def test_an_algorithm_without_memory_is_refused_at_its_first_step(algorithm) -> None:
    model = algorithm(RAMPolicy, peek_env(), n_steps=8, device="cpu", policy_kwargs=SMALL)
    with pytest.raises(TypeError, match=r"use sb3_contrib.RecurrentPPO\(RAMPolicy, env\) in place of"):
        model.learn(32)
