"""What of an agent goes into a file, and the checks of what comes out of one before any memory is asked for."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from ..model.config import COUNT, NOT_NEGATIVE, STD, Options, number
from ..model.forms import num_actions
from ..model.policy import RAM
from .agent import Agent
from .checkpoint import UNSIGNED_FORMAT, Checkpoint
from .config import Config
from .envs import Spaces

MOST_NUMBERS = 2**22
"""In a glimpse or an action; 16 MiB."""
PROGRESS = "updates", "seconds", "validation_error", "best_error"
"""What tells how far an agent's training has come."""
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class Description(Options):
    """The JSON description of an agent."""

    config: dict[str, Any]
    """Of `Config`, without what JSON can't hold, such as a user's own images."""
    spaces: dict[str, Any]
    """See `Spaces.describe`."""
    hybrid: bool
    location_std: float = number(0.1, STD)
    """The present one."""
    updates: int = number(0, NOT_NEGATIVE)
    seconds: float = number(0.0, NOT_NEGATIVE)
    validation_error: float | None = None
    best_error: float | None = None
    action_names: list[str] | None = None
    """Of the discrete actions; older files have none."""
    processes: int = number(1, COUNT)
    """That trained it last."""

    @classmethod
    def of(cls, agent: Agent, *, processes: int) -> Self:
        """That of an agent in training."""
        return cls(
            config=jsonable_config(agent.config),
            spaces=agent.spaces.describe(),
            hybrid=agent.hybrid,
            action_names=agent.action_names,
            location_std=agent.policy.location_std,
            processes=processes,
            **{name: getattr(agent, name) for name in PROGRESS},
        )

    def restore(self, agent: Agent) -> None:
        """Give an agent of this configuration the rest of it."""
        agent.policy.location_std = self.location_std
        agent.hybrid = self.hybrid
        agent.action_names = self.action_names
        for name in PROGRESS:
            setattr(agent, name, getattr(self, name))

    def build(self, shapes: Shapes) -> tuple[Config, Spaces]:
        """The configuration and the spaces.

        Raises:
            ValueError, TypeError: values that can't be, or sizes other than those of the file's tensors.
        """
        config = Config().replace(**self.config)
        _check_spaces(self.spaces)
        spaces = Spaces.from_description(self.spaces)
        if self.action_names is not None and len(self.action_names) != num_actions(spaces.action):
            raise ValueError(f"it has {len(self.action_names)} names for {num_actions(spaces.action)} actions")
        with torch.device("meta"):  # shapes without memory
            model = RAM(spaces.observation, spaces.action, config.model(), init="uniform")
        for name, tensor in model.state_dict().items():
            if shapes.get(f"policy.{name}") != tuple(tensor.shape):
                raise ValueError(
                    f"its description asks for {name} of shape {tuple(tensor.shape)}, and it holds "
                    f"{shapes.get(f'policy.{name}')}"
                )
        return config, spaces


def _check_spaces(spaces: Mapping[str, Any]) -> None:
    """Bound the sizes that spaces are made from: a space of Gymnasium takes memory before any weight is compared."""
    glimpse, sizes, whole = spaces["glimpse"], spaces["action"][1:], spaces.get("periphery", [])
    too_many = len(glimpse) > 4 or len(sizes) > 3 or len(whole) > 3
    if too_many or not all(isinstance(size, int) and size > 0 for size in (*glimpse, *sizes, *whole)):
        raise ValueError(f"its spaces can't be: {json.dumps(spaces)[:100]}")
    if max(math.prod(glimpse), math.prod(sizes), math.prod(whole)) > MOST_NUMBERS:
        raise ValueError(f"its spaces would take more than {MOST_NUMBERS:,} numbers: {json.dumps(spaces)[:100]}")


def jsonable_config(config: Config) -> dict[str, Any]:
    """A configuration as JSON holds it: paths as strings, and without arguments that JSON can't hold, as arrays."""
    kwargs = {key: str(value) if isinstance(value, Path) else value for key, value in config.env_kwargs.items()}
    return dataclasses.asdict(config.replace(env_kwargs={})) | {
        "env_kwargs": {key: value for key, value in kwargs.items() if _is_json(value)}
    }


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def description_of(file: Checkpoint, *, allow_unsigned: bool) -> Description:
    """The description in a file, of any version.

    Raises:
        ValueError: an old file, whose checksum leaves the description out, unless `allow_unsigned`; or a description
            that can't be.
    """
    description = file.description
    if file.format == UNSIGNED_FORMAT:
        if not allow_unsigned:
            raise ValueError(
                f"{file.path} is of an old format, whose checksum leaves the description out (what it was trained on "
                "and how). If you trust it, load it with allow_unsigned=True (--allow-unsigned) and save it"
            )
        description = {**description, "config": _from_version_1(description["config"])}
    return Description(**{**description, "config": _with_words(description["config"])})


def _with_words(config: dict[str, Any]) -> dict[str, Any]:
    """Older files say true where all scales share the mean and std of a channel, and false for none."""
    normalise = config.get("normalise", "none")
    return {**config, "normalise": {True: "channels", False: "none"}.get(normalise, normalise)}


def _from_version_1(config: dict[str, Any]) -> dict[str, Any]:
    """Version 1 said 0 for what is not annealed or clipped, and gaze for where to look."""
    none_was_zero = ("final_location_std", "final_location_lr_scale", "max_grad_norm")
    renamed = {"gaze": "look", "gaze_warmup": "look_warmup"}
    return {
        renamed.get(key, key): None if key in none_was_zero and value == 0 else value for key, value in config.items()
    }


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def optimizer_tensors(optimizers: list[torch.optim.Optimizer], network: nn.Module) -> dict[str, Tensor]:
    """The states of a network's optimisers, by its parameters' names."""
    names = _names(network)
    return {
        f"optimizer.{names[parameter]}.{key}": tensor
        for optimizer in optimizers
        for parameter, state in optimizer.state.items()
        for key, tensor in state.items()
    }


def restore_optimizers(
    optimizers: list[torch.optim.Optimizer], network: nn.Module, tensors: Mapping[str, Tensor]
) -> None:
    """Give the optimisers the states of which `optimizer_tensors` gave the tensors, where there are any."""
    names = _names(network)
    for optimizer in optimizers:
        ordered = [names[parameter] for group in optimizer.param_groups for parameter in group["params"]]
        state = {i: part(tensors, f"optimizer.{name}.") for i, name in enumerate(ordered)}
        if any(state.values()):
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})


def _names(network: nn.Module) -> dict[Tensor, str]:
    """Of each parameter."""
    return {parameter: name for name, parameter in network.named_parameters()}
