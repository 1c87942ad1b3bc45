"""Every id in every render mode, and through Gymnasium's own tools for watching, recording and playing."""

import itertools
import sys

import gymnasium as gym
import gymnasium.wrappers.vector
import numpy as np
import pytest
from conftest import IDS, Case, assert_same
from gymnasium.utils.play import play
from gymnasium.wrappers import HumanRendering, RecordVideo
from processes import run_python

pygame = pytest.importorskip("pygame")

SHAPE = (480, 800, 3)


@pytest.fixture(autouse=True)
def headless(monkeypatch):
    """SDL's dummy driver: windows that exist, take events, and cannot be seen."""
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    pygame.display.quit()


@pytest.fixture(params=IDS)
def each_id(request):
    """The environment of each id."""
    return Case(request.param.removeprefix("ram_envs/"))


def hurried(env):
    """Let a window show its frames as fast as it can."""
    env.unwrapped.metadata["render_fps"] = 10_000
    return env


def play_through(env, *, render):
    """All that two episodes bring, with the same seeds."""
    env.action_space.seed(3)
    story = [env.reset(seed=7)]
    for _ in range(2):
        done = False
        while not done:
            if render:
                env.render()
            story.append(env.step(env.action_space.sample()))
            done = story[-1][2] or story[-1][3]
        story.append(env.reset())
    return story


def test_rendering_never_changes_an_episode(case):
    with case.make() as env:
        expected = play_through(env, render=False)
    for mode in ("rgb_array", "human"):
        with hurried(case.make(render_mode=mode)) as env:
            env.unwrapped.probabilities = np.full(env.action_space["action"].n, 0.1)
            assert_same(play_through(env, render=mode == "rgb_array"), expected)


def test_rendering_never_changes_a_vector_environment(case):
    stories = []
    for mode in (None, "rgb_array", "human"):
        env = hurried(case.make_vec(3, render_mode=mode))
        env.action_space.seed(3)
        story, goes_on = [env.reset(seed=7)], np.full(3, True)
        while goes_on.any() or len(story) < 10:
            if mode == "rgb_array":
                env.render()
            story.append(env.step(env.action_space.sample()))
            goes_on &= ~story[-1][2]
        story += [env.step(env.action_space.sample()) for _ in range(2)]  # over the reset
        stories.append(story)
        env.close()
    assert_same(stories[1], stories[0])
    assert_same(stories[2], stories[0])


def test_frames_have_one_shape_and_follow_the_episode(case):
    with case.make(render_mode="rgb_array") as env:
        env.action_space.seed(0)
        env.reset(seed=0)
        frames, done = [env.render()], False
        while not done:
            _, _, done, _, _ = env.step(env.action_space.sample())
            frames.append(env.render())
        assert {frame.shape for frame in frames} == {SHAPE}
        assert {frame.dtype for frame in frames} == {np.dtype(np.uint8)}
        assert all((first != second).any() for first, second in itertools.pairwise(frames))
        np.testing.assert_array_equal(env.render(), frames[-1])
        assert not np.shares_memory(env.render(), env.render())


def test_list_mode_collects_all_frames_since_the_last_call(each_id):
    with each_id.make(render_mode="rgb_array_list") as env:
        env.action_space.seed(0)
        env.reset(seed=0)
        for _ in range(2):
            env.step(env.action_space.sample())
        frames = env.render()
        assert [frame.shape for frame in frames] == [SHAPE] * 3
        assert env.render() == []


def test_attached_probabilities_are_drawn(each_id):
    with each_id.make(render_mode="rgb_array") as env:
        env.reset(seed=0)
        plain = env.render()
        n = env.action_space["action"].n
        env.unwrapped.probabilities = np.eye(n)[0]
        first = env.render()
        env.unwrapped.probabilities = np.eye(n)[n - 1]
        assert (first[:, 480:] != plain[:, 480:]).any()
        assert (env.render()[:, 480:] != first[:, 480:]).any()
        np.testing.assert_array_equal(first[:, :480], plain[:, :480])


def test_window_opens_at_reset_and_not_before(each_id):
    env = hurried(each_id.make(render_mode="human"))
    assert not pygame.display.get_init()
    env.reset(seed=0)
    assert pygame.display.get_surface().get_size() == (800, 480)
    env.action_space.seed(0)
    before = pygame.surfarray.array3d(pygame.display.get_surface())
    env.step(env.action_space.sample())
    assert (pygame.surfarray.array3d(pygame.display.get_surface()) != before).any()
    env.close()
    assert not pygame.display.get_init()


