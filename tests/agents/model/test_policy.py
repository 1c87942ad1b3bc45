"""RAM as a whole: built from spaces, one step by hand, what is detached."""

from __future__ import annotations

import json

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from ram_agents import RAM
from ram_agents.model.forms import can_stop, describe, from_description, num_actions, to_environment

LOCATION = spaces.Box(-1, 1, (2,), np.float32)


def observation_space(*shape: int) -> spaces.Dict:
    return spaces.Dict(glimpse=spaces.Box(0, 1, shape, np.float32), location=LOCATION)


def action_space(n: int = 10) -> spaces.Dict:
    return spaces.Dict(location=LOCATION, action=spaces.Discrete(n))


def small(core="rnn", **kwargs) -> RAM:
    torch.manual_seed(0)
    sizes = {"glimpse_size": 16, "location_size": 16, "hidden_size": 32}
    return RAM(observation_space(2, 3, 3), action_space(4), core=core, **(sizes | kwargs))


def batch(size: int = 16) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    glimpse = torch.rand(size, 2, 3, 3, generator=generator)
    return {"glimpse": glimpse, "location": torch.rand(size, 2, generator=generator) * 2 - 1}


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 12, 12), (2, 5, 7), (1, 24, 24), (3, 4, 6, 3)])
@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_sizes_come_from_the_spaces(shape, core) -> None:
    ram = RAM(observation_space(*shape), action_space(7), core=core)
    output, state = ram.step({"glimpse": torch.rand(4, *shape), "location": torch.zeros(4, 2)}, ram.initial_state(4))
    assert output.location_mean.shape == (4, 2)
    assert output.logits.shape == (4, 7)
    assert output.baseline.shape == (4,)
    assert output.h.shape == (4, 256)
    assert state.shape == ram.initial_state(4).shape


def test_papers_sizes_are_the_defaults() -> None:
    ram = RAM(observation_space(1, 8, 8), action_space(10))
    shapes = {name: tuple(p.shape) for name, p in ram.named_parameters()}
    assert shapes["f_g.what.weight"] == (128, 64)
    assert shapes["f_g.where.weight"] == (128, 2)
    assert shapes["f_g.both.weight"] == (256, 256)
    assert shapes["f_h.hidden.weight"] == shapes["f_h.glimpse.weight"] == (256, 256)
    assert shapes["f_l.mean.weight"] == (2, 256)
    assert shapes["f_a.weight"] == (10, 256)
    assert shapes["f_b.weight"] == (1, 256)


def test_step_joins_the_networks_in_the_papers_order() -> None:
    ram = small()
    observation, state = batch(), torch.rand(1, 16, 32)
    output, after = ram.step(observation, state)
    h = ram.f_h(ram.f_g(observation["glimpse"], observation["location"]), state)
    torch.testing.assert_close(after, h)
    torch.testing.assert_close(output.h, h[0])
    torch.testing.assert_close(output.location_mean, ram.f_l(h[0]))
    torch.testing.assert_close(output.logits, ram.f_a(h[0]))
    torch.testing.assert_close(output.baseline, ram.f_b(h[0]))
    assert (ram.initial_state(16) == 0).all()


