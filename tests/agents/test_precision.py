"""Matrices are multiplied as exactly as asked for while a model trains, and as exactly as ever elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from ram_agents import Reinforce, precision
from ram_agents.model.policy import RAMOutput
from ram_agents.precision import faster_precision, matmul_precision
from ram_agents.training import trainable
from ram_agents.training.optimizer import orthogonalised
from toy_env import PeekVectorEnv, StopVectorEnv


def test_the_setting_is_put_back_even_after_an_error() -> None:
    before = torch.get_float32_matmul_precision()

    def fail() -> None:
        with matmul_precision("medium"):
            assert torch.get_float32_matmul_precision() == "medium"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_float32_matmul_precision() == before


def test_products_are_near_the_exact_ones() -> None:
    """bfloat16 keeps 8 bits of a factor: where it is used, a sum of 256 products is off by a few thousandths."""
    a, b = torch.randn(2, 256, 256, generator=torch.Generator().manual_seed(0))
    exact = a.double() @ b.double()
    with matmul_precision("medium"):
        rounded = a @ b
    assert rounded.dtype == torch.bfloat16
    assert ((rounded - exact).norm() / exact.norm()).item() < 0.01
    torch.testing.assert_close((a @ b).double(), exact, rtol=1e-4, atol=1e-4)


def test_what_is_not_decided_is_refused() -> None:
    with (
        pytest.raises(ValueError, match="matmul_precision 'auto' is decided before it is used"),
        matmul_precision("auto"),
    ):
        pass


@pytest.mark.parametrize(
    ("seconds", "faster"), [(0.5, "medium"), (0.89, "medium"), (0.91, "highest"), (2.0, "highest")]
)
def test_bfloat16_is_taken_where_it_is_clearly_faster(seconds, faster, monkeypatch) -> None:
    times = {"highest": 1.0, "medium": seconds}
    monkeypatch.setattr(precision, "_seconds", lambda layer, rows, how: times[how])
    assert faster_precision() == faster


def test_one_disturbed_measurement_decides_nothing(monkeypatch) -> None:
    disturbed = iter([10.0] + [0.5] * 20)
    times = {"highest": iter([1.0] * 20), "medium": disturbed}
    monkeypatch.setattr(precision, "_seconds", lambda layer, rows, how: next(times[how]))
    assert faster_precision() == "medium"


def test_where_bfloat16_is_emulated_little_time_is_lost(monkeypatch) -> None:
    measured, times = [], {"highest": 0.05, "medium": 1.0}
    monkeypatch.setattr(precision, "_seconds", lambda layer, rows, how: measured.append(how) or times[how])
    assert faster_precision() == "highest"
    assert measured == ["highest", "medium"] * 2


def test_what_other_processes_take_is_not_counted(monkeypatch) -> None:
    @contextmanager
    def interrupted(how, device) -> Iterator[None]:
        time.sleep(0.3)
        yield

    monkeypatch.setattr(precision, "matmul_precision", interrupted)
    assert precision._seconds(torch.nn.Linear(8, 8), torch.ones(8, 8), "highest") < 0.15


def test_it_can_be_measured_here() -> None:
    assert faster_precision(units=32, batch=32) in ("medium", "highest")


@pytest.mark.parametrize(
    ("trained", "resumable", "loaded"),
    [("medium", False, "auto"), ("medium", True, "medium"), ("highest", False, "highest"), ("high", False, "high")],
)
@pytest.mark.parametrize("optimiser", [{}, {"optimizer": "sgd"}, {"optimizer": "muon"}])
def test_another_run_decides_anew(trained, resumable, loaded, optimiser, tmp_path) -> None:
    """What a processor with units for bfloat16 has trained, one without them must not go on with in bfloat16."""
    agent = Reinforce(PeekVectorEnv(16), hidden_size=16, matmul_precision=trained, **optimiser)
    agent.learn(16)
    agent.save(tmp_path / "a", resumable=resumable)
    assert Reinforce.load(tmp_path / "a").config == agent.config.replace(matmul_precision=loaded)


def test_an_optimiser_that_keeps_nothing_can_be_resumed_too(tmp_path) -> None:
    agent = Reinforce(PeekVectorEnv(16), hidden_size=16, matmul_precision="medium", optimizer="sgd", momentum=0.0)
    agent.learn(16).save(tmp_path / "a")
    assert Reinforce.load(tmp_path / "a").config.matmul_precision == "medium"


@pytest.mark.parametrize("faster", ["medium", "highest"])
def test_a_run_decides_once_and_keeps_to_it(faster, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(trainable, "faster_precision", lambda *args, **kwargs: faster)
    options = {"hidden_size": 16, "matmul_precision": "auto", "total_episodes": 64, "checkpoint_every": 2}
    agent = Reinforce(PeekVectorEnv(16), **options)
    agent.learn(callback=lambda agent, metrics: agent.updates < 2)
    assert agent.config.matmul_precision == faster
    agent.save(tmp_path / "a")
    monkeypatch.setattr(trainable, "faster_precision", lambda *args, **kwargs: pytest.fail("measured again"))
    again = Reinforce.load(tmp_path / "a", PeekVectorEnv(16)).learn(resume=True)
    assert again.config.matmul_precision == faster
    whole = Reinforce(PeekVectorEnv(16), **(options | {"matmul_precision": faster})).learn()
    for one, other in zip(whole.policy.parameters(), again.policy.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("core", ["rnn", "lstm", "gru"])
def test_what_the_agent_chooses_from_is_float32(core) -> None:
    """And near the exact output; gradients are of the weights' type."""
    policy = Reinforce(PeekVectorEnv(16), hidden_size=64, location_hidden=32, core=core).policy
    space = PeekVectorEnv(16).observation_space
    observation = {key: torch.from_numpy(value) for key, value in space.sample().items()}

    def two_steps() -> RAMOutput:
        _, state = policy.step(observation, policy.initial_state(16))
        return policy.step(observation, state)[0]

    exact = two_steps()
    with torch.autocast("cpu", torch.bfloat16):
        output = two_steps()
    sum(part.sum() for part in output).backward()
    for one, other in zip(output, exact, strict=True):
        assert one.dtype == torch.float32
        torch.testing.assert_close(one, other, rtol=0.05, atol=0.02)
    assert {parameter.grad.dtype for parameter in policy.parameters() if parameter.grad is not None} == {torch.float32}


