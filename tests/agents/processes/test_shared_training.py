"""An update of two processes is that of one with the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from ram_agents import Reinforce
from ram_agents.agent import runner
from ram_agents.agent.runner import Choice
from ram_agents.processes.group import ALONE, Processes
from shared_runs import threads

ROWS, STEPS = 8, 4
SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8, "num_envs": ROWS, "max_grad_norm": None}
CASES: dict[str, dict[str, Any]] = {
    "information gain": {"reward": "information-gain", "standardise": True, "discount": 0.8, "step_weight": 0.5},
    "a baseline from the label": {"baseline": "label", "reward": "information-gain", "standardise": True},
    "leave one out": {"baseline": "leave-one-out", "repeats": 2, "standardise": True},
    "a location network of thousands of numbers": {"location_network": "cells", "location_hidden": 8},
    "a baseline, and actions by REINFORCE": {"hybrid": False, "gae_lambda": 0.9, "entropy_weight": 0.1},
    "episodes of any length": {
        "env_kwargs": {"can_stop": True, "glimpse_cost": 0.05},
        "stop_warmup": 0.0,
        "standardise": True,
        "step_weight": 0.5,
    },
}


@pytest.fixture
def same_choices(monkeypatch) -> None:
    """Every row chooses by its number in the whole batch, and not by its process's generator."""
    generator = torch.Generator().manual_seed(0)
    noise = 0.2 * torch.randn(STEPS, ROWS, 2, generator=generator)
    actions = torch.randint(10, (STEPS, ROWS), generator=generator)
    # Those of the first half end early, so that the two processes take different numbers of steps.
    stops = torch.arange(STEPS)[:, None] >= torch.tensor([0, 1, 1, 0, 3, 2, 9, 1])
    step: dict[int, Iterator[int]] = {}

    def choose(policy, output, location, generator, *, sample_action, stop) -> Choice:
        t, rows = (
            next(step.setdefault(id(policy), iter(range(STEPS)))),
            slice(policy.first, policy.first + len(output.h)),
        )
        logit = policy.stop_logit(output.h)
        location = (output.location_mean + noise[t, rows]).detach()
        return Choice(location, actions[t, rows], None if logit is None else stops[t, rows])

    monkeypatch.setattr(runner, "choose", choose)


def agent_of(processes: Processes, options: dict[str, Any]) -> Reinforce:
    env_kwargs = {"num_glimpses": STEPS} | options.get("env_kwargs", {})
    id = "ram_envs/GlimpseMNIST-v0"
    agent = Reinforce(id, processes=processes, **(SMALL | options | {"env_kwargs": env_kwargs}))
    agent.policy.first = processes.rank * agent.env.num_envs  # type: ignore[union-attr, assignment]
    return agent


def gradient(agent: Reinforce) -> torch.Tensor:
    return torch.cat([p.grad.flatten() for p in agent.policy.parameters() if p.grad is not None])


def weights(agent: Reinforce) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in agent.policy.parameters()])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_the_gradient_is_that_of_one_process(name, optimizer, same_choices) -> None:
    options = CASES[name] | {"optimizer": optimizer}
    one = agent_of(ALONE, options)
    both = [agent_of(processes, options) for processes in threads(2)]
    measured = one.update()
    with ThreadPoolExecutor(2) as pool:
        for other in pool.map(lambda agent: agent.update(), both):
            assert other._asdict() == pytest.approx(measured._asdict(), rel=1e-4, abs=1e-6)
    for agent in both:
        assert torch.equal(agent.last_rollout.label, one.last_rollout.label)  # type: ignore[union-attr, arg-type]
        assert gradient(agent).norm() > 1e-3
        torch.testing.assert_close(gradient(agent), gradient(one), rtol=1e-3, atol=1e-6)
    assert torch.equal(weights(both[0]), weights(both[1]))
    if optimizer == "muon":  # Adam's first steps are signs of gradients, also of those that are rounding alone
        matrices = zip(both[0].policy.hidden_matrices(), one.policy.hidden_matrices(), strict=True)
        for (ours, _), (theirs, _) in matrices:
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_scenes_are_the_same_and_choices_are_not() -> None:
    one, both = agent_of(ALONE, {}), [agent_of(processes, {}) for processes in threads(2)]
    one.learn(ROWS)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda agent: agent.learn(ROWS), both))
    rollouts = [agent.last_rollout for agent in both if agent.last_rollout is not None]
    for both_rows in rollouts:
        assert torch.equal(one.last_rollout.label, both_rows.label)  # type: ignore[union-attr, arg-type]
    first, second = rollouts
    assert torch.equal(first.location, second.location)
    halves = first.location.chunk(2, dim=1)
    noise = [half - own.location_parameters.detach() for half, own in zip(halves, rollouts, strict=True)]
    assert not torch.equal(*noise)


def test_a_curriculum_draws_the_same_variant_in_all_processes() -> None:
    options = {"curriculum": {"0": [{"num_glimpses": 2}, {"num_glimpses": 3}], "0.5": [{"num_glimpses": 4}]}}
    both = [agent_of(processes, options) for processes in threads(2)]
    lengths: list[int] = []

    def told(agent: Reinforce, metrics: object) -> None:
        assert agent.last_rollout is not None
        lengths.append(len(agent.last_rollout.reward))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda agent: agent.learn(8 * ROWS, callback=told), both))
    assert set(lengths[:4]) <= {2, 3}
    assert lengths[4:] == [4] * 4
    for agent in both:
        assert agent.last_rollout.active.all()  # type: ignore[union-attr]
        assert agent.last_rollout.active.shape == (4, ROWS)  # type: ignore[union-attr]


def test_rows_that_can_not_be_split_are_refused() -> None:
    with pytest.raises(ValueError, match="num_envs=8 can't be split over 3 processes"):
        agent_of(Processes(0, 3), {})


def test_process_0_alone_calls_back_and_all_stop_with_it() -> None:
    both, calls = [agent_of(processes, {}) for processes in threads(2)], []

    def stop(agent: Reinforce, metrics: object) -> bool:
        calls.append(agent.processes.rank)
        return agent.updates < 2

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda agent: agent.learn(10 * ROWS, callback=stop), both))
    assert calls == [0, 0]
    assert [agent.updates for agent in both] == [2, 2]


def test_the_file_tells_of_how_many_processes_it_is(tmp_path) -> None:
    from ram_agents.agent import checkpoint

    agent_of(Processes(0, 2), {}).save(tmp_path / "two")
    assert checkpoint.read(tmp_path / "two")[1]["processes"] == 2
    again = Reinforce.load(tmp_path / "two", processes=Processes(1, 4))
    assert again.config.num_envs == ROWS
    assert again.processes.size == 4
