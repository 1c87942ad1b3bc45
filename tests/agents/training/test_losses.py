"""The losses by small arrays worked by hand, and against slow reference code."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ram_agents.training import losses
from torch import Tensor


def t(*rows) -> Tensor:
    return torch.tensor(rows)


def test_discounted_sum_by_hand() -> None:
    reward = t([1.0, 0.0], [0.0, 2.0], [4.0, 0.0])
    torch.testing.assert_close(losses.discounted_sum(reward, 1.0), t([5.0, 2.0], [4.0, 2.0], [4.0, 0.0]))
    torch.testing.assert_close(losses.discounted_sum(reward, 0.5), t([2.0, 1.0], [2.0, 2.0], [4.0, 0.0]))
    torch.testing.assert_close(losses.discounted_sum(reward, 0.0), reward)


def test_generalised_advantage_by_hand() -> None:
    reward, baseline = t([0.0], [0.0], [1.0]), t([0.2], [0.4], [0.7])
    # delta = 0.2, 0.3, 0.3 without discount.
    torch.testing.assert_close(losses.generalised_advantage(reward, baseline, 1.0, 0.0), t([0.2], [0.3], [0.3]))
    torch.testing.assert_close(losses.generalised_advantage(reward, baseline, 1.0, 1.0), t([0.8], [0.6], [0.3]))
    torch.testing.assert_close(losses.generalised_advantage(reward, baseline, 1.0, 0.5), t([0.425], [0.45], [0.3]))


def test_generalised_advantage_against_its_definition() -> None:
    generator = np.random.default_rng(0)
    reward, b = generator.normal(size=(5, 3)), generator.normal(size=(5, 3))
    discount, lam = 0.9, 0.7
    expected = np.zeros((5, 3))
    for start in range(5):
        for k in range(5 - start):
            following = b[start + k + 1] if start + k < 4 else 0
            delta = reward[start + k] + discount * following - b[start + k]
            expected[start] += (discount * lam) ** k * delta
    actual = losses.generalised_advantage(torch.tensor(reward), torch.tensor(b), discount, lam)
    np.testing.assert_allclose(actual.numpy(), expected)


def test_with_lambda_1_the_advantage_is_the_papers() -> None:
    reward, b = torch.rand(4, 3), torch.rand(4, 3)
    expected = losses.discounted_sum(reward, 0.8) - b
    torch.testing.assert_close(losses.generalised_advantage(reward, b, 0.8, 1.0), expected)


def test_information_gain_where_another_label_is_asked_for_by_hand() -> None:
    nll, before = t([2.0], [0.5], [1.5]), t([2.0], [3.0], [1.5])
    looked = torch.tensor([[True], [True], [False]])
    torch.testing.assert_close(losses.information_gain(nll, looked, before), t([1.5], [1.5], [0.0]))


def test_information_gain_by_hand() -> None:
    nll = t([2.0, 3.0], [1.5, 3.5], [0.5, 9.0])
    looked = t([True, True], [True, False], [False, False])  # the second episode ended with its second step
    torch.testing.assert_close(losses.information_gain(nll, looked), t([0.5, -0.5], [1.0, 0.0], [0.0, 0.0]))


def test_leave_one_out_by_hand() -> None:
    returns = t([1.0, 2.0, 6.0, 0.0, 0.0, 3.0])  # two scenes, three episodes each
    expected = t([4.0, 3.5, 1.5, 1.5, 1.5, 0.0])
    torch.testing.assert_close(losses.leave_one_out(returns, 3), expected)
    with pytest.raises(AssertionError):
        losses.leave_one_out(returns, 4)


def test_leave_one_out_does_not_know_its_own_return() -> None:
    returns = torch.rand(1, 4, requires_grad=True)
    losses.leave_one_out(returns, 4)[0, 2].backward()
    torch.testing.assert_close(returns.grad, t([1 / 3, 1 / 3, 0.0, 1 / 3]))


def test_expected_given_by_hand() -> None:
    """Of 0, 1, 2 with returns 0, 3, 3. Without the first, the mean is (1.5, 3), and the line is flat.

    Without the second it goes through (1, 1.5), and at 1 expects that. Without the last it has the mean (0.5, 1.5) and
    the slope 1.5 / (0.5 + 1), where 1 is the largest square of all; at 2 that is 1.5 + 1.5.
    """
    known, returns = t([0.0, 1.0, 2.0]), t([0.0, 3.0, 3.0])
    expected = losses.expected_given(known, returns, torch.ones_like(known).bool())
    torch.testing.assert_close(expected, t([3.0, 1.5, 3.0]))


def test_expected_given_against_a_regression_without_each_episode() -> None:
    generator = torch.Generator().manual_seed(0)
    known, returns = torch.randn(2, 4, 9, generator=generator, dtype=torch.float64)
    mask = torch.rand(4, 9, generator=generator) > 0.3
    expected = losses.expected_given(known, returns, mask)
    for step, row in mask.nonzero().tolist():
        marked = mask[step]
        penalty = (known[step, marked] - known[step, marked].mean()).square().max()
        others = marked & (torch.arange(9) != row)
        x, y = known[step, others], returns[step, others]
        slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()).square().sum() + penalty)
        torch.testing.assert_close(expected[step, row], y.mean() + slope * (known[step, row] - x.mean()))


def test_expected_given_does_not_know_its_own_return() -> None:
    known = torch.randn(2, 5, generator=torch.Generator().manual_seed(1))
    returns = known.square().requires_grad_()
    mask = torch.tensor([[True, True, False, True, True], [True] * 5])
    losses.expected_given(known, returns, mask)[0, 3].backward()
    assert returns.grad is not None
    torch.testing.assert_close(returns.grad[0, 3], torch.tensor(0.0), atol=1e-6, rtol=0)
    assert (returns.grad[0, [0, 1, 4]] != 0).all()
    assert (returns.grad[0, 2] == 0) & (returns.grad[1] == 0).all()


@pytest.mark.parametrize("marked", [[True, False, False], [False, False, False], [True, True, True]])
def test_expected_given_where_nothing_can_be_told(marked) -> None:
    """Of one episode, of none, and where all is known alike: nothing, and the mean of the others."""
    known, returns, mask = t([2.0, 2.0, 2.0]), t([1.0, 2.0, 6.0]), torch.tensor([marked])
    expected = losses.expected_given(known, returns, mask)
    torch.testing.assert_close(expected[mask], t([4.0, 3.5, 1.5])[mask] if all(marked) else returns[mask])


def test_standardise_counts_only_the_marked() -> None:
    advantage = t([1.0, 3.0], [5.0, 100.0])
    mask = t([True, True], [True, False])
    scaled = losses.standardise(advantage, mask)
    assert scaled[mask].mean().item() == pytest.approx(0, abs=1e-6)
    assert scaled[mask].std().item() == pytest.approx(1, rel=1e-5)
    torch.testing.assert_close(scaled[0, 1] - scaled[0, 0], torch.tensor(1.0))  # 2 / std 2


def test_masked_mean() -> None:
    assert losses.masked_mean(t([1.0, 5.0], [9.0, 3.0]), t([True, False], [False, True])).item() == 2
    assert losses.masked_mean(t([1.0, 5.0]), t([False, False])).item() == 0


def test_reinforce_loss_by_hand() -> None:
    log_prob = t([-1.0, -2.0], [-3.0, -4.0]).requires_grad_()
    advantage = t([0.5, -1.0], [2.0, 7.0])
    mask = t([True, True], [True, False])
    loss = losses.reinforce_loss(log_prob, advantage, mask)
    assert loss.item() == pytest.approx(-(-0.5 + 2.0 - 6.0) / 3)
    loss.backward()
    torch.testing.assert_close(log_prob.grad, t([-0.5 / 3, 1.0 / 3], [-2.0 / 3, 0.0]))


def test_reinforce_loss_wants_a_detached_advantage() -> None:
    with pytest.raises(ValueError, match="detach the advantage"):
        losses.reinforce_loss(t([1.0]), t([1.0]).requires_grad_(), t([True]))


def test_action_loss_by_hand() -> None:
    nll = t([1.0, 2.0], [3.0, 4.0], [5.0, 99.0])
    active = t([True, True], [True, True], [True, False])
    last = t([False, False], [False, True], [True, False])
    assert losses.action_loss(nll, active, last, 0.0).item() == 4.5  # (5 + 4) / 2: the answers alone
    assert losses.action_loss(nll, active, last, 0.5).item() == pytest.approx(4.5 + 0.5 * (1 + 2 + 3) / 3)


def test_baseline_loss_by_hand() -> None:
    mask = t([True, True, False])
    assert losses.baseline_loss(t([1.0, 0.5, 9.0]), t([0.0, 1.0, 0.0]), mask).item() == pytest.approx(0.625)
    loss = losses.baseline_loss(t([0.0, math.log(3), 9.0]), t([1.0, 0.0, 0.0]), mask, probability=True)
    # Probabilities 1/2 and 3/4: -log(1/2) and -log(1/4).
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 2, rel=1e-6)


@pytest.mark.parametrize(
    "call",
    [
        lambda: losses.discounted_sum(torch.zeros(3), 1.0),
        lambda: losses.generalised_advantage(torch.zeros(2, 3), torch.zeros(3, 2), 1.0, 1.0),
        lambda: losses.information_gain(torch.zeros(2, 3), torch.zeros(3, dtype=torch.bool)),
        lambda: losses.reinforce_loss(torch.zeros(2, 3), torch.zeros(2, 1), torch.ones(2, 3, dtype=torch.bool)),
        lambda: losses.baseline_loss(torch.zeros(2, 3), torch.zeros(3), torch.ones(2, 3, dtype=torch.bool)),
    ],
)
def test_shapes_are_asserted(call) -> None:
    with pytest.raises(AssertionError):
        call()


def test_balanced_weights_by_hand() -> None:
    """Two classes that occur, 6 and 2 times: 8 / (2 * 6) and 8 / (2 * 2)."""
    weights = losses.balanced_weights(torch.tensor([6, 0, 2]))
    torch.testing.assert_close(weights, torch.tensor([2 / 3, 0.0, 2.0]))
    assert (weights * torch.tensor([6, 0, 2])).sum() / 8 == pytest.approx(1)
