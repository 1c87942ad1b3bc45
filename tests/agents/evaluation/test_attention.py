"""The measurements behind what the paper says in words, against values worked by hand."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from ram_agents import Reinforce, cli
from ram_agents.evaluation import attention
from toy_env import PeekVectorEnv

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8, "num_envs": 4}


def test_on_the_target_is_inside_its_region() -> None:
    regions = np.tile([12, 21, 2, 4], (6, 1))  # from (21, 12) to the far corner (25, 14), as (x, y)
    gaze = np.array([[21, 12], [25, 14], [23, 13], [20.9, 13], [25.1, 13], [23, 11.9]])
    np.testing.assert_array_equal(attention.on_the_target(regions, gaze), [1, 1, 1, 0, 0, 0])


def test_the_distance_is_to_the_middle_of_the_target() -> None:
    regions = np.array([[4, 3, 1, 1], [0, 0, 1, 1], [0, 0, 9, 7]])
    gaze = np.full((3, 2), [3.5, 4.5])
    np.testing.assert_allclose(attention.distance_to_the_target(regions, gaze), [0, 5, 0])


def test_locations_as_pixels_of_the_scene() -> None:
    env = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=2, canvas_size=(40, 80))
    location = np.array([[-1, -1], [0, 0.5]], np.float32)
    np.testing.assert_array_equal(attention.Targets(env).pixels(location), [[0, 0], [40, 30]])


def test_without_targets_nothing_is_measured() -> None:
    env = PeekVectorEnv(4)
    with pytest.raises(ValueError, match="declares no targets"):
        attention.by_glimpse(Reinforce(env, **SMALL), env, attention.on_the_target, look="mean", seed=0)


def test_by_glimpse_measures_where_the_agent_looks_and_where_chance_looks() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 3}, **SMALL)
    with torch.no_grad():
        agent.policy.f_l.mean.weight.zero_()
        agent.policy.f_l.mean.bias.copy_(torch.atanh(torch.tensor([0.5, -0.5])))
    env = gym.make_vec(agent.env_id, num_envs=200, autoreset_mode="Disabled", num_glimpses=3)
    own, chance = (
        attention.by_glimpse(agent, env, lambda _, gaze: gaze[:, 0], look=look, seed=1) for look in ("mean", "random")
    )
    assert own.shape == (3, 200)
    np.testing.assert_array_equal(own[0], chance[0])  # the first location is the environment's
    np.testing.assert_allclose(own[1:], 21, rtol=1e-6)  # 0.5 of [-1, 1] on 28 pixels
    assert chance[1:].std() > 5


def test_a_glimpse_costs_the_same_on_any_image() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # threads that wait for each other take processor time too
    small, large = (attention.cost(size, batch_size=8, rounds=2) for size in (28, 140))
    torch.set_num_threads(threads)
    assert large.size == 140
    assert large.glimpse < 5 * small.glimpse  # a loose bound, for busy machines; 25 times the pixels
    assert large.modern_cnn > 5 * small.modern_cnn


@pytest.mark.parametrize(
    ("env_id", "command", "wrong"),
    [("ram_envs/GlimpseMNIST-v0", "digit", "ball"), ("ram_envs/Catch-v0", "ball", "digit")],
)
def test_figures_beside_a_random_gaze(env_id: str, command: str, wrong: str, tmp_path, capsys) -> None:
    path = tmp_path / "agent.safetensors"
    Reinforce(env_id, **SMALL).save(path)
    out = tmp_path / "figure.svg"
    cli.main(["plot", command, str(path), "--episodes", "20", "--out", str(out)])
    assert "random gaze" in capsys.readouterr().out
    assert out.stat().st_size > 1000
    with pytest.raises(SystemExit, match=f"not at the {wrong}"):
        cli.main(["plot", wrong, str(path), "--episodes", "20", "--out", str(out)])


def test_cost_figure(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(attention, "cost", lambda size: attention.Cost(size, 0.1, size / 100, size / 10))
    cli.main(["plot", "cost", "--sizes", "28", "60", "--out", str(tmp_path / "cost.svg")])
    assert "size 60  glimpse 0.1  weak_cnn 0.6  modern_cnn 6" in capsys.readouterr().out
    assert (tmp_path / "cost.svg").exists()


def test_correlation_by_hand() -> None:
    # Means 2 and 3; (-1, 0, 1) . (-2, 1, 1) / sqrt(2 * 6)
    ours, theirs = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [4.0], [4.0]])
    np.testing.assert_allclose(attention.correlation(ours, theirs, axis=0), [3 / 12**0.5])
    np.testing.assert_allclose(attention.correlation(ours.T, theirs.T, axis=1), [3 / 12**0.5])
    np.testing.assert_array_equal(attention.correlation(ours, np.full((3, 1), 0.1), axis=0), [0])
