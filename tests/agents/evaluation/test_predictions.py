"""Predictions of scenes without labels are what the agent says step by step."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import torch
from ram_agents import Reinforce
from ram_agents.evaluation.predictions import predict_scenes

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 12, 9)).astype(np.uint8)
KWARGS = {"images": IMAGES, "labels": np.arange(5) % 3, "num_glimpses": 3, "patch_size": 4}
ID = "ram_envs/GlimpseImages-v0"


def test_they_are_what_the_agent_says_step_by_step() -> None:
    agent = Reinforce(ID, env_kwargs=KWARGS, num_envs=5, hidden_size=16, location_hidden=8)
    with torch.no_grad():
        agent.policy.f_l.mean.weight.mul_(100)  # so that it looks about
    env = gym.make_vec(ID, num_envs=5, autoreset_mode="Disabled", **KWARGS)
    found = predict_scenes(agent, env, seed=3, views=True)
    observation, info = env.reset(seed=3, options={"indices": np.arange(5)})
    state, gaze = None, []
    for _ in range(3):
        gaze.append(info["gaze"])
        action, state = agent.predict(observation, state, deterministic=True)
        observation, _, _, _, info = env.step(action)
    assert len(np.unique(np.stack(gaze), axis=0)) > 2
    for row, prediction in enumerate(found):
        np.testing.assert_array_equal(prediction.gaze, np.stack(gaze)[:, row])
        assert prediction.label == action["action"][row] == prediction.probabilities.argmax()
        assert prediction.probabilities.shape == (3,)
        assert abs(prediction.probabilities.sum() - 1) < 1e-5
        assert prediction.view is not None
        np.testing.assert_array_equal(prediction.view.scene, IMAGES[row])
        np.testing.assert_array_equal(prediction.view.gaze, prediction.gaze)
    assert {prediction.view for prediction in predict_scenes(agent, env, seed=3)} == {None}


def test_one_who_stops_early_has_fewer_places() -> None:
    kwargs = KWARGS | {"can_stop": True}
    agent = Reinforce(ID, env_kwargs=kwargs, num_envs=5, hidden_size=16)
    with torch.no_grad():
        agent.policy.f_s.bias.fill_(20.0)  # type: ignore[union-attr]
    env = gym.make_vec(ID, num_envs=5, autoreset_mode="Disabled", **kwargs)
    for row, prediction in enumerate(predict_scenes(agent, env, seed=0, views=True)):
        assert prediction.gaze.shape == (1, 2)
        np.testing.assert_array_equal(prediction.view.scene, IMAGES[row])  # type: ignore[union-attr]
