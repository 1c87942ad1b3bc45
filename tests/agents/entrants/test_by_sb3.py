"""Stable-Baselines3's entries: what they act in, that they end with their budget, and go on from weights alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("sb3_contrib", reason="Stable-Baselines3 is an extra")

from gymnasium import spaces
from ram_agents.entrants import by_sb3
from ram_agents.entrants.course import Budget, Course
from ram_agents.entrants.entry import ENTRIES, Challenge
from ram_agents.sb3 import RAMPolicy

BUDGET = Budget(steps=200, core_minutes=100)
ID = "ram_envs/GlimpseMNIST-v0"
NAMES = ["ram-recurrent-ppo", "lstm-recurrent-ppo", "ppo", "dqn"]


@pytest.fixture(autouse=True)
def small(monkeypatch) -> None:
    monkeypatch.setattr(by_sb3, "NUM_ENVS", 8)
    monkeypatch.setattr(by_sb3, "DQN_WARMUP", 32)
    monkeypatch.setattr(by_sb3, "DQN_MEMORY", 2**20)


@pytest.mark.parametrize("name", NAMES)
def test_it_trains_ends_and_goes_on(name: str, tmp_path) -> None:
    made, course = ENTRIES[name].make(Challenge(ID, {}, 0, BUDGET)), Course(BUDGET, pauses=2)
    paused: list[int] = []

    def pause() -> None:
        paused.append(course.steps)
        if len(paused) == 1:
            made.save(tmp_path)
            made.saved = (
                made.model.policy.state_dict()["mlp_extractor.policy_net.0.weight"].clone() if name == "ppo" else None
            )

    course.pause = pause
    made.train(course)
    size = 16 if name == "dqn" else 48
    assert paused == [-(-100 // size) * size, -(-200 // size) * size]
    assert course.episodes == course.steps // 6 or name == "dqn"
    assert made.successes("test", 12).shape == (12,)

    again, rest = ENTRIES[name].make(Challenge(ID, {}, 0, BUDGET)), Course(BUDGET, pauses=2)
    again.load(tmp_path)
    if name == "ppo":
        torch.testing.assert_close(again.model.policy.state_dict()["mlp_extractor.policy_net.0.weight"], made.saved)
    rest.restore(course.as_json() | {"steps": paused[0]})
    again.train(rest)
    assert rest.steps == paused[1]


def test_they_act_in_what_their_algorithms_take() -> None:
    actions = {name: ENTRIES[name].make(Challenge(ID, {}, 0, BUDGET)).model.action_space for name in NAMES}
    assert isinstance(actions["ram-recurrent-ppo"], spaces.Box)
    assert isinstance(actions["ppo"], spaces.MultiDiscrete)
    assert isinstance(actions["dqn"], spaces.Discrete)


def test_ram_is_an_agent_of_the_package_and_learns_from_labels_where_there_are_any() -> None:
    for env_id, hybrid in ((ID, True), ("ram_envs/Catch-v0", False)):
        made = ENTRIES["ram-recurrent-ppo"].make(Challenge(env_id, {}, 0, BUDGET))
        assert isinstance(made.model.policy, RAMPolicy)
        assert made.model.policy.hybrid == hybrid
        agent = made.agent()
        assert agent.env_id == env_id
        assert agent.policy.config == Challenge(env_id, {}, 0, BUDGET).config().model()
    assert ENTRIES["ppo"].make(Challenge(ID, {}, 0, BUDGET)).agent() is None


def test_rates_follow_the_budget() -> None:
    made = ENTRIES["ram-recurrent-ppo"].make(Challenge(ID, {}, 0, BUDGET))
    made._course = Course(BUDGET)
    made._course.steps = 150
    assert made.model.lr_schedule(1.0) == pytest.approx(0.25e-3)
    dqn = ENTRIES["dqn"].make(Challenge(ID, {}, 0, BUDGET))
    dqn._course = Course(BUDGET)
    dqn._course.steps = 10  # half of the tenth in which it explores
    assert dqn.model.exploration_schedule(1.0) == pytest.approx((1 + 0.05) / 2)
    dqn._course.steps = 190
    assert dqn.model.exploration_schedule(1.0) == 0.05
    assert np.isfinite(dqn.model.replay_buffer.buffer_size)
