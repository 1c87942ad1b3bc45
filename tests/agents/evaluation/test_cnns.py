"""CNNs that see whole scenes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import own_images, own_labels
from ram_agents import Config
from ram_agents.agent.envs import make_env
from ram_agents.evaluation import cnns
from ram_agents.evaluation.cnns import classifier_error, make_classifier


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
    assert 0 <= classifier_error(classifier, "validation") <= 100


def test_a_classifier_decides_anew_whether_bfloat16_is_faster() -> None:
    """The agent that it is a control of may come from a processor with units for it."""
    for trained, anew in (("medium", "auto"), ("highest", "highest")):
        config = Config(env_id="ram_envs/GlimpseMNIST-v0", num_envs=4, matmul_precision=trained)
        assert make_classifier(config, "weak-cnn").config.matmul_precision == anew


def test_large_scenes_are_measured_a_few_at_a_time(monkeypatch) -> None:
    """So that memory suffices; the error is the same."""
    classifier = make_classifier(Config(env_id="ram_envs/GlimpseMNIST-v0", num_envs=4), "weak-cnn")
    together, made = classifier_error(classifier, "validation", episodes=60), []

    def making(config: Config, **options: Any) -> Any:
        made.append(config.num_envs)
        return make_env(config, **options)

    monkeypatch.setattr(cnns, "make_env", making)
    monkeypatch.setattr(cnns, "PIXELS", 7 * 28**2)
    assert classifier_error(classifier, "validation", episodes=60) == together
    monkeypatch.setattr(cnns, "PIXELS", 1)
    assert classifier_error(classifier, "validation", episodes=60) == together
    assert made == [7, 1]


def test_catch_is_no_classification() -> None:
    with pytest.raises(
        ValueError, match="is no classification of scenes with one answer: it has no modern-cnn control"
    ):
        make_classifier(Config(env_id="ram_envs/Catch-v0"), "modern-cnn")
