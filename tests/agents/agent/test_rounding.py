"""Weights in fewer bits, by hand."""

from __future__ import annotations

import pytest
import torch
from ram_agents.agent.rounding import SCALE, restored, rounded


def test_each_row_has_steps_of_its_own() -> None:
    weight = torch.tensor([[127.0, -63.4, 0.4], [0.0, 0.0, 0.0], [-0.254, 0.127, 0.001]])
    packed = rounded({"w": weight, "b": torch.tensor([0.1])}, 8)
    assert packed["w"].dtype == torch.int8
    assert packed["w"].tolist() == [[127, -63, 0], [0, 0, 0], [-127, 64, 0]]
    torch.testing.assert_close(packed["w" + SCALE], torch.tensor([1.0, 0.0, 0.002]))
    assert packed["b"].dtype == torch.float16
    expected = torch.tensor([[127.0, -63.0, 0.0], [0.0, 0.0, 0.0], [-0.254, 0.128, 0.0]])
    again = restored(packed)
    torch.testing.assert_close(again["w"], expected)
    assert set(again) == {"w", "b"}
    assert again["b"] == torch.tensor([0.1]).half().float()


@pytest.mark.parametrize("shape", [(8, 3, 3, 3), (16, 5)])
def test_no_weight_moves_by_more_than_half_a_step(shape) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    moved = (restored(rounded({"w": weight}, 8))["w"] - weight).flatten(1).abs().amax(1)
    assert (moved <= weight.flatten(1).abs().amax(1) / 127 / 2 * (1 + 1e-5)).all()


def test_what_was_rounded_stays_to_the_last_bit() -> None:
    weight = torch.randn(2000, 40, generator=torch.Generator().manual_seed(0)) * torch.logspace(-6, 2, 2000)[:, None]
    once = restored(rounded({"w": weight}, 8))
    assert torch.equal(restored(rounded(once, 8))["w"], once["w"])


def test_all_bits_change_nothing() -> None:
    weight = torch.randn(4, 4)
    assert torch.equal(restored(rounded({"w": weight}, 32))["w"], weight)
