"""An agent with all that an update takes: environment, optimisers, generators, and how far the run has come."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..agent.agent import Agent
from ..agent.config import Config
from ..agent.envs import AnyVectorEnv, Spaces, adopt, declared, import_module_of, make_env
from ..agent.rollout import Rollout, collect_rollout, glimpses
from ..agent.runner import Runner, can_look_anywhere
from ..model.normalisation import Normalisation
from ..precision import MatmulPrecision, faster_precision, matmul_precision
from ..processes.group import ALONE, Processes
from ..processes.rows import whole_batch, whole_densities
from .callbacks import Metrics
from .curriculum import Curriculum, seed_of_repeats
from .objective import check_labels, find_class_weights, objective
from .optimizer import descend, make_optimizers, set_learning_rates
from .teacher import Teacher

OF_OWN_ROWS = ("location_parameters", "glimpse", "gaze")
"""Of a rollout: what each of several processes keeps for itself."""


class TrainableAgent(Agent):
    """RAM, and how it takes one update. Arguments and errors are those of `reinforce.Reinforce`."""

    def __init__(
        self,
        env: str | AnyVectorEnv | Spaces | None = None,
        config: Config | None = None,
        *,
        device: torch.device | str = "cpu",
        processes: Processes = ALONE,
        **changes: Any,
    ):
        self.processes = processes
        config = (config or Config()).replace(**changes)
        self.env: AnyVectorEnv | None = None
        self._curriculum: Curriculum | None = None
        if isinstance(env, Spaces):
            super().__init__(env, config, device=device)
        else:
            if isinstance(env, str):
                config = config.replace(env_id=env)
            if env is None or isinstance(env, str):
                import_module_of(config.env_id)
                env = self._make_env(config)
            spaces = Spaces.of(env)
            super().__init__(spaces, adopt(config, env, processes.size), device=device)
            self.set_env(env)
        self.optimizers = make_optimizers(self.policy, self.config, processes)
        self.last_rollout: Rollout | None = None
        self.teacher: Teacher | None = None
        """Trained before the first update, where `config.teacher_weight` is above 0."""
        self.updates = 0
        """Updates of this run so far."""
        self.seconds = 0.0
        """Time that this run has taken so far."""
        self.validation_error: float | None = None
        """The last measured error on held-out scenes, in %; see `evaluation.runs.Checkpoints`."""
        self.validation_errors: list[float] | None = None
        """The same after each glimpse; not kept with a saved agent."""
        self.best_error: float | None = None
        """The smallest of these in this run."""
        self._training_generator = torch.Generator(self.device)
        self._training_generator.manual_seed(self._training_generator.initial_seed() + processes.rank)

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
            ValueError: its glimpses have another shape than the model's, or it has another number of actions; its
                scenes are not of `canvas_size`; or its infos tell no label, and the reward or the baseline is
                to be made of it; or its episodes have several answers, and the baseline is to be the probability of
                success.
        """
        self.check_fit(env)
        _, info = env.reset(seed=self.config.seed + self._first_scene(env))
        if "answered" in info and self.config.baseline_probability:
            raise ValueError("an episode with several answers has no one success: use baseline_probability=False")
        check_labels(self.config, told="label" in info)
        self.hybrid = self.config.hybrid and "label" in info
        self.spaces = Spaces.of(env)
        self.config = adopt(self.config, env, self.processes.size)
        self.action_names = None if (names := declared(env).action_names) is None else list(map(str, names))
        num_labels, counts = self.policy.f_a.out_features, declared(env).label_counts
        self._class_weights = find_class_weights(self.config, counts, num_labels, hybrid=self.hybrid)
        self.env, self._curriculum = env, None

    def _make_env(self, config: Config) -> AnyVectorEnv:
        """The environment that a configuration names, with this process's rows."""
        return make_env(config.replace(num_envs=self.processes.share(config.num_envs, config.repeats)))

    def _first_scene(self, env: AnyVectorEnv) -> int:
        """The number, in the whole batch, of the first scene of this process's rows: seeds count on from there."""
        return self.processes.rank * env.num_envs // self.config.repeats

    def decide_precision(self) -> None:
        """If `matmul_precision` is "auto", measure what is faster here; from now on the configuration says it."""
        if self.config.matmul_precision == "auto":
            self.config = self.config.replace(matmul_precision=self.faster_precision())

    def faster_precision(self) -> MatmulPrecision:
        """What is faster for this model in all of the processes; measured."""
        rows = self.processes.share(self.config.num_envs)
        here = faster_precision(self.device, units=self.config.hidden_size, batch=rows)
        return "highest" if self.processes.any(here != "medium") else "medium"

    def update(self) -> Metrics:
        """Run a batch of episodes and take one step of the optimiser."""
        self.decide_precision()
        self.train_teacher()
        config, progress = self.config, min(self.updates / self.total_updates, 1.0)
        config = config.at(progress)
        self.policy.location_std = config.location_std_at(progress)
        set_learning_rates(self.optimizers, config, progress)
        env = self._scenes.draw(progress)
        with matmul_precision(config.matmul_precision, self.device):
            self.last_rollout, measured = self._descend(config, env)
        self.updates += 1
        rate = config.learning_rate_at(progress)
        return Metrics(**measured, learning_rate=rate, location_std=self.policy.location_std)

    def _descend(self, config: Config, env: AnyVectorEnv) -> tuple[Rollout, dict[str, float]]:
        """Run an episode in every row, and take one step of the optimisers; with what `Metrics` tells of both."""
        runner = self._runner(config, env)
        taught = self._taught(env)
        rollout = collect_rollout(runner)
        if taught is not None:
            rollout = rollout._replace(taught=taught.expand(len(rollout.reward), -1, -1))
        rollout = whole_batch(rollout, self.processes, apart=OF_OWN_ROWS)
        locations = whole_densities(self.policy.location_distribution, self.processes)
        weights = None if self._class_weights is None else self._class_weights.to(self.device)
        parts = objective(rollout, config, locations=locations, hybrid=self.hybrid, class_weights=weights)
        loss = parts.total(config)
        grad_norm = descend(loss, self.optimizers, config, update=self.updates, processes=self.processes)
        return rollout, parts.measured(loss, grad_norm, rollout)

    def _taught(self, env: AnyVectorEnv) -> Tensor | None:
        """What the teacher makes of the scenes that the rows show, (B, n), where there is one."""
        if not self.config.teacher_weight:
            return None
        assert self.teacher is not None
        return self.teacher.probabilities(env, self.config.teacher_temperature)

    def train_teacher(self) -> None:
        """Train the teacher, if the configuration wants one that is not there yet.

        Raises:
            ValueError: the action does not learn by cross-entropy; or see `Teacher.trained`.
        """
        config = self.config
        if not config.teacher_weight or self.teacher is not None:
            return
        if not self.hybrid:
            raise ValueError("teacher_weight is of the cross-entropy on labels, by which this action does not learn")
        num_labels = self.policy.f_a.out_features
        self.teacher = Teacher.trained(
            self._scenes.draw, config, num_labels, device=self.device, processes=self.processes
        )

    def _runner(self, config: Config, env: AnyVectorEnv) -> Runner:
        """The policy as it trains."""
        return Runner(
            self.policy,
            env,
            look="sample" if config.look == "learned" else config.look,
            sample_action=not self.hybrid,
            stop="sample" if config.stop_weight else "never",
            generator=self._training_generator,
            seed=seed_of_repeats(config.repeats, self._training_generator) if self.policy.f_s else None,
        )

    def _measure_light(self) -> None:
        """Where the model normalises glimpses and has not measured any before: measure one batch at random places."""
        normalisation = self.policy.normalisation
        if isinstance(normalisation, Normalisation) and not normalisation.measured:
            env = self._scenes.draw(0.0)
            config = self.config.replace(look="random" if can_look_anywhere(env) else self.config.look)
            normalisation.measure_(glimpses(self._runner(config, env)))
            self.processes.broadcast_(normalisation.buffers())

    @property
    def _scenes(self) -> Curriculum:
        """What there is to train on, checked when it is first asked for."""
        assert self.env is not None, "learn() makes the environment"
        if self._curriculum is None:
            self._curriculum = Curriculum(
                self.config, self.env, self._make_env, first_scene=self._first_scene(self.env)
            )
        return self._curriculum

    def _begin_segment(self) -> None:
        """Seed environment and sampling from (seed, updates so far), so that a resumed run goes on as an unbroken one.

        An environment's generators can't be saved through Gymnasium's interface; but a run whose segments all begin
        like this can be taken up at the beginning of each.
        """
        rank, size = self.processes.rank, self.processes.size
        sequence = np.random.SeedSequence([self.config.seed, self.updates])
        env_seed, *seeds = sequence.generate_state(1 + size, np.uint32).tolist()
        self._scenes.begin_segment(env_seed >> 1)  # 31 bits: room to add each row's number
        self._training_generator.manual_seed(seeds[rank])
        self.processes.broadcast_(self.policy.parameters())  # other processors may have rounded otherwise
