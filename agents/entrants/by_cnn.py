"""What sees the whole scene at once: a CNN, or where there is nothing to classify RAM with the scene as its patch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..evaluation.cnn_training import Training, plan_for
from ..evaluation.cnns import images_of, make_classifier, scenes_at_once
from ..evaluation.controls import Control, as_control
from ..precision import matmul_precision
from ..training.reinforce import Reinforce
from .by_reinforce import ByReinforce
from .course import Course
from .entry import Challenge, Entrant, NotForThis
from .playing import successes

CONTROL: Control = "modern-cnn"
SAVED = "cnn.safetensors"


class WholeScene:
    """A CNN that is handed whole scenes. A scene is one step. Its rates fall linearly to 0; its weights are averaged.

    Args:
        challenge: what to learn.
        batch: scenes in an update; None for as many as its plan has, and fewer where they are large.
    """

    def __init__(self, challenge: Challenge, *, batch: int | None = None) -> None:
        classifier = make_classifier(challenge.config().replace(curriculum={}), CONTROL)
        plan = plan_for(CONTROL, classifier.config.env_kwargs["patch_size"])
        self._plan = plan if batch is None else plan._replace(batch=batch)
        self._training = Training(classifier, self._plan)
        try:
            with self._training.environment():
                pass
        except TypeError as error:  # it does not take the arguments under which a glimpse is the whole scene
            raise NotForThis(str(error)) from error

    def train(self, course: Course) -> None:
        """See `Entrant`."""
        training = self._training
        with training.environment() as env:
            course.begin()
            going = not course.over
            while going:
                rate, matrix_rate = (course.left * whole for whole in self._plan[:2])
                training.plan = self._plan._replace(learning_rate=rate, matrix_learning_rate=matrix_rate)
                training.learn(env, updates=1)
                going = course.tick(steps=env.num_envs, episodes=env.num_envs)

    def save(self, directory: Path) -> None:
        """See `Entrant`."""
        self._training.plan = self._plan
        self._training.save(directory / SAVED)

    def load(self, directory: Path) -> None:
        """See `Entrant`."""
        self._training.load(directory / SAVED)

    def successes(self, split: str, scenes: int | None) -> NDArray[np.bool_]:
        """See `Entrant`."""
        network, config = self._training.average.eval(), self._training.config
        *layers, last = network
        body, at_once = nn.Sequential(*layers), scenes_at_once(config)

        @torch.no_grad()
        def predict(observation: dict[str, Any], *_: Any) -> tuple[dict[str, Any], None]:
            with matmul_precision(config.matmul_precision):  # as in training, but for what is chosen
                features = [body(images) for images in images_of(observation, "cpu").split(at_once)]
            answer = last(torch.cat(features).float()).argmax(-1).numpy()
            return {"location": np.zeros((len(answer), 2), np.float32), "action": answer}, None

        return successes(predict, config.env_id, config.env_kwargs, split=split, scenes=scenes)

    def agent(self) -> Reinforce | None:
        """It is none."""
        return None


def whole_scene(challenge: Challenge) -> Entrant:
    """A CNN where there are labels, and else RAM that sees all, where the environment can show all.

    Raises:
        NotForThis: it can do neither.
    """
    nature = challenge.probe()
    if nature.labelled and nature.can_stop:
        raise NotForThis("a CNN sees everything at once, and has nothing to stop")
    if nature.labelled:
        try:
            return WholeScene(challenge)
        except ValueError as error:
            raise NotForThis(str(error)) from error
    try:
        return ByReinforce(as_control(challenge.config(), "whole"))
    except TypeError as error:
        raise NotForThis(f"{challenge.env_id} has no labels, and can't show the whole scene ({error})") from error
