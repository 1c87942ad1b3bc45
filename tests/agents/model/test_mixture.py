"""The mixture of places, by hand and against torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ram_agents.model.distribution import location_entropy
from ram_agents.model.mixture import Mixture, log_sum_exp
from torch import Tensor
from torch.distributions import Categorical, Independent, Normal, kl_divergence


def t(*rows) -> Tensor:
    return torch.tensor(rows)


def mixture(
    std: float | Tensor = 0.1, rows: int = 4, seed: int = 0, *, saccades: bool = False, beside: bool = False
) -> tuple[Mixture, torch.distributions.Distribution]:
    """Ours of two grids of 2x2 cells and an own place, and the same by torch."""
    generator = torch.Generator().manual_seed(seed)
    log_weight = torch.randn(rows, 9, generator=generator).log_softmax(-1)
    own, origin, scale = (torch.randn(rows, 2, generator=generator) for _ in range(3))
    axis = t([0.0, 1.0], [-0.5, 0.7])
    apart = torch.randn(rows, 2, 8, generator=generator) / 4 if beside else None
    places = torch.cat([places_of(origin, scale, axis, saccades, apart), own[:, None]], dim=1)  # (rows, 9, 2)
    stds = std[:, None] if isinstance(std, Tensor) else std
    parts = Independent(Normal(places, torch.as_tensor(stds).expand_as(places)), 1)
    theirs = torch.distributions.MixtureSameFamily(Categorical(logits=log_weight), parts)
    return Mixture(log_weight, own, origin, scale, axis, std, saccades, apart), theirs


def places_of(origin: Tensor, scale: Tensor, axis: Tensor, saccades: bool, beside: Tensor | None = None) -> Tensor:
    """(rows, k * g * g, 2): of relative saccades the actions that lead there."""
    cells = torch.stack([torch.stack([x, y]) for coordinates in axis for y in coordinates for x in coordinates])
    apart = 0.0 if beside is None else beside.transpose(1, 2)
    places = origin[:, None] + scale[:, None] * (cells + apart)
    return places.sign() * places.abs().sqrt() if saccades else places


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("saccades", [False, True])
@pytest.mark.parametrize("std", [0.1, torch.full((4, 1), 0.7)])
def test_a_mixtures_log_prob_against_torch(std, saccades, beside) -> None:
    ours, theirs = mixture(std, saccades=saccades, beside=beside)
    assert isinstance(theirs, torch.distributions.MixtureSameFamily)
    places = theirs.component_distribution.mean
    torch.testing.assert_close(ours.mean(), (ours.log_weight.exp()[..., None] * places).sum(1))
    likeliest = ours.log_weight.argmax(1)
    torch.testing.assert_close(ours.mode(), places[torch.arange(4), likeliest])
    location = torch.randn(4, 2)
    torch.testing.assert_close(ours.log_prob(location), theirs.log_prob(location), rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="detach"):
        ours.log_prob(location.requires_grad_())


@pytest.mark.parametrize("spread", [1.0, 30.0, 1e4])
def test_log_sum_exp_and_its_gradient_against_torchs_in_double(spread) -> None:
    parts = (torch.randn(7, 40, generator=torch.Generator().manual_seed(0)) * spread).requires_grad_()
    wide = parts.detach().double().requires_grad_()
    ours, theirs = log_sum_exp(parts), wide.logsumexp(-1)
    weight = torch.arange(7.0)
    (ours * weight).sum().backward()
    (theirs * weight).sum().backward()
    torch.testing.assert_close(ours.double(), theirs, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(parts.grad.double(), wide.grad, rtol=1e-4, atol=1e-5)


def test_a_mixture_is_not_rounded_under_bfloat16() -> None:
    ours, _ = mixture()
    location = torch.randn(4, 2)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = ours.log_prob(location)
    torch.testing.assert_close(rounded, ours.log_prob(location), rtol=0, atol=0)


def test_a_mixtures_samples_and_mode() -> None:
    one, _ = mixture(std=0.01, rows=1)
    many = one._replace(
        **{name: getattr(one, name).expand(20_000, -1).clone().requires_grad_() for name in one._fields[:4]}
    )
    drawn = many.sample(torch.Generator().manual_seed(0))
    assert not drawn.requires_grad
    assert torch.equal(drawn, many.sample(torch.Generator().manual_seed(0)))
    places = torch.cat([places_of(one.origin, one.scale, one.axis, False)[0], one.own])
    part = (drawn[:, None] - places).square().sum(-1).argmin(1)
    np.testing.assert_allclose(np.bincount(part, minlength=9) / 20_000, one.log_weight[0].exp(), atol=0.015)
    apart = drawn - places[part]
    assert apart.std().item() == pytest.approx(0.01, rel=0.05)
    assert not many.mode().requires_grad
    torch.testing.assert_close(many.mode()[:1], places[one.log_weight.argmax(-1)])


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("saccades", [False, True])
def test_a_mixtures_entropy_and_divergence_are_of_part_and_location(saccades, beside) -> None:
    ours = mixture(saccades=saccades, beside=beside)[0]
    other = mixture(std=0.3, seed=1, saccades=saccades, beside=beside)[0]
    parts = Categorical(logits=ours.log_weight)
    torch.testing.assert_close(ours.entropy(), parts.entropy() + location_entropy(0.1))

    def places(m: Mixture) -> Tensor:
        return torch.cat([places_of(m.origin, m.scale, m.axis, saccades, m.beside), m.own[:, None]], dim=1)

    moved = kl_divergence(Independent(Normal(places(ours), 0.1), 1), Independent(Normal(places(other), 0.3), 1))
    expected = kl_divergence(parts, Categorical(logits=other.log_weight)) + (parts.probs * moved).sum(-1)
    torch.testing.assert_close(ours.kl(other), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.kl(ours), torch.zeros(4), atol=1e-5, rtol=0)


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("saccades", [False, True])
def test_a_mixtures_gradient_is_that_of_finite_differences(saccades, beside) -> None:
    ours, _ = mixture(saccades=saccades, beside=beside)
    location, apart = torch.randn(4, 2).double(), None if ours.beside is None else ours.beside.double()
    doubles = [getattr(ours, name).double().requires_grad_() for name in ours._fields[:4]]

    def log_prob(*parameters: Tensor) -> Tensor:
        return Mixture(*parameters, ours.axis.double(), 0.5, saccades, apart).log_prob(location)

    assert torch.autograd.gradcheck(log_prob, doubles)
