"""Episodes as they are kept: masks in every autoreset mode, raw samples, and whose choices they are."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from ram_agents import RAM, Reinforce
from ram_agents.model.policy import RAMOutput
from ram_agents.training.rollout import Runner, choose_action, choose_location, choose_stop, collect_rollout
from toy_env import PeekVectorEnv, SmoothVectorEnv, StopVectorEnv, ToyVectorEnv

LENGTHS = np.array([3, 1, 4, 2])


def make_policy(env: ToyVectorEnv, **kwargs) -> RAM:
    torch.manual_seed(0)
    return RAM(env.single_observation_space, env.single_action_space, hidden_size=16, glimpse_size=8, **kwargs)


def rollout_of(env, policy=None, *, look="sample", sample_action=True, seed=0, **kwargs):
    policy = policy or make_policy(env)
    generator = torch.Generator().manual_seed(seed)
    return collect_rollout(
        Runner(policy, env, look=look, sample_action=sample_action, generator=generator, seed=7, **kwargs)
    )


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_masks_in_every_autoreset_mode(mode) -> None:
    env = PeekVectorEnv(4, lengths=LENGTHS, autoreset_mode=mode)
    rollout = rollout_of(env)
    step = np.arange(4)[:, None]
    np.testing.assert_array_equal(rollout.active.numpy(), step < LENGTHS)
    np.testing.assert_array_equal(rollout.last.numpy(), step == LENGTHS - 1)
    np.testing.assert_array_equal(rollout.looked.numpy(), step < LENGTHS - 1)
    assert rollout.looked.sum() == (LENGTHS - 1).sum()  # T glimpses are T - 1 choices
    assert (rollout.reward[~rollout.last] == 0).all()


def test_a_runner_leaves_the_last_scene_until_the_next_choice() -> None:
    """Pictures of an episode's end are taken between the two."""
    env = PeekVectorEnv(4, lengths=LENGTHS)
    runner = Runner(make_policy(env), env, look="center", sample_action=False, seed=7)
    runner.choose()
    step = runner.step()
    np.testing.assert_array_equal(step.last, LENGTHS == 1)
    np.testing.assert_array_equal(runner.active, LENGTHS > 1)
    np.testing.assert_array_equal(env.steps, 1)
    runner.choose()
    np.testing.assert_array_equal(env.steps, LENGTHS > 1)  # the second row is at a beginning again


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_the_autoreset_mode_changes_nothing_that_counts(mode) -> None:
    one = rollout_of(PeekVectorEnv(8, lengths=3))
    other = rollout_of(PeekVectorEnv(8, lengths=3, autoreset_mode=mode))
    for name in (
        "location",
        "location_parameters",
        "logits",
        "action",
        "baseline",
        "reward",
        "active",
        "last",
        "label",
    ):
        torch.testing.assert_close(getattr(one, name), getattr(other, name), rtol=0, atol=0, msg=name)


def test_rewards_and_labels_are_the_environments() -> None:
    env = PeekVectorEnv(64)
    rollout = rollout_of(env)
    assert rollout.label is not None
    right = rollout.action[-1] == rollout.label
    torch.testing.assert_close(rollout.reward[-1], right.float())
    assert 0 < right.sum() < 64
    assert rollout_of(PeekVectorEnv(4, labels=False)).label is None


def test_the_raw_sample_is_kept_and_the_environment_gets_the_clamped_one() -> None:
    env = SmoothVectorEnv(64, lengths=3)
    rollout = rollout_of(env, make_policy(env, location_std=2.0))
    assert rollout.location.abs().max() > 1
    assert not rollout.location.requires_grad
    sent = env.gaze[:, 1:].swapaxes(0, 1)
    np.testing.assert_array_equal(sent, np.clip(rollout.location.numpy(), -1, 1))


def test_a_location_is_seen_at_the_next_step() -> None:
    env = SmoothVectorEnv(8, lengths=3)
    rollout = rollout_of(env)
    torch.testing.assert_close(rollout.gaze[1:], rollout.location[:-1, :8].clamp(-1, 1))
    torch.testing.assert_close(rollout.glimpse[1:, :, 0, 0], rollout.gaze[1:] / 2 + 0.5)


def test_outputs_are_those_of_step_replayed() -> None:
    env = SmoothVectorEnv(4, lengths=3)
    policy = make_policy(env, core="lstm")
    rollout = rollout_of(env, policy)
    state = policy.initial_state(4)
    for t in range(3):
        output, state = policy.step({"glimpse": rollout.glimpse[t], "location": rollout.gaze[t]}, state)
        torch.testing.assert_close(output.location_mean, rollout.location_parameters[t])
        torch.testing.assert_close(output.logits, rollout.logits[t])
        torch.testing.assert_close(output.baseline, rollout.baseline[t])


def test_gradients_flow_from_the_rollout_back_through_time() -> None:
    env = SmoothVectorEnv(16, lengths=3)
    policy = make_policy(env)
    rollout = rollout_of(env, policy)
    rollout.logits[-1].sum().backward()
    assert policy.f_h.hidden.weight.grad is not None
    assert policy.f_h.hidden.weight.grad.abs().sum() > 0


def test_seeds_decide_everything() -> None:
    one, same, other = (rollout_of(PeekVectorEnv(8), seed=seed) for seed in (1, 1, 2))
    torch.testing.assert_close(one.location, same.location, rtol=0, atol=0)
    torch.testing.assert_close(one.action, same.action, rtol=0, atol=0)
    assert not torch.equal(one.location, other.location)


