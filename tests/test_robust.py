"""The mixture of digits, canvases and clutter: its recipe, the CNN beside it, its table; by docs/robust.py."""

from __future__ import annotations

import runpy
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from places import DOCS
from ram_agents import Reinforce, recipe
from ram_agents.evaluation.cnn_training import PLANS, Training
from ram_agents.evaluation.cnns import make_classifier

ROBUST = runpy.run_path(str(DOCS / "robust.py"))
SCENES = ROBUST["Scenes"]
TINY = PLANS["modern-cnn"]._replace(round_scenes=8, batch=4)


def training() -> Training:
    config = recipe("robust").replace(curriculum={}, matmul_precision="highest")
    return ROBUST["MixtureTraining"](make_classifier(config, "modern-cnn"), TINY)


def test_the_recipe_is_trained_on_every_combination_from_both_starts() -> None:
    *_, variants = recipe("robust").curriculum.values()
    assert {variant.get("initial_location", "center") for variant in variants} == set(ROBUST["STARTS"])
    assert set(ROBUST["MIXTURE"]) == set(ROBUST["ALL"])
    assert len(ROBUST["ALL"]) == 5 * 3 * 4
    for variant, scenes in zip(variants, ROBUST["MIXTURE"], strict=True):
        assert scenes.env_kwargs.items() <= variant.items()


def test_a_batch_of_the_cnns_is_of_one_combination_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [scenes for scenes in ROBUST["ALL"] if scenes.digit == 28 and scenes.times == 1]
    monkeypatch.setitem(ROBUST["MixtureTraining"].scenes.__globals__, "MIXTURE", known)
    course = training()
    batches = [observation["glimpse"] for observation, _ in course.scenes(None, 6, seed=3)]
    again = [observation["glimpse"] for observation, _ in course.scenes(None, 6, seed=3)]
    assert len({batch.shape for batch in batches}) > 1
    assert all(batch.shape[2] in (60, 100, 200) and len(batch) == TINY.batch for batch in batches)
    for batch, other in zip(batches, again, strict=True):
        np.testing.assert_array_equal(batch, other)
    assert not np.array_equal(batches[0], next(iter(course.scenes(None, 1, seed=4)))[0]["glimpse"])


@pytest.mark.slow
def test_the_cnns_training_goes_on_as_an_unbroken_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = ROBUST["MixtureTraining"].held_out_error.__globals__
    monkeypatch.setitem(scope, "HELD_OUT", 4)
    monkeypatch.setitem(scope, "ALL", ROBUST["ALL"][:3])
    whole, broken = training(), training()
    whole.run(tmp_path / "whole.safetensors", most_scenes=16)
    broken.run(tmp_path / "broken.safetensors", most_scenes=8)
    resumed = training()
    resumed.load(tmp_path / "broken.safetensors")
    resumed.run(tmp_path / "broken.safetensors", most_scenes=16)
    assert resumed.course.errors == whole.course.errors
    assert len(whole.course.errors) == 2
    for name, tensor in whole.network.state_dict().items():
        assert torch.equal(tensor, resumed.network.state_dict()[name]), name


def test_errors_of_a_cnn_are_those_of_the_first_scenes() -> None:
    scenes, base = SCENES(digit=28, canvas=60, times=0), recipe("robust").replace(curriculum={})
    classifier = make_classifier(base, "modern-cnn")
    kwargs = base.env_kwargs | scenes.env_kwargs | {"patch_size": 60, "num_scales": 1, "num_glimpses": 1}
    env = gym.make(base.env_id, split="test", **kwargs)
    wrong = []
    for index in range(30):
        observation, info = env.reset(options={"index": index})
        answer = classifier.network.eval()(torch.from_numpy(observation["glimpse"])[None]).argmax().item()
        wrong.append(answer != info["label"])
    assert ROBUST["cnn_error"](classifier, scenes, "test", 30) == pytest.approx(100 * np.mean(wrong))


def test_an_agent_is_measured_on_the_combination_from_the_start_that_is_named() -> None:
    agent = Reinforce(config=recipe("robust").replace(hidden_size=16, glimpse_size=8, location_size=8, num_envs=4))
    assert 0 <= ROBUST["error_of"](agent, SCENES(28, 60, 4), "random", 20) <= 100
    expected = {"digit_size": 28, "canvas_size": 60, "num_distractors": 16, "initial_location": "random"}
    assert agent.env_kwargs.items() >= expected.items()


def test_the_table_by_hand() -> None:
    errors = dict.fromkeys(ROBUST["ALL"], 6.5)
    table = ROBUST["markdown"]({"RAM": errors}).splitlines()
    assert (
        table[0]
        == "| digit | canvas | what | no clutter | 1 times the clutter | 2 times the clutter | 4 times the clutter |"
    )
    assert table[2] == "| 14 | 60 | RAM | 6.50 | 6.50 | 6.50 | 6.50 |"  # at most 12
    assert table[5] == "| 20 | 60 | RAM | (6.50) | (6.50) | (6.50) | 6.50 |"
    assert len(table) == 2 + 15
