import gymnasium as gym
import numpy as np
import pytest
from conftest import IDS
from ram_agents import Reinforce
from ram_agents.evaluation.pretrained import BY_ENVIRONMENT, pretrained_names
from ram_agents.game.places import find_place

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}
IMAGES = {"images": np.zeros((6, 9, 9), np.uint8), "labels": np.arange(6) % 3}


FEWER = {"ram_envs/GlimpseImages-v0": IMAGES, "ram_envs/GlimpseMNIST-Megapixel-v0": {"num_distractors": 2}}
"""What the environments need, or are made faster by."""


@pytest.mark.parametrize("env_id", IDS)
def test_every_environment_can_be_played(env_id):
    place = find_place(env_id, FEWER.get(env_id))
    assert place.env_id == env_id
    assert place.kind == ("catch" if "Catch" in env_id else "naming")
    assert place.rival_name == (BY_ENVIRONMENT[env_id] if BY_ENVIRONMENT.get(env_id) in pretrained_names() else "")
    if place.rival is not None:
        assert place.rival.env_id == env_id
    env = gym.make(env_id, **place.env_kwargs)
    assert place.num_scenes == env.unwrapped.num_scenes
    assert "split" not in env.unwrapped.splits or place.env_kwargs["split"] == "test"


def test_an_agents_own_place_takes_more_arguments(tmp_path):
    file = tmp_path / "mine.safetensors"
    Reinforce("ram_envs/GlimpseMNIST-Pairs-v0", env_kwargs={"canvas_size": 60, "num_scales": 1}, **SMALL).save(file)
    place = find_place(str(file), {"glimpses_per_object": 2})
    own = {"canvas_size": 60, "patch_size": 12, "num_scales": 1}
    assert place.env_kwargs == own | {"glimpses_per_object": 2, "split": "test"}
    assert place.rival_name == str(file)
    with pytest.raises(ValueError, match="the agent was made for"):
        find_place(str(file), {"num_scales": 2})
    assert find_place(str(file), {"split": "validation"}).env_kwargs["split"] == "validation"


def test_who_asks_for_an_environment_that_no_agent_fits_plays_alone():
    place = find_place("ram_envs/CircleSquare-v0", {"patch_size": 7})
    assert (place.rival, place.rival_name, place.env_kwargs) == (None, "", {"patch_size": 7})
    assert find_place("ram_envs/CircleSquare-v0", {"num_glimpses": 4}).rival_name == "circlesquare"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nobody", "it is no file, no agent and no environment"),
        ("CartPole-v1", "it shows neither a ball and a paddle, nor"),
    ],
)
def test_what_can_not_be_played_is_refused_by_what_can(name, reason):
    with pytest.raises(ValueError, match=f"^{name} can't be played: {reason}.*circlesquare.*ram_envs/CircleSquare-v0"):
        find_place(name)
