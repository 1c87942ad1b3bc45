"""What attention is measured against: a gaze that chooses nothing, and networks that see the whole scene at once."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ..model.actions import num_actions
from ..model.precision import faster_precision, matmul_precision
from ..training.callbacks import Progress
from ..training.config import Config
from ..training.envs import AnyVectorEnv, declared, make_env
from .evaluate import batches, classification_error, scene_indices

Control = Literal["random", "center", "whole", "weak-cnn", "modern-cnn"]
CNNS: tuple[Control, ...] = ("weak-cnn", "modern-cnn")
CNN_BATCH = 128
"""Scenes in one update of a CNN, which costs the same for each scene in batches of any size."""


def as_control(config: Config, control: Control) -> Config:
    """The same training without attention.

    "random": every location uniform. "center": every location, the first too, in the middle. "whole": the whole scene
    as one patch at every step, for Catch.

    Raises:
        ValueError: a control that RAM is not trained as.
    """
    if control == "random":
        return config.replace(look="random")
    if control == "center":
        return config.replace(look="center", env_kwargs=config.env_kwargs | {"initial_location": "center"})
    if control == "whole":
        return config.replace(look="center", env_kwargs=config.env_kwargs | {"foveated": False})
    raise ValueError(f"control must be 'random', 'center' or 'whole', not {control!r}")


class WeakCNN(nn.Sequential):
    """The paper's: 8 filters of 10x10 with stride 5, a layer of 256, softmax. Deliberately small."""

    def __init__(self, *, channels: int, size: int, num_classes: int):
        side = (size - 10) // 5 + 1
        super().__init__(
            nn.Conv2d(channels, 8, 10, stride=5),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(8 * side**2, 256),
            nn.ReLU(),
            nn.Linear(256, num_classes),
        )


class ModernCNN(nn.Sequential):
    """What one would take today, still small: four 3x3 convolutions with batch normalisation, and an average."""

    def __init__(self, *, channels: int, size: int, num_classes: int):
        del size  # any
        layers: list[nn.Module] = []
        inputs = channels
        for filters, stride in ((32, 1), (64, 2), (128, 2), (128, 2)):
            layers += [nn.Conv2d(inputs, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            inputs = filters
        super().__init__(*layers, nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(4 * inputs, num_classes))


class Classifier(NamedTuple):
    """A network that sees whole scenes, and where it gets them."""

    network: nn.Module
    """(B, C, S, S) in [0, 1] -> logits (B, n)."""
    config: Config
    """`env_id` and the `env_kwargs` under which a glimpse is the whole scene."""


def make_classifier(config: Config, control: Control) -> Classifier:
    """A classifier of the whole scenes of a configuration's environment, with fresh weights (seeded).

    Raises:
        ValueError: the control is no CNN, or the environment no classification by glimpses.
    """
    if control not in CNNS:
        raise ValueError(f"control must be one of {', '.join(CNNS)}, not {control!r}")
    probe = make_env(config.without_repeats(num_envs=1))
    shape, num_classes = declared(probe).scene_shape, num_actions(probe.single_action_space)
    _, info = probe.reset(seed=0)
    probe.close()
    if shape is None or "label" not in info:
        raise ValueError(f"{config.env_id} is no classification of scenes: it has no {control} control")
    # One patch as large as the scene, looked at once, from the middle: the retina hands over the scene itself.
    size = max(shape[:2])
    whole = {"patch_size": size, "num_scales": 1, "num_glimpses": 1, "initial_location": "center"}
    channels = math.prod(shape[2:])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        kind = WeakCNN if control == "weak-cnn" else ModernCNN
        network = kind(channels=channels, size=size, num_classes=num_classes)
    batch = min(config.num_envs, CNN_BATCH)
    return Classifier(network, config.without_repeats(env_kwargs=config.env_kwargs | whole, num_envs=batch))


def train_classifier(
    classifier: Classifier,
    total_episodes: int,
    *,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> None:
    """Minimise the cross-entropy on fresh scenes by Adam, from 1e-3 to 0 by a cosine.

    Products are as exact as the configuration's `matmul_precision` says; `progress` is told of scenes.
    """
    network, config = classifier.network.train(), classifier.config
    # Channels last: a processor convolves this way in two thirds of the time.
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    env = make_env(config)
    steps = math.ceil(total_episodes / config.num_envs)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    precision = config.matmul_precision
    precision = faster_precision(device) if precision == "auto" else precision
    for step in range(steps):
        observation, info = env.reset(seed=config.seed if step == 0 else None)
        label = torch.from_numpy(info["label"]).to(device)
        with matmul_precision(precision, device):
            loss = F.cross_entropy(network(_images(observation, device)), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if progress is not None:
            progress(config.num_envs, steps * config.num_envs)
    env.close()


@torch.no_grad()
def classifier_error(classifier: Classifier, split: str, *, device: torch.device | str = "cpu") -> float:
    """Error in % over all scenes of a split."""
    network = classifier.network.to(device).eval()
    env = make_env(classifier.config.replace(num_envs=500), split=split)
    probability, label = _answers(network, env, scene_indices(env, split), device)
    env.close()
    return float(classification_error(probability, label))


def _answers(
    network: nn.Module, env: AnyVectorEnv, scenes: NDArray[np.int64] | int, device: torch.device | str
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Softmax (N, n) and labels (N,) of the scenes."""
    probabilities, labels = [], []
    for indices in batches(scenes, env.num_envs):
        observation, info = env.reset(options=None if indices is None else {"indices": indices})
        probabilities.append(network(_images(observation, device)).softmax(-1).cpu().numpy())
        labels.append(info["label"])
    count = scenes if isinstance(scenes, int) else len(scenes)
    return np.concatenate(probabilities)[:count], np.concatenate(labels)[:count]


def _images(observation: dict[str, Any], device: torch.device | str) -> Tensor:
    """Whole scenes (B, 1, S, S[, C]) as (B, C, S, S)."""
    images = torch.from_numpy(observation["glimpse"]).to(device)
    return images if images.dim() == 4 else images[:, 0].movedim(-1, 1)
