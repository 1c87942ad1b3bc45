"""Two recurrent layers and the context (Ba et al. 2015): what reaches the gaze, and what never reaches the answer."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from ram_agents import RAM, Reinforce
from ram_agents.model.networks import ContextNetwork

ACTION = spaces.Dict(location=spaces.Box(-1, 1, (2,)), action=spaces.Discrete(4))
OBSERVATION = spaces.Dict(
    glimpse=spaces.Box(0, 1, (2, 6, 6)), location=spaces.Box(-1, 1, (2,)), periphery=spaces.Box(0, 1, (5, 7))
)
SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8}
DRAM = {"core_layers": 2, "context": True, **SMALL}


def make(**options: object) -> RAM:
    torch.manual_seed(0)
    ram = RAM(OBSERVATION, ACTION, **(DRAM | options))
    with torch.no_grad():
        for parameter in ram.f_l.parameters():
            parameter.mul_(30)  # so that the location depends on what was seen
    return ram


def seen(rows: int = 3, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        "glimpse": torch.rand(rows, 2, 6, 6, generator=generator),
        "location": torch.rand(rows, 2, generator=generator),
        "periphery": torch.rand(rows, 5, 7, generator=generator),
    }


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("location_network", ["linear", "cells"])
def test_the_context_reaches_the_gaze_and_never_the_answer(core: str, location_network: str) -> None:
    ram = make(core=core, location_network=location_network, detach_location=False)
    first, second = seen(), seen(seed=1)
    whole = first["periphery"].requires_grad_()
    state = None
    for observation in (first, second):
        output, state = ram.step(observation, state)
        for answer in (output.logits, output.baseline):
            (gradient,) = torch.autograd.grad(answer.sum(), whole, retain_graph=True, allow_unused=True)
            assert gradient is None or not gradient.any()
        (gradient,) = torch.autograd.grad(output.location_parameters.square().sum(), whole, retain_graph=True)
        assert gradient.abs().sum() > 0
        assert state.shape == ram.initial_state(3).shape


def test_it_is_seen_once_when_the_episode_begins() -> None:
    ram, first, later = make(), seen(), seen(seed=1)
    _, state = ram.step(first, None)
    output, _ = ram.step(later, state)
    changed, _ = ram.step(later | {"periphery": 1 - later["periphery"]}, state)
    assert torch.equal(output.location_mean, changed.location_mean)
    changed, _ = ram.step(first | {"periphery": 1 - first["periphery"]}, None)
    assert (ram.step(first, None)[0].location_mean != changed.location_mean).any()


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_a_state_of_zeros_is_the_beginning_row_by_row(core: str) -> None:
    """As adapters hand it on, which forget single rows of a batch at their episodes' ends."""
    ram, first, later = make(core=core), seen(), seen(seed=1)
    torch.testing.assert_close(ram.step(first, ram.initial_state(3)), ram.step(first, None))
    _, state = ram.step(first, None)
    going, _ = ram.step(later, state)
    fresh, _ = ram.step(later, None)
    state = state * torch.tensor([1.0, 0.0, 1.0])[:, None]
    mixed, _ = ram.step(later, state)
    torch.testing.assert_close(mixed.location_mean[[0, 2]], going.location_mean[[0, 2]])
    torch.testing.assert_close(mixed.location_mean[1], fresh.location_mean[1])


@pytest.mark.parametrize("detach", [True, False])
def test_the_second_layer_learns_from_the_gaze_alone(detach: bool) -> None:
    ram = make(detach_location=detach)
    _, state = ram.step(seen(), None)
    output, _ = ram.step(seen(seed=1), state)

    def reached(loss: torch.Tensor) -> set[str]:
        ram.zero_grad()
        loss.backward(retain_graph=True)
        return {
            name
            for name, net in ram.named_children()
            if any(p.grad is not None and p.grad.any() for p in net.parameters())
        }

    assert reached(output.logits.sum()) == {"f_g", "f_h", "f_a"}
    assert reached(output.location_mean.sum()) == {"f_l", "f_h2", "f_c"} | (set() if detach else {"f_g", "f_h"})


def test_the_location_layer_by_hand() -> None:
    """h2_1 = ReLU(W h1_1 + b + U c), with c what the context network makes of the scene."""
    ram, observation = make(), seen()
    output, state = ram.step(observation, None)
    layer = ram.f_h2
    context = ram.f_c(observation["periphery"])
    h2 = torch.relu(layer.glimpse(output.h) + context @ layer.hidden.weight.T)
    torch.testing.assert_close(state[1], h2)
    torch.testing.assert_close(output.location_mean, torch.tanh(h2 @ ram.f_l.mean.weight.T + ram.f_l.mean.bias))
    without = make(context=False)
    _, state = without.step(observation, None)
    torch.testing.assert_close(state[1], torch.relu(without.f_h2.glimpse(state[0])))


def test_the_context_network_takes_colours() -> None:
    network = ContextNetwork((5, 7, 3), 4)
    assert network(torch.rand(2, 5, 7, 3)).shape == (2, 4)


def test_muon_is_told_of_the_new_matrices() -> None:
    more = make().hidden_matrices()
    plain = RAM(OBSERVATION, ACTION, **SMALL).hidden_matrices()
    assert len(more) == len(plain) + 3 + 2
    assert len({id(matrix) for matrix, _ in more}) == len(more)


def test_what_can_not_be_is_refused() -> None:
    with pytest.raises(ValueError, match="core_layers=2"):
        RAM(OBSERVATION, ACTION, context=True)
    with pytest.raises(ValueError, match="core_layers must be in \\[1, 2\\], not 3"):
        RAM(OBSERVATION, ACTION, core_layers=3)
    env = gym.make("ram_envs/GlimpseMNIST-v0")
    with pytest.raises(ValueError, match="periphery=12"):
        RAM(env.observation_space, env.action_space, **DRAM)


def test_an_agent_with_a_context_learns_predicts_is_saved_and_loaded(tmp_path: Path) -> None:
    kwargs = {"periphery": 9, "glimpses_per_object": 2}
    agent = Reinforce("ram_envs/GlimpseMNIST-Pairs-v0", env_kwargs=kwargs, num_envs=8, total_episodes=32, **DRAM)
    before = [weight.clone() for weight in agent.policy.f_c.parameters()]
    agent.learn()
    assert any((was != now).any() for was, now in zip(before, agent.policy.f_c.parameters(), strict=True))
    agent.save(tmp_path / "agent.safetensors")
    again = Reinforce.load(tmp_path / "agent.safetensors")
    assert again.policy.f_c is not None
    env = gym.make_vec(agent.env_id, num_envs=3, **agent.env_kwargs)
    observation, _ = env.reset(seed=0)
    actions = [each.predict(observation, deterministic=True)[0] for each in (agent, again)]
    np.testing.assert_array_equal(actions[0]["location"], actions[1]["location"])
    with pytest.raises(TypeError, match='"periphery"'):
        agent.predict({key: observation[key] for key in ("glimpse", "location")})
    with pytest.raises(ValueError, match='"periphery" has shape'):
        agent.predict(observation | {"periphery": observation["periphery"][:, :5]})
