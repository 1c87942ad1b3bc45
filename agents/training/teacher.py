"""A teacher: a CNN that sees whole scenes, whose answers are soft targets for an agent that sees glimpses.

Which other answers a scene might have had, and how nearly, a label does not tell (Hinton, Vinyals and Dean 2015). The
teacher is trained on the agent's own scenes before the agent's first update, and sees none of its tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..agent.config import Config
from ..agent.envs import AnyVectorEnv, declared
from ..model.whole import ModernCNN
from ..precision import matmul_precision
from ..processes.group import ALONE, Processes
from .optimizer import make_cnn_optimizers

BATCH = 64
"""Scenes of a step: small batches learn from a fraction of the scenes."""
RATES = 3e-3, 0.03
"""Adam's and Muon's at first; they fall to 0 along a cosine."""


class Teacher:
    """What names whole scenes, for agents to learn from.

    Args:
        network: (B, C, H, W) in [0, 1] -> logits (B, n), trained.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval()

    @classmethod
    def trained(
        cls,
        draw: Callable[[float], AnyVectorEnv],
        config: Config,
        num_labels: int,
        *,
        device: torch.device | str = "cpu",
        processes: Processes = ALONE,
    ) -> Teacher:
        """One that has seen `config.teacher_scenes` training scenes.

        Args:
            draw: gives the environment, with its seed, of an update when a share of the run is done.
            config: `seed` of the weights, `teacher_scenes` and `matmul_precision`.
            num_labels: n.
            device: where it is to live.
            processes: of which each trains one on its own rows' scenes; all take that of process 0.

        Raises:
            ValueError: an environment that shows no whole scenes of one size, or none with one label.
        """
        env = draw(0.0)
        check_teachable(env)
        shape = declared(env).scene_shape
        assert shape is not None
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            torch.manual_seed(config.seed)
            network = ModernCNN(channels=math.prod(shape[2:]), size=max(shape[:2]), num_classes=num_labels)
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizers = make_cnn_optimizers(network)
        seen = 0
        while (progress := seen / config.teacher_scenes) < 1:
            env = draw(progress)
            _, info = env.reset()
            for optimizer, rate in zip(optimizers, RATES, strict=True):
                for group in optimizer.param_groups:
                    group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * progress))
            labels = torch.from_numpy(info["label"]).to(device)
            for images, label in zip(whole_scenes(env, device).split(BATCH), labels.split(BATCH), strict=True):
                with matmul_precision(config.matmul_precision, device):  # anew: inside, rounded weights are kept
                    loss = F.cross_entropy(network(images), label)
                    network.zero_grad()
                    loss.backward()
                    for optimizer in optimizers:
                        optimizer.step()
            seen += env.num_envs
        processes.broadcast_([*network.parameters(), *network.buffers()])
        return cls(network)

    @classmethod
    def restored(cls, tensors: Mapping[str, Tensor], num_labels: int, *, device: torch.device | str = "cpu") -> Teacher:
        """The one whose `network` had these tensors."""
        with torch.device("cpu"):
            network = ModernCNN(channels=tensors["0.weight"].shape[1], size=0, num_classes=num_labels)
        network.load_state_dict(tensors)
        return cls(network.to(device, memory_format=torch.channels_last))  # type: ignore[call-overload]

    @torch.no_grad()
    def probabilities(self, env: AnyVectorEnv, temperature: float) -> Tensor:
        """Of each answer to what an environment's rows show now: (B, n); a higher temperature evens them out."""
        images = whole_scenes(env, next(self.network.parameters()).device)
        return (self.network(images).float() / temperature).softmax(-1)


def check_teachable(env: AnyVectorEnv) -> None:
    """Raise a ValueError unless a teacher can see this environment's scenes, and name each by its one label."""
    _, info = env.reset()
    if declared(env).whole_scenes is None or declared(env).scene_shape is None:
        raise ValueError(f"{env} shows no whole scenes of one size to a teacher: use teacher_weight=0")
    if "label" not in info or "answered" in info:
        raise ValueError(f"{env} has no scenes with one label each, which a teacher learns: use teacher_weight=0")


def whole_scenes(env: AnyVectorEnv, device: torch.device | str) -> Tensor:
    """(B, C, H, W) in [0, 1], channels last."""
    show = declared(env).whole_scenes
    assert show is not None
    images = torch.from_numpy(show()).to(device)
    images = images.movedim(-1, 1) if images.dim() == 4 else images.unsqueeze(1)
    return (images.float() / 255).contiguous(memory_format=torch.channels_last)
