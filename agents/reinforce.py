"""REINFORCE with the paper's hybrid loss: the built-in agent, with Stable-Baselines3's habits."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Tensor
from torch.nn import functional as F

from . import checkpoint, losses
from .callbacks import Callback, CallbackList, ProgressBar
from .config import Config
from .policy import RAM
from .rollout import Rollout, play


class Update(NamedTuple):
    """What one update tells; scalars."""

    loss: float
    action_loss: float
    location_loss: float
    baseline_loss: float
    episode_return: float
    """Mean return in the environment's own reward."""
    grad_norm: float
    """Before clipping."""
    learning_rate: float
    location_std: float


class Objective(NamedTuple):
    """The three parts of the hybrid loss, each before its weight; scalars with gradients."""

    action: Tensor
    location: Tensor
    baseline: Tensor


def objective(rollout: Rollout, config: Config, location_std: float, *, hybrid: bool) -> Objective:
    """The losses of a batch of episodes (section 3.2); `hybrid` where the action learns from the label."""
    nll = _label_nll(rollout) if rollout.label is not None else None
    reward = _reward(rollout, config, nll)
    returns = losses.discounted_sum(reward, config.discount)
    advantage = _advantage(rollout, config, reward, returns)
    if config.standardise:
        advantage = losses.standardise(advantage, rollout.looked if hybrid else rollout.active)
    log_prob = losses.location_log_prob(rollout.location, rollout.location_mean, location_std)
    location = losses.reinforce_loss(log_prob, advantage, rollout.looked)
    if hybrid:
        assert nll is not None
        action = losses.action_loss(nll, rollout.active, rollout.last, config.step_weight)
    else:
        log_pi = rollout.logits.log_softmax(-1).gather(-1, rollout.action.unsqueeze(-1)).squeeze(-1)
        action = losses.reinforce_loss(log_pi, advantage, rollout.active)
        action = action - config.entropy_weight * losses.masked_mean(losses.entropy(rollout.logits), rollout.active)
    if config.baseline == "state":
        baseline = losses.baseline_loss(
            rollout.baseline, returns, rollout.active, probability=config.baseline_probability
        )
    else:
        baseline = rollout.baseline.new_zeros(())
    return Objective(action, location, baseline)


def _label_nll(rollout: Rollout) -> Tensor:
    """-log p(label) after each glimpse, (T, B)."""
    assert rollout.label is not None
    steps, rows, n = rollout.logits.shape
    labels = rollout.label.expand(steps, rows).reshape(-1)
    return F.cross_entropy(rollout.logits.reshape(-1, n), labels, reduction="none").reshape(steps, rows)


def _reward(rollout: Rollout, config: Config, nll: Tensor | None) -> Tensor:
    """The reward that trains, (T, B), without gradient."""
    if config.reward == "0/1":
        return rollout.reward
    if nll is None:
        raise ValueError(f"reward={config.reward!r} needs an environment whose infos tell the label; use '0/1'")
    if config.reward == "log-likelihood":
        return -nll.detach() * rollout.last
    return losses.information_gain(nll.detach(), rollout.looked)


def _advantage(rollout: Rollout, config: Config, reward: Tensor, returns: Tensor) -> Tensor:
    """What each choice was worth beyond the expected, (T, B), without gradient."""
    if config.baseline == "leave-one-out":
        return returns - losses.leave_one_out(returns, config.repeats)
    if config.baseline == "none":
        return returns
    b = rollout.baseline.detach()
    b = (b.sigmoid() if config.baseline_probability else b) * rollout.active
    return losses.generalised_advantage(reward, b, config.discount, config.gae_lambda)


