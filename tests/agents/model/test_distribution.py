"""The policy's distribution by hand, and against torch's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ram_agents.model.distribution import (
    Gaussian,
    LocationAction,
    action_entropy,
    action_log_prob,
    location_entropy,
    location_log_prob,
    sample_action,
    stop_log_prob,
)
from torch import Tensor
from torch.distributions import Categorical, Independent, Normal, kl_divergence


def t(*rows) -> Tensor:
    return torch.tensor(rows)


def test_location_log_prob_by_hand_and_against_torch() -> None:
    # One std away in x, two in y: -(1 + 4) / 2 - 2 log(0.5) - log(2 pi).
    value = location_log_prob(t([0.5, 1.0]), t([0.0, 0.0]), 0.5)
    assert value.item() == pytest.approx(-2.5 - 2 * math.log(0.5) - math.log(2 * math.pi), rel=1e-6)
    location, mean = torch.randn(3, 4, 2) * 2, torch.randn(3, 4, 2)
    expected = torch.distributions.Normal(mean, 0.3).log_prob(location).sum(-1)
    torch.testing.assert_close(location_log_prob(location, mean, 0.3), expected)


def test_location_log_prob_pulls_the_mean_towards_the_sample() -> None:
    mean = torch.zeros(1, 2, requires_grad=True)
    location_log_prob(t([0.3, -0.1]), mean, 0.1).sum().backward()
    torch.testing.assert_close(mean.grad, t([30.0, -10.0]))  # (l - mu) / std^2


def test_location_log_prob_wants_a_detached_sample() -> None:
    mean = torch.zeros(1, 2, requires_grad=True)
    with pytest.raises(ValueError, match="detach the sampled location"):
        location_log_prob(mean + 0.1, mean, 0.1)


def test_stop_log_prob_by_hand() -> None:
    logit = torch.tensor([math.log(3.0), math.log(3.0), 0.0])
    log_prob = stop_log_prob(logit, torch.tensor([True, False, True]))
    torch.testing.assert_close(log_prob.exp(), torch.tensor([0.75, 0.25, 0.5]))


def test_action_entropy_by_hand() -> None:
    logits = t([0.0, 0.0, 0.0, 0.0], [100.0, 0.0, 0.0, 0.0], [math.log(3), 0.0, -1e9, -1e9])
    expected = [math.log(4), 0.0, -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))]
    np.testing.assert_allclose(action_entropy(logits).numpy(), expected, atol=1e-6)


def test_log_prob_asserts_its_shapes() -> None:
    for location, mean in ((torch.zeros(3, 2), torch.zeros(4, 2)), (torch.zeros(3, 3), torch.zeros(3, 3))):
        with pytest.raises(AssertionError):
            location_log_prob(location, mean, 1.0)
    with pytest.raises(AssertionError):
        action_log_prob(torch.zeros(3, 4), torch.zeros(2))


def test_a_std_of_each_gives_what_one_for_all_gives() -> None:
    location, mean = torch.randn(3, 4, 2), torch.randn(3, 4, 2)
    std = torch.full((3, 4, 1), 0.3)
    torch.testing.assert_close(location_log_prob(location, mean, std), location_log_prob(location, mean, 0.3))
    entropy = location_entropy(std)
    torch.testing.assert_close(entropy, torch.full((3, 4), location_entropy(0.3)))


def test_actions_are_drawn_by_the_softmax() -> None:
    logits = t([math.log(0.7), math.log(0.2), math.log(0.1)]).expand(2, 10_000, 3)
    drawn = sample_action(logits, torch.Generator().manual_seed(0))
    assert drawn.shape == (2, 10_000)
    np.testing.assert_allclose(np.bincount(drawn.flatten()) / 20_000, [0.7, 0.2, 0.1], atol=0.01)


def pair(seed: int, *, greedy: bool = False, each: bool = False) -> tuple[LocationAction, Independent, Categorical]:
    """Ours, and the same by torch: of 5 rows, with 4 actions."""
    generator = torch.Generator().manual_seed(seed)
    mean, logits = torch.randn(5, 2, generator=generator), torch.randn(5, 4, generator=generator)
    std = 0.1 + torch.rand(5, 1, generator=generator) if each else 0.2 + 0.1 * seed
    return (
        LocationAction(Gaussian(mean, std), logits, greedy),
        Independent(Normal(mean, std), 1),
        Categorical(logits=logits),
    )


@pytest.mark.parametrize("each", [False, True])
def test_the_pair_against_torch(each) -> None:
    ours, gaussian, categorical = pair(0, each=each)
    location, action = torch.randn(5, 2), torch.tensor([0, 1, 2, 3, 0])
    log_prob = gaussian.log_prob(location) + categorical.log_prob(action)
    torch.testing.assert_close(ours.log_prob(location, action), log_prob)
    torch.testing.assert_close(ours.entropy(), gaussian.entropy() + categorical.entropy())
    other, *theirs = pair(1, each=each)
    kl = kl_divergence(gaussian, theirs[0]) + kl_divergence(categorical, theirs[1])
    torch.testing.assert_close(ours.kl(other), kl)
    torch.testing.assert_close(ours.kl(ours), torch.zeros(5), atol=1e-6, rtol=0)


def test_a_greedy_action_has_no_part_in_it() -> None:
    ours, gaussian, _ = pair(0, greedy=True)
    location = torch.randn(5, 2)
    torch.testing.assert_close(ours.log_prob(location, torch.zeros(5)), gaussian.log_prob(location))
    torch.testing.assert_close(ours.entropy(), gaussian.entropy())
    other, theirs, _ = pair(1, greedy=True)
    torch.testing.assert_close(ours.kl(other), kl_divergence(gaussian, theirs))
    for _ in range(3):
        torch.testing.assert_close(ours.sample()[1], ours.logits.argmax(-1))


def test_mode_and_sample_carry_no_gradient() -> None:
    mean, logits = torch.zeros(5, 2, requires_grad=True), torch.zeros(5, 4, requires_grad=True)
    for std in (0.1, torch.full((5, 1), 0.1, requires_grad=True)):
        ours = LocationAction(Gaussian(mean, std), logits)
        for location, action in (ours.mode(), ours.sample()):
            assert not location.requires_grad
            assert action.dtype == torch.int64
    torch.testing.assert_close(ours.mode()[0], torch.zeros(5, 2))


def test_one_std_for_all_and_one_of_each_draw_the_same() -> None:
    mean = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
    drawn = [Gaussian(mean, std).sample(torch.Generator().manual_seed(1)) for std in (0.3, torch.full((40, 1), 0.3))]
    noise = torch.randn(40, 2, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(drawn, [mean + 0.3 * noise] * 2)
