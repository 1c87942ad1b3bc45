"""What attention is measured against."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import own_images, own_labels
from ram_agents import Config
from ram_agents.evaluation.controls import (
    ModernCNN,
    WeakCNN,
    as_control,
    classifier_error,
    make_classifier,
    train_classifier,
)
from ram_agents.training.envs import make_env


def test_gaze_controls_change_the_gaze_alone() -> None:
    config = Config(env_kwargs={"num_glimpses": 4})
    assert as_control(config, "random") == config.replace(look="random")
    assert as_control(config, "scan") == config.replace(look="scan")
    center = as_control(config, "center")
    assert center == config.replace(look="center", env_kwargs={"num_glimpses": 4, "initial_location": "center"})
    with pytest.raises(ValueError, match="not 'weak-cnn'"):
        as_control(config, "weak-cnn")


def test_the_whole_screen_has_no_relative_saccades() -> None:
    kwargs = {"saccade": "relative", "ball_speed": 2}
    assert as_control(Config(env_kwargs=kwargs), "whole").env_kwargs == {"ball_speed": 2, "foveated": False}


def test_the_whole_screen_of_catch() -> None:
    config = as_control(Config(env_id="ram_envs/Catch-v0", num_envs=2), "whole")
    assert make_env(config).single_observation_space["glimpse"].shape == (1, 24, 24)  # type: ignore[index]


def test_the_papers_cnn() -> None:
    network = WeakCNN(channels=1, size=60, num_classes=10)
    assert network[0].weight.shape == (8, 1, 10, 10)
    assert network[0].stride == (5, 5)
    assert network[3].weight.shape == (256, 8 * 11 * 11)
    assert network(torch.rand(2, 1, 60, 60)).shape == (2, 10)


@pytest.mark.parametrize("size", [28, 60, 100])
def test_the_modern_cnn_takes_any_size(size) -> None:
    assert ModernCNN(channels=3, size=size, num_classes=7)(torch.rand(2, 3, size, size)).shape == (2, 7)


@pytest.mark.parametrize("shape", [(14, 20), (20, 14, 3)])
def test_a_classifier_sees_the_whole_scene(shape) -> None:
    images = own_images(*shape)
    kwargs = {"images": images, "labels": own_labels(), "num_glimpses": 6, "patch_size": 5, "num_scales": 2}
    config = Config(env_id="ram_envs/GlimpseImages-v0", env_kwargs=kwargs, num_envs=4)
    classifier = make_classifier(config, "weak-cnn")
    env = make_env(classifier.config)
    observation, info = env.reset(seed=0)
    glimpse = observation["glimpse"][:, 0]
    top, left = (20 - shape[0]) // 2, (20 - shape[1]) // 2
    seen = glimpse[:, top : top + shape[0], left : left + shape[1]]
    np.testing.assert_allclose(seen, images[info["index"]] / 255, atol=1e-6)
    train_classifier(classifier, 8)
    assert 0 <= classifier_error(classifier, "validation") <= 100


@pytest.mark.parametrize("precision", ["highest", "medium"])
def test_a_classifier_learns(precision) -> None:
    classifier = make_classifier(Config(num_envs=100, matmul_precision=precision), "weak-cnn")
    before = classifier_error(classifier, "validation")
    train_classifier(classifier, 12_000)
    assert before > 75
    assert classifier_error(classifier, "validation") < 25


def test_catch_is_no_classification() -> None:
    with pytest.raises(ValueError, match="is no classification of scenes: it has no modern-cnn control"):
        make_classifier(Config(env_id="ram_envs/Catch-v0"), "modern-cnn")