def test_nothing_is_drawn_from_the_global_generators() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    env = PeekVectorEnv(8)
    policy = RAM(env.single_observation_space, env.single_action_space)
    before = torch.get_rng_state()
    rollout_of(env, policy)
    assert torch.equal(before, torch.get_rng_state())


def test_looks() -> None:
    policy = make_policy(PeekVectorEnv(4))
    mean = torch.full((10_000, 2), 0.5, requires_grad=True)
    generator = torch.Generator().manual_seed(0)
    output = RAMOutput(mean, mean, *[torch.zeros(10_000)] * 3)
    looks = {look: choose_location(policy, output, look, generator) for look in ("sample", "mean", "random", "center")}
    assert not any(location.requires_grad for location in looks.values())
    torch.testing.assert_close(looks["mean"], mean.detach())
    assert (looks["center"] == 0).all()
    assert looks["random"].min() < -0.99
    assert looks["random"].max() > 0.99
    assert looks["sample"].mean().item() == pytest.approx(0.5, abs=0.01)
    with pytest.raises(ValueError, match="not 'away'"):
        choose_location(policy, output, "away", generator)  # type: ignore[arg-type]


def test_actions_are_drawn_from_the_softmax_or_the_likeliest() -> None:
    logits = torch.log(torch.tensor([0.1, 0.6, 0.3])).expand(20_000, 3)
    drawn = choose_action(logits, torch.Generator().manual_seed(0), sample=True)
    np.testing.assert_allclose(torch.bincount(drawn).numpy() / 20_000, [0.1, 0.6, 0.3], atol=0.015)
    assert (choose_action(logits, None, sample=False) == 1).all()


def test_when_to_stop() -> None:
    logit = torch.full((20_000,), -1.0, requires_grad=True)
    drawn = choose_stop(logit, "sample", torch.Generator().manual_seed(0))
    assert drawn.float().mean().item() == pytest.approx(0.269, abs=0.015)  # sigmoid(-1)
    assert choose_stop(torch.tensor([-0.1, 0.1]), "likelier", None).tolist() == [False, True]
    assert not choose_stop(torch.tensor([9.0]), "never", None).any()
    with pytest.raises(ValueError, match="not 'now'"):
        choose_stop(logit, "now", None)  # type: ignore[arg-type]


def test_who_stops_ends_there() -> None:
    env = StopVectorEnv(64)
    policy = make_policy(env)
    assert policy.f_s is not None
    torch.nn.init.zeros_(policy.f_s.bias)
    rollout = rollout_of(env, policy, stop="sample")
    assert rollout.stop is not None
    step = torch.arange(3)[:, None]
    assert torch.equal(rollout.last, rollout.active & (rollout.stop | (step == 2)))
    assert torch.equal(rollout.active[1:], rollout.active[:-1] & ~rollout.last[:-1])
    taken = rollout.active.sum(0)
    assert set(taken.tolist()) == {1, 2, 3}
    np.testing.assert_allclose(rollout.reward.sum(0).numpy(), env.RETURNS[taken.numpy() - 1], rtol=1e-6)
    assert rollout_of(env, policy, stop="never").active.all()
    assert rollout_of(PeekVectorEnv(4)).stop is None


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_gymnasiums_own_vector_environment(mode) -> None:
    make = [lambda: gym.make("ram_envs/GlimpseMNIST-v0", num_glimpses=2)] * 3
    env = SyncVectorEnv(make, autoreset_mode=mode)
    rollout = rollout_of(env, make_policy(env))
    native = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=3, num_glimpses=2, autoreset_mode=mode)
    same = rollout_of(native, make_policy(native))
    torch.testing.assert_close(rollout.logits, same.logits)
    torch.testing.assert_close(rollout.reward, same.reward)
    assert torch.equal(rollout.label, same.label)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["glimpse", "location"])
def test_an_observation_that_is_no_number_is_named_where_it_enters(key) -> None:
    class Broken(PeekVectorEnv):
        def step(self, actions):
            observation, *rest = super().step(actions)
            observation[key][2] = np.nan
            return observation, *rest

    agent = Reinforce(Broken(4), hidden_size=16)
    with pytest.raises(FloatingPointError, match=f'the environment\'s "{key}" of row 2 is not finite'):
        agent.learn(8)


@pytest.mark.parametrize("hybrid", [True, False])
def test_a_weight_that_is_no_number_is_named(hybrid) -> None:
    agent = Reinforce(PeekVectorEnv(4), hidden_size=16, hybrid=hybrid)
    torch.nn.init.constant_(agent.policy.f_h.glimpse.bias, float("nan"))
    with pytest.raises(FloatingPointError, match=r"the weight f_h\.glimpse\.bias is not finite: the run has diverged"):
        agent.learn(8)


def test_outputs_that_overflow_are_told() -> None:
    agent = Reinforce(PeekVectorEnv(4), hidden_size=16)
    torch.nn.init.constant_(agent.policy.f_a.weight, 3e38)
    torch.nn.init.constant_(agent.policy.f_h.glimpse.bias, 3e38)
    with pytest.raises(FloatingPointError, match="outputs are not finite, though observation and weights are"):
        agent.learn(8)
