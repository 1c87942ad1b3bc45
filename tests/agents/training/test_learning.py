"""The agent learns what it should, in minutes each: `make test-slow`."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from ram_agents import Reinforce, recipe
from ram_agents.commands.options import DEFAULT_THREADS
from ram_agents.evaluation.controls import as_control
from ram_agents.evaluation.evaluate import evaluate
from toy_env import PeekVectorEnv

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _as_the_command_line():
    before = torch.get_num_threads()
    torch.set_num_threads(DEFAULT_THREADS)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_a_toy_to_near_perfection(core) -> None:
    """Two glimpses after the hint: always looking at one side, then at the other, is enough for every scene."""
    start = time.process_time()
    env = PeekVectorEnv(64, lengths=4)
    agent = Reinforce(
        env,
        core=core,
        total_episodes=64 * 2000,
        hidden_size=64,
        location_hidden=64,
        location_std=0.3,
        final_location_std=0.1,
        reward="information-gain",
        standardise=True,
        learning_rate=2e-3,
    ).learn()
    result = evaluate(agent, PeekVectorEnv(500, lengths=4), episodes=2000, paths=0)
    assert result.mean[-1] < 2
    assert time.process_time() - start < 60


def test_mnist_in_ten_minutes() -> None:
    """Single path, mean locations, 10,000 test images; the budget is in episodes, so that any machine can check it."""
    agent = Reinforce(config=recipe("mnist28").replace(total_episodes=3_000_000)).learn()
    print(f"\n28x28: {agent.seconds / 60:.1f} minutes of training")
    result = evaluate(agent, paths=0)
    print(f"error after each glimpse: {np.round(result.mean, 2)}")
    assert result.mean[-1] < 1.4


def test_catch_in_twenty_minutes() -> None:
    agent = Reinforce(config=recipe("catch").replace(total_episodes=868_000)).learn()
    print(f"\nCatch: {agent.seconds / 60:.1f} minutes of training, {agent.episodes:,} games")
    result = evaluate(agent, paths=0)
    print(f"missed {result.mean[-1]:.2f}% of 10,000")
    assert result.mean[-1] < 5


def test_attention_is_better_than_random_gaze_on_the_cluttered_task() -> None:
    config = recipe("cluttered60").replace(total_episodes=400_000)
    attention, random = (
        evaluate(Reinforce(config=c).learn(), paths=0).mean[-1] for c in (config, as_control(config, "random"))
    )
    print(f"\ncluttered: {attention:.2f}% against {random:.2f}% of random gaze")
    assert attention < 0.8 * random
