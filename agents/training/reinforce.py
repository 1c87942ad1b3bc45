"""The built-in agent: RAM, trained by REINFORCE and the paper's hybrid loss, with Stable-Baselines3's habits."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from ..model.policy import RAM
from ..model.precision import matmul_precision
from . import checkpoint
from .callbacks import Callback, CallbackFunction, CallbackList, ProgressBar
from .config import Config
from .envs import AnyVectorEnv, Spaces, adopt, make_env
from .interrupt import Interruptible
from .objective import objective
from .optimizer import make_optimizer, set_learning_rates
from .rollout import Look, Rollout, Runner, choose, collect_rollout, to_tensors


class Update(NamedTuple):
    """What one update tells."""

    loss: float
    action_loss: float
    location_loss: float
    baseline_loss: float
    stop_loss: float
    grad_norm: float
    """Before clipping."""
    episode_return: float
    """Mean return of the batch in the environment's own reward."""
    glimpses: float
    """Mean number of glimpses in an episode of the batch."""
    learning_rate: float
    location_std: float


class Reinforce:
    """Train RAM by REINFORCE and, where the environment's infos tell the label, by cross-entropy (section 3.2).

    One update plays one episode in every row of a vector environment, and takes one step of the optimiser on all of it.

    Args:
        env: an environment id; or any Gymnasium vector environment with RAM's spaces, in any autoreset mode; or only
            its spaces, for an agent that predicts. By default `config.env_id`. A truncated episode counts as ended.
        config: hyper-parameters.
        device: where the model lives, such as "cpu" or "cuda".
        changes: hyper-parameters that differ from `config`.

    Raises:
        TypeError: a single environment.
        ValueError: spaces that RAM can't work with, or hyper-parameters that don't exist or fit.
    """

    def __init__(
        self,
        env: str | AnyVectorEnv | Spaces | None = None,
        config: Config | None = None,
        *,
        device: torch.device | str = "cpu",
        **changes: Any,
    ):
        self.config = (config or Config()).replace(**changes)
        if isinstance(env, str):
            self.config = self.config.replace(env_id=env)
        self.device = torch.device(device)
        self.env: AnyVectorEnv | None = None
        self.hybrid = self.config.hybrid
        """Whether the action learns from the label: the environment tells it, and the configuration wants it."""
        if isinstance(env, Spaces):
            self.spaces = env
        else:
            self.set_env(make_env(self.config) if env is None or isinstance(env, str) else env)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.seed)
            self.policy = RAM(self.spaces.observation, self.spaces.action, **self.config.model()).to(self.device)
        self.optimizer = make_optimizer(self.policy, self.config)
        self.last_rollout: Rollout | None = None
        self.updates = 0
        """Updates of this run so far."""
        self.seconds = 0.0
        """Time that this run has taken so far."""
        self.validation_error: float | None = None
        """The last measured error on held-out images, in %; see `callbacks.Checkpoints`."""
        self.best_error: float | None = None
        """The smallest of these in this run."""
        self._training_generator = torch.Generator(self.device)
        self._predict_generator = torch.Generator(self.device).manual_seed(self.config.seed)

    @property
    def env_id(self) -> str:
        """The environment that the agent was made for."""
        return self.config.env_id

    @property
    def env_kwargs(self) -> dict[str, Any]:
        """That environment's keyword arguments: `gym.make_vec(agent.env_id, num_envs=n, **agent.env_kwargs)` fits."""
        return dict(self.config.env_kwargs)

    @property
    def episodes(self) -> int:
        """Episodes of this run so far."""
        return self.updates * self.config.num_envs

    @property
    def total_updates(self) -> int:
        """Updates in the whole run."""
        return math.ceil(self.config.total_episodes / self.config.num_envs)

    def set_env(self, env: AnyVectorEnv) -> None:
        """Train on this environment from here on, and answer in its action form.

        Raises:
            TypeError: it is no vector environment.
            ValueError: its glimpses have another shape than the model's, or it has another number of actions.
        """
        if not isinstance(env, VectorEnv):
            raise TypeError(f"{env} is no vector environment; put single ones into gymnasium.vector.SyncVectorEnv")
        spaces = Spaces(env.single_observation_space, env.single_action_space)
        if hasattr(self, "policy"):
            self.spaces.check_fit(env)
        _, info = env.reset(seed=self.config.seed)
        self.hybrid = self.config.hybrid and "label" in info
        self.spaces = spaces
        self.config = adopt(self.config, env)
        self.env = env

    def learn(
        self,
        total_episodes: int | None = None,
        callback: Callback | CallbackFunction | Sequence[Callback | CallbackFunction] | None = None,
        progress_bar: bool = False,
        *,
        resume: bool = False,
    ) -> Reinforce:
        """Train.

        Ctrl-C ends the training after the current update, lets the callbacks save, and raises KeyboardInterrupt.

        Args:
            total_episodes: episodes of the whole run, also of one that is resumed; by default `config.total_episodes`.
            callback: one or several `Callback`s, or functions of (agent, update) that return False to stop.
            progress_bar: show time left, episodes a second and the error.
            resume: go on with the run that a loaded checkpoint is of. Else a new run begins from the present weights.

        Returns:
            The agent itself.
        """
        self.config = self.config.replace(total_episodes=total_episodes or self.config.total_episodes)
        if not resume:
            self.updates, self.seconds, self.best_error, self.validation_error = 0, 0.0, None, None
        if self.env is None:
            self.set_env(make_env(self.config))
        callbacks = CallbackList(callback, *([ProgressBar()] if progress_bar else []))
        with Interruptible() as keyboard:
            callbacks.on_start(self)
            self._begin_segment()
            going = True
            while going and self.updates < self.total_updates and not keyboard.interrupted:
                start = time.perf_counter()
                update = self.update()
                self.seconds += time.perf_counter() - start
                if self.updates % self.config.checkpoint_every == 0:
                    self._begin_segment()
                going = callbacks.on_update(self, update)
            callbacks.on_end(self)
        if keyboard.interrupted:
            raise KeyboardInterrupt
        return self

    def update(self) -> Update:
        """Play a batch of episodes and take one step of the optimiser."""
        config, progress = self.config, self.updates / self.total_updates
        config = config.replace(gaze=config.gaze_at(progress), stop_weight=config.stop_weight_at(progress))
        self.policy.location_std = config.location_std_at(progress)
        set_learning_rates(self.optimizer, config, progress)
        with matmul_precision(config.matmul_precision, self.device):
            rollout, told = self._descend(config)
        self.updates += 1
        self.last_rollout = rollout
        rates = [config.learning_rate_at(progress), self.policy.location_std]
        return Update._make(told + rates)

    def _descend(self, config: Config) -> tuple[Rollout, list[float]]:
        """Play, and one step of the optimiser; with the first eight numbers of `Update`."""
        assert self.env is not None, "learn() makes the environment"
        runner = Runner(
            self.policy,
            self.env,
            look="sample" if config.gaze == "learned" else config.gaze,
            sample_action=not self.hybrid,
            stop="sample" if config.stop_weight else "never",
            generator=self._training_generator,
            seed=self._seed_of_repeats(),
        )
        rollout = collect_rollout(runner)
        parts = objective(rollout, config, location_std=self.policy.location_std, hybrid=self.hybrid)
        loss = parts.total(config)
        self.optimizer.zero_grad()
        loss.backward()
        grad_norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), config.max_grad_norm or math.inf)
        if not torch.isfinite(grad_norm):
            raise FloatingPointError(
                f"the gradient is {grad_norm.item()} at update {self.updates}: lower "
                f"learning_rate={config.learning_rate} or max_grad_norm={config.max_grad_norm}"
            )
        self.optimizer.step()
        told = [loss, *parts, grad_norm, rollout.reward.sum(0).mean(), rollout.active.sum(0).float().mean()]
        return rollout, torch.stack(told).tolist()

    def _seed_of_repeats(self) -> int | None:
        """A new seed for each batch of repeated scenes whose episodes can stop.

        Rows that share their scenes go on doing so while they are reset together; but one that stops early is reset
        alone, and would be at another scene in the next batch.
        """
        if self.policy.f_s is None or self.config.repeats == 1:
            return None
        return int(torch.randint(2**31 - 1, (), generator=self._training_generator, device=self.device))

    def _begin_segment(self) -> None:
        """Seed environment and sampling from (seed, updates so far), so that a resumed run goes on as an unbroken one.

        An environment's generators can't be saved through Gymnasium's interface; but a run whose segments all begin
        like this can be taken up at the beginning of each.
        """
        assert self.env is not None
        env_seed, seed = np.random.SeedSequence([self.config.seed, self.updates]).generate_state(2, np.uint32)
        self.env.reset(seed=int(env_seed) >> 1)  # 31 bits: room to add each row's number
        self._training_generator.manual_seed(int(seed))

    @torch.no_grad()
    def predict(
        self,
        observation: dict[str, NDArray[Any]],
        state: NDArray[np.float32] | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[Any, NDArray[np.float32]]:
        """What the agent does, for one observation or a batch.

        Args:
            observation: "glimpse" (k, g, g[, C]) and "location" (2,), or with a batch dimension B before.
            state: (S, B, hidden_size), as returned at the step before; None at the beginning.
            episode_start: (B,) where True the episode has just begun, and the state is forgotten.
            deterministic: look at the mean of the location's distribution, take the likeliest action, and stop where
                that is likelier; else draw all of them. An action that was trained from labels is always the likeliest.

        Returns:
            The action in the environment's own form, batched if the observation was; and the next state.
        """
        single = np.ndim(observation["location"]) == 1
        if single:
            observation = {key: np.asarray(value)[None] for key, value in observation.items()}
        seen = to_tensors(observation, self.device)
        batch_size = len(seen["location"])
        memory = self.policy.initial_state(batch_size) if state is None else torch.as_tensor(state).to(self.device)
        if episode_start is not None:
            begun = torch.as_tensor(np.asarray(episode_start, bool).reshape(-1), device=self.device)
            memory = memory.masked_fill(begun[:, None], 0.0)
        output, memory = self.policy.step(seen, memory)
        choice = choose(
            self.policy,
            output,
            self._predict_generator,
            look=self.look(deterministic),
            sample_action=not (deterministic or self.hybrid),
            stop="likelier" if deterministic else "sample",
        )
        form = choice.to_environment(self.spaces.action)
        if single:
            form = {key: value[0] for key, value in form.items()} if isinstance(form, dict) else form[0]
        return form, memory.cpu().numpy()

    def look(self, deterministic: bool) -> Look:
        """How the agent chooses locations: by its policy, or as the control that it was trained as."""
        if self.config.gaze != "learned":
            return self.config.gaze
        return "mean" if deterministic else "sample"

    def save(self, path: str | Path, *, resumable: bool = True) -> None:
        """Write the agent to one file: weights, configuration, and with `resumable` the optimiser's state too.

        Arrays among the environment's arguments, such as a user's own images, are left out: `load` such an agent with
        its environment.
        """
        checkpoint.save_agent(self, path, resumable=resumable)

    @classmethod
    def load(
        cls, path: str | Path, env: AnyVectorEnv | None = None, *, device: torch.device | str = "cpu"
    ) -> Reinforce:
        """The agent that `save` wrote.

        Args:
            path: the file.
            env: an environment to train on; else the one that the agent was trained on is made when it is needed.
            device: where the model is to live.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is damaged, or no agent of ours; or `env` does not fit the model.
        """
        return checkpoint.load_agent(cls, path, env, device=device)
