"""RLlib's env runners over native vector environments: whole episodes, scenes of their own, the wrong mode refused."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("ray.rllib", reason="RLlib is an extra with a virtual environment of its own")

from conftest import IDS
from gymnasium.vector import AutoresetMode
from ram_agents.rllib import check_autoreset, make_env, ppo_config
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner
from ray.tune.registry import register_env
from toy_env import PeekVectorEnv

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16}
MNIST = {"env_id": "ram_envs/GlimpseMNIST-v0", "num_envs": 4}
LENGTHS = {"ram_envs/GlimpseMNIST-v0": 6, "ram_envs/Catch-v0": 23}


def runner(config: Any) -> SingleAgentEnvRunner:
    """An env runner in this process."""
    return SingleAgentEnvRunner(config=config.env_runners(num_env_runners=0, num_envs_per_env_runner=4), worker_index=0)


@pytest.mark.parametrize("id", LENGTHS)
def test_episodes_have_length_t_and_miss_no_transition(id: str) -> None:
    """Each step's glimpse was taken where the action before it said, and the reward came with the last one."""
    length = LENGTHS[id]
    config = ppo_config(id, env_kwargs={"split": "test"} if "MNIST" in id else {}, **SMALL).debugging(seed=0)
    episodes = runner(config).sample(num_timesteps=3 * 4 * length)
    assert [len(episode) for episode in episodes] == [length] * 12
    assert all(episode.is_terminated for episode in episodes)
    for episode in episodes:
        looked = np.clip(episode.get_actions()["location"][:-1], -1, 1)
        np.testing.assert_allclose(episode.get_observations()["location"][1:-1], looked, atol=1e-6)
        assert (episode.get_rewards()[:-1] == 0).all()


def test_the_label_is_shown_at_every_step_of_an_episode_and_decides_its_reward() -> None:
    config = ppo_config(MNIST["env_id"], label=True, **SMALL).debugging(seed=0)
    labels = []
    for episode in runner(config).sample(num_timesteps=20 * 4 * 6):
        (label,) = set(episode.get_observations()["label"].tolist())
        assert episode.get_rewards()[-1] == (episode.get_actions()["action"][-1] == label)
        labels.append(label)
    assert len(set(labels)) == 10


class Unchecked:
    """A toy of 3 steps, made for RLlib without a check."""

    def __init__(self, mode: AutoresetMode):
        self.mode = mode

    def __call__(self, config: dict[str, Any]) -> PeekVectorEnv:
        return PeekVectorEnv(config["num_envs"], lengths=3, autoreset_mode=self.mode)


def unchecked(mode: AutoresetMode) -> Any:
    register_env(f"peek-{mode.value}", Unchecked(mode))
    config = ppo_config("ram_envs/GlimpseMNIST-v0", **SMALL).environment(f"peek-{mode.value}")
    return config.environment(observation_space=None, action_space=None)


def test_the_wrong_mode_loses_transitions_in_silence_and_is_refused() -> None:
    """Why there is a check: if RLlib ever handles same-step autoreset, the first part fails and the check may go."""
    config = unchecked(AutoresetMode.SAME_STEP)
    silent = runner(config.copy(copy_frozen=False).callbacks(on_environment_created=lambda **told: None))
    lengths = [len(episode) for episode in silent.sample(num_timesteps=4 * 8) if episode.is_terminated]
    assert 2 in lengths, "every episode has 3 steps"
    assert sum(lengths) < 3 * len(lengths)
    with pytest.raises(ValueError, match=r"autoreset mode is 'SameStep'.*need 'NextStep'.*lose a transition"):
        runner(config)
    right = runner(unchecked(AutoresetMode.NEXT_STEP)).sample(num_timesteps=4 * 9)
    assert {len(episode) for episode in right} == {3}


@pytest.mark.parametrize("mode", ["SameStep", "Disabled", AutoresetMode.SAME_STEP])
def test_the_wrong_mode_is_refused_before_any_worker_starts(mode: Any) -> None:
    kwargs = {"autoreset_mode": mode}
    with pytest.raises(ValueError, match="RLlib's env runners need 'NextStep'"):
        make_env({**MNIST, "env_kwargs": kwargs})
    with pytest.raises(ValueError, match="leave autoreset_mode out of env_kwargs"):
        ppo_config(MNIST["env_id"], env_kwargs=kwargs)
    check_autoreset(gym.make_vec(MNIST["env_id"], num_envs=2, autoreset_mode="NextStep"))


def test_mistakes_show_on_the_driver() -> None:
    with pytest.raises(ValueError, match="gym_env_vectorize_mode"):
        make_env({"env_id": MNIST["env_id"]})
    with pytest.raises(TypeError, match="no label"):
        ppo_config("ram_envs/Catch-v0", label=True)
    with pytest.raises(ValueError, match=r"label_weight=1\.0 needs labels"):
        ppo_config("ram_envs/Catch-v0", label_weight=1.0)
    with pytest.raises(TypeError, match="num_looks"):
        ppo_config(MNIST["env_id"], env_kwargs={"num_looks": 3})
    with pytest.raises(ValueError, match="location_std must be in "):
        ppo_config(MNIST["env_id"], location_std=-1.0)
    with pytest.raises(ValueError, match="canvas_size=60, and the environment's scenes have 28 x 28"):
        ppo_config(MNIST["env_id"], glimpse_network="canvas", canvas_size=60)


def test_an_id_may_name_the_module_that_registers_it() -> None:
    assert make_env({"env_id": "ram_envs:ram_envs/Catch-v0", "num_envs": 2}).num_envs == 2


def test_two_runners_share_no_scenes() -> None:
    """RLlib seeds its runners with consecutive numbers, and rows are seeded with consecutive numbers."""
    scenes = [scenes_of(make_env({**MNIST, "num_envs": 32}), seed) for seed in (1, 2)]
    assert len(scenes[0] & scenes[1]) <= 2, "that many may meet by chance"
    plain = [scenes_of(gym.make_vec(MNIST["env_id"], num_envs=32), seed) for seed in (1, 2)]
    assert len(plain[0] & plain[1]) >= 31, "without seeding apart they play the same"
    assert scenes_of(make_env({**MNIST, "num_envs": 32}), 1) == scenes[0]


@pytest.mark.parametrize(("batch_mode", "again"), [("complete_episodes", True), ("truncate_episodes", False)])
def test_complete_episodes_play_the_same_scenes_again(batch_mode: str, again: bool) -> None:
    """What docs/rllib.md warns of: RLlib resets with the seed at every rollout."""
    config = ppo_config(MNIST["env_id"], label=True, **SMALL).debugging(seed=0)
    ours = runner(config.env_runners(batch_mode=batch_mode, rollout_fragment_length=6))
    glimpses = [np.stack([episode.get_observations(0)["glimpse"] for episode in ours.sample()]) for _ in range(2)]
    assert np.array_equal(*glimpses) is again


def scenes_of(env: gym.vector.VectorEnv, seed: int) -> set[int]:
    _, info = env.reset(seed=seed)
    return set(info["index"].tolist())


@pytest.mark.parametrize("id", [id for id in IDS if id != "ram_envs/GlimpseImages-v0"])
def test_every_id_runs(id: str) -> None:
    config = ppo_config(id, max_seq_len=24, **SMALL)
    assert sum(len(episode) for episode in runner(config).sample(num_timesteps=24)) == 24