def test_episode_goes_on_after_the_window_was_closed(each_id):
    with hurried(each_id.make(render_mode="human")) as env:
        env.reset(seed=0)
        pygame.event.post(pygame.event.Event(pygame.QUIT))
        env.action_space.seed(0)
        env.step(env.action_space.sample())
        assert not pygame.display.get_init()
        env.reset()
        env.step(env.action_space.sample())
        assert not pygame.display.get_init()


def test_vector_environments_give_a_frame_for_each_row_and_a_grid_in_the_window(each_id):
    env = each_id.make_vec(3, render_mode="rgb_array")
    env.reset(seed=0)
    frames = env.render()
    assert [frame.shape for frame in frames] == [SHAPE] * 3
    with each_id.make(render_mode="rgb_array") as single:
        single.reset(seed=1)
        np.testing.assert_array_equal(frames[1], single.render())
    env.close()
    env = hurried(each_id.make_vec(5, render_mode="human"))
    env.reset(seed=0)
    screen = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
    assert screen.shape[1] > screen.shape[0]  # three columns, two rows
    tile = screen.shape[0] // 2
    assert screen[tile:, : 2 * tile].std() > 5
    assert (screen[tile:, 2 * tile :] == 0).all()
    env.close()


def test_record_video_writes_a_film(each_id, tmp_path):
    with RecordVideo(
        each_id.make(render_mode="rgb_array"), str(tmp_path / "films"), episode_trigger=lambda _: True
    ) as env:
        env.action_space.seed(0)
        env.reset(seed=0)
        done = False
        while not done:
            _, _, done, _, _ = env.step(env.action_space.sample())
    (film,) = (tmp_path / "films").glob("*.mp4")
    assert film.stat().st_size > 1000


@pytest.mark.skipif(not hasattr(gym.wrappers.vector, "RecordVideo"), reason="newer than Gymnasium 1.1")
def test_record_video_writes_a_film_of_a_vector_environment(tmp_path):
    env = gym.wrappers.vector.RecordVideo(
        Case("Catch-v0").make_vec(4, render_mode="rgb_array"), str(tmp_path / "films"), video_length=5
    )
    env.action_space.seed(0)
    env.reset(seed=0)
    for _ in range(6):
        env.step(env.action_space.sample())
    env.close()
    assert len(list((tmp_path / "films").glob("*.mp4"))) == 1


def test_human_rendering_wrapper_shows_the_frames(each_id):
    env = HumanRendering(hurried(each_id.make(render_mode="rgb_array")))
    env.action_space.seed(0)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert pygame.display.get_surface().get_size() == (800, 480)
    env.close()


def test_gymnasium_play_takes_keys(each_id):
    env = each_id.make(render_mode="rgb_array")
    actions = [{"location": np.zeros(2, np.float32), "action": a} for a in (0, 1)]
    taken = []

    def callback(obs_before, obs, action, reward, terminated, truncated, info):
        taken.append(action["action"])
        if len(taken) == 1:
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_a))
        elif len(taken) == 3:
            pygame.event.post(pygame.event.Event(pygame.KEYUP, key=pygame.K_a))
        elif len(taken) == 4:
            pygame.event.post(pygame.event.Event(pygame.QUIT))

    play(env, keys_to_action={"a": actions[1]}, noop=actions[0], callback=callback, fps=1000, seed=0)
    assert taken == [0, 1, 1, 0]


def test_without_pygame_the_error_names_the_extra_and_episodes_go_on(each_id, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    with each_id.make(render_mode="rgb_array") as env:
        env.reset(seed=0)
        with pytest.raises(gym.error.DependencyNotInstalled, match=r"pip install '\.\[render\]'"):
            env.render()
        env.action_space.seed(0)
        env.step(env.action_space.sample())


def test_pygame_is_loaded_by_the_first_frame_only():
    program = """
import sys
import gymnasium as gym
import ram_envs
env = gym.make("ram_envs/Catch-v0", render_mode="human")
vector = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=2, render_mode="rgb_array")
vector.reset(seed=0)
assert "pygame" not in sys.modules
vector.render()
assert "pygame" in sys.modules
import pygame
assert not pygame.display.get_init()
"""
    done = run_python(program)
    assert done.returncode == 0, done.stderr
