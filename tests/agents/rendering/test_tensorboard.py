import io
import json

import gymnasium as gym
import numpy as np
import pytest
import torch
from PIL import Image
from ram_agents import Reinforce
from ram_agents.evaluation.runs import Checkpoints, read_log
from ram_agents.rendering.tensorboard import TensorBoard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

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


def size_of(event):
    return Image.open(io.BytesIO(event.encoded_image_string)).size


def hyper_parameters(events):
    """Of a log: names and values, and the names of what was measured."""
    contents = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    begun = HParamsPluginData.FromString(contents).session_start_info.hparams
    experiment = events.SummaryMetadata("_hparams_/experiment").plugin_data.content
    measured = HParamsPluginData.FromString(experiment).experiment.metric_infos
    values = {name: getattr(value, value.WhichOneof("kind")) for name, value in begun.items()}
    return values, {info.name.tag for info in measured}


def test_error_by_glimpse_gaze_on_scenes_and_hyper_parameters(tmp_path):
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 3}, checkpoint_every=2, **SMALL)
    agent.learn(total_episodes=16, callback=[Checkpoints(tmp_path / "run"), TensorBoard(tmp_path)])
    events = EventAccumulator(str(tmp_path)).Reload()
    log = read_log(tmp_path / "run")
    for t in range(3):
        curve = events.Scalars(f"validation_by_glimpse/{t + 1:02}")
        assert [event.step for event in curve] == [8, 16]
        errors = [line["validation_errors"][t] for line in log]
        assert [event.value for event in curve] == pytest.approx(errors, abs=1e-4)
    assert [event.step for event in events.Images("gaze")] == [8, 16]
    assert min(size_of(events.Images("gaze")[0])) > 500  # pixels: two rows of three scenes
    told, measured = hyper_parameters(events)
    assert told["num_envs"] == 4
    assert json.loads(told["env_kwargs"]) == {"num_glimpses": 3}
    assert "validation/error" in measured
    assert events.Scalars("validation/error")[-1].value == pytest.approx(log[-1]["validation_error"], abs=1e-4)


class Unseen(gym.vector.VectorWrapper):
    """An environment that declares no view."""

    view = None


def test_an_environment_without_a_view_has_the_gaze_without_scenes(tmp_path):
    env = Unseen(gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=4, num_glimpses=2, autoreset_mode="Disabled"))
    agent = Reinforce(env, **SMALL)
    agent.learn(total_episodes=4, callback=TensorBoard(tmp_path))
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["images"]) == {"glimpses", "gaze"}
    assert size_of(events.Images("gaze")[0])[1] < 300  # one row
    assert "validation/error" not in hyper_parameters(events)[1]
