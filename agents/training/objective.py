"""From a batch of episodes to the hybrid loss: which reward, which advantage, which loss (section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from ..agent.config import Config
from ..agent.rollout import Rollout
from ..model.distribution import action_entropy, action_log_prob, stop_log_prob
from . import losses


class Objective(NamedTuple):
    """The parts of the loss, each before its weight; scalars with gradients."""

    action: Tensor
    """Trains f_a, f_h and f_g."""
    location: Tensor
    """Trains f_l, and f_h and f_g too if `detach_location` is off."""
    baseline: Tensor
    """Trains f_b, and f_h and f_g too if `detach_baseline` is off."""
    stop: Tensor
    """Trains f_s, f_h and f_g; 0 where the environment knows no stopping."""

    def total(self, config: Config) -> Tensor:
        """The weighted sum."""
        return (
            config.action_weight * self.action
            + config.reinforce_weight * self.location
            + config.baseline_weight * self.baseline
            + config.stop_weight * self.stop
        )

    def measured(self, loss: Tensor, grad_norm: Tensor, rollout: Rollout) -> dict[str, float]:
        """What `callbacks.Metrics` tells of a batch and its loss, read from the device at once."""
        measured = {"loss": loss, **{f"{name}_loss": part for name, part in self._asdict().items()}}
        measured["grad_norm"] = grad_norm
        measured["episode_return"] = rollout.reward.sum(0).mean()
        measured["glimpses"] = rollout.active.sum(0).float().mean()
        measured["answers"] = rollout.answer.sum(0).float().mean()
        measured["location_spread"] = rollout.location_spread
        return dict(zip(measured, torch.stack(list(measured.values())).tolist(), strict=True))


class Density(Protocol):
    """What the locations were drawn from."""

    def log_prob(self, location: Tensor) -> Tensor:
        """Log-density at raw locations: (T, B, 2) -> (T, B)."""


Locations = Callable[[Tensor], Density]
"""From parameters (T, B, P) to the distribution that locations were drawn from: `RAM.location_distribution`."""


def objective(
    rollout: Rollout, config: Config, *, locations: Locations, hybrid: bool, class_weights: Tensor | None = None
) -> Objective:
    """The losses of a batch of episodes.

    Args:
        rollout: collected with gradients.
        config: of the reward, the baseline and the loss.
        locations: gives the distribution that the locations were drawn from.
        hybrid: the action learns by cross-entropy on the label; else by REINFORCE, as the location does.
        class_weights: (n,), what each label's cross-entropy is multiplied by; None: all alike. A reward that is made of
            labels is not weighed.
    """
    check_labels(config, told=rollout.label is not None)
    nll = None
    if rollout.label is not None:
        nll = label_nll(rollout.logits, rollout.label, rollout.taught, config.teacher_weight)
    reward = trained_reward(rollout, config, nll)
    advantage = find_advantage(rollout, config, reward, nll)
    if config.standardise:
        only_looks = hybrid and rollout.stop is None
        advantage = losses.standardise(advantage, rollout.looked if only_looks else rollout.active)
    weighed = _weighed(nll, rollout.label, class_weights) if hybrid else None
    return Objective(
        action=_action_loss(rollout, config, weighed, advantage),
        location=_location_loss(rollout, config, advantage, locations),
        baseline=_baseline_loss(rollout, config, reward),
        stop=_stop_loss(rollout, config, advantage),
    )


def label_nll(logits: Tensor, label: Tensor, taught: Tensor | None = None, teacher_weight: float = 0.0) -> Tensor:
    """-log p(label) after each glimpse: (T, B, n), (B,) or (T, B) -> (T, B).

    Of what is `taught`, (T, B, n), a part of the weight is the cross-entropy with it.
    """
    steps, rows, n = logits.shape
    labels = label.expand(steps, rows).reshape(-1)
    by_label = logits.reshape(-1, n).T.contiguous()  # n are few: along the rows a softmax is not vectorised
    log_p = by_label.log_softmax(0)
    nll = F.nll_loss(log_p.T, labels, reduction="none").reshape(steps, rows)
    if taught is None:
        return nll
    soft = -(taught.reshape(-1, n).T * log_p).sum(0).reshape(steps, rows)
    return torch.lerp(nll, soft, teacher_weight)


def _weighed(nll: Tensor | None, label: Tensor | None, class_weights: Tensor | None) -> Tensor | None:
    """-log p(label) (T, B), times the weight of the label's class."""
    if nll is None or label is None or class_weights is None:
        return nll
    return nll * class_weights[label]


