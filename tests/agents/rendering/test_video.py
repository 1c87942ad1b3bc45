from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image
from ram_agents.rendering.video import check_path, write_strip, write_video

from ram_envs.rendering.painting import VERMILLION

pytest.importorskip("pygame")


def frames_of(episodes):
    """The frames of some episodes of three glimpses."""
    frames = []
    with gym.make("ram_envs/GlimpseMNIST-v0", num_glimpses=3, render_mode="rgb_array") as env:
        env.action_space.seed(0)
        for seed in range(episodes):
            env.reset(seed=seed)
            frames.append(env.render())
            for _ in range(3):
                env.step(env.action_space.sample())
                frames.append(env.render())
    return frames


def test_colours_survive_the_gif(tmp_path):
    frame = frames_of(1)[-1]
    write_video(tmp_path / "a.gif", [frame], fps=4)
    error = np.abs(np.asarray(Image.open(tmp_path / "a.gif").convert("RGB")).astype(int) - frame)
    assert error.mean() < 2
    assert np.percentile(error, 99) < 24


def test_signal_colours_survive_the_gif_even_if_they_are_rare(tmp_path):
    frames = frames_of(8)
    frames[-1][-4:, -4:] = VERMILLION
    write_video(tmp_path / "a.gif", frames, fps=4)
    with Image.open(tmp_path / "a.gif") as video:
        video.seek(video.n_frames - 1)
        np.testing.assert_allclose(np.asarray(video.convert("RGB"))[-2, -2], VERMILLION, atol=4)


def test_strips_of_unequal_rows_end_in_black(tmp_path):
    tile = np.full((6, 6, 3), 200, np.uint8)
    write_strip(tmp_path / "a.png", [[tile, tile], [tile]])
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    assert picture[::6, ::6, 0].tolist() == [[200, 200], [200, 0]]


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [("a.avi", ValueError, "must end in .gif, .mp4, .png"), ("none/a.gif", FileNotFoundError, "no directory")],
)
def test_paths_that_no_video_can_be_written_to_are_refused(tmp_path, name, error, message):
    with pytest.raises(error, match=message):
        check_path(tmp_path / name)
    check_path(tmp_path / "a.GIF")


def test_frames_of_an_animation_stay_as_long_as_they_are_held(tmp_path: Path):
    frames = [np.full((4, 4, 3), 100 * i, np.uint8) for i in range(3)]
    write_video(tmp_path / "a.gif", frames, fps=4, holds=[1, 2, 5])
    with Image.open(tmp_path / "a.gif") as video:
        shown = []
        for i in range(video.n_frames):
            video.seek(i)
            shown.append((int(np.asarray(video.convert("L"))[0, 0]), video.info["duration"]))
    assert shown == [(pytest.approx(100 * i, abs=6), 250 * hold) for i, hold in enumerate([1, 2, 5])]
