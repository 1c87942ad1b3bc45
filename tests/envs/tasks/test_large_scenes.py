"""Large scenes are looked at by tables, and everyone's scenes stay what they were."""

from __future__ import annotations

import hashlib
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from ram_envs.retina.retina import Retina

LARGE: dict[str, Any] = {"canvas_size": (300, 280), "num_distractors": 70}


@pytest.mark.parametrize(
    ("name", "arguments", "digest"),
    [
        ("GlimpseMNIST-v0", {}, "7c0659c9f8306e50"),
        ("GlimpseMNIST-Translated-v0", {}, "ef577563c1639300"),
        ("GlimpseMNIST-Cluttered-v0", {}, "9c932c78b6fd6c74"),
        ("GlimpseMNIST-Cluttered100-v0", {}, "96726700bc477a60"),
        ("GlimpseMNIST-Cluttered100-v0", {"split": "test"}, "a5a5388eb0c609c2"),
        ("GlimpseMNIST-Cluttered100-v0", {"canvas_size": (300, 280), "num_distractors": 700}, "fefc503da32bd888"),
    ],
)
def test_a_seed_gives_the_scenes_that_it_always_gave(name: str, arguments: dict[str, Any], digest: str) -> None:
    """Digests of the first two scenes of three rows; a change of them changes every published result."""
    env, seen = gym.make_vec(f"ram_envs:ram_envs/{name}", num_envs=3, **arguments), hashlib.sha256()
    for seed in (7, None):
        env.reset(seed=seed)
        seen.update(env.unwrapped.task.scenes(np.arange(3)).tobytes())
    assert seen.hexdigest()[:16] == digest


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("pooling", ["average", "max"])
def test_glimpses_of_large_scenes_are_the_retinas(mode: str, pooling: str) -> None:
    """Rows end at different steps, so some are begun anew while others go on."""
    env = gym.make_vec(
        "ram_envs:ram_envs/GlimpseMNIST-Cluttered100-v0",
        num_envs=4,
        num_scales=6,
        num_glimpses=5,
        pooling=pooling,
        can_stop=True,
        autoreset_mode=mode,
        **LARGE,
    )
    task, retina, generator = env.unwrapped.task, Retina(12, 6, pooling=pooling), np.random.default_rng(0)
    assert task._seen.has_tables == (pooling == "average")
    observation, _ = env.reset(seed=3)
    for _ in range(12):
        scenes = task.scenes(np.arange(4))
        np.testing.assert_array_equal(observation["glimpse"], retina(scenes, observation["location"]))
        action = {
            "location": generator.uniform(-1, 1, (4, 2)).astype(np.float32),
            "action": np.zeros(4, np.int64),
            "stop": (generator.random(4) < 0.3).astype(np.int64),
        }
        observation, _, terminated, *_ = env.step(action)
        if mode == "Disabled" and terminated.any():
            observation, _ = env.reset(options={"reset_mask": terminated})


@pytest.mark.parametrize("threads", [2, 3, 7])
@pytest.mark.parametrize("name", ["Cluttered100", "Pairs", "Moving"])
def test_threads_play_the_same_episodes(name: str, threads: int) -> None:
    """Five rows, some of which begin anew while others go on; 7 threads are more than there is to do."""
    kwargs = LARGE | {"num_scales": 6, "max_distortion": 0.1, "periphery": 9}
    kwargs |= {"glimpses_per_object": 2} if name == "Pairs" else {"num_glimpses": 4, "can_stop": True}
    alone, together = (
        gym.make_vec(f"ram_envs:ram_envs/GlimpseMNIST-{name}-v0", num_envs=5, threads=number, **kwargs)
        for number in (1, threads)
    )
    seen = [env.reset(seed=3)[0] for env in (alone, together)]
    alone.action_space.seed(0)
    for _ in range(9):
        for key in seen[0]:
            np.testing.assert_array_equal(seen[0][key], seen[1][key])
        action = alone.action_space.sample()
        seen = [env.step(action)[0] for env in (alone, together)]


@pytest.mark.parametrize("threads", [0, 1.5, "two"])
def test_a_wrong_number_of_threads_is_refused(threads: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="threads"):
        gym.make_vec("ram_envs:ram_envs/GlimpseMNIST-v0", num_envs=2, threads=threads)
