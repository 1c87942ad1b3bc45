"""The five networks against the paper's formulas, written out."""

from __future__ import annotations

import pytest
import torch
from ram_agents.model.networks import (
    ActionNetwork,
    BaselineNetwork,
    CoreNetwork,
    GlimpseNetwork,
    LocationNetwork,
    orthogonal_,
)
from torch import nn


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_glimpse_network_is_the_papers_formula() -> None:
    f_g = GlimpseNetwork(glimpse_shape=(3, 2, 2), glimpse_size=5, location_size=3, output_size=7)
    glimpse, location = torch.rand(4, 3, 2, 2), torch.rand(4, 2) * 2 - 1
    h_g = torch.relu(glimpse.reshape(4, 12) @ f_g.what.weight.T + f_g.what.bias)
    h_l = torch.relu(location @ f_g.where.weight.T + f_g.where.bias)
    # Linear(h_g) + Linear(h_l): the first 5 columns are the first Linear, the other 3 the second.
    g = torch.relu(h_g @ f_g.both.weight[:, :5].T + h_l @ f_g.both.weight[:, 5:].T + f_g.both.bias)
    torch.testing.assert_close(f_g(glimpse, location), g)


def test_glimpse_network_takes_colour() -> None:
    f_g = GlimpseNetwork(glimpse_shape=(2, 3, 4, 3))
    assert f_g(torch.rand(5, 2, 3, 4, 3), torch.zeros(5, 2)).shape == (5, 256)


@pytest.mark.parametrize("shape", [(3, 12, 12), (2, 5, 7, 3), (1, 1, 1)])
def test_convolutions_are_the_same_at_every_cell(shape) -> None:
    f_g = GlimpseNetwork(glimpse_shape=shape, network="conv", glimpse_size=6, output_size=7)
    conv = f_g.what
    glimpse = torch.rand(4, *shape)
    assert f_g(glimpse, torch.zeros(4, 2)).shape == (4, 7)
    scaled = torch.stack([2.0**s * glimpse[:, s] for s in range(shape[0])], dim=1)
    channels = scaled if len(shape) == 3 else scaled.permute(0, 1, 4, 2, 3).flatten(1, 2)
    filtered = nn.functional.conv2d(channels, conv.first.weight, conv.first.bias, padding=1).relu()
    filtered = nn.functional.conv2d(filtered, conv.second.weight, conv.second.bias, padding=1, stride=2).relu()
    torch.testing.assert_close(conv(glimpse), filtered.flatten(1) @ conv.last.weight.T + conv.last.bias)


def test_core_is_the_papers_formula() -> None:
    f_h = CoreNetwork(input_size=3, hidden_size=4)
    g, h = torch.randn(2, 3), torch.rand(2, 4)
    expected = torch.relu(h @ f_h.hidden.weight.T + g @ f_h.glimpse.weight.T + f_h.glimpse.bias)
    torch.testing.assert_close(f_h(g, h[None]), expected[None])


def test_identity_core_forgets_nothing() -> None:
    f_h = CoreNetwork(input_size=3, hidden_size=4, identity=True)
    nn.init.zeros_(f_h.glimpse.weight)
    nn.init.zeros_(f_h.glimpse.bias)
    h = torch.rand(1, 2, 4)
    torch.testing.assert_close(f_h(torch.randn(2, 3), h), h)


@pytest.mark.parametrize(("core", "states"), [("rnn", 1), ("gru", 1), ("lstm", 2)])
def test_core_state_is_uniform_and_begins_with_h(core, states) -> None:
    f_h = CoreNetwork(input_size=3, hidden_size=4, core=core)
    state = f_h(torch.randn(2, 3), torch.zeros(states, 2, 4))
    assert state.shape == (states, 2, 4)
    assert f_h.num_states == states


def test_lstm_state_is_h_then_cell() -> None:
    f_h = CoreNetwork(input_size=3, hidden_size=4, core="lstm")
    g, state = torch.randn(2, 3), torch.randn(2, 2, 4)
    h, cell = f_h.cell(g, (state[0], state[1]))
    torch.testing.assert_close(f_h(g, state), torch.stack([h, cell]))


def test_core_refuses_what_it_is_not() -> None:
    with pytest.raises(ValueError, match="'rnn', 'lstm' or 'gru', not 'tanh'"):
        CoreNetwork(input_size=3, core="tanh")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="leave identity_core off"):
        CoreNetwork(input_size=3, core="lstm", identity=True)


@pytest.mark.parametrize("hidden", [0, 6])
def test_location_mean_begins_small_and_stays_inside(hidden) -> None:
    f_l = LocationNetwork(input_size=256, hidden_size=hidden)
    h = torch.rand(50, 256)
    assert f_l(h).abs().max() < 0.3  # where tanh has its gradient
    far = f_l(1e3 * h)
    assert far.abs().max() <= 1
    assert f_l(h).shape == (50, 2)


def test_location_mean_is_tanh_of_linear() -> None:
    f_l = LocationNetwork(input_size=3)
    h = torch.randn(4, 3)
    torch.testing.assert_close(f_l(h), torch.tanh(h @ f_l.mean.weight.T + f_l.mean.bias))


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_orthogonal_beginning(core) -> None:
    f_g, f_a = GlimpseNetwork(glimpse_shape=(3, 2, 2), output_size=8), ActionNetwork(16, 3)
    f_h = CoreNetwork(input_size=8, hidden_size=16, core=core, identity=core == "rnn")
    orthogonal_(f_g, f_h, f_a)
    weight = f_g.what.weight
    torch.testing.assert_close(weight.T @ weight, 2 * torch.eye(12))
    for matrix in (w for w in f_h.parameters() if w.dim() == 2):
        for gate in matrix.split(16):
            torch.testing.assert_close(gate.T @ gate, torch.eye(gate.shape[1]))
    biases = torch.cat([w for w in f_h.parameters() if w.dim() == 1])
    assert biases.sum() == (16 if core == "lstm" else 0)  # the forget gate
    if core == "rnn":
        torch.testing.assert_close(f_h.hidden.weight, torch.eye(16))
    assert f_a.weight.abs().max() < 0.01


def test_heads_are_linear_over_any_leading_shape() -> None:
    h = torch.randn(5, 2, 3)
    assert ActionNetwork(3, 7)(h).shape == (5, 2, 7)
    f_b = BaselineNetwork(3)
    torch.testing.assert_close(f_b(h), (h * f_b.weight[0]).sum(-1) + f_b.bias)
    assert (f_b(100 * h) < 0).any()  # no ReLU on the baseline
