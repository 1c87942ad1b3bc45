import io

import numpy as np
import pytest
from PIL import Image
from ram_agents import Reinforce
from ram_agents.rendering.tensorboard import TensorBoard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (4,), (5,)])
def test_pictures_of_training_on_images_of_any_channels(channels, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (6, 12, 12, *channels), dtype=np.uint8)
    kwargs = {"images": images, "labels": np.arange(6) % 3, "num_glimpses": 2, "patch_size": 4, "num_scales": 2}
    agent = Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, **SMALL)
    agent.learn(total_episodes=8, callback=TensorBoard(tmp_path, every=1))
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [4, 8]
    assert set(events.Tags()["images"]) == {"glimpses", "gaze"}
    (event,) = events.Images("glimpses")
    assert event.step == 8
    picture = np.asarray(Image.open(io.BytesIO(event.encoded_image_string)).convert("RGB")).astype(int)
    assert picture.std() > 30
    coloured = (picture.max(axis=-1) - picture.min(axis=-1) > 60).mean()
    assert coloured > 0.2 if channels == (3,) else coloured == 0
