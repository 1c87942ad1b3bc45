"""The losses as pure functions, in the paper's symbols. Everything is time-major: (T, B) is T steps of B episodes.

Masks are boolean (T, B). `active` marks the steps that an episode lived to take, `looked` those whose location was
looked at: all but the last, whose location chooses no glimpse.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def discounted_sum(reward: Tensor, discount: float) -> Tensor:
    """R_t = r_t + discount * R_{t+1}: (T, B) -> (T, B)."""
    assert reward.dim() == 2, reward.shape
    if discount == 1.0:
        return reward.flip(0).cumsum(0).flip(0)
    total, running = torch.empty_like(reward), torch.zeros_like(reward[0])
    for t in reversed(range(len(reward))):
        running = total[t] = reward[t] + discount * running
    return total


def generalised_advantage(reward: Tensor, baseline: Tensor, discount: float, gae_lambda: float) -> Tensor:
    """Schulman et al. 2016: the sum of temporal differences of b_t, discounted by discount * lambda; (T, B) -> (T, B).

    With lambda 1 it is R_t - b_t, the paper's. Rewards and baselines must be 0 where an episode is over.
    """
    assert reward.shape == baseline.shape == reward.shape[:2], (reward.shape, baseline.shape)
    following = torch.cat([baseline[1:], torch.zeros_like(baseline[:1])])
    return discounted_sum(reward + discount * following - baseline, discount * gae_lambda)


def information_gain(nll: Tensor, looked: Tensor, before: Tensor | None = None) -> Tensor:
    """Reward for where one looked: the fall of the label's negative log-likelihood from this glimpse to the next.

    Args:
        nll: -log p(label) after each glimpse, (T, B).
        looked: (T, B).
        before: what it was before the next glimpse, (T, B), if another label is asked for from there on; `nll` if None.

    Returns:
        (T, B), 0 where nothing was looked at.
    """
    assert nll.shape == looked.shape == nll.shape[:2], (nll.shape, looked.shape)
    before = nll if before is None else before
    fall = torch.cat([before[:-1] - nll[1:], torch.zeros_like(nll[:1])])
    return fall * looked


def leave_one_out(returns: Tensor, repeats: int) -> Tensor:
    """The mean return of the other episodes of the same scene: an unbiased baseline. (T, B) -> (T, B).

    Args:
        returns: (T, B), consecutive groups of `repeats` rows sharing a scene.
        repeats: at least 2.
    """
    steps, rows = returns.shape
    assert repeats > 1, repeats
    assert rows % repeats == 0, (returns.shape, repeats)
    groups = returns.reshape(steps, rows // repeats, repeats)
    return ((groups.sum(-1, keepdim=True) - groups) / (repeats - 1)).reshape(steps, rows)


def expected_given(known: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    """What a line through the other episodes' returns expects of each, step by step: a baseline. (T, B) -> (T, B).

    It is unbiased where what is known of an episode was so before its choice, as nothing else of that episode enters.
    So that one unusual episode does not turn the line, its slope is shrunk (ridge regression) by as much as that
    episode has to say of it. To leave one out takes no second regression: it is its residual / (1 - its leverage).

    Args:
        known: what the line goes along, (T, B).
        returns: (T, B).
        mask: which entries count, (T, B); where but one of a step does, its own return is expected.
    """
    assert known.shape == returns.shape == mask.shape, (known.shape, returns.shape, mask.shape)
    count = mask.sum(1, keepdim=True).clamp(min=1)

    def centred(value: Tensor) -> Tensor:
        return (value - (value * mask).sum(1, keepdim=True) / count) * mask

    x, y = centred(known), centred(returns)
    squares = x.square()
    total = (squares.sum(1, keepdim=True) + squares.amax(1, keepdim=True)).clamp(min=1e-12)
    residual = y - x * (x * y).sum(1, keepdim=True) / total
    left = 1 - 1 / count - squares / total
    return returns - residual / left.clamp(min=1e-6)


def standardise(advantage: Tensor, mask: Tensor) -> Tensor:
    """Zero mean and unit variance over the marked entries: (T, B) -> (T, B)."""
    assert advantage.shape == mask.shape, (advantage.shape, mask.shape)
    marked = advantage[mask]
    return (advantage - marked.mean()) / (marked.std() + 1e-8)


def masked_mean(value: Tensor, mask: Tensor) -> Tensor:
    """The mean of the marked entries, 0 if there are none: (T, B) -> ()."""
    assert value.shape == mask.shape, (value.shape, mask.shape)
    return (value * mask).sum() / mask.sum().clamp(min=1)


def reinforce_loss(log_prob: Tensor, advantage: Tensor, mask: Tensor) -> Tensor:
    """-mean of log pi * advantage over the marked choices: its gradient is equation 2 of the paper, negated. -> ().

    Raises:
        ValueError: the advantage carries a gradient; the baseline learns from its own loss alone.
    """
    assert log_prob.shape == advantage.shape == mask.shape, (log_prob.shape, advantage.shape, mask.shape)
    if advantage.requires_grad:
        raise ValueError("detach the advantage: no gradient may reach the baseline through the policy's loss")
    return -masked_mean(log_prob * advantage, mask)


def balanced_weights(counts: Tensor) -> Tensor:
    """Class weights in inverse proportion to the classes' numbers of examples, (n,) -> (n,).

    Their mean over the examples is 1; a class without any has weight 0.
    """
    assert counts.dim() == 1, counts.shape
    occurring = counts > 0
    return torch.where(occurring, counts.sum() / (occurring.sum() * counts.clamp(min=1)), 0.0)


def action_loss(nll: Tensor, active: Tensor, answer: Tensor, step_weight: float) -> Tensor:
    """The hybrid loss's supervised part (section 3.2): cross-entropy of the answers, and of the guesses before them.

    Args:
        nll: -log p(label) after each glimpse, (T, B).
        active: (T, B).
        answer: (T, B), True at each episode's answer, or answers.
        step_weight: weight of the mean over the earlier guesses; 0 in the paper.
    """
    assert nll.shape == active.shape == answer.shape, (nll.shape, active.shape, answer.shape)
    loss = masked_mean(nll, answer)
    return loss + step_weight * masked_mean(nll, active & ~answer) if step_weight else loss


def baseline_loss(baseline: Tensor, returns: Tensor, mask: Tensor, *, probability: bool = False) -> Tensor:
    """Regression of b_t on the return, (T, B) each: squared error, or cross-entropy of a logit b_t. -> ().

    Args:
        baseline: b_t, or with `probability` its logit.
        returns: R_t; with `probability` in [0, 1].
        mask: which entries count.
        probability: b_t is trained as the probability of success.
    """
    assert baseline.shape == returns.shape == mask.shape, (baseline.shape, returns.shape, mask.shape)
    if probability:
        return masked_mean(F.binary_cross_entropy_with_logits(baseline, returns, reduction="none"), mask)
    return masked_mean((baseline - returns).square(), mask)
