"""Controls that see the whole scene at once: the paper's convolutional network, and a modern one."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..agent.config import Config
from ..agent.envs import AnyVectorEnv, declared, make_env
from ..model.forms import num_actions
from ..model.whole import ModernCNN, WeakCNN
from .controls import Control
from .evaluate import OFFSETS, scene_indices
from .paths import batches, classification_error

CNNS: tuple[Control, ...] = ("weak-cnn", "modern-cnn")
PIXELS = 2_500_000
"""Scenes of so many pixels are seen at once, to measure: activations of more leave the processor's caches."""


class Classifier(NamedTuple):
    """A network that sees whole scenes, and where it gets them."""

    network: nn.Module
    """(B, C, S, S) in [0, 1] -> logits (B, n)."""
    config: Config
    """`env_id` and the `env_kwargs` under which a glimpse is the whole scene."""


def make_classifier(config: Config, control: Control) -> Classifier:
    """A classifier of the whole scenes of a configuration's environment, with fresh weights (seeded).

    The scenes are those of `env_kwargs`, which the agent is tested on; a curriculum before them is left out. Whether
    bfloat16 is the faster is decided anew, see `Config.decided_anew`.

    Raises:
        ValueError: the control is no CNN, or the environment no classification by glimpses.
    """
    if control not in CNNS:
        raise ValueError(f"control must be one of {', '.join(CNNS)}, not {control!r}")
    probe = make_env(config.without_repeats(num_envs=1))
    shape, num_classes = declared(probe).scene_shape, num_actions(probe.single_action_space)
    _, info = probe.reset(seed=0)
    probe.close()
    if shape is None or "label" not in info or "answered" in info:
        raise ValueError(f"{config.env_id} is no classification of scenes with one answer: it has no {control} control")
    # One patch as large as the scene, looked at once, from the middle: the retina hands over the scene itself.
    size = max(shape[:2])
    whole = {"patch_size": size, "num_scales": 1, "num_glimpses": 1, "initial_location": "center"}
    channels = math.prod(shape[2:])
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):  # see `Agent`
        torch.manual_seed(config.seed)
        kind = WeakCNN if control == "weak-cnn" else ModernCNN
        network = kind(channels=channels, size=size, num_classes=num_classes)
    return Classifier(network, config.decided_anew().without_repeats(env_kwargs=config.env_kwargs | whole))


def scenes_at_once(config: Config) -> int:
    """How many scenes a network is best handed at once to be measured; at least one.

    Args:
        config: of a `Classifier`.
    """
    return max(1, PIXELS // config.env_kwargs["patch_size"] ** 2)  # see `make_classifier`


@torch.no_grad()
def classifier_error(
    classifier: Classifier, split: str, *, episodes: int | None = None, device: torch.device | str = "cpu"
) -> float:
    """Error in % over all scenes of a split, or over the first so many."""
    network, config = classifier.network.to(device).eval(), classifier.config
    env = make_env(config.replace(num_envs=min(500, scenes_at_once(config), episodes or 500)), split=split)
    scenes = scene_indices(env, split, episodes)
    env.reset(seed=config.seed + (OFFSETS[split] if isinstance(scenes, int) else 0))
    probability, label = _answers(network, env, scenes, device)
    env.close()
    return float(classification_error(probability, label))


def _answers(
    network: nn.Module, env: AnyVectorEnv, scenes: NDArray[np.int64] | int, device: torch.device | str
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Softmax (N, n) and labels (N,) of the scenes."""
    probabilities, labels = [], []
    for indices in batches(scenes, env.num_envs):
        observation, info = env.reset(options=None if indices is None else {"indices": indices})
        probabilities.append(network(images_of(observation, device)).softmax(-1).cpu().numpy())
        labels.append(info["label"])
    count = scenes if isinstance(scenes, int) else len(scenes)
    return np.concatenate(probabilities)[:count], np.concatenate(labels)[:count]


def images_of(observation: dict[str, Any], device: torch.device | str) -> Tensor:
    """Whole scenes (B, 1, S, S[, C]) as (B, C, S, S)."""
    images = torch.from_numpy(observation["glimpse"]).to(device)
    return images if images.dim() == 4 else images[:, 0].movedim(-1, 1)