UNROLLED = {
    "the paper's": {},
    "an LSTM, heads that are not detached": {"core": "lstm", "detach_location": False, "detach_baseline": False},
    "two layers, and the whole scene": {"core": "lstm", "core_layers": 2, "context": True},
    "convolutions, cells": {"glimpse_network": "conv", "location_network": "cells", "location_hidden": 8},
    "a canvas, cells": {"glimpse_network": "canvas", "canvas_size": 9, "location_network": "cells", "core_layers": 2},
    "cells of normalised scales": {"normalise": "scales", "location_network": "cells", "location_seen": "covered"},
}


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("options", UNROLLED.values(), ids=UNROLLED.keys())
def test_unrolled_glimpses_are_those_of_single_steps(options, forgets) -> None:
    steps, rows, torch_rng = 4, 5, torch.Generator().manual_seed(2)
    torch.manual_seed(0)
    parts = {"periphery": spaces.Box(0, 1, (6, 6), np.float32)} if "context" in options else {}
    space = spaces.Dict({**observation_space(1 if "canvas_size" in options else 2, 3, 3).spaces, **parts})
    ram = RAM(space, action_space(4), glimpse_size=16, location_size=16, hidden_size=32, **options).double()
    seen = {
        key: torch.rand(steps, rows, *box.shape, generator=torch_rng, dtype=torch.float64) for key, box in space.items()
    }
    state = torch.rand(ram.num_states, rows, 32, generator=torch_rng, dtype=torch.float64)
    remembers = torch.ones(steps, rows, 1, dtype=torch.float64)
    remembers[0, :2] = remembers[2, 1] = 0
    after, outputs = state, []
    for t in range(steps):
        begun = after * remembers[t] if forgets else after
        output, after = ram.step({key: value[t] for key, value in seen.items()}, begun)
        outputs.append(output)
    wanted = [torch.stack(parts) for parts in zip(*outputs, strict=True)]
    found, last = ram.unroll(seen, state, remembers if forgets else None)
    torch.testing.assert_close(last, after)
    torch.testing.assert_close(list(found), wanted)
    weights = list(ram.parameters())

    def gradients(output: list[torch.Tensor]) -> list[torch.Tensor]:
        learned = [part for part in output if part.requires_grad]
        weighted = [(part * torch.arange(part.numel()).view(part.shape)).sum() for part in learned]
        return [
            torch.zeros(()) if g is None else g for g in torch.autograd.grad(sum(weighted), weights, allow_unused=True)
        ]

    torch.testing.assert_close(gradients(list(found)), gradients(wanted))


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize(("head", "option"), [("location_mean", "detach_location"), ("baseline", "detach_baseline")])
def test_detached_heads_keep_their_gradient_to_themselves(head, option, detached) -> None:
    ram = small(**{option: detached})
    output, _ = ram.step(batch(), torch.rand(1, 16, 32))
    getattr(output, head).sum().backward()
    for network in (ram.f_g, ram.f_h):
        for parameter in network.parameters():
            reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
            assert reached is not detached
    own = ram.f_l if head == "location_mean" else ram.f_b
    assert all(parameter.grad.abs().sum() > 0 for parameter in own.parameters())


def test_action_gradient_reaches_core_and_glimpse_network_but_no_other_head() -> None:
    ram = small()
    output, _ = ram.step(batch(), torch.rand(1, 16, 32))
    output.logits[:, 0].sum().backward()
    for network in (ram.f_g, ram.f_h, ram.f_a):
        assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())
    for network in (ram.f_l, ram.f_b):
        assert all(parameter.grad is None for parameter in network.parameters())


def test_sampled_location_is_a_raw_detached_gaussian() -> None:
    ram = small(location_std=0.5)
    mean = torch.full((20_000, 2), 0.9, requires_grad=True)
    sample = ram.location_distribution(mean).sample(torch.Generator().manual_seed(0))
    assert not sample.requires_grad
    assert sample.max() > 1.5  # not clamped
    assert sample.mean().item() == pytest.approx(0.9, abs=0.01)
    assert sample.std().item() == pytest.approx(0.5, abs=0.01)  # the standard deviation, not the variance
    again = ram.location_distribution(mean).sample(torch.Generator().manual_seed(0))
    torch.testing.assert_close(sample, again, rtol=0, atol=0)


def test_config_builds_the_model_again() -> None:
    ram = small("lstm", location_hidden=3, location_std=0.2, detach_baseline=False)
    config = json.loads(json.dumps(vars(ram.config)))
    again = RAM(observation_space(2, 3, 3), action_space(4), **config)
    again.load_state_dict(ram.state_dict())
    state = torch.randn(2, 16, 32)
    for one, other in zip(ram.step(batch(), state)[0], again.step(batch(), state)[0], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert again.config == ram.config


def test_rows_do_not_mix() -> None:
    ram = small("gru")
    observation, state = batch(4), torch.randn(1, 4, 32)
    alone = {key: value[2:3] for key, value in observation.items()}
    torch.testing.assert_close(ram.step(observation, state)[0].logits[2:3], ram.step(alone, state[:, 2:3])[0].logits)


@pytest.mark.parametrize(
    "space",
    [spaces.Box(0, 1, (8, 8)), spaces.Dict(glimpse=spaces.Box(0, 1, (8, 8)), location=LOCATION), spaces.Discrete(3)],
)
def test_other_observation_spaces_are_refused(space) -> None:
    with pytest.raises(ValueError, match="RAM needs the observation space Dict"):
        RAM(space, action_space())


@pytest.mark.parametrize("space", [spaces.Discrete(3), spaces.Dict(action=spaces.Discrete(3)), spaces.Box(-1, 1, (2,))])
def test_other_action_spaces_are_refused(space) -> None:
    with pytest.raises(ValueError, match="RAM needs the action space Dict"):
        RAM(observation_space(1, 8, 8), space)


def test_unknown_init() -> None:
    with pytest.raises(ValueError, match="init must be 'uniform' or 'orthogonal', not 'zeros'"):
        small(init="zeros")


def test_std_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"location_std must be in .*, not 0"):
        small(location_std=0)