class Reinforce:
    """The built-in agent: RAM trained by REINFORCE and, where the environment tells the label, cross-entropy.

    Args:
        env: an environment id, or a vector environment in any autoreset mode with RAM's spaces. By default `config.env_id`.
        config: hyper-parameters.
        device: where the model lives, such as "cpu" or "cuda".
        changes: hyper-parameters that differ from `config`.
    """

    def __init__(
        self,
        env: str | VectorEnv | None = None,
        config: Config | None = None,
        *,
        device: torch.device | str = "cpu",
        **changes: Any,
    ):
        config = (config or Config()).replace(**changes)
        if isinstance(env, str):
            config = config.replace(env_id=env)
        self.env = env if isinstance(env, VectorEnv) else make_env(config)
        self.config = config = config.replace(num_envs=self.env.num_envs)
        if config.baseline == "leave-one-out" and config.repeats < 2:
            raise ValueError(f"baseline='leave-one-out' needs repeats of at least 2, not {config.repeats}")
        if config.num_envs % config.repeats:
            raise ValueError(f"num_envs={config.num_envs} is no multiple of repeats={config.repeats}")
        self.device = torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.policy = RAM(
                self.env.single_observation_space,
                self.env.single_action_space,
                core=config.core,
                glimpse_size=config.glimpse_size,
                location_size=config.location_size,
                hidden_size=config.hidden_size,
                location_hidden=config.location_hidden,
                location_std=config.location_std,
                identity_core=config.identity_core,
                detach_location=config.detach_location,
                detach_baseline=config.detach_baseline,
            ).to(self.device)
        self.optimizer = torch.optim.AdamW(
            self.policy.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        self.generator = torch.Generator(self.device)
        self.updates = 0
        self.validation_error: float | None = None
        self.best_error: float | None = None
        self.hybrid = config.hybrid
        self._validation_env: VectorEnv | None = None

    @property
    def total_updates(self) -> int:
        """Updates in the whole run."""
        return math.ceil(self.config.total_episodes / self.config.num_envs)

    def learn(
        self,
        total_episodes: int | None = None,
        callback: Callback | Sequence[Callback] | None = None,
        progress_bar: bool = False,
        *,
        resume: bool = False,
    ) -> Reinforce:
        """Train.

        Args:
            total_episodes: episodes of the whole run; by default `config.total_episodes`.
            callback: what goes on beside.
            progress_bar: show one.
            resume: go on where the loaded run stopped, rather than begin a new one.
        """
        if total_episodes is not None:
            self.config = self.config.replace(total_episodes=total_episodes)
        if not resume:
            self.updates, self.best_error = 0, None
        callbacks = [callback] if isinstance(callback, Callback) else list(callback or [])
        if progress_bar:
            callbacks.append(ProgressBar())
        everyone = CallbackList(callbacks)
        everyone.on_start(self)
        fresh = True
        try:
            while self.updates < self.total_updates:
                if fresh or self.updates % self.config.checkpoint_every == 0:
                    self.begin_segment()
                    fresh = False
                if not everyone.on_update(self, self.update()):
                    break
        finally:
            everyone.on_end(self)
        return self

    def validation_env(self) -> VectorEnv:
        """A vector environment of held-out images, made once."""
        if self._validation_env is None:
            split = {"split": "validation"} if self.hybrid else {}
            self._validation_env = make_env(self.config, num_envs=500, repeats=1, **split)
        return self._validation_env

    def save(self, path: str | Path) -> None:
        """Write weights, optimiser and configuration to one file."""
        tensors = {f"policy.{name}": tensor for name, tensor in self.policy.state_dict().items()}
        for name, parameter in self.policy.named_parameters():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"optimizer.{name}.{key}"] = value
        description = {
            "config": dataclasses.asdict(self.config),
            "location_std": self.policy.location_std,
            "updates": self.updates,
            "best_error": self.best_error,
            "validation_error": self.validation_error,
        }
        checkpoint.write(path, tensors, description)

    @classmethod
    def load(cls, path: str | Path, env: VectorEnv | None = None, *, device: torch.device | str = "cpu") -> Reinforce:
        """The agent of a file that `save` wrote."""
        tensors, description = checkpoint.read(path)
        agent = cls(env, Config().replace(**description["config"]), device=device)
        weights = {n.removeprefix("policy."): t for n, t in tensors.items() if n.startswith("policy.")}
        agent.policy.load_state_dict(weights)
        for name, parameter in agent.policy.named_parameters():
            prefix = f"optimizer.{name}."
            agent.optimizer.state[parameter] = {
                key.removeprefix(prefix): t.to(device) for key, t in tensors.items() if key.startswith(prefix)
            }
        agent.policy.location_std = description["location_std"]
        agent.updates = description["updates"]
        agent.best_error, agent.validation_error = description["best_error"], description["validation_error"]
        return agent

    def begin_segment(self) -> None:
        """Seed environment and sampling from (seed, updates so far): a resumed run begins where this one did."""
        seed = np.random.SeedSequence([self.config.seed, self.updates]).generate_state(2, np.uint32)
        _, info = self.env.reset(seed=int(seed[0]) & 0x7FFFFFFF)
        self.hybrid = self.config.hybrid and "label" in info
        self.generator.manual_seed(int(seed[1]))

    def update(self) -> Update:
        """Play a batch of episodes and take one step of the optimiser."""
        config, progress = self.config, self.updates / max(1, self.total_updates)
        learning_rate = scheduled_learning_rate(config, progress)
        if config.final_location_std:
            self.policy.location_std = config.location_std + progress * (
                config.final_location_std - config.location_std
            )
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        rollout = play(self.policy, self.env, generator=self.generator, sample_action=not self.hybrid)
        parts = objective(rollout, config, self.policy.location_std, hybrid=self.hybrid)
        loss = (
            config.action_weight * parts.action
            + config.reinforce_weight * parts.location
            + config.baseline_weight * parts.baseline
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        grad_norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), config.max_grad_norm or math.inf)
        self.optimizer.step()
        self.updates += 1
        return Update(
            loss=loss.item(),
            action_loss=parts.action.item(),
            location_loss=parts.location.item(),
            baseline_loss=parts.baseline.item(),
            episode_return=rollout.reward.sum(0).mean().item(),
            grad_norm=grad_norm.item(),
            learning_rate=learning_rate,
            location_std=self.policy.location_std,
        )


def scheduled_learning_rate(config: Config, progress: float) -> float:
    """The learning rate when `progress` in [0, 1] of the run is done."""
    weight = {"constant": 1.0, "linear": 1 - progress, "cosine": 0.5 * (1 + math.cos(math.pi * progress))}
    return config.final_learning_rate + weight[config.lr_schedule] * (config.learning_rate - config.final_learning_rate)


def make_env(config: Config, **kwargs: Any) -> VectorEnv:
    """The vector environment that a configuration names, without autoreset; `kwargs` add to its own."""
    import ram_envs  # noqa: F401  (registers the ids)

    arguments: dict[str, Any] = {"num_envs": config.num_envs, "repeats": config.repeats, "autoreset_mode": "Disabled"}
    return gym.make_vec(config.env_id, **(arguments | config.env_kwargs | kwargs))
