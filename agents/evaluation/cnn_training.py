"""Train a CNN until its held-out error stops falling; saved after every round, and resumable bit for bit."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..agent import checkpoint
from ..agent.agent_file import jsonable_config, optimizer_tensors, part, restore_optimizers
from ..agent.envs import AnyVectorEnv, make_env
from ..model.config import NOT_NEGATIVE, Options, number
from ..precision import faster_precision, matmul_precision
from ..training.optimizer import make_cnn_optimizers
from .cnns import Classifier, classifier_error, images_of
from .controls import Control


class Plan(NamedTuple):
    """How a CNN is trained.

    A round is so many scenes, after which the error of the averaged weights is measured on the held-out ones. Where
    none of the last `patience` rounds had a smaller error than the rounds before them, the rates fall to `fall` of what
    they were, and training goes on from the averaged weights; where they have fallen `falls` times already, it ends.
    The weights with the smallest held-out error are the result.
    """

    learning_rate: float
    """Adam's, of biases, normalisations, the first layer and the last."""
    matrix_learning_rate: float
    """Muon's, of all between."""
    round_scenes: int
    """So many, or a little more: whole updates."""
    batch: int
    patience: int = 6
    falls: int = 2
    fall: float = 0.25
    averaged: int = 500
    """Weights are averaged over about so many updates, and over no more than the last tenth of all."""
    held_out: int | None = None
    """How many held-out scenes the error is of, the first ones; None: all of them."""


PLANS: dict[Control, Plan] = {
    "weak-cnn": Plan(3e-3, 0.03, 250_000, batch=1024),
    # Muon's step is nothing beside its convolutions: small batches learn from a fraction of the scenes.
    "modern-cnn": Plan(3e-3, 0.03, 25_000, batch=64, averaged=1000),
}
LARGE, FEWEST = 200, 16
"""Pixels a side, up to which scenes cost little; and the smallest batch."""


def plan_for(control: Control, side: int) -> Plan:
    """The plan of a CNN for scenes of so many pixels a side.

    Beyond `LARGE` batches and rounds have fewer of them, as their memory and time demand: the modern CNN's by their
    area, those of the paper's, which strides, by their side. The error is of 500 scenes then.
    """
    plan = PLANS[control]
    if side <= LARGE:
        return plan
    fewer = (side / LARGE) ** (2 if control == "modern-cnn" else 1)
    batch, round_scenes = max(FEWEST, int(plan.batch / fewer)), int(plan.round_scenes / fewer)
    return plan._replace(batch=batch, round_scenes=round_scenes, held_out=500)


@dataclass(frozen=True, kw_only=True)
class Course(Options):
    """How far a training is."""

    rounds: int = number(0, NOT_NEGATIVE)
    updates: int = number(0, NOT_NEGATIVE)
    falls: int = number(0, NOT_NEGATIVE)
    """How often the rates have fallen."""
    waited: int = number(0, NOT_NEGATIVE)
    """Rounds since the error or the rates last fell."""
    best_error: float = 100.0
    """The smallest held-out error so far, in %."""
    scenes: int = number(0, NOT_NEGATIVE)
    seconds: float = number(0.0, NOT_NEGATIVE)
    """Of processor time."""
    errors: list[float] = field(default_factory=list)
    """Held-out, after each round, in %."""

    def summary(self, plan: Plan) -> str:
        """What has come of it so far, in one line."""
        return (
            f"{self.scenes:,} scenes, {self.seconds / 60:.1f} minutes, held-out error {self.errors[-1]:.2f}% "
            f"(smallest {self.best_error:.2f}), rate {self.falls + 1} of {plan.falls + 1}, "
            f"no smaller error for {self.waited} of {plan.patience} rounds"
        )


