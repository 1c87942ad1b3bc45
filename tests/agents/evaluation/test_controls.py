"""RAM without attention."""

from __future__ import annotations

import pytest
from ram_agents import Config
from ram_agents.agent.envs import make_env
from ram_agents.evaluation.controls import as_control


def test_gaze_controls_change_the_gaze_alone() -> None:
    config = Config(env_kwargs={"num_glimpses": 4})
    assert as_control(config, "random") == config.replace(look="random")
    assert as_control(config, "scan") == config.replace(look="scan")
    center = as_control(config, "center")
    assert center == config.replace(look="center", env_kwargs={"num_glimpses": 4, "initial_location": "center"})
    with pytest.raises(ValueError, match="not 'weak-cnn'"):
        as_control(config, "weak-cnn")


@pytest.mark.parametrize("control", ["random", "scan", "center", "whole"])
def test_a_control_decides_anew_whether_bfloat16_is_faster(control) -> None:
    """The agent may come from a processor with units for it."""
    for trained, anew in (("medium", "auto"), ("highest", "highest")):
        config = Config(env_id="ram_envs/Catch-v0", matmul_precision=trained)
        assert as_control(config, control).matmul_precision == anew


def test_the_whole_screen_has_no_relative_saccades() -> None:
    kwargs = {"saccade": "relative", "ball_speed": 2}
    assert as_control(Config(env_kwargs=kwargs), "whole").env_kwargs == {"ball_speed": 2, "foveated": False}


def test_the_whole_screen_of_catch() -> None:
    config = as_control(Config(env_id="ram_envs/Catch-v0", num_envs=2), "whole")
    assert make_env(config).single_observation_space["glimpse"].shape == (1, 24, 24)  # type: ignore[index]
