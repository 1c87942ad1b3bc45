import io

import numpy as np
import pytest
import torch
from PIL import Image
from ram_agents import Reinforce
from ram_agents.rendering.tensorboard import TensorBoard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


@pytest.fixture(scope="module")
def agent():
    """One that sees grey images."""
    images = np.random.default_rng(0).integers(0, 256, (6, 12, 12), dtype=np.uint8)
    kwargs = {"images": images, "labels": np.arange(6) % 3, "num_glimpses": 2, "patch_size": 4, "num_scales": 2}
    return Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, **SMALL)


def test_curves_and_pictures_of_training(agent, tmp_path):
    agent.learn(total_episodes=8, callback=TensorBoard(tmp_path, every=1))
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [4, 8]
    assert set(events.Tags()["images"]) == {"glimpses", "gaze"}


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,), (5,)])
def test_pictures_of_glimpses_of_any_channels(channels, agent, tmp_path):
    agent.learn(total_episodes=8)
    seen = torch.rand(2, 4, 2, 4, 4, *channels, generator=torch.Generator().manual_seed(0))
    agent.last_rollout = agent.last_rollout._replace(glimpse=seen)
    board = TensorBoard(tmp_path)
    board.on_start(agent)
    board.on_end(agent)
    events = EventAccumulator(str(tmp_path)).Reload()
    (event,) = events.Images("glimpses")
    assert event.step == 8
    picture = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)).convert("RGB")).astype(int)
    assert picture.std() > 30
    coloured = (picture.max(axis=-1) - picture.min(axis=-1) > 60).mean()
    assert coloured > 0.2 if channels == (3,) else coloured == 0
