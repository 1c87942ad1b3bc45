"""Episodes as they are kept: masks in every autoreset mode, raw samples, and whose choices they are."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from ram_agents import RAM, Reinforce
from ram_agents.agent.rollout import collect_rollout, glimpses
from ram_agents.agent.runner import Runner
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


def test_the_spread_of_locations_by_hand() -> None:
    rollout = rollout_of(PeekVectorEnv(4, lengths=LENGTHS))
    location = torch.full((4, 4, 2), 100.0)  # never looked at
    location[0, [0, 2, 3]] = torch.tensor(
        [[0.0, 0.0], [0.3, 0.0], [0.0, 0.6]]
    )  # 0.06 and 0.24 from their middles, squared
    location[1, [0, 2]] = torch.tensor([[0.5, -0.5], [0.1, -0.5]])  # 0.08 and 0
    location[2, 2] = torch.tensor([-0.9, 0.9])  # alone
    expected = ((0.06 + 0.24 + 0.08) / (2 * 6)) ** 0.5
    assert rollout._replace(location=location).location_spread.item() == pytest.approx(expected)
    never = rollout_of(PeekVectorEnv(4, lengths=1))
    assert never.location_spread.item() == 0


def test_a_gaze_that_sees_nothing_spreads_by_its_noise_alone() -> None:
    env = PeekVectorEnv(512, lengths=4)
    blind = make_policy(env, location_std=0.1)
    torch.nn.init.zeros_(blind.f_l.mean.weight)
    assert rollout_of(env, blind).location_spread.item() == pytest.approx(0.1, rel=0.1)
    assert rollout_of(env, blind, look="random").location_spread.item() == pytest.approx(3**-0.5, rel=0.1)


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


def environment(saccade: str, **kwargs):
    arguments = {"num_envs": 6, "num_glimpses": 5, "patch_size": 16, "num_scales": 3, "autoreset_mode": "Disabled"}
    return gym.make_vec("ram_envs/GlimpseMNIST-Cluttered100-v0", saccade=saccade, **arguments | kwargs)


def gazes(env, look: str) -> np.ndarray:
    """Where an untrained policy looks as a control, (T, B, 2)."""
    generator = torch.Generator().manual_seed(3)
    runner = Runner(make_policy(env), env, look=look, sample_action=False, generator=generator, seed=7)
    seen = []
    while runner.active.any():
        seen.append(runner.gaze)
        runner.choose()
        step = runner.step()
        np.testing.assert_array_equal(runner.gaze, step.info["gaze"])
    return np.array(seen)


@pytest.mark.parametrize("look", ["random", "center", "scan"])
def test_controls_look_at_places_whatever_the_saccades_are(look: str) -> None:
    """The reach is 32 pixels; half the canvas is 50."""
    absolute, relative = (gazes(environment(saccade), look) for saccade in ("absolute", "relative"))
    np.testing.assert_allclose(relative[0], absolute[0], atol=1e-6)
    for t in range(1, 5):
        way = np.clip(absolute[t] - relative[t - 1], -32 / 50, 32 / 50)
        np.testing.assert_allclose(relative[t], relative[t - 1] + way, atol=1e-5)
    if look == "center":
        assert (absolute[1:] == 0).all()
    elif look == "scan":
        expected = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])[:, None]
        np.testing.assert_allclose(absolute[1:], expected.repeat(6, axis=1))
    else:
        assert len(np.unique(absolute[1:].reshape(-1, 2), axis=0)) == 24


def test_the_rollouts_gaze_is_absolute_and_the_policy_gets_the_observed_location() -> None:
    env = environment("relative", initial_location="center")
    rollout = rollout_of(env)
    assert rollout.gaze.shape == (5, 6, 2)
    assert (rollout.gaze[0] == 0).all()
    moves = (rollout.gaze[1:] - rollout.gaze[:-1]) * 50 / 32  # in units of the reach
    actions = rollout.location[:-1].clamp(-1, 1)
    torch.testing.assert_close(moves, actions * actions.abs(), atol=1e-4, rtol=0)


def test_single_environments_in_a_vector_look_at_places_too() -> None:
    kwargs = {"saccade": "relative", "num_glimpses": 5, "initial_location": "center"}
    singles = SyncVectorEnv([lambda: gym.make("ram_envs/GlimpseMNIST-v0", **kwargs)] * 3)
    native = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=3, **kwargs)
    for look in ("random", "scan"):
        np.testing.assert_array_equal(gazes(singles, look), gazes(native, look))


def test_glimpses_are_those_of_rows_whose_episodes_go_on() -> None:
    env = PeekVectorEnv(3, lengths=[1, 3, 2])
    policy = RAM(env.single_observation_space, env.single_action_space, hidden_size=8)
    generator = torch.Generator().manual_seed(0)
    runner = Runner(policy, env, look="sample", sample_action=False, generator=generator, seed=1)
    rollout = collect_rollout(runner)
    again = Runner(policy, env, look="sample", sample_action=False, generator=generator.manual_seed(0), seed=1)
    seen = list(glimpses(again))
    assert [len(batch) for batch in seen] == [3, 2, 1]
    for t, batch in enumerate(seen):
        torch.testing.assert_close(batch, rollout.glimpse[t][rollout.active[t]])


def test_what_a_control_needs_has_to_be_declared() -> None:
    toy = PeekVectorEnv(4)
    with pytest.raises(ValueError, match=r"declares no num_glimpses.*docs/architecture.md"):
        Runner(make_policy(toy), toy, look="scan", sample_action=False)
    bound = gym.spaces.Box(-np.inf, np.inf, (2,), np.float32)
    toy.single_observation_space = gym.spaces.Dict({**toy.single_observation_space.spaces, "location": bound})
    with pytest.raises(ValueError, match=r"relative saccades and declares no look_at.*docs/architecture.md"):
        Runner(make_policy(toy), toy, look="random", sample_action=False)


def test_a_masked_reset_leaves_the_other_gazes() -> None:
    """Rows that ended are reset by a mask, and then infos tell the gaze of those rows alone."""
    env = environment("relative", can_stop=True)
    runner = Runner(make_policy(env), env, look="random", sample_action=False, stop="never", seed=1)
    choice = runner.choose()
    assert choice.stop is not None
    choice.stop[:3] = True
    step = runner.step()
    runner.choose()
    np.testing.assert_array_equal(runner.gaze[3:], step.info["gaze"][3:])
    assert (runner.gaze[:3] != step.info["gaze"][:3]).any(axis=1).all()


@pytest.mark.parametrize("environment", [PeekVectorEnv, StopVectorEnv])
def test_a_rollout_is_the_same_whichever_way_its_gradients_go(environment, monkeypatch) -> None:
    def collected():
        policy = make_policy(environment(8))
        rollout = rollout_of(environment(8), policy, stop="sample")
        parts = [rollout.logits, rollout.location_parameters, rollout.baseline, rollout.stop_logit]
        sum((part * torch.arange(part.numel()).view(part.shape)).sum() for part in parts if part is not None).backward()
        return rollout, {name: p.grad for name, p in policy.named_parameters()}

    unrolled, found = collected()
    monkeypatch.setattr("ram_agents.agent.rollout.can_unroll", lambda policy, rows: False)
    by_steps, wanted = collected()
    torch.testing.assert_close(found, wanted)
    for name, one in unrolled._asdict().items():
        torch.testing.assert_close(one, getattr(by_steps, name), msg=name)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_several_answers_are_told_apart_in_every_autoreset_mode(mode: str) -> None:
    kwargs = {"glimpses_per_object": 2, "num_digits": (1, 2), "split": "test"}
    env = gym.make_vec("ram_envs/GlimpseMNIST-Pairs-v0", num_envs=12, autoreset_mode=mode, **kwargs)
    policy = RAM(env.single_observation_space, env.single_action_space, hidden_size=16)
    rollout = collect_rollout(Runner(policy, env, look="mean", sample_action=False, indices=np.arange(12)))
    names = env.reset(options={"indices": np.arange(12)})[1]["labels"]
    lengths = 2 * (1 + (names == 10).argmax(1))
    assert set(lengths) == {4, 6}
    assert rollout.label.shape == rollout.answer.shape == (6, 12)
    for row, length in enumerate(lengths):
        assert rollout.active[:, row].tolist() == [step < length for step in range(6)]
        assert rollout.answer[:, row].tolist() == [step < length and step % 2 == 1 for step in range(6)]
        assert rollout.last[:, row].nonzero().flatten().tolist() == [length - 1]
        assert rollout.label[:length, row].tolist() == names[row].repeat(2)[:length].tolist()


def test_of_one_answer_the_last_action_is_it() -> None:
    env = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=3, num_glimpses=2, autoreset_mode="Disabled")
    policy = RAM(env.single_observation_space, env.single_action_space, hidden_size=16)
    rollout = collect_rollout(Runner(policy, env, look="mean", sample_action=False, seed=0))
    assert rollout.label.shape == (3,)
    assert torch.equal(rollout.answer, rollout.last)
