"""RAM inside RLlib, without any workers: the distribution by hand, the module step by step, the hybrid loss masked."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("ray.rllib", reason="RLlib is an extra with a virtual environment of its own")

from gymnasium import spaces
from ram_agents.rllib import GlimpseDistribution, GreedyGlimpseDistribution, RAMModule, label_cross_entropy
from ray.rllib.core.columns import Columns

B, T = 3, 4
SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16}
LOCATION = spaces.Box(-1, 1, (2,), np.float32)
SEEN = spaces.Dict(glimpse=spaces.Box(0, 1, (1, 4, 4), np.float32), location=LOCATION)
LABELLED = spaces.Dict({**SEEN.spaces, "label": spaces.Discrete(5)})
ACTION = spaces.Dict(location=LOCATION, action=spaces.Discrete(5))


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_stopping_is_refused() -> None:
    space = spaces.Dict({**ACTION.spaces, "stop": spaces.Discrete(2)})
    with pytest.raises(ValueError, match="no place for 'stop': make the environment with can_stop=False"):
        RAMModule(observation_space=SEEN, action_space=space, model_config={"ram": SMALL})


# The distribution

MEAN, STD, PROBABILITIES = [0.5, -0.5], 0.2, [0.1, 0.6, 0.3]
PARAMETERS = torch.tensor([*MEAN, STD, *np.log(PROBABILITIES)], dtype=torch.float32)
CHOICE = {"location": torch.tensor([0.7, -0.5]), "action": torch.tensor(2)}
LOG_NORMAL = -0.5 * (0.2 / STD) ** 2 - 2 * math.log(STD) - math.log(2 * math.pi)


@pytest.mark.parametrize("shape", [(), (B,), (B, 1), (B, T), (1, 1)])
def test_log_probabilities_by_hand_in_every_shape(shape: tuple[int, ...]) -> None:
    parameters = PARAMETERS.expand(*shape, -1)
    choice = {"location": CHOICE["location"].expand(*shape, -1), "action": CHOICE["action"].expand(shape)}
    full = GlimpseDistribution.from_logits(parameters).logp(choice)
    greedy = GreedyGlimpseDistribution.from_logits(parameters).logp(choice)
    assert full.shape == greedy.shape == shape
    np.testing.assert_allclose(full, LOG_NORMAL + math.log(0.3), rtol=1e-5)
    np.testing.assert_allclose(greedy, LOG_NORMAL, rtol=1e-5)


def test_entropy_by_hand() -> None:
    gauss = 1 + math.log(2 * math.pi) + 2 * math.log(STD)
    choice = -sum(p * math.log(p) for p in PROBABILITIES)
    assert GlimpseDistribution(PARAMETERS).entropy().item() == pytest.approx(gauss + choice, rel=1e-5)
    assert GreedyGlimpseDistribution(PARAMETERS).entropy().item() == pytest.approx(gauss, rel=1e-5)


def test_kl_by_hand() -> None:
    other = PARAMETERS.clone()
    other[0], other[2], other[3:] = 0.4, 0.4, torch.zeros(3)
    # Per axis log(s2 / s1) + (s1^2 + d^2) / (2 s2^2) - 1/2, with d = 0.1 on x and 0 on y.
    gauss = 2 * (math.log(2) + 0.04 / 0.32 - 0.5) + 0.01 / 0.32
    choice = sum(p * math.log(3 * p) for p in PROBABILITIES)
    for cls, expected in ((GlimpseDistribution, gauss + choice), (GreedyGlimpseDistribution, gauss)):
        assert cls(PARAMETERS).kl(cls(other)).item() == pytest.approx(expected, rel=1e-4)


def test_samples_have_the_distribution() -> None:
    parameters = PARAMETERS.expand(20_000, -1).clone().requires_grad_()
    sample = GlimpseDistribution(parameters).sample()
    assert not sample["location"].requires_grad
    np.testing.assert_allclose(sample["location"].mean(0), MEAN, atol=0.01)
    np.testing.assert_allclose(sample["location"].std(0), STD, atol=0.01)
    np.testing.assert_allclose(sample["action"].bincount(minlength=3) / 20_000, PROBABILITIES, atol=0.02)


def test_deterministic_is_the_mode_and_greedy_draws_the_location_alone() -> None:
    parameters = PARAMETERS.expand(50, -1)
    mode = GlimpseDistribution(parameters).to_deterministic().sample()
    np.testing.assert_allclose(mode["location"], [MEAN] * 50)
    assert (mode["action"] == 1).all()
    greedy = GreedyGlimpseDistribution(parameters)
    assert (greedy.sample()["action"] == 1).all()
    assert len(greedy.sample()["location"].unique(dim=0)) == 50
    assert isinstance(greedy.to_deterministic(), GreedyGlimpseDistribution)


def test_a_distribution_has_its_own_parameters() -> None:
    assert GlimpseDistribution.required_input_dim(ACTION) == 8
    with pytest.raises(NotImplementedError, match="discrete action"):
        GlimpseDistribution(PARAMETERS).rsample()


# The module


def module(observation_space: spaces.Dict = LABELLED, **options: Any) -> RAMModule:
    options = {"max_seq_len": T, "ram": SMALL, **options}
    return RAMModule(observation_space=observation_space, action_space=ACTION, model_config=options)


def batch(steps: int = T, core: str = "rnn") -> dict[str, Any]:
    return {
        Columns.OBS: {
            "glimpse": torch.rand(B, steps, 1, 4, 4),
            "location": torch.rand(B, steps, 2) * 2 - 1,
            "label": torch.randint(5, (B, steps)),
        },
        Columns.STATE_IN: {"core": torch.rand(B, 2 if core == "lstm" else 1, 16)},
    }


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_the_module_is_ram_step_by_step(core: str) -> None:
    ours, given = module(ram={**SMALL, "core": core, "location_std": 0.3}), batch(core=core)
    out = ours.forward_train(given)
    parameters, state = out[Columns.ACTION_DIST_INPUTS], given[Columns.STATE_IN]["core"].transpose(0, 1)
    assert parameters.shape == (B, T, 8)
    for t in range(T):
        observation = {key: given[Columns.OBS][key][:, t] for key in ("glimpse", "location")}
        expected, state = ours.ram.step(observation, state)
        torch.testing.assert_close(parameters[:, t, :2], expected.location_mean)
        torch.testing.assert_close(parameters[:, t, 2], torch.full((B,), 0.3))
        torch.testing.assert_close(parameters[:, t, 3:], expected.logits)
        torch.testing.assert_close(ours.compute_values(given)[:, t], expected.baseline)
    torch.testing.assert_close(
        ours.compute_values(given, embeddings=out[Columns.EMBEDDINGS]), ours.compute_values(given)
    )


@pytest.mark.parametrize(
    ("options", "beside"),
    [
        ({}, 0),
        ({"location_gravity": True, "location_memory": 1}, 32),
        ({"location_seen": "covered", "location_direction": True}, 0),
    ],
)
def test_cells_have_a_distribution_of_their_own(options, beside: int) -> None:
    ram = {**SMALL, "location_network": "cells", "glimpse_network": "conv", **options}
    ours, given = module(ram=ram), batch(core="lstm")
    given[Columns.STATE_IN]["core"].zero_()  # of the core, and of the looks
    parameters = ours.forward_train(given)[Columns.ACTION_DIST_INPUTS]
    cls = ours.get_exploration_action_dist_cls()
    assert issubclass(cls, GreedyGlimpseDistribution)
    assert parameters.shape == (B, T, cls.required_input_dim(ACTION)) == (B, T, 17 + 6 + beside + 1 + 5)
    distribution = cls.from_logits(parameters)
    choice = distribution.sample()
    expected = ours.ram.location_distribution(parameters[..., : 23 + beside]).log_prob(choice["location"])
    torch.testing.assert_close(distribution.logp(choice), expected)
    torch.testing.assert_close(distribution.pair.logits, parameters[..., -5:])
    nll = torch.nn.functional.cross_entropy(
        parameters[..., -5:].transpose(1, 2), given[Columns.OBS]["label"], reduction="none"
    )
    given |= {Columns.LOSS_MASK: torch.ones(B, T), Columns.TERMINATEDS: torch.ones(B, T)}
    out = {Columns.ACTION_DIST_INPUTS: parameters}
    loss = label_cross_entropy(given, out, step_weight=0.0, location_parameters=23 + beside)
    torch.testing.assert_close(loss, nll.mean())


@pytest.mark.parametrize(
    ("core", "options"), [("rnn", {}), ("lstm", {}), ("lstm", {"glimpse_network": "canvas", "canvas_size": 5})]
)
def test_single_steps_with_the_state_handed_on_are_the_sequence(core: str, options: dict[str, Any]) -> None:
    ours, given = module(ram={**SMALL, "core": core, **options}), batch(core=core)
    given[Columns.STATE_IN]["core"] = torch.zeros(B, ours.ram.num_states, ours.ram.f_h.hidden_size)
    whole = ours.forward_exploration(given)
    assert ours.is_stateful()
    assert ours.get_initial_state()["core"].shape == given[Columns.STATE_IN]["core"].shape[1:]
    state = given[Columns.STATE_IN]
    for t in range(T):
        observation = {key: value[:, t : t + 1] for key, value in given[Columns.OBS].items()}
        step = ours.forward_exploration({Columns.OBS: observation, Columns.STATE_IN: state})
        state = step[Columns.STATE_OUT]
        torch.testing.assert_close(step[Columns.ACTION_DIST_INPUTS][:, 0], whole[Columns.ACTION_DIST_INPUTS][:, t])
    torch.testing.assert_close(state, whole[Columns.STATE_OUT])


def test_the_network_never_gets_the_label() -> None:
    ours, given = module(), batch()
    before = ours.forward_train(given)[Columns.ACTION_DIST_INPUTS]
    del given[Columns.OBS]["label"]
    torch.testing.assert_close(ours.forward_train(given)[Columns.ACTION_DIST_INPUTS], before)


def test_labels_decide_what_the_action_learns_from() -> None:
    assert module().hybrid
    assert module().get_exploration_action_dist_cls() is GreedyGlimpseDistribution
    for other in (module(SEEN), module(label_weight=0.0)):
        assert not other.hybrid
        assert other.get_exploration_action_dist_cls() is GlimpseDistribution
    with pytest.raises(ValueError, match=r"label_weight=0\.5 needs labels.*label=True"):
        module(SEEN, label_weight=0.5)
    with pytest.raises(ValueError, match="RAM needs the observation space"):
        module(spaces.Dict(pixels=LOCATION))


def test_a_baseline_of_probability_has_cross_entropys_gradient() -> None:
    ours, given = module(baseline_probability=True), batch()
    values = ours.forward_train(given)[Columns.EMBEDDINGS]
    logits = module_logits(ours, given)
    torch.testing.assert_close(values, logits.sigmoid())
    targets = torch.randint(2, values.shape).float()
    bias = ours.ram.f_b.bias
    (squared,) = torch.autograd.grad((values - targets).square().mean(), bias)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
    torch.testing.assert_close(squared, 2 * torch.autograd.grad(loss, bias)[0])


def module_logits(ours: RAMModule, given: dict[str, Any]) -> torch.Tensor:
    ours.baseline_probability = False
    logits = ours.compute_values(given)
    ours.baseline_probability = True
    return logits


# The hybrid loss


def test_the_label_loss_by_hand_with_padding_and_cut_episodes() -> None:
    logits = torch.randn(B, T, 5)
    label = torch.randint(5, (B, T))
    nll = -logits.log_softmax(-1).gather(-1, label.unsqueeze(-1)).squeeze(-1)
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]).bool()
    ended = torch.zeros(B, T).bool()
    ended[0, 2] = True  # a whole episode of 3 steps and RLlib's extra one
    ended[1, 1] = True  # one of 2 steps, padded
    # The third is cut by the end of the rollout: all of its steps are guesses.
    given = {Columns.OBS: {"label": label}, Columns.LOSS_MASK: mask, Columns.TERMINATEDS: ended}
    out = {Columns.ACTION_DIST_INPUTS: torch.cat([torch.randn(B, T, 3), logits], dim=-1)}
    answers = (nll[0, 2] + nll[1, 1]) / 2
    guesses = (nll[0, :2].sum() + nll[1, 0] + nll[2].sum()) / 7
    torch.testing.assert_close(label_cross_entropy(given, out, step_weight=0.0), answers)
    torch.testing.assert_close(label_cross_entropy(given, out, step_weight=0.25), answers + 0.25 * guesses)
    out[Columns.ACTION_DIST_INPUTS][~mask] += 100 * torch.randn(3, 8)
    torch.testing.assert_close(label_cross_entropy(given, out, step_weight=0.25), answers + 0.25 * guesses)