def test_stopping_is_chosen_in_float32_too() -> None:
    policy = Reinforce(StopVectorEnv(16), hidden_size=64).policy
    h = torch.randn(16, 64, generator=torch.Generator().manual_seed(0))
    exact = policy.stop_logit(h)
    with torch.autocast("cpu", torch.bfloat16):
        logit = policy.stop_logit(h.bfloat16().float())
        again = policy.stop_logit(h)
    assert logit is not None
    assert logit.dtype == torch.float32
    torch.testing.assert_close(again, exact, rtol=0, atol=0)


def test_orthogonal_steps_follow_it() -> None:
    matrix = torch.randn(64, 32, generator=torch.Generator().manual_seed(0))
    exact = orthogonalised(matrix)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = orthogonalised(matrix)
    assert rounded.dtype == torch.float32
    assert 0 < ((rounded - exact).norm() / exact.norm()).item() < 0.05


def test_only_updates_use_it() -> None:
    seen = []

    class Watched(PeekVectorEnv):
        def step(self, actions):
            seen.append(torch.get_float32_matmul_precision())
            return super().step(actions)

    agent = Reinforce(Watched(16), hidden_size=16, matmul_precision="medium", total_episodes=32)
    agent.learn(callback=lambda agent, update: seen.append(torch.get_float32_matmul_precision()))
    assert set(seen[:-1]) == {"medium", "highest"}
    assert seen[-1] == "highest"


def test_the_same_seed_gives_the_same_weights() -> None:
    runs = [Reinforce(PeekVectorEnv(16), hidden_size=16, matmul_precision="medium").learn(64) for _ in range(2)]
    for one, two in zip(*(run.policy.parameters() for run in runs), strict=True):
        assert torch.equal(one, two)
