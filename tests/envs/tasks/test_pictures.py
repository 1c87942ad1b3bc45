"""GlimpseImages on pictures of sizes of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from PIL import Image

from ram_envs.gallery.variants import shown
from ram_envs.retina.retina import Retina

ID = "ram_envs:ram_envs/GlimpseImages-v0"
RNG = np.random.default_rng(4)
SIZES = [(40 + 7 * i, 120 - 5 * i) for i in range(12)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label in "ab":
        (tmp_path / "photos" / label).mkdir(parents=True)
        for i, size in enumerate(SIZES):
            image = RNG.integers(0, 256, (*size, 3), np.uint8)
            Image.fromarray(image).save(tmp_path / "photos" / label / f"{i:02}.png")
    return tmp_path / "photos"


def arguments(folder: Path, **more: Any) -> dict[str, Any]:
    return {"images": str(folder), "cache_dir": str(folder.parent / "cache"), **more}


@pytest.mark.parametrize("saccade", ["absolute", "relative"])
def test_each_row_sees_its_own_picture(folder: Path, saccade: str) -> None:
    env = gym.make_vec(ID, num_envs=6, **arguments(folder, num_scales=4, saccade=saccade, hold_out=False))
    env.reset(seed=2, options={"indices": np.array([0, 3, 3, 13, 23, 11])})
    env.action_space.seed(2)
    for _ in range(5):
        obs, _, _, _, info = env.step(env.action_space.sample())
        for row, index in enumerate(info["index"]):
            image = np.array(Image.open(folder / "ab"[index // 12] / f"{index % 12:02}.png"))
            np.testing.assert_allclose(
                obs["glimpse"][row],
                Retina(8, 4).glimpse(image[None], info["gaze"][row, None].astype(float))[0],
                atol=1e-6 if saccade == "absolute" else 0.3,  # a gaze is rounded, and may round to the next pixel
            )
            if saccade == "relative":
                eye = obs["location"][row] * (8 << 3) / 2
                np.testing.assert_allclose(eye / np.array(image.shape[1::-1]) * 2, info["gaze"][row], atol=1e-6)
    assert env.get_attr("scene_shape")[0] is None if hasattr(env, "get_attr") else env.scene_shape is None


def test_relative_saccades_are_of_pixels_whatever_the_size(folder: Path) -> None:
    env = gym.make_vec(ID, num_envs=2, **arguments(folder, num_scales=2, saccade="relative", initial_location="center"))
    env.reset(options={"indices": np.array([0, 7])})
    action = {"location": np.array([[0.5, -0.25], [0.5, -0.25]], np.float32), "action": np.zeros(2, np.int64)}
    obs, *_, info = env.step(action)
    np.testing.assert_array_equal(obs["location"], np.array([[0.25, -0.0625]] * 2, np.float32))
    sizes = np.array([SIZES[0], SIZES[7]])[:, ::-1]
    np.testing.assert_allclose(info["gaze"] * sizes / 2, [[2, -0.5]] * 2, rtol=1e-5)  # a reach of 8 pixels
    looked = env.unwrapped.look_at(np.zeros((2, 2)))
    *_, info = env.step(action | {"location": looked})
    np.testing.assert_allclose(info["gaze"], 0, atol=1e-6)


def test_the_contract_of_gymnasium(folder: Path) -> None:
    env = gym.make(ID, **arguments(folder, num_scales=5)).unwrapped
    check_env(env, skip_render_check=True)
    assert env.observation_space["glimpse"].shape == (5, 8, 8, 3)
    assert env.action_space["action"].n == 2


def test_splits_are_those_of_pictures_in_memory(folder: Path) -> None:
    for split in ("train", "validation", "test"):
        lazy = gym.make(ID, **arguments(folder, split=split)).unwrapped
        eager = gym.make(ID, images=str(folder), image_size=30, split=split).unwrapped
        assert lazy.num_scenes == eager.num_scenes
        for index in range(lazy.num_scenes):
            assert lazy.reset(options={"index": index})[1]["label"] == eager.reset(options={"index": index})[1]["label"]


def test_pictures_show_an_overview(folder: Path) -> None:
    big = RNG.integers(0, 256, (1500, 2100, 3), np.uint8)
    Image.fromarray(big).save(folder / "a" / "00.png")
    env = gym.make(ID, **arguments(folder, num_scales=3, initial_location="center")).unwrapped
    env.reset(options={"index": 0})
    view = env.view()
    assert view.scene.shape == (375, 525, 3)
    np.testing.assert_array_equal(view.regions, [[186, 261, 2, 2], [185, 260, 4, 4], [183, 258, 8, 8]])
    assert env.targets().tolist() == [[0, 0, 1500, 2100]]


def test_a_changed_file_is_seen(folder: Path) -> None:
    env = gym.make(ID, **arguments(folder, initial_location="center"))
    first = env.reset(options={"index": 2})[0]["glimpse"]
    path = folder / "a" / "02.png"
    Image.fromarray(np.full((30, 30, 3), 255, np.uint8)).save(path)
    os.utime(path, ns=(1, 1))
    assert (env.reset(options={"index": 2})[0]["glimpse"] == 1).all()
    assert not (first == 1).all()


def test_a_damaged_picture_is_named_and_no_row_changes(folder: Path) -> None:
    path = folder / "b" / "03.png"
    path.write_bytes(path.read_bytes()[:-2000])
    env = gym.make_vec(ID, num_envs=2, **arguments(folder, hold_out=False))
    before = env.reset(options={"indices": np.array([1, 2])})[0]
    with pytest.raises(ValueError, match=r"b/03\.png can't be read as an image"):
        env.reset(options={"indices": np.array([4, 15])})
    after = env.unwrapped.task.observe(np.arange(2))
    np.testing.assert_array_equal(after["glimpse"], before["glimpse"])
    env.reset(options={"indices": np.array([4, 5])})


def test_what_lazy_pictures_do_not_have_is_named(folder: Path) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'num_distractors'; GalleryClassification takes"):
        gym.make(ID, **arguments(folder, num_distractors=3))


def test_a_function_of_tiles(tmp_path: Path) -> None:
    from ram_envs.gallery.pyramid import Picture

    def huge(index: int) -> Picture:
        def read(top: int, left: int, height: int, width: int) -> np.ndarray:
            return ((np.arange(top, top + height)[:, None] + np.arange(left, left + width)) % 256).astype(np.uint8)

        return Picture((3000 + index, 4000), read)

    env = gym.make(ID, images=huge, labels=[0, 1], num_scales=6, cache_dir=str(tmp_path), initial_location="center")
    glimpse = env.reset(options={"index": 1})[0]["glimpse"]
    np.testing.assert_allclose(glimpse[0, 0, 0] * 255, (1500 - 4 + 1 + 2000 - 4) % 256, atol=1.01)
    assert len(list(tmp_path.glob("*.pyramid"))) == 1
    env.unwrapped.task.gallery.close()
    assert not list(tmp_path.glob("*.pyramid")), "nobody else can use them"


def test_until_its_first_episode_a_row_sees_nothing(folder: Path) -> None:
    env = gym.make_vec(ID, num_envs=2, **arguments(folder, saccade="relative"))
    seen = env.reset(options={"reset_mask": np.array([False, True])})[0]["glimpse"]
    assert seen[1].any()
    assert not seen[0].any()


@pytest.mark.parametrize("vector", [False, True])
def test_the_pictures_of_the_next_episodes_are_read_ahead(vector: bool, tmp_path: Path) -> None:
    asked = []

    def function(index: int) -> np.ndarray:
        asked.append(index)
        return np.zeros((30, 30), np.uint8)

    given = {"images": function, "labels": np.arange(40), "cache_dir": str(tmp_path)}
    env = gym.make_vec(ID, num_envs=4, repeats=2, **given) if vector else gym.make(ID, **given)
    env.reset(seed=6)
    for _ in range(3):
        env.unwrapped.task.ahead.wait()
        known = len(asked)
        env.reset()  # waits for nothing: its pictures are there
        env.unwrapped.task.ahead.wait()
        index = np.unique(env.unwrapped.task.indices)
        assert set(index) <= set(asked[:known])


def test_of_chosen_pictures_those_that_follow_are_read_ahead(tmp_path: Path) -> None:
    asked = []

    def function(index: int) -> np.ndarray:
        asked.append(index)
        return np.zeros((30, 30), np.uint8)

    env = gym.make_vec(ID, num_envs=4, images=function, labels=np.arange(40), cache_dir=str(tmp_path))
    for indices, ahead in (
        ([3, 1, 2, 4], [5, 6, 7, 8]),
        ([35, 36, 37, 38], [39]),
        ([36, 37, 38, 39], []),
        ([20, 9, 9, 3], []),
    ):
        env.reset(options={"indices": np.array(indices)})
        env.unwrapped.task.ahead.wait()
        assert set(indices + ahead) <= set(asked)
    assert set(asked) == {*range(1, 10), 20, *range(35, 40), 0}  # 0: the function's first tells the channels


def test_training_pictures_vary_and_are_seen_as_they_are_shown(folder: Path) -> None:
    varied = {"flip": True, "max_crop": 0.6, "max_brightness": 0.5}
    env = gym.make_vec(ID, num_envs=1, **arguments(folder, num_scales=4, hold_out=False, **varied))
    env.action_space.seed(3)
    sizes, lights = set(), set()
    for seed in range(6):
        env.reset(seed=seed, options={"indices": np.array([5])})
        obs, *_, info = env.step(env.action_space.sample())
        task = env.unwrapped.task
        scene = task.scenes(np.arange(1))
        sizes.add(scene.shape)
        lights.add(float(task.variants.gains[0]))
        image = np.asarray(Image.open(folder / "a" / "05.png"))
        part = np.ascontiguousarray(shown(image, task.variants.frames[0], 1.0))
        expected = Retina(8, 4).glimpse(part[None], info["gaze"].astype(float)) * task.variants.gains[0]
        np.testing.assert_allclose(obs["glimpse"], np.minimum(expected, 1), atol=1e-6)
        np.testing.assert_allclose(scene[0], np.minimum(part * task.variants.gains[0], 255), atol=0.5)
        assert (task.targets(np.arange(1)) == [0, 0, *scene.shape[1:3]]).all()
        assert task.view(0).scene.shape == scene.shape[1:]
    assert len(sizes) > 3
    assert len(lights) == 6


def test_other_splits_and_pictures_without_options_do_not_vary(folder: Path) -> None:
    options = arguments(folder, num_scales=4, flip=True, max_crop=0.6, max_brightness=0.5)
    env = gym.make_vec(ID, num_envs=2, split="test", **options)
    plain = gym.make_vec(ID, num_envs=2, split="test", **arguments(folder, num_scales=4))
    for seed in range(3):
        seen = [e.reset(seed=seed)[0] for e in (env, plain)]
        np.testing.assert_array_equal(seen[0]["glimpse"], seen[1]["glimpse"])
    with pytest.raises(TypeError, match="max_bend"):
        gym.make(ID, **arguments(folder, max_bend=2.0))


def test_a_seed_gives_the_same_variants_and_one_row_is_the_single_environment(folder: Path) -> None:
    options = arguments(folder, num_scales=4, flip=True, max_crop=0.6, max_brightness=0.5)
    env, single = gym.make_vec(ID, num_envs=3, **options), gym.make(ID, **options)
    glimpse = env.reset(seed=7)[0]["glimpse"]
    np.testing.assert_array_equal(glimpse, env.reset(seed=7)[0]["glimpse"])
    np.testing.assert_array_equal(glimpse[2], single.reset(seed=9)[0]["glimpse"])
