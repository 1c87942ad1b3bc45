"""The bridge to ap-gym: what is seen and told is ap-gym's, and the native environment is its twin."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("ap_gym.envs", reason="ap-gym is an extra with a virtual environment of its own")

import ap_gym
import ram_agents
import ram_agents.ap_gym
import torch
from gymnasium.vector import AutoresetMode
from ram_agents import Reinforce, evaluate
from ram_agents.ap_gym import GlimpseVectorEnv, measure
from ram_agents.ap_gym.images import PackagedMNIST, perception_of

import ram_envs
from ram_envs.tasks.shapes import Pictures, sense

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8, "num_envs": 8}


def moves(steps: int, num_envs: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (steps, num_envs, 2)).astype(np.float32)


def test_what_is_seen_told_and_paid_is_ap_gyms() -> None:
    bridge, own = GlimpseVectorEnv(task="CircleSquare-v0", num_envs=6), ap_gym.make_vec("CircleSquare-v0", num_envs=6)
    seen, info = bridge.reset(seed=3)
    expected, told = own.reset(seed=3)
    assert bridge.observation_space.contains(seen)
    for step, move in enumerate(moves(17, 6)):
        np.testing.assert_array_equal(seen["glimpse"][:, 0], expected["glimpse"][..., 0])
        np.testing.assert_array_equal(seen["location"], expected["glimpse_pos"])
        np.testing.assert_array_equal(info["index"], told["index"])
        answer = np.full(6, step % 2)
        seen, reward, terminated, truncated, info = bridge.step({"location": move, "action": answer})
        expected, _, over, _, told = own.step({"action": move, "prediction": np.zeros((6, 2), np.float32)})
        np.testing.assert_array_equal(terminated, over)
        np.testing.assert_array_equal(info["label"], told["prediction"]["target"])
        np.testing.assert_array_equal(info["is_success"], over & (info["label"] == answer))
        np.testing.assert_allclose(reward, told["base_reward"] + info["is_success"])
        assert terminated.all() == (step == 15)
        assert not truncated.any()
        np.testing.assert_array_equal(info["prediction"], np.full(6, -1) if step == 16 else answer)


def test_the_native_environment_is_its_twin() -> None:
    """The same scenes, and from the same place by the same moves the same glimpses."""
    bridge = GlimpseVectorEnv(task="CircleSquare-v0", num_envs=40)
    native = gym.make_vec("ram_envs/CircleSquare-v0", num_envs=40, autoreset_mode="Disabled")
    seen, info = bridge.reset(seed=1)
    _, told = native.reset(options={"indices": info["index"]})
    np.testing.assert_array_equal(told["label"], info["label"])
    images = bridge.env.image_perception_module.current_images[..., 0]
    np.testing.assert_allclose(Pictures(28, 8, True)[info["index"]], images, atol=1e-6)
    task = native.unwrapped.task
    task.eye[:] = task.path[:, 0] = seen["location"]
    for move in moves(15, 40):
        actions = {"location": move, "action": np.zeros(40, np.int64)}
        seen, reward, *_, info = bridge.step(actions)
        twin, own_reward, *_, told = native.step(actions)
        np.testing.assert_allclose(twin["glimpse"], seen["glimpse"], atol=1e-5)
        np.testing.assert_allclose(twin["location"], seen["location"], atol=1e-5)
        np.testing.assert_allclose(told["gaze"], info["gaze"], atol=1e-5)
        assert (own_reward >= reward - 1e-6).all(), "here the way costs, there the wish"
        inside = (np.abs(seen["location"]) < 1).all(1) & (np.linalg.norm(move, axis=1) < 1)
        np.testing.assert_allclose(own_reward[inside], reward[inside], atol=1e-6)
    centres = info["gaze"]
    np.testing.assert_allclose(sense(images, np.arange(40), centres, 5), seen["glimpse"][:, 0], atol=1e-5)


@pytest.mark.parametrize("name", ["", "-s20", "-s15-nograd"])
def test_variants_are_arguments_of_the_native_one(name: str) -> None:
    size = int(name[2:4]) if name else 28
    images = perception_of(f"CircleSquare{name}-v0", None, packaged_mnist=False).dataset
    native = Pictures(size, 8, "nograd" not in name)
    assert len(images) == len(native)
    for index in range(0, len(native), 97):
        np.testing.assert_allclose(images[index][0][..., 0], native[index], atol=1e-6)
        assert images[index][1] == index % 2


def test_the_gaze_is_brought_to_places() -> None:
    env = GlimpseVectorEnv(task="CircleSquare-v0", num_envs=5)
    env.reset(seed=0)
    places = np.array([[-1, -1], [1, 1], [0, 0], [0.5, -0.3], [-0.2, 0.7]])
    for _ in range(15):
        *_, info = env.step({"location": env.look_at(places), "action": np.zeros(5, np.int64)})
    np.testing.assert_allclose(info["gaze"], np.clip(places, -23 / 28, 23 / 28), atol=1e-5)


def test_mnist_from_the_package_is_ap_gyms_with_parts_held_out() -> None:
    sizes = {}
    for split in ("train", "validation", "test"):
        env = GlimpseVectorEnv(num_envs=4, task="MNIST-v0", split=split, packaged_mnist=True)
        assert env.splits == ("train", "validation", "test")
        seen, info = env.reset(seed=0)
        images = env.env.config.dataset
        sizes[split] = len(images)
        digits = ram_envs.load_mnist(split)
        np.testing.assert_array_equal(info["label"], digits.labels[info["index"]])
        np.testing.assert_allclose(images[int(info["index"][0])][0][..., 0] * 255, digits.images[info["index"][0]])
        assert seen["glimpse"].shape == (4, 1, 5, 5)
        assert env.single_action_space["action"].n == 10
    assert sizes == {"train": 55_000, "validation": 5_000, "test": 10_000}
    assert len(PackagedMNIST(train=True)) == 60_000


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"task": "LightDark-v0"}, "task is 'LightDark-v0'"),
        ({"task": "Nothing-v0"}, "task is 'Nothing-v0'"),
        ({"task": "CircleSquareInverted-v0"}, "whether labels are inverted"),
        ({"split": "test"}, "CircleSquare-v0 has no split 'test'; it has none"),
        ({"task": "MNIST-v0", "split": "dev", "packaged_mnist": True}, "it has 'train', 'validation', 'test'"),
        ({"packaged_mnist": True}, "packaged_mnist=True is for 'MNIST-v0'"),
    ],
)
def test_what_can_not_be_is_refused(arguments: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        GlimpseVectorEnv(**{"task": "CircleSquare-v0"} | arguments)


def test_rows_can_not_begin_alone() -> None:
    env = GlimpseVectorEnv(task="CircleSquare-v0", num_envs=2)
    assert env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    with pytest.raises(ValueError, match=r"no options, not \['reset_mask'\]"):
        env.reset(options={"reset_mask": np.array([True, False])})


@pytest.mark.parametrize("kwargs", [{"task": "CircleSquare-v0"}, {"task": "MNIST-v0", "packaged_mnist": True}])
def test_reinforce_trains_and_is_evaluated_by_the_id_alone(kwargs: dict, tmp_path) -> None:
    agent = Reinforce(ram_agents.ap_gym.ENV_ID, env_kwargs=kwargs, total_episodes=24, **SMALL).learn()
    assert agent.hybrid
    agent.save(tmp_path / "agent.safetensors")
    again = Reinforce.load(tmp_path / "agent.safetensors")
    result = evaluate(again, episodes=10, paths=1)
    assert result.mean.shape == (16,)
    assert result.episodes == 10
    figures = measure(again, episodes=16, num_envs=8, **kwargs)
    assert figures.episodes == 16
    assert 0 <= figures.final_accuracy <= 1
    assert figures.episode_return < 0


def test_figures_are_ap_gyms_own() -> None:
    """An agent that always predicts a circle, surely, is right as often as there are circles, and pays for it."""
    agent = Reinforce("ram_envs/CircleSquare-v0", normalise="contrast", **SMALL)
    with torch.no_grad():
        agent.policy.f_a.weight.zero_()
        agent.policy.f_a.bias.copy_(torch.tensor([0.0, 2.0]))
        agent.policy.f_l.mean.weight.zero_()
        agent.policy.f_l.mean.bias.copy_(torch.tensor([10.0, 0.0]))
    figures = measure(agent, "CircleSquare-v0", episodes=400, num_envs=200)
    assert figures.episodes == 400
    assert figures.final_accuracy == pytest.approx(0.5, abs=0.1)
    assert figures.average_accuracy == pytest.approx(figures.final_accuracy, abs=1e-6)
    wrong = 1 - figures.final_accuracy
    cross_entropy = np.log1p(np.exp(-2)) + 2 * wrong
    assert figures.episode_return == pytest.approx(-16 * (cross_entropy / np.log(2) + 0.001), rel=1e-4)


def test_the_agent_that_learned_natively_is_at_home_behind_the_bridge() -> None:
    env = GlimpseVectorEnv(task="CircleSquare-v0", num_envs=100)
    assert evaluate(ram_agents.load("circlesquare"), env, episodes=200, paths=0).mean[-1] < 2
