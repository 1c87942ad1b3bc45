"""The scanpaths of an agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..agent.envs import AnyVectorEnv, declared
from ..agent.runner import Runner
from ..model.choice import Look
from .path import Scanpath, in_pixels

if TYPE_CHECKING:
    from ..agent.agent import Agent


@torch.no_grad()
def agent_scanpaths(
    agent: Agent, env: AnyVectorEnv, *, images: Sequence[int], subject: str, seed: int, look: Look | None = None
) -> list[Scanpath]:
    """Where an agent looks, one episode on each of some images.

    Args:
        agent: who looks.
        env: a vector environment of the agent's spaces with numbered scenes and a `scene_shape`.
        images: the scenes' numbers; several batches where there are more than the environment has rows.
        subject: the agent's name in the paths.
        seed: of first looks, where they are random, and of locations that are drawn: with the same seed and number of
            rows all agents begin at the same places.
        look: how locations are chosen; by default as `predict(deterministic=True)` does. "random" is a control.

    Returns:
        A path for each image, in their order: pixels of the scene, every glimpse with duration 1.

    Raises:
        ValueError: the environment's scenes have no numbers, or no shape; or no images are asked for.
    """
    shape = declared(env).scene_shape
    if not declared(env).num_scenes or shape is None:
        raise ValueError(f"{env} declares no num_scenes, or no scene_shape: see docs/architecture.md")
    if not len(images):
        raise ValueError("images is empty; name the number of at least one")
    generator = torch.Generator(agent.device).manual_seed(seed)
    gaze = list[NDArray[np.float32]]()
    for start in range(0, len(images), env.num_envs):
        runner = Runner(
            agent.policy,
            env,
            look=look or agent.look(deterministic=True),
            sample_action=False,
            generator=generator,
            seed=seed + start,
            indices=np.take(images, start + np.arange(env.num_envs), mode="clip"),
        )
        gaze += runner.play()
    return [
        Scanpath(in_pixels(seen, shape), np.ones(len(seen)), str(image), subject)
        for image, seen in zip(images, gaze, strict=False)  # the last batch is filled up with one image
    ]
