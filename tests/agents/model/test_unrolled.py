"""The way back through time that is written by hand is autograd's."""

from __future__ import annotations

import pytest
import torch
from gymnasium import spaces
from ram_agents import RAM
from ram_agents.model.normalisation import Normalisation
from ram_agents.model.policy import RAMOutput
from ram_agents.model.unrolled import LARGEST_STEP, Unrolled, _through_relu_, can_unroll
from torch import Tensor

ROWS, SHAPE = 5, (2, 3, 3)
SPACES = (
    spaces.Dict(glimpse=spaces.Box(0, 1, SHAPE), location=spaces.Box(-1, 1, (2,))),
    spaces.Dict(location=spaces.Box(-1, 1, (2,)), action=spaces.Discrete(3)),
)


def make_policy(**options) -> RAM:
    torch.manual_seed(0)
    return RAM(*SPACES, hidden_size=16, glimpse_size=8, location_size=4, **options).double()


def looks(steps: int) -> list[dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(1)
    return [
        {
            "glimpse": torch.rand(ROWS, *SHAPE, generator=generator).double(),
            "location": torch.rand(ROWS, 2, generator=generator).double() * 2 - 1,
        }
        for _ in range(steps)
    ]


def step_by_step(policy: RAM, observations) -> RAMOutput:
    outputs, state = [], None
    for observation in observations:
        output, state = policy.step(observation, state)
        outputs.append(output)
    return stacked(outputs)


def stacked(outputs: list[RAMOutput]) -> RAMOutput:
    return RAMOutput._make(torch.stack(parts) for parts in zip(*outputs, strict=True))


def unrolled(policy: RAM, observations) -> RAMOutput:
    episode = Unrolled(policy)
    by_steps = stacked([episode.step(observation) for observation in observations])
    assert not any(part.requires_grad for part in by_steps)
    output = episode.outputs()
    torch.testing.assert_close(by_steps, output, rtol=0, atol=0)
    return output


def gradients(policy: RAM, output: RAMOutput) -> dict[str, Tensor]:
    """Of a sum in which every output at every step has a weight of its own."""
    generator = torch.Generator().manual_seed(2)
    policy.zero_grad()
    sum((part * torch.randn(part.shape, generator=generator)).sum() for part in output).backward()
    return {name: p.grad.clone() for name, p in policy.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("steps", [2, 5])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"identity_core": True, "location_hidden": 8, "detach_location": False},
        {"normalise": "channels", "detach_baseline": False, "init": "orthogonal"},
        {"normalise": "contrast"},
    ],
)
def test_outputs_and_gradients_are_those_of_autograd_step_by_step(options, steps) -> None:
    policy = make_policy(**options)
    if isinstance(policy.normalisation, Normalisation):
        policy.normalisation.measure_(look["glimpse"] for look in looks(steps))
    expected, output = step_by_step(policy, looks(steps)), unrolled(policy, looks(steps))
    torch.testing.assert_close(output, expected)
    assert output.h.requires_grad
    wanted = gradients(policy, expected)
    assert set(wanted) == {name for name, _ in policy.named_parameters()}
    torch.testing.assert_close(gradients(policy, output), wanted)


def test_one_glimpse_needs_no_memory() -> None:
    policy = make_policy()
    found, wanted = (gradients(policy, way(policy, looks(1))) for way in (unrolled, step_by_step))
    assert not found.pop("f_h.hidden.weight").any()  # autograd has none
    torch.testing.assert_close(found, wanted)


def test_in_bfloat16_it_is_as_near_as_autograd_and_in_the_weights_type() -> None:
    policy = make_policy().float()
    seen = [{key: value.float() for key, value in look.items()} for look in looks(4)]
    exact = gradients(policy, step_by_step(policy, seen))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = gradients(policy, step_by_step(policy, seen))
        output = unrolled(policy, seen)
        found = gradients(policy, output)
    assert output.h.dtype == torch.float32
    for name, gradient in found.items():
        assert gradient.dtype == torch.float32
        off, of_autograd = ((g[name] - exact[name]).norm().item() for g in (found, rounded))
        assert off < 1.2 * of_autograd + 1e-5, name


@pytest.mark.parametrize(
    ("options", "can"),
    [
        ({}, True),
        ({"core": "lstm"}, False),
        ({"core": "gru"}, False),
        ({"glimpse_network": "conv"}, False),
        ({"location_network": "cells"}, False),
    ],
)
def test_the_papers_layers_can_be_unrolled(options, can) -> None:
    assert can_unroll(make_policy(**options), ROWS) is can


def test_large_batches_are_not() -> None:
    policy = make_policy()
    assert can_unroll(policy, LARGEST_STEP // 16)
    assert not can_unroll(policy, LARGEST_STEP // 16 + 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_gradient_passes_where_a_relu_did(dtype) -> None:
    x = torch.tensor([-2.0, -0.0, 0.0, 1e-40, 0.5, 3e38]).to(dtype)
    y, d = x.relu(), torch.tensor([1.0, 2.0, -3.0, -4.0, 1e-40, -3e38]).to(dtype)
    expected = torch.where(y > 0, d, 0.0)
    assert torch.equal(_through_relu_(d, y), expected)
    assert torch.equal(d, expected)
