"""Which loss reaches which network, and whether REINFORCE's gradient is that of the expected return."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from ram_agents import RAM, Config
from ram_agents.agent.rollout import Rollout, collect_rollout
from ram_agents.agent.runner import Runner
from ram_agents.model.distribution import Gaussian
from ram_agents.training.objective import find_class_weights, label_nll, objective
from toy_env import PeekVectorEnv, SmoothVectorEnv, StopVectorEnv, SwitchVectorEnv, ToyVectorEnv

PLAIN = Config(detach_location=False, detach_baseline=False, location_std=0.2)


def gaussian(std: float):
    return lambda mean: Gaussian(mean, std)


def make_policy(env: ToyVectorEnv, config: Config) -> RAM:
    torch.manual_seed(0)
    sizes = {"glimpse_size": 16, "location_size": 16, "hidden_size": 32}
    policy = RAM(env.single_observation_space, env.single_action_space, config.model(), **sizes)
    with torch.no_grad():
        policy.f_l.mean.weight.mul_(30)  # so that the mean depends on what was seen
    return policy


def played(policy: RAM, env: ToyVectorEnv, *, seed: int = 0, sample_action: bool = False) -> Rollout:
    generator = torch.Generator().manual_seed(seed)
    return collect_rollout(
        Runner(policy, env, look="sample", sample_action=sample_action, stop="sample", generator=generator, seed=1)
    )


def parts_of(config: Config, env: ToyVectorEnv | None = None, *, hybrid: bool = True):
    env = env or PeekVectorEnv(64, repeats=config.repeats)
    policy = make_policy(env, config)
    rollout = played(policy, env, sample_action=True)
    return policy, rollout, objective(rollout, config, locations=policy.location_distribution, hybrid=hybrid)


def reached(policy: RAM, loss: torch.Tensor) -> set[str]:
    """The networks that get a gradient from a loss."""
    policy.zero_grad()
    loss.backward(retain_graph=True)
    networks = dict(policy.named_children())
    return {
        name
        for name, network in networks.items()
        if any(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in network.parameters())
    }


@pytest.mark.parametrize("reward", ["0/1", "log-likelihood", "information-gain"])
@pytest.mark.parametrize("baseline", ["state", "label", "leave-one-out", "none"])
def test_routing_of_the_hybrid_loss(reward, baseline) -> None:
    config = Config(reward=reward, baseline=baseline, repeats=4)
    policy, _, parts = parts_of(config)
    assert reached(policy, parts.action) == {"f_g", "f_h", "f_a"}
    assert reached(policy, parts.location) == {"f_l"}
    if baseline == "state":
        assert reached(policy, parts.baseline) == {"f_b"}
    else:
        assert not parts.baseline.requires_grad


def test_routing_without_detaching() -> None:
    policy, _, parts = parts_of(PLAIN)
    assert reached(policy, parts.location) == {"f_g", "f_h", "f_l"}
    assert reached(policy, parts.baseline) == {"f_g", "f_h", "f_b"}


def test_routing_of_the_pure_policy_gradient() -> None:
    policy, _, parts = parts_of(Config(hybrid=False, entropy_weight=0.01), hybrid=False)
    assert reached(policy, parts.action) == {"f_g", "f_h", "f_a"}
    assert reached(policy, parts.location) == {"f_l"}
    assert reached(policy, parts.baseline) == {"f_b"}


def test_routing_of_stopping() -> None:
    policy, _, parts = parts_of(Config(), StopVectorEnv(64), hybrid=False)
    assert reached(policy, parts.stop) == {"f_g", "f_h", "f_s"}
    for other in (parts.action, parts.location, parts.baseline):
        assert "f_s" not in reached(policy, other)
    _, _, parts = parts_of(Config())
    assert parts.stop == 0
    assert not parts.stop.requires_grad


def test_entropy_of_stopping_is_a_bonus() -> None:
    _, rollout, parts = parts_of(Config(), StopVectorEnv(64), hybrid=False)
    with_bonus = objective(rollout, Config(entropy_weight=0.5), locations=gaussian(0.1), hybrid=False).stop
    p = rollout.stop_logit[rollout.active].sigmoid()  # type: ignore[index]
    entropy = -(p * p.log() + (1 - p) * (1 - p).log()).mean()
    torch.testing.assert_close(with_bonus, parts.stop - 0.5 * entropy)


def test_a_control_reinforces_no_location() -> None:
    _, _, parts = parts_of(Config(look="random"))
    assert not parts.location.requires_grad


def test_the_total_is_weighted() -> None:
    config = Config(action_weight=2.0, reinforce_weight=0.5, baseline_weight=3.0, stop_weight=4.0)
    _, _, parts = parts_of(config, StopVectorEnv(64), hybrid=False)
    expected = 2 * parts.action + 0.5 * parts.location + 3 * parts.baseline + 4 * parts.stop
    torch.testing.assert_close(parts.total(config), expected)


def test_the_last_location_is_not_reinforced() -> None:
    config = PLAIN.replace(baseline="none")
    env = PeekVectorEnv(6, lengths=[3, 1, 4, 2, 4, 4])
    policy = make_policy(env, config)
    rollout = played(policy, env)
    mean = rollout.location_parameters.detach().requires_grad_()
    rollout = rollout._replace(location_parameters=mean, reward=torch.ones_like(rollout.reward))
    objective(rollout, config, locations=gaussian(0.2), hybrid=True).location.backward()
    assert mean.grad is not None
    reinforced = mean.grad.abs().sum(-1) > 0
    assert torch.equal(reinforced, rollout.looked)


def test_each_rollout_is_credited_with_its_own_return() -> None:
    """Rows of one scene stay apart: gradient by gradient, -(R - mean of the others) (l - mu) / std^2 / count."""
    config = Config(repeats=4, baseline="leave-one-out", location_std=0.2)
    env = PeekVectorEnv(16, repeats=4)
    policy = make_policy(env, config)
    rollout = played(policy, env, sample_action=True)
    mean = rollout.location_parameters.detach().requires_grad_()
    rollout = rollout._replace(location_parameters=mean)
    objective(rollout, config, locations=gaussian(0.2), hybrid=True).location.backward()
    returns = rollout.reward[-1].numpy().reshape(4, 4)
    others = (returns.sum(1, keepdims=True) - returns) / 3
    advantage = (returns - others).reshape(16)
    assert (advantage != 0).any()
    pull = (rollout.location - mean).detach().numpy() / 0.2**2
    expected = -advantage[:, None] * pull[:-1] / (2 * 16)
    np.testing.assert_allclose(mean.grad.numpy()[:-1], expected, rtol=1e-4, atol=1e-6)  # type: ignore[union-attr]


def test_rewards_from_the_label() -> None:
    _, rollout, _ = parts_of(Config(baseline="none"))
    nll = label_nll(rollout.logits, rollout.label).detach()  # type: ignore[arg-type]
    log_p = rollout.logits.log_softmax(-1)
    torch.testing.assert_close(-nll[0, 5], log_p[0, 5, rollout.label[5]].detach())  # type: ignore[index]
    mean = rollout.location_parameters.detach()
    for reward, returns in (
        ("log-likelihood", -nll[2].expand(3, -1)),
        ("information-gain", nll - nll[2]),  # what the glimpses still to come tell
    ):
        leaf = mean.clone().requires_grad_()
        config = Config(reward=reward, baseline="none", location_std=0.2)  # type: ignore[arg-type]
        objective(
            rollout._replace(location_parameters=leaf), config, locations=gaussian(0.2), hybrid=True
        ).location.backward()
        expected = -returns[:2, :, None] * (rollout.location - mean)[:2] / 0.04 / 128
        torch.testing.assert_close(leaf.grad[:2], expected, rtol=1e-4, atol=1e-6)  # type: ignore[index]


@pytest.mark.parametrize("reward", ["log-likelihood", "information-gain"])
def test_the_cost_of_glimpses_adds_to_a_reward_from_the_label(reward) -> None:
    config = Config(reward=reward, baseline="none", location_std=0.2)
    _, rollout, _ = parts_of(config)
    costly = rollout._replace(reward=torch.where(rollout.last, rollout.reward, -0.25))
    pulls = []
    for played_so in (rollout, costly):
        leaf = rollout.location_parameters.detach().requires_grad_()
        objective(
            played_so._replace(location_parameters=leaf), config, locations=gaussian(0.2), hybrid=True
        ).location.backward()
        assert leaf.grad is not None
        pulls.append(leaf.grad)
    still_to_pay = torch.tensor([0.5, 0.25, 0.0])[:, None, None]
    expected = still_to_pay * (rollout.location - rollout.location_parameters.detach()) / 0.04 / 128
    torch.testing.assert_close(pulls[1] - pulls[0], expected, rtol=1e-3, atol=1e-5)


def test_a_reward_from_the_label_needs_one() -> None:
    with pytest.raises(ValueError, match=r"'information-gain' needs .*; use reward='0/1'"):
        parts_of(Config(reward="information-gain"), PeekVectorEnv(8, labels=False), hybrid=False)


def test_a_baseline_from_the_label_needs_one() -> None:
    with pytest.raises(ValueError, match=r"baseline='label' needs .*; use baseline='state'"):
        parts_of(Config(baseline="label"), PeekVectorEnv(8, labels=False), hybrid=False)


def test_a_baseline_from_the_label_takes_away_what_was_known_before_the_look() -> None:
    """Who is certain in the end whatever was looked at gains the surprise that there was: no look is credited."""
    _, rollout, _ = parts_of(Config(), PeekVectorEnv(512))
    logits = 3 * torch.randn(rollout.logits.shape, generator=torch.Generator().manual_seed(0))
    assert rollout.label is not None
    logits[-1] = 20 * torch.eye(2)[rollout.label]
    pulls = {}
    for baseline in ("none", "state", "label"):
        leaf = rollout.location_parameters.detach().requires_grad_()
        now = rollout._replace(location_parameters=leaf, logits=logits)
        config = Config(reward="information-gain", baseline=baseline)
        objective(now, config, locations=gaussian(0.2), hybrid=True).location.backward()
        assert leaf.grad is not None
        pulls[baseline] = leaf.grad[:2].abs().mean().item()
    assert pulls["label"] < 0.05 * pulls["state"]
    assert pulls["label"] < 0.05 * pulls["none"]


def test_a_probability_baseline_is_compared_as_one() -> None:
    config = Config(baseline_probability=True, reinforce_weight=1.0)
    _, rollout, _ = parts_of(config)
    leaf = rollout.location_parameters.detach().requires_grad_()
    objective(
        rollout._replace(location_parameters=leaf), config, locations=gaussian(0.1), hybrid=True
    ).location.backward()
    advantage = rollout.reward[-1] - rollout.baseline.sigmoid().detach()
    expected = -advantage[:2, :, None] * (rollout.location - leaf.detach())[:2] / 0.01 / 128
    torch.testing.assert_close(leaf.grad[:2], expected, rtol=1e-4, atol=1e-6)  # type: ignore[index]


def _direction(policy: RAM, network: str) -> list[tuple[torch.nn.Parameter, torch.Tensor]]:
    """A random direction in the space of one network's weights."""
    generator = torch.Generator().manual_seed(5)
    return [
        (parameter, torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
        for name, parameter in policy.named_parameters()
        if name.startswith(network)
    ]


NETWORKS = "f_l", "f_h", "f_g.where"


@pytest.fixture(scope="module")
def smooth() -> tuple[SmoothVectorEnv, dict[str, float]]:
    """An environment of many rows, and the slope of its mean return along a random direction of each network.

    The return is smooth in the locations, so the slope can be measured with the same noise on both sides.
    """
    env = SmoothVectorEnv(100_000, lengths=3, repeats=2)
    policy, epsilon = make_policy(env, PLAIN.replace(repeats=2)), 0.01

    def mean_return(network: str, step: float) -> float:
        with torch.no_grad():
            direction = _direction(policy, network)
            for parameter, way in direction:
                parameter.add_(step * way)
            reward = played(policy, env).reward
            for parameter, way in direction:
                parameter.sub_(step * way)
        return reward.sum(0).double().mean().item()

    return env, {
        network: (mean_return(network, epsilon) - mean_return(network, -epsilon)) / (2 * epsilon)
        for network in NETWORKS
    }


@pytest.mark.parametrize("baseline", ["state", "none", "label", "leave-one-out"])
def test_reinforce_on_locations_agrees_with_finite_differences(baseline, smooth) -> None:
    """The mean of many REINFORCE gradients against the slope of the mean return; of 100,000 rows both are sharp."""
    env, measured = smooth
    config = PLAIN.replace(baseline=baseline, repeats=2)
    policy = make_policy(env, config)
    rollout = played(policy, env)._replace(label=torch.arange(env.num_envs) % 2)
    objective(rollout, config, locations=gaussian(0.2), hybrid=False).location.backward()
    for network in NETWORKS:
        # A mean over the T - 1 choices is minimised: the expected return's gradient is -(T - 1) times its gradient.
        slope = -2 * sum((parameter.grad * way).sum().item() for parameter, way in _direction(policy, network))  # type: ignore[operator]
        assert abs(measured[network]) > 0.02
        assert slope == pytest.approx(measured[network], rel=0.1, abs=0.01)


@pytest.mark.parametrize("baseline", ["state", "none"])
def test_reinforce_on_actions_agrees_with_the_exact_gradient(baseline) -> None:
    """Two actions in a row, four outcomes: the expected return and its gradient are a sum over them."""
    env = SwitchVectorEnv(50_000, lengths=2)
    config = PLAIN.replace(baseline=baseline, look="center", core="gru")
    policy = make_policy(env, config)
    generator = torch.Generator().manual_seed(0)
    rollout = collect_rollout(Runner(policy, env, look="center", sample_action=True, generator=generator, seed=1))
    first, second = rollout.logits[0, 0].softmax(-1), rollout.logits[1, 0].softmax(-1)  # the same in every row
    exact = first @ torch.tensor(env.TABLE, dtype=torch.float32) @ second
    expected = torch.autograd.grad(exact, policy.f_a.weight, retain_graph=True)[0]
    loss = objective(rollout, config, locations=gaussian(0.2), hybrid=False).action
    actual = -2 * torch.autograd.grad(loss, policy.f_a.weight)[0]
    assert (actual - expected).norm() < 0.05 * expected.norm()


@pytest.mark.parametrize("baseline", ["state", "none"])
def test_reinforce_on_stopping_agrees_with_the_exact_gradient(baseline) -> None:
    """Stop at the first, second or third glimpse: the expected return and its gradient are a sum over them."""
    env = StopVectorEnv(50_000)
    config = PLAIN.replace(baseline=baseline, look="center", core="gru")
    policy = make_policy(env, config)
    assert policy.f_s is not None
    torch.nn.init.normal_(policy.f_s.weight, std=0.5, generator=torch.Generator().manual_seed(0))
    torch.nn.init.zeros_(policy.f_s.bias)
    generator = torch.Generator().manual_seed(0)
    rollout = collect_rollout(
        Runner(policy, env, look="center", sample_action=True, stop="sample", generator=generator, seed=1)
    )
    lived = rollout.active.sum(1)
    assert 0 < lived[2] < lived[1] < lived[0]
    first, second = (rollout.stop_logit[t, rollout.active[t]][0].sigmoid() for t in (0, 1))  # type: ignore[index]
    table = env.RETURNS
    exact = first * table[0] + (1 - first) * (second * table[1] + (1 - second) * table[2])
    expected = torch.autograd.grad(exact, policy.f_s.weight, retain_graph=True)[0]
    loss = objective(rollout, config, locations=gaussian(0.2), hybrid=False).stop
    # A mean over all steps that were lived, where the expected return is one over episodes.
    actual = -torch.autograd.grad(loss, policy.f_s.weight)[0] * rollout.active.sum() / env.num_envs
    assert (actual - expected).norm() < 0.05 * expected.norm()


def test_a_teachers_part_of_the_cross_entropy_by_hand() -> None:
    _, rollout, parts = parts_of(Config())
    assert rollout.label is not None
    log_p, taught = rollout.logits.log_softmax(-1), torch.rand(rollout.logits.shape).softmax(-1)
    hard = -log_p.gather(2, rollout.label.expand(3, -1)[..., None])[..., 0]
    soft = -(taught * log_p).sum(-1)
    torch.testing.assert_close(label_nll(rollout.logits, rollout.label), hard)
    torch.testing.assert_close(label_nll(rollout.logits, rollout.label, taught, 0.3), 0.7 * hard + 0.3 * soft)
    config, rollout = Config(teacher_weight=0.3), rollout._replace(taught=taught)
    mixed = objective(rollout, config, locations=gaussian(0.1), hybrid=True).action
    torch.testing.assert_close(mixed, (0.7 * hard + 0.3 * soft)[-1].mean())
    assert not torch.equal(mixed, parts.action)


def test_cross_entropy_is_the_answers_and_with_a_weight_the_guesses() -> None:
    _, rollout, parts = parts_of(Config())
    nll = label_nll(rollout.logits, rollout.label)  # type: ignore[arg-type]
    torch.testing.assert_close(parts.action, nll[-1].mean())
    weighted = objective(rollout, Config(step_weight=0.5), locations=gaussian(0.1), hybrid=True).action
    torch.testing.assert_close(weighted, nll[-1].mean() + 0.5 * nll[:-1].mean())


def test_class_weights_by_hand() -> None:
    """Each answer's and guess's surprise counts so many times; the mean is over the episodes, not over the weights."""
    _, rollout, parts = parts_of(Config())
    nll, label = label_nll(rollout.logits, rollout.label), rollout.label  # type: ignore[arg-type]
    assert label is not None
    assert set(label.tolist()) == {0, 1}
    options = {"locations": gaussian(0.1), "hybrid": True, "class_weights": torch.tensor([0.5, 3.0])}
    weighted = objective(rollout, Config(step_weight=0.5), **options)  # type: ignore[arg-type]
    each = [sum((0.5, 3.0)[y] * nll[t, b] for b, y in enumerate(label.tolist())) / len(label) for t in range(len(nll))]
    torch.testing.assert_close(weighted.action, each[-1] + 0.5 * sum(each[:-1]) / (len(each) - 1))
    alike = objective(rollout, Config(), locations=gaussian(0.1), hybrid=True, class_weights=torch.ones(2))
    torch.testing.assert_close(alike.action, parts.action)


def test_a_reward_that_is_made_of_labels_is_not_weighed() -> None:
    config = Config(reward="information-gain")
    _, rollout, parts = parts_of(config)
    locations, weights = gaussian(config.location_std), torch.tensor([0.0, 5.0])
    weighted = objective(rollout, config, locations=locations, hybrid=True, class_weights=weights)
    torch.testing.assert_close(weighted.location, parts.location)


def test_what_class_weights_stand_for() -> None:
    def found(weights: Any, counts: Any = (6, 2), *, hybrid: bool = True) -> Any:
        return find_class_weights(Config(class_weights=weights), counts, 2, hybrid=hybrid)

    assert found(None, hybrid=False) is None
    torch.testing.assert_close(found("balanced"), torch.tensor([2 / 3, 2.0]))
    torch.testing.assert_close(found([1, 0.5], None), torch.tensor([1.0, 0.5]))
    with pytest.raises(ValueError, match="class_weights has 3 numbers, and there are 2 classes"):
        found([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"declares its label_counts .* give numbers"):
        found("balanced", None)
    with pytest.raises(ValueError, match="by which this action does not learn"):
        found("balanced", hybrid=False)


def test_several_answers_each_count_and_each_begin_anew() -> None:
    """Two answers after two glimpses each: by hand from the log-likelihoods."""
    env = gym.make_vec("ram_envs/GlimpseMNIST-Pairs-v0", num_envs=5, glimpses_per_object=2, autoreset_mode="Disabled")
    config = Config(reward="information-gain", baseline="none", step_weight=0.5, discount=0.0)
    policy = make_policy(env, config)
    rollout = played(policy, env)
    nll = label_nll(rollout.logits, rollout.label).detach()
    names = rollout.label[[0, 2]]
    torch.testing.assert_close(nll[1], -rollout.logits[1].log_softmax(-1).gather(1, names[0][:, None])[:, 0])
    torch.testing.assert_close(nll[2], -rollout.logits[2].log_softmax(-1).gather(1, names[1][:, None])[:, 0])
    parts = objective(rollout, config, locations=policy.location_distribution, hybrid=True)
    expected = (nll[1] + nll[3]).mean() / 2 + 0.5 * (nll[0] + nll[2]).mean() / 2
    torch.testing.assert_close(parts.action, expected)
    gains = torch.stack([nll[0] - nll[1], np.log(10) - nll[2], nll[2] - nll[3]])
    log_pi = policy.location_distribution(rollout.location_parameters).log_prob(rollout.location)[:3]
    torch.testing.assert_close(parts.location, -(log_pi * gains).mean())
    answers = objective(
        rollout, config.replace(reward="log-likelihood"), locations=policy.location_distribution, hybrid=True
    )
    torch.testing.assert_close(answers.location, (log_pi[1] * nll[1]).mean() / 3)
    measured = parts.measured(parts.total(config), torch.zeros(()), rollout)
    assert (measured["answers"], measured["glimpses"]) == (2, 4)