def test_a_stop_network_is_there_where_the_environment_knows_stopping() -> None:
    space = spaces.Dict(location=LOCATION, action=spaces.Discrete(4), stop=spaces.Discrete(2))
    torch.manual_seed(0)
    stopping = RAM(observation_space(1, 8, 8), space)
    torch.manual_seed(0)
    plain = RAM(observation_space(1, 8, 8), action_space(4))
    assert set(stopping.state_dict()) - set(plain.state_dict()) == {"f_s.weight", "f_s.bias"}
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(stopping.state_dict()[name], tensor, rtol=0, atol=0)
    h = torch.rand(5, 256)
    assert plain.stop_logit(h) is None
    logit = stopping.stop_logit(h)
    assert logit is not None
    assert logit.shape == (5,)
    assert (logit.sigmoid() < 0.5).all()  # it begins by going on


def test_the_form_with_stopping() -> None:
    space = spaces.Dict(location=LOCATION, action=spaces.Discrete(4), stop=spaces.Discrete(2))
    assert describe(space) == ["stop", 4]
    assert can_stop(space)
    assert not can_stop(action_space(4))
    assert from_description(json.loads(json.dumps(describe(space))))["stop"] == spaces.Discrete(2)
    location, action = np.zeros((3, 2), np.float32), np.array([3, 0, 1])
    form = to_environment(space, location, action, np.array([True, False, True]))
    np.testing.assert_array_equal(form["stop"], [1, 0, 1])
    with pytest.raises(ValueError, match='has "stop": say for each row whether it stops'):
        to_environment(space, location, action)
    with pytest.raises(ValueError, match="perhaps with stop=Discrete"):
        describe(spaces.Dict(location=LOCATION, action=spaces.Discrete(4), stop=spaces.Discrete(3)))


@pytest.mark.parametrize("form", ["flat", "grid"])
def test_other_forms_with_stopping_are_those_of_the_environments(form: str) -> None:
    env = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=3, can_stop=True, action=form)
    space = env.single_action_space
    assert can_stop(space)
    assert num_actions(space) == 10
    assert from_description(json.loads(json.dumps(describe(space)))) == space
    assert not can_stop(gym.make("ram_envs/GlimpseMNIST-v0", action=form).action_space)
    location, action = np.full((3, 2), 0.3, np.float32), np.array([3, 0, 9])
    actions = to_environment(space, location, action, np.array([True, False, True]))
    env.reset(seed=0)
    assert env.action_space.contains(actions)
    *_, terminated, _, info = env.step(actions)
    assert terminated.tolist() == [True, False, True]
    assert info["prediction"].tolist() == [3, 0, 9]
    with pytest.raises(ValueError, match='has "stop": say for each row whether it stops'):
        to_environment(space, location, action)


@pytest.mark.parametrize("space", [action_space(4), spaces.Box(-1, 1, (6,)), spaces.MultiDiscrete([5, 3, 4])])
def test_action_forms(space) -> None:
    location = np.array([[-1.5, 0.0], [0.99, -0.5], [1.0, 1.0]], np.float32)
    action = np.array([3, 0, 1])
    form = to_environment(space, location, action)
    assert num_actions(space) == 4
    assert from_description(json.loads(json.dumps(describe(space)))) == space or isinstance(space, spaces.Dict)
    clamped = np.array([[-1, 0], [0.99, -0.5], [1, 1]], np.float32)
    if isinstance(space, spaces.Dict):
        np.testing.assert_array_equal(form["location"], clamped)
        np.testing.assert_array_equal(form["action"], action)
    elif isinstance(space, spaces.Box):
        expected = [[*clamped[0], 0, 0, 0, 1], [*clamped[1], 1, 0, 0, 0], [*clamped[2], 0, 1, 0, 0]]
        np.testing.assert_array_equal(form, np.array(expected, np.float32))
    else:
        np.testing.assert_array_equal(form, [[0, 1, 3], [4, 0, 0], [4, 2, 1]])


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("location_network", ["linear", "cells"])
def test_no_state_is_the_initial_one(core: str, location_network: str) -> None:
    policy, observation = small(core, location_network=location_network), batch()
    gradients = []
    for state in (None, policy.initial_state(16)):
        output, after = policy.step(observation, state)
        output, after = policy.step(observation, after)  # the second step gives every weight a gradient
        policy.zero_grad()
        (output.logits.sum() + output.location_parameters.sum() + output.baseline.sum() + after.sum()).backward()
        gradients.append([*output, after, *(p.grad for p in policy.parameters())])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)
