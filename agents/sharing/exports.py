"""An agent as a program that runs without this package: a graph of ONNX, or one of torch.export.

One call is one glimpse. Inputs: glimpse (B, k, g, g[, C]) in [0, 1], location (B, 2), where it was taken, and state
(S, B, hidden_size), zeros before the first glimpse; of an agent with a context network also periphery (B, h, w[, C]).
Outputs: location (B, 2) in [-1, 1], where to look next, logits
(B, n) of the action, and the next state; of an agent that learned to stop also stop (B,), which stops where it is above
0. B is free; all numbers are float32. No name may stand twice in a graph of ONNX, so there two outputs are called
next_location and next_state.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ram_envs.extras import how_to_install

from ..agent.agent import Agent
from ..agent.agent_file import jsonable_config
from ..model.choice import CONTROL_LOOKS
from ..model.forms import glimpse_shape, periphery_shape
from ..model.policy import RAM

Format = Literal["onnx", "torch"]
INPUTS = "glimpse", "location", "state", "periphery"
TOLD = "agent.json"
"""What `told` returns, in a file of torch."""


def export(agent: Agent, path: str | Path, *, format: Format = "onnx") -> None:
    """Write an agent as a program that runs without this package; its inputs and outputs are above.

    `agent.env_id`, `agent.env_kwargs` and the actions' names go with it: in ONNX's custom metadata, in a file of torch
    as the extra file "agent.json"; see `told`.

    Args:
        agent: trained; its model may live on any device.
        path: the file, which is replaced if it is there.
        format: "onnx", for ONNX Runtime and its like; or "torch", for `torch.export.load`.

    Raises:
        ValueError: the agent is a control, whose places are not in its networks; or there is no such format.
        ModuleNotFoundError: ONNX's exporter is not installed; the message says how to install it.
    """
    if format not in WRITERS:
        raise ValueError(f"format must be 'onnx' or 'torch', not {format!r}")
    if agent.config.look in CONTROL_LOOKS:
        raise ValueError(
            f"the agent is a control of look={agent.config.look!r}: where it looks is not in its networks, so it can't "
            "be exported; export one that learned to look"
        )
    beside = Path(path).with_name(f".{Path(path).name}.{os.getpid()}.pt2")
    try:
        with quiet():
            WRITERS[format](Step(agent.policy), example(agent), told(agent), beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


class Step(nn.Module):
    """One step of RAM as it acts when it draws nothing, on the CPU."""

    def __init__(self, policy: RAM):
        super().__init__()
        self.policy = copy.deepcopy(policy).cpu().requires_grad_(False)
        self.eval()

    def forward(
        self, glimpse: Tensor, location: Tensor, state: Tensor, periphery: Tensor | None = None
    ) -> dict[str, Tensor]:
        """See the top of this module."""
        seen = {"glimpse": glimpse, "location": location}
        output, state = self.policy.step(seen if periphery is None else seen | {"periphery": periphery}, state)
        outputs = {"location": output.location_mean.clamp(-1, 1), "logits": output.logits, "state": state}
        stop = self.policy.stop_logit(output.h)
        return outputs if stop is None else outputs | {"stop": stop}


def told(agent: Agent) -> dict[str, str]:
    """What a program can't tell by itself: env_id, env_kwargs as JSON, and, where known, action_names as JSON."""
    facts = {"env_id": agent.env_id, "env_kwargs": json.dumps(jsonable_config(agent.config)["env_kwargs"])}
    return facts if agent.action_names is None else facts | {"action_names": json.dumps(agent.action_names)}


def example(agent: Agent, batch_size: int = 2) -> tuple[Tensor, ...]:
    """Inputs of the right shapes: of a batch of one, torch would take the size for a constant."""
    space = agent.spaces.observation
    glimpse, location = torch.zeros(batch_size, *glimpse_shape(space)), torch.zeros(batch_size, 2)
    inputs = glimpse, location, agent.policy.initial_state(batch_size).cpu()
    return (*inputs, torch.zeros(batch_size, *periphery_shape(space))) if agent.policy.f_c else inputs


def _axes(inputs: tuple[Tensor, ...]) -> tuple[dict[int, Any], ...]:
    """Which axis of each input is free."""
    batch = torch.export.Dim("batch")
    return tuple({int(name == "state"): batch} for name in INPUTS[: len(inputs)])


def write_torch(step: Step, inputs: tuple[Tensor, ...], facts: dict[str, str], path: Path) -> None:
    """Write a program of torch.export."""
    program = torch.export.export(step, inputs, dynamic_shapes=_axes(inputs))
    torch.export.save(program, path, extra_files={TOLD: json.dumps(facts)})


def write_onnx(step: Step, inputs: tuple[Tensor, ...], facts: dict[str, str], path: Path) -> None:
    """Write a graph of ONNX, weights and all."""
    outputs = [f"next_{name}" if name in INPUTS else name for name in step(*inputs)]
    names: dict[str, Any] = {"input_names": INPUTS[: len(inputs)], "output_names": outputs}
    try:
        program = torch.onnx.export(step, inputs, dynamic_shapes=_axes(inputs), dynamo=True, verbose=False, **names)
    except ModuleNotFoundError as error:
        message = f"ONNX needs {error.name}, which is not installed: run {how_to_install('export')}"
        raise ModuleNotFoundError(message, name=error.name) from error
    assert program is not None
    program.model.metadata_props.update(facts)
    program.save(path, external_data=False)


WRITERS: dict[str, Callable[[Step, tuple[Tensor, ...], dict[str, str], Path], None]] = {
    "onnx": write_onnx,
    "torch": write_torch,
}


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out what torch's exporters tell of themselves, and of packages that nothing here needs."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", ".*axis name", UserWarning)
            yield
    finally:
        logger.setLevel(before)
