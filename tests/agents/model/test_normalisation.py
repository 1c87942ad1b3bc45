"""Normalised glimpses: measured by hand, by scales and over all of them, and what sees them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from ram_agents import RAM, Reinforce
from ram_agents.model.networks import Convolutions
from ram_agents.model.normalisation import Contrast, Normalisation, make_normalisation

SHAPES = [(2, 3, 3), (2, 3, 3, 3)]


def uneven_light(shape) -> torch.Tensor:
    """Glimpses whose scales and colours differ in mean and std."""
    light = torch.rand(50, *shape, generator=torch.Generator().manual_seed(0)) ** 2
    light[:, 1] = light[:, 1] / 4 + 0.3
    return light * (torch.arange(3) + 1) / 6 if len(shape) == 4 else light


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scales", [False, True])
def test_mean_and_std_against_numpy(shape, scales) -> None:
    normalisation = Normalisation(shape, scales=scales)
    light = uneven_light(shape)
    torch.testing.assert_close(normalisation(light), light)
    assert not normalisation.measured
    normalisation.measure_([light[:20], light[20:21], light[21:]])
    assert normalisation.measured
    axes = (0, 2, 3) if scales else (0, 1, 2, 3)
    if len(shape) == 3 and not scales:
        axes = None
    mean, std = (f(light.double().numpy(), axis=axes, keepdims=True) for f in (np.mean, np.std))
    expected = torch.from_numpy((light.numpy() - mean) / std).float()
    torch.testing.assert_close(normalisation(light), expected, atol=1e-4, rtol=1e-4)


def test_light_that_does_not_vary_is_not_blown_up() -> None:
    normalisation = Normalisation((1, 2, 2))
    normalisation.measure_([torch.full((4, 1, 2, 2), 0.3)])
    assert normalisation(torch.full((1, 1, 2, 2), 0.3 + 1 / 255)).max() == pytest.approx(1, abs=1e-4)
    with pytest.raises(ValueError, match="there are no glimpses"):
        Normalisation((1, 2, 2)).measure_([])


def test_convolutions_take_normalised_scales_as_they_are() -> None:
    shape = (3, 4, 4)
    plain, alike = Convolutions(shape, 5), Convolutions(shape, 5, alike=True)
    alike.load_state_dict(plain.state_dict())
    light = torch.rand(2, *shape)
    torch.testing.assert_close(plain(light), alike(light * torch.tensor([1.0, 2.0, 4.0]).view(3, 1, 1)))


def model(normalise: str) -> RAM:
    torch.manual_seed(0)
    seen = spaces.Dict(glimpse=spaces.Box(0, 1, (3, 4, 4)), location=spaces.Box(-np.inf, np.inf, (2,)))
    act = spaces.Dict(location=spaces.Box(-1, 1, (2,)), action=spaces.Discrete(4))
    return RAM(seen, act, hidden_size=32, glimpse_network="conv", location_network="cells", normalise=normalise)


@pytest.mark.parametrize("normalise", ["channels", "scales"])
def test_by_scales_neither_network_sees_the_ground(normalise: str) -> None:
    """Light that is added to one scale everywhere, and measured, changes nothing; over all scales together it does."""
    light = torch.rand(40, 3, 4, 4, generator=torch.Generator().manual_seed(1)) / 4
    ground = torch.tensor([0.0, 0.1, 0.5]).view(3, 1, 1)
    outputs = []
    for seen in (light, light + ground):
        ram = model(normalise)
        ram.normalisation.measure_([seen])
        outputs.append(ram.step({"glimpse": seen, "location": torch.zeros(40, 2)}, None)[0])
    same = [torch.allclose(*pair, atol=1e-4) for pair in zip(*outputs, strict=True)]
    assert all(same) if normalise == "scales" else not any(same)


@pytest.mark.parametrize("shape", SHAPES)
def test_contrast_by_hand(shape) -> None:
    light = uneven_light(shape)
    seen = Contrast()(light)
    axes = tuple(range(2, light.dim()))
    for patch, expected in zip(seen.flatten(0, 1), light.flatten(0, 1).numpy(), strict=True):
        np.testing.assert_allclose(patch, (expected - expected.mean()) / expected.std(), atol=1e-4)
    torch.testing.assert_close(Contrast()(light / 2 + 0.25), seen, atol=1e-4, rtol=1e-4)
    assert seen.mean(axes).abs().max() < 1e-4


def test_a_patch_without_a_pattern_has_no_contrast() -> None:
    even = torch.full((1, 2, 3, 3), 0.7)
    assert Contrast()(even).abs().max() < 1e-4
    even[0, 1, 0, 0] += 0.001
    assert 0 < Contrast()(even)[0, 1].abs().max() < 0.3, "less than a grey level is not blown up"
    assert not list(make_normalisation("contrast", (2, 3, 3)).state_dict())
    assert make_normalisation("none", (2, 3, 3)) is None


def test_contrast_needs_no_measuring() -> None:
    agent = Reinforce("ram_envs/CircleSquare-v0", normalise="contrast", num_envs=4, total_episodes=4, hidden_size=8)
    assert not [name for name in agent.learn().policy.state_dict() if name.startswith("normalisation")]