class Training:
    """The training of one CNN.

    Args:
        classifier: the network, with the weights to begin from; when the training has ended, it has the best.
        plan: how.
        device: where.

    Attributes:
        course: how far it is.
    """

    def __init__(self, classifier: Classifier, plan: Plan, *, device: torch.device | str = "cpu"):
        self.config = classifier.config.replace(num_envs=plan.batch)
        if self.config.matmul_precision == "auto":
            self.config = self.config.replace(matmul_precision=faster_precision(device))
        self.plan, self.course, self._device = plan, Course(), device
        # Channels last: a processor convolves this way in two thirds of the time.
        self.network = classifier.network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average, self.best = copy.deepcopy(self.network), copy.deepcopy(self.network)
        self._optimizers = make_cnn_optimizers(self.network)

    @property
    def ended(self) -> bool:
        """Whether the held-out error has stopped falling."""
        return self.course.falls >= self.plan.falls and self.course.waited >= self.plan.patience

    def run(self, path: Path, *, most_scenes: float = math.inf, tell: Callable[[Course], None] | None = None) -> None:
        """Train until the held-out error stops falling, or for `most_scenes`; saved to `path` after every round.

        Args:
            path: of the file.
            most_scenes: end after so many, of all that the file tells of; the last round is shorter then.
            tell: is called after every round.
        """
        with self.environment() as env:
            while not self.ended and self.course.scenes < most_scenes:
                self.round(env, most_scenes - self.course.scenes)
                self.save(path)
                if tell is not None:
                    tell(self.course)

    def environment(self) -> closing[AnyVectorEnv]:
        """Of the training scenes; closed at the end of a `with`."""
        return closing(make_env(self.config))

    def round(self, env: AnyVectorEnv, most_scenes: float = math.inf) -> None:
        """Train on a round's scenes, measure the averaged weights, and let the rates fall if it is time.

        With `most_scenes` the round is no longer than that. The scenes follow from (seed, rounds so far): a training
        that was killed goes on as an unbroken one.
        """
        start, updates = time.process_time(), math.ceil(min(self.plan.round_scenes, most_scenes) / env.num_envs)
        self.learn(env, updates)
        error = self.held_out_error()
        self.course = self.course.replace(errors=[*self.course.errors, error])
        self._judge(error)
        self.course = self.course.replace(seconds=self.course.seconds + time.process_time() - start)

    def held_out_error(self) -> float:
        """In %, of the averaged weights."""
        average = Classifier(self.average, self.config)
        return classifier_error(average, "validation", episodes=self.plan.held_out, device=self._device)

    def scenes(self, env: AnyVectorEnv, updates: int, seed: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """So many batches of scenes that follow from a seed, as `env.reset` returns them."""
        for update in range(updates):
            yield env.reset(seed=seed if update == 0 else None)

    def learn(self, env: AnyVectorEnv, updates: int) -> None:
        """Take so many updates as one round, at the plan's rates as they are now; nothing is measured."""
        self._set_rates()
        seed = int(np.random.SeedSequence([self.config.seed, self.course.rounds]).generate_state(1)[0]) >> 1
        self.network.train()
        for update, (observation, info) in enumerate(self.scenes(env, updates, seed)):
            label = torch.from_numpy(info["label"]).to(self._device)
            self._update(images_of(observation, self._device), label, self.course.updates + update)
        self.course = self.course.replace(
            rounds=self.course.rounds + 1,
            updates=self.course.updates + updates,
            scenes=self.course.scenes + updates * env.num_envs,
        )

    def _update(self, images: Tensor, label: Tensor, done: int) -> None:
        """One step of the optimisers, after `done` others, and of the average."""
        with matmul_precision(self.config.matmul_precision, self._device):
            loss = F.cross_entropy(self.network(images), label)
            self.network.zero_grad()
            loss.backward()
            for optimizer in self._optimizers:
                optimizer.step()
        move(self.average, self.network, max(1 / self.plan.averaged, 10 / (10 + done)))

    def _judge(self, error: float) -> None:
        """Keep the averaged weights if they are the best so far; if the error no longer falls, let the rates."""
        if error < self.course.best_error:
            self.best.load_state_dict(self.average.state_dict())
            self.course = self.course.replace(best_error=error, waited=0)
            return
        self.course = self.course.replace(waited=self.course.waited + 1)
        if self.course.waited == self.plan.patience and self.course.falls < self.plan.falls:
            self.network.load_state_dict(self.average.state_dict())
            self.course = self.course.replace(waited=0, falls=self.course.falls + 1)

    def _set_rates(self) -> None:
        for optimizer, rate in zip(self._optimizers, self.plan[:2], strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * self.plan.fall**self.course.falls

    def save(self, path: Path) -> None:
        """Write everything that the training needs to go on, whole or not at all."""
        tensors = optimizer_tensors(self._optimizers, self.network)
        for role, network in self._networks().items():
            tensors |= {f"{role}.{name}": tensor for name, tensor in network.state_dict().items()}
        precision = self.config.matmul_precision
        checkpoint.write(path, tensors, self._made() | {"precision": precision, "course": vars(self.course)})

    def load(self, path: Path) -> None:
        """Go on where the training that `path` was saved by had come to.

        Raises:
            ValueError: the file is damaged, or of another network, other scenes or another plan.
        """
        tensors, description = checkpoint.read(path)
        for key, mine in self._made().items():
            if description.get(key) != mine:
                raise ValueError(
                    f"{path} holds a control whose {key} is {description.get(key)}, not {mine}: "
                    "keep this one in another directory"
                )
        with checkpoint.opened(path):  # which names the file if the contents do not fit
            for role, network in self._networks().items():
                network.load_state_dict(part(tensors, f"{role}."))
            restore_optimizers(self._optimizers, self.network, tensors)
            self.config = self.config.replace(matmul_precision=description["precision"])
            self.course = Course(**description["course"])

    def _networks(self) -> dict[str, nn.Module]:
        return {"network": self.network, "average": self.average, "best": self.best}

    def _made(self) -> dict[str, Any]:
        """What a file must agree in, as JSON has it."""
        config = jsonable_config(self.config)
        made = {key: config[key] for key in ("env_id", "env_kwargs", "num_envs", "seed")}
        return made | {"network": type(self.network).__name__, "plan": self.plan._asdict()}


@torch.no_grad()
def move(average: nn.Module, network: nn.Module, share: float) -> None:
    """Move averaged weights by this share of the way to a network's, and statistics of normalisations likewise."""
    present = network.state_dict()
    for name, tensor in average.state_dict().items():
        if tensor.is_floating_point():
            tensor.lerp_(present[name], share)
        else:
            tensor.copy_(present[name])