def find_class_weights(
    config: Config, label_counts: Sequence[int] | None, num_labels: int, *, hybrid: bool
) -> Tensor | None:
    """What `config.class_weights` stands for: (n,), or None.

    Args:
        config: of the run.
        label_counts: how many training scenes each label has, (n,), where the environment declares it.
        num_labels: n.
        hybrid: the action learns by cross-entropy.

    Raises:
        ValueError: weights without that, "balanced" where nothing is declared, or another number of weights than n.
    """
    if config.class_weights is None:
        return None
    if not hybrid:
        raise ValueError("class_weights are of the cross-entropy on labels, by which this action does not learn")
    if config.class_weights == "balanced":
        if label_counts is None:
            raise ValueError(
                "class_weights='balanced' needs an environment that declares its label_counts (docs/architecture.md); "
                "give numbers, one for each class"
            )
        return losses.balanced_weights(torch.as_tensor(label_counts)).float()
    if len(config.class_weights) != num_labels:
        raise ValueError(f"class_weights has {len(config.class_weights)} numbers, and there are {num_labels} classes")
    return torch.tensor(config.class_weights, dtype=torch.float32)


def check_labels(config: Config, *, told: bool) -> None:
    """Raise a ValueError if the loss is to be made of labels, and none are told."""
    if told:
        return
    others = [("reward", config.reward != "0/1", "'0/1'"), ("baseline", config.baseline == "label", "'state'")]
    for name, needed, other in others:
        if needed:
            raise ValueError(
                f"{name}={getattr(config, name)!r} needs an environment whose infos tell the label; use {name}={other}"
            )


def trained_reward(rollout: Rollout, config: Config, nll: Tensor | None) -> Tensor:
    """The reward that trains, (T, B), without gradient.

    One that is made of labels takes the place of the environment's reward for answers alone: what the environment gave
    at other steps, the cost of a glimpse, is added.
    """
    if config.reward == "0/1":
        return rollout.reward
    assert nll is not None, "check_labels"
    before = rollout.reward * ~rollout.answer
    nll = nll.detach()
    if config.reward == "log-likelihood":
        return -nll * rollout.answer + before
    # After an answer comes another question, of which nothing is known: all n classes are alike.
    known = torch.where(rollout.answer, math.log(rollout.logits.shape[-1]), nll)
    return losses.information_gain(nll, rollout.looked, known) + before


def find_advantage(rollout: Rollout, config: Config, reward: Tensor, nll: Tensor | None) -> Tensor:
    """What each choice was worth beyond what was expected, (T, B), without gradient.

    Args:
        rollout: of the episodes.
        config: `baseline`, and what it takes.
        reward: (T, B), as `trained_reward` gives it.
        nll: -log p(label) after each glimpse, (T, B), where there are labels.
    """
    if config.baseline == "state":
        b = rollout.baseline.detach()
        b = b.sigmoid() if config.baseline_probability else b
        return losses.generalised_advantage(reward, b * rollout.active, config.discount, config.gae_lambda)
    returns = losses.discounted_sum(reward, config.discount)
    if config.baseline == "label":
        assert nll is not None, "check_labels"
        return returns - losses.expected_given(nll.detach(), returns, rollout.active)
    if config.baseline == "leave-one-out":
        return returns - losses.leave_one_out(returns, config.repeats)
    return returns


def _action_loss(rollout: Rollout, config: Config, nll: Tensor | None, advantage: Tensor) -> Tensor:
    """Cross-entropy where `nll` is given, else REINFORCE on every action."""
    if nll is not None:
        return losses.action_loss(nll, rollout.active, rollout.answer, config.step_weight)
    log_pi = action_log_prob(rollout.logits, rollout.action)
    loss = losses.reinforce_loss(log_pi, advantage, rollout.active)
    if config.entropy_weight:
        loss = loss - config.entropy_weight * losses.masked_mean(action_entropy(rollout.logits), rollout.active)
    return loss


def _location_loss(rollout: Rollout, config: Config, advantage: Tensor, locations: Locations) -> Tensor:
    """REINFORCE on the T - 1 locations that were looked at; 0 where the gaze is a control's."""
    if config.look != "learned":
        return advantage.new_zeros(())
    log_pi = locations(rollout.location_parameters).log_prob(rollout.location)
    return losses.reinforce_loss(log_pi, advantage, rollout.looked)


def _stop_loss(rollout: Rollout, config: Config, advantage: Tensor) -> Tensor:
    """REINFORCE on going on or stopping at each step.

    At step T the choice changes nothing, and its gradient is zero on average: that step needs no mask.
    """
    if rollout.stop is None or rollout.stop_logit is None:
        return advantage.new_zeros(())
    log_pi = stop_log_prob(rollout.stop_logit, rollout.stop)
    loss = losses.reinforce_loss(log_pi, advantage, rollout.active)
    if config.entropy_weight:
        two = torch.stack([rollout.stop_logit, torch.zeros_like(rollout.stop_logit)], dim=-1)
        loss = loss - config.entropy_weight * losses.masked_mean(action_entropy(two), rollout.active)
    return loss


def _baseline_loss(rollout: Rollout, config: Config, reward: Tensor) -> Tensor:
    """Regression of b_t on the return; 0 where b_t is not used."""
    if config.baseline != "state":
        return reward.new_zeros(())
    returns = losses.discounted_sum(reward, config.discount)
    return losses.baseline_loss(rollout.baseline, returns, rollout.active, probability=config.baseline_probability)
