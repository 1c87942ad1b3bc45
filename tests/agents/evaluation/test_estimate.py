"""How long a run will take: its arithmetic by hand, and that updates and validation are both timed."""

from __future__ import annotations

import time

import pytest
from ram_agents import Reinforce, cli, recipe
from ram_agents.commands import reproduce
from ram_agents.evaluation import estimate as estimates
from ram_agents.evaluation.estimate import Estimate, estimate, processor, seconds_of

TINY = recipe("cluttered60").replace(
    env_kwargs={"num_glimpses": 4},
    **{"total_episodes": 8 * 10, "num_envs": 8, "checkpoint_every": 4, "hidden_size": 16, "validation_scenes": 40},
)


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(estimates, "AT_LEAST", 0.0)


def test_minutes_by_hand() -> None:
    told = Estimate(updates=1200, update=0.25, validations=6, validation=10.0, precision="highest")
    assert told.minutes == (1200 * 0.25 + 6 * 10) / 60 == 6
    assert str(told).startswith(f"about 6 minutes on {processor()}, validation included: 1,200 updates of 250 ms (hig")


@pytest.mark.parametrize(("done", "updates", "validations"), [(0, 10, 3), (4, 6, 2), (5, 5, 2), (8, 2, 1), (10, 0, 0)])
def test_what_is_left_of_a_run_is_counted(done: int, updates: int, validations: int) -> None:
    told = estimate(TINY, episodes=8 * done)  # validates after 4, 8 and 10 updates
    assert (told.updates, told.validations) == (updates, validations)
    assert told.precision in ("highest", "medium")


def test_a_part_of_the_validation_stands_for_all_of_it(monkeypatch) -> None:
    monkeypatch.setattr(estimates, "VALIDATED", 10)
    monkeypatch.setattr(estimates, "seconds_of", lambda work: 2.0)
    told = estimate(TINY)
    assert (told.update, told.validation) == (2.0, 8.0)  # 40 scenes at 10 in 2 seconds


def test_work_is_timed_until_enough_has_gone(monkeypatch) -> None:
    now, done = [100.0], []
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(estimates, "AT_LEAST", 1.0)

    def work() -> None:
        done.append(now[0])
        now[0] += 0.4

    assert seconds_of(work) == pytest.approx(0.4)
    assert len(done) == 3


def test_the_processor_is_named_with_its_units(tmp_path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nmodel name\t: A Chip 9\nflags\t\t: fpu avx512_bf16 amx_bf16\n")
    assert processor(info) == "A Chip 9 with amx_bf16 and avx512_bf16"
    info.write_text("model name\t: A Chip 8\nflags\t\t: fpu avx2\n")
    assert processor(info) == "A Chip 8 without units for bfloat16"
    assert processor(tmp_path / "none")


def test_reproduce_estimates_without_training(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(reproduce, "recipe", lambda name: TINY)
    words = ["reproduce", "cluttered60", "--train", "--estimate", "--out", str(tmp_path)]
    cli.main([*words, "--matmul-precision", "highest"])
    assert "cluttered60, seed 0: about 0 minutes on" in (out := capsys.readouterr().out)
    assert "10 updates" in out
    assert "(highest)" in out
    assert not list(tmp_path.iterdir())
    with pytest.raises(SystemExit, match="add --train"):
        cli.main(["reproduce", "cluttered60", "--estimate"])


def test_training_says_its_estimate_first(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr(reproduce, "recipe", lambda name: TINY)
    words = ["--train", "--episodes", "20", "--paths", "0", "--out", str(tmp_path), "--matmul-precision", "highest"]
    cli.main(["reproduce", "cluttered60", *words])
    assert "validation included: 10 updates" in capsys.readouterr().err
    assert Reinforce.load(tmp_path / "cluttered60-0" / "last.safetensors").config.matmul_precision == "highest"
