"""A CNN is trained until its held-out error stops falling, and resumed bit for bit."""

from __future__ import annotations

import copy

import pytest
import torch
from ram_agents import Config
from ram_agents.evaluation import cnn_training
from ram_agents.evaluation.cnn_training import PLANS, Course, Plan, Training, move, plan_for
from ram_agents.evaluation.cnns import Classifier, classifier_error, make_classifier
from torch import nn

SHORT = Plan(3e-3, 0.03, 64, batch=32, patience=2, falls=1, fall=0.1)


def training(plan: Plan = SHORT, **changes) -> Training:
    return Training(make_classifier(Config(num_envs=64, **changes), "weak-cnn"), plan)


def with_errors(monkeypatch, *errors: float) -> None:
    """Let the held-out errors be these, one after another."""
    left = list(errors)
    monkeypatch.setattr(cnn_training, "classifier_error", lambda *_, **__: left.pop(0))


@pytest.mark.parametrize("precision", ["highest", pytest.param("medium", marks=pytest.mark.slow)])
def test_a_cnn_learns(precision, tmp_path) -> None:
    course = training(SHORT._replace(round_scenes=6_000), matmul_precision=precision)
    before = classifier_error(Classifier(course.network, course.config), "validation")
    course.run(tmp_path / "cnn.safetensors", most_scenes=12_000)
    best = classifier_error(Classifier(course.best, course.config), "validation")
    assert before > 75
    assert best == course.course.best_error == min(course.course.errors) < 10
    assert course.course.updates == 188 + 187  # whole updates, and no more than asked for
    assert not course.ended


def test_rates_fall_and_the_training_ends_as_patience_has_it(monkeypatch, tmp_path) -> None:
    with_errors(monkeypatch, 50.0, 60.0, 40.0, 40.0, 45.0, 30.0, 31.0, 32.0, 1.0)
    told: list[Course] = []
    a = training()
    a.run(tmp_path / "cnn.safetensors", tell=told.append)
    assert [course.falls for course in told] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert [course.waited for course in told] == [0, 1, 0, 1, 0, 0, 1, 2]
    assert [course.best_error for course in told] == [50, 50, 40, 40, 40, 30, 30, 30]
    assert told[-1].errors == [50, 60, 40, 40, 45, 30, 31, 32]
    assert a.ended
    assert [group["lr"] for o in a._optimizers for group in o.param_groups] == pytest.approx([3e-4, 0.003])
    assert "rate 2 of 2, no smaller error for 2 of 2 rounds" in told[-1].summary(SHORT)


def test_the_best_weights_are_kept_and_a_lower_rate_goes_on_from_the_average(monkeypatch) -> None:
    with_errors(monkeypatch, 50.0, 60.0, 70.0)
    a = training()
    with a.environment() as env:
        a.round(env)
        best = copy.deepcopy(a.average.state_dict())
        a.round(env)
        assert same(a.best.state_dict(), best)
        assert not same(a.network.state_dict(), a.average.state_dict())
        a.round(env)
    assert a.course.falls == 1
    assert same(a.best.state_dict(), best)
    assert same(a.network.state_dict(), a.average.state_dict())


def test_a_resumed_training_ends_with_the_weights_of_an_unbroken_one(tmp_path) -> None:
    unbroken, first, second = training(), training(), training()
    unbroken.run(tmp_path / "unbroken.safetensors", most_scenes=256)
    first.run(tmp_path / "cnn.safetensors", most_scenes=128)
    second.load(tmp_path / "cnn.safetensors")
    assert second.course == first.course
    second.run(tmp_path / "cnn.safetensors", most_scenes=256)
    for name in ("network", "average", "best"):
        assert same(getattr(second, name).state_dict(), getattr(unbroken, name).state_dict())
    assert second.course.errors == unbroken.course.errors
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_file_says_which_precision_was_decided(tmp_path, monkeypatch) -> None:
    path = tmp_path / "cnn.safetensors"
    monkeypatch.setattr(cnn_training, "faster_precision", lambda *_: "medium")
    training(matmul_precision="auto").save(path)
    monkeypatch.setattr(cnn_training, "faster_precision", lambda *_: "highest")
    resumed = training(matmul_precision="auto")
    resumed.load(path)
    assert resumed.config.matmul_precision == "medium"


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (lambda: training(seed=1), "seed is 0, not 1"),
        (lambda: training(env_kwargs={"max_bend": 1.0}), "env_kwargs is .* not .*max_bend"),
        (lambda: training(SHORT._replace(patience=3)), "plan is .* not .*'patience': 3"),
        (lambda: Training(make_classifier(Config(num_envs=64), "modern-cnn"), SHORT), "network is WeakCNN, not Modern"),
    ],
)
def test_a_control_of_something_else_is_not_gone_on_with(other, named, tmp_path) -> None:
    training().save(tmp_path / "cnn.safetensors")
    with pytest.raises(ValueError, match=f"cnn.safetensors holds a control whose {named}.*another directory"):
        other().load(tmp_path / "cnn.safetensors")


def test_large_scenes_come_in_smaller_batches_and_rounds() -> None:
    for control, plan in PLANS.items():
        assert plan_for(control, 200) == plan
    assert plan_for("modern-cnn", 400) == PLANS["modern-cnn"]._replace(batch=16, round_scenes=6_250, held_out=500)
    assert plan_for("modern-cnn", 1000) == PLANS["modern-cnn"]._replace(batch=16, round_scenes=1_000, held_out=500)
    assert plan_for("weak-cnn", 1000) == PLANS["weak-cnn"]._replace(batch=204, round_scenes=50_000, held_out=500)


def test_the_error_is_of_the_plans_held_out_scenes(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(cnn_training, "classifier_error", lambda *_, episodes, **__: asked.append(episodes) or 1.0)
    assert [training(SHORT._replace(held_out=count)).held_out_error() for count in (None, 7)] == [1.0, 1.0]
    assert asked == [None, 7]


def test_the_average_moves_by_its_share() -> None:
    average, network = nn.BatchNorm1d(1), nn.BatchNorm1d(1)
    nn.init.constant_(network.weight, 5.0)
    network.running_mean.fill_(4.0)
    network.num_batches_tracked.fill_(7)
    move(average, network, 0.25)
    assert average.weight.item() == 2.0
    assert average.running_mean.item() == 1.0
    assert average.num_batches_tracked.item() == 7


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())
