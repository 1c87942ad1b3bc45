"""Weights & Biases, offline, and Optuna's pruning: what they are told, and how a pruned training ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ram_agents import Callback, OptunaPruning, Reinforce, WeightsAndBiases

SMALL = {"num_envs": 8, "total_episodes": 48, "checkpoint_every": 2, "validation_scenes": 20, "hidden_size": 8}


def agent() -> Reinforce:
    return Reinforce("ram_envs/GlimpseMNIST-v0", **SMALL)


@pytest.mark.parametrize("mode", ["disabled", pytest.param("offline", marks=pytest.mark.slow)])
def test_weights_and_biases_is_told_of_a_run_and_keeps_it(mode: str, tmp_path: Path, monkeypatch) -> None:
    wandb = pytest.importorskip("wandb")
    points: list[tuple[int, dict[str, float]]] = []
    tracker = WeightsAndBiases(every=4, project="ram", mode=mode, dir=str(tmp_path))
    real = wandb.init

    def watched(**options: Any) -> Any:
        run = real(**options)
        log = run.log
        monkeypatch.setattr(run, "log", lambda data, step: (points.append((step, data)), log(data, step=step)))
        return run

    monkeypatch.setattr(wandb, "init", watched)
    agent().learn(callback=tracker)
    assert [step for step, _ in points] == [32, 48]
    assert {"train/loss", "train/episode_return"} <= points[0][1].keys()
    assert tracker.run.config["num_envs"] == 8
    assert bool(list(tmp_path.rglob("*.wandb"))) is (mode == "offline")


class Trial:
    """Optuna's, as far as the callback asks."""

    def __init__(self, prune_at: int) -> None:
        self.prune_at, self.told = prune_at, []

    def report(self, value: float, step: int) -> None:
        self.told.append((step, value))

    def should_prune(self) -> bool:
        return len(self.told) == self.prune_at


class Ended(Callback):
    ended = False

    def on_end(self, agent: Any) -> None:
        self.ended = True


def test_a_pruned_trial_ends_its_training_and_tells_optuna() -> None:
    optuna = pytest.importorskip("optuna")
    trial, other, learner = Trial(prune_at=2), Ended(), agent()
    with pytest.raises(optuna.TrialPruned, match="% after 32 episodes"):
        learner.learn(callback=[other, OptunaPruning(trial)])
    assert [step for step, _ in trial.told] == [16, 32]
    assert all(0 <= value <= 100 for _, value in trial.told)
    assert learner.updates == 4
    assert other.ended


def test_a_trial_that_is_not_pruned_trains_to_its_end() -> None:
    pytest.importorskip("optuna")
    trial, learner = Trial(prune_at=9), agent()
    learner.learn(callback=OptunaPruning(trial))
    assert [step for step, _ in trial.told] == [16, 32, 48]
    assert learner.validation_error == trial.told[-1][1]


def test_a_study_of_optuna_prunes(tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=0.0))  # no error is so small
    study.optimize(lambda trial: agent().learn(callback=OptunaPruning(trial)).validation_error, n_trials=1)
    assert [trial.state.name for trial in study.trials] == ["PRUNED"]


@pytest.mark.parametrize(("name", "make"), [("wandb", WeightsAndBiases), ("optuna", lambda: OptunaPruning(None))])
def test_a_missing_package_is_named(name: str, make: Any, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match=rf"{name} is not installed: run `pip install '.\[tracking\]'"):
        make()
