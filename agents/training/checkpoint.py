"""An agent in one file: safetensors with a JSON description in its header. Nothing is unpickled.

One file, so that weights and description can't disagree; it is written beside and renamed into place, so that a run
that is killed leaves the last checkpoint or the new one, never half of one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from .config import Config
from .envs import AnyVectorEnv, Spaces

if TYPE_CHECKING:
    from .reinforce import Reinforce

FORMAT = "ram-agent-1"
PROGRESS = ("updates", "seconds", "validation_error", "best_error")


def save_agent(agent: Reinforce, path: str | Path, *, resumable: bool) -> None:
    """See `Reinforce.save`."""
    tensors = {f"policy.{name}": tensor for name, tensor in agent.policy.state_dict().items()}
    if resumable:
        for name, parameter in agent.policy.named_parameters():
            for key, tensor in agent.optimizer.state[parameter].items():
                tensors[f"optimizer.{name}.{key}"] = tensor
    config = dataclasses.asdict(agent.config)
    config["env_kwargs"] = {key: value for key, value in agent.config.env_kwargs.items() if _is_json(value)}
    description = {
        "config": config,
        "spaces": agent.spaces.describe(),
        "hybrid": agent.hybrid,
        "location_std": agent.policy.location_std,
        **{name: getattr(agent, name) for name in PROGRESS},
    }
    write(path, tensors, description)


def load_agent(
    cls: type[Reinforce], path: str | Path, env: AnyVectorEnv | None, *, device: torch.device | str
) -> Reinforce:
    """See `Reinforce.load`."""
    tensors, description = read(path)
    config = Config().replace(**description["config"])
    spaces = Spaces.from_description(description["spaces"])
    agent = cls(spaces, config, device=device)
    agent.policy.load_state_dict(_part(tensors, "policy."))
    _load_optimizer(agent, tensors)
    agent.policy.location_std = description["location_std"]
    agent.hybrid = description["hybrid"]
    for name in PROGRESS:
        setattr(agent, name, description[name])
    if env is not None:
        agent.set_env(env)
    return agent


def _load_optimizer(agent: Reinforce, tensors: dict[str, Tensor]) -> None:
    """Restore the optimiser's state, if the file has it."""
    names = {parameter: name for name, parameter in agent.policy.named_parameters()}
    ordered = [names[parameter] for group in agent.optimizer.param_groups for parameter in group["params"]]
    state = {i: _part(tensors, f"optimizer.{name}.") for i, name in enumerate(ordered)}
    if any(state.values()):
        groups = agent.optimizer.state_dict()["param_groups"]
        agent.optimizer.load_state_dict({"state": state, "param_groups": groups})


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _is_json(value: Any) -> bool:
    """Whether a value can be written as JSON; arrays can't."""
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def write(path: str | Path, tensors: dict[str, Tensor], description: dict[str, Any]) -> None:
    """Write tensors and a JSON-able description to `path`, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {"format": FORMAT, "description": json.dumps(description), "sha256": _digest(tensors)}
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            file.write(safetensors.torch.save(tensors, metadata=header))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _sync_directory(path.parent)


def read(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, on the CPU, and the description.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or no agent of ours.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint at {path}")
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged, or no safetensors file ({error}); use another checkpoint") from error
    if header.get("format") != FORMAT:
        raise ValueError(f"{path} holds no agent of this project (format {header.get('format')!r}, not {FORMAT!r})")
    if header["sha256"] != _digest(tensors):
        raise ValueError(f"{path} is damaged: its weights do not match their checksum; use another checkpoint")
    return tensors, json.loads(header["description"])


def _digest(tensors: dict[str, Tensor]) -> str:
    """SHA-256 of names and bytes, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _sync_directory(directory: Path) -> None:
    """Make a rename in this directory outlast a loss of power, where the system can."""
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
