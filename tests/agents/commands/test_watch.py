import sys
from itertools import islice

import gymnasium as gym
import imageio.v2
import numpy as np
import pytest
from PIL import Image
from ram_agents import Reinforce, cli
from ram_agents.commands.watch import PAUSE, STRIP, Watch, watch
from ram_agents.rendering.episodes import Selection, environment, episodes, record
from ram_agents.rendering.keys import with_keys
from ram_agents.rendering.video import write_strip

from ram_envs.rendering.frames import draw
from ram_envs.rendering.window import Window

pygame = pytest.importorskip("pygame")

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}
DIGITS = "ram_envs/GlimpseMNIST-v0"


@pytest.fixture(scope="module")
def digits():
    """An untrained agent that guesses digits in three glimpses."""
    return Reinforce(DIGITS, env_kwargs={"num_glimpses": 3}, **SMALL)


@pytest.fixture(scope="module")
def files(digits, tmp_path_factory):
    """The files of two untrained agents."""
    folder = tmp_path_factory.mktemp("agents")
    digits.save(folder / "digits.safetensors")
    Reinforce("ram_envs/Catch-v0", **SMALL).save(folder / "catch.safetensors")
    return {name: str(folder / f"{name}.safetensors") for name in ("catch", "digits")}


@pytest.fixture
def shown(monkeypatch):
    """Frames and rates that a window without a display was told to show; it loses no time."""
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    frames, original = [], Window.show

    def show(self, frame, *, fps):
        original(self, frame, fps=1e6)
        frames.append((frame, fps))

    monkeypatch.setattr(Window, "show", show)
    yield frames
    pygame.display.quit()


def post_after(monkeypatch, shown, events):
    """Post events once so many frames were shown."""
    original = Window.show

    def show(self, frame, *, fps):
        original(self, frame, fps=fps)
        if len(shown) in events:
            pygame.event.post(events[len(shown)])

    monkeypatch.setattr(Window, "show", show)


def some(digits, count, **selection):
    chosen = Selection(**selection)
    env = environment(digits, num_envs=chosen.num_envs, split="test")
    return list(islice(episodes(digits, env, chosen), count))


def test_an_episode_that_the_agent_stops_is_short(tmp_path):
    kwargs = {"num_glimpses": 4, "can_stop": True}
    agent = Reinforce(DIGITS, env_kwargs=kwargs, **SMALL)
    network = agent.policy.f_s
    lengths = []
    for bias in (9.0, -9.0, 0.0):
        network.bias.data.fill_(bias)
        chosen = episodes(agent, environment(agent, num_envs=16), Selection(sample=bias == 0))
        recorded = list(islice(chosen, 16))
        lengths.append({len(episode.views) - 1 for episode in recorded})
        for episode in recorded:
            last = episode.views[-1]
            assert last.finished
            assert len(last.gaze) == len(episode.views) - 1
            assert episode.success is last.success
        write_strip(tmp_path / "strip.png", [[draw(view, size=120, panel=False) for view in recorded[0].views]])
    assert lengths[:2] == [{1}, {4}]
    assert len(lengths[2]) > 1


def test_record_keeps_what_the_agent_saw_and_thought(digits):
    env = gym.make_vec(DIGITS, num_envs=4, num_glimpses=3, split="test", autoreset_mode="Disabled")
    recorded = record(digits.policy, env, seed=3, indices=np.array([7, 8, 9, 10]))
    assert [episode.number for episode in recorded] == [7, 8, 9, 10]
    for episode in recorded:
        assert len(episode.views) == 4
        assert [len(view.gaze) for view in episode.views] == [1, 2, 3, 3]
        assert [view.finished for view in episode.views] == [False, False, False, True]
        assert episode.success == episode.views[-1].success == (episode.views[-1].prediction == episode.views[-1].label)
        for view in episode.views:
            assert view.probabilities.sum() == pytest.approx(1, abs=1e-5)
            assert view.prediction == view.probabilities.argmax()
    # The same as the agent's own predictions, one episode at a time.
    with gym.make(DIGITS, num_glimpses=3, split="test") as single:
        observation, _ = single.reset(seed=3 + 2, options={"index": 9})
        state, begun, done, views = None, True, False, recorded[2].views
        for view in views[:-1]:
            np.testing.assert_array_equal(observation["glimpse"], view.glimpse)
            batch = {name: value[None] for name, value in observation.items()}
            action, state = digits.predict(batch, state=state, episode_start=np.array([begun]), deterministic=True)
            assert action["action"][0] == view.prediction
            observation, _, done, _, info = single.step({name: value[0] for name, value in action.items()})
            begun = False
        assert done
        assert info["is_success"] == recorded[2].success


def test_sampling_is_seeded_and_differs_from_the_means(digits):
    env = gym.make_vec(DIGITS, num_envs=4, num_glimpses=3, split="test", autoreset_mode="Disabled")
    gaze = [
        np.stack([episode.views[-1].gaze for episode in record(digits.policy, env, seed=seed, sample=sample)])
        for seed, sample in [(1, True), (1, True), (1, False)]
    ]
    np.testing.assert_array_equal(gaze[0], gaze[1])
    assert not np.allclose(gaze[0][:, 1:], gaze[2][:, 1:])


def test_episodes_are_chosen_by_index_and_by_success(digits):
    assert [episode.number for episode in some(digits, 99, indices=(4, 2, 2))] == [4, 2, 2]
    assert all(not episode.success for episode in some(digits, 20, only="wrong"))
    assert all(episode.success for episode in some(digits, 5, only="right"))
    numbers = [episode.number for episode in some(digits, 40)]
    assert numbers == [episode.number for episode in some(digits, 40)]
    assert len(set(numbers)) > 35
    assert numbers != [episode.number for episode in some(digits, 40, seed=77)]


def test_counts_run_on_from_episode_to_episode(digits):
    shown = some(digits, 30)
    right = np.cumsum([episode.success for episode in shown])
    for i, episode in enumerate(shown):
        assert episode.views[-1].counts == {"right": right[i], "wrong": i + 1 - right[i]}
        assert sum(episode.views[0].counts.values()) == i


def test_what_never_happens_is_an_error_rather_than_an_endless_search(digits, monkeypatch):
    mistake = some(digits, 1, only="wrong")[0]
    monkeypatch.setattr("ram_agents.rendering.episodes.record", lambda *args, **kwargs: [mistake] * 500)
    with pytest.raises(ValueError, match="in a row were not right"):
        some(digits, 1, only="right")


def test_only_environments_that_declare_a_view_can_be_watched(digits):
    with pytest.raises(ValueError, match="CartPole-v1 can't be shown: it declares no view"):
        environment(digits, num_envs=2, env_id="CartPole-v1")


def test_environments_whose_last_scenes_are_gone_can_not_be_recorded(digits):
    env = gym.make_vec(DIGITS, num_envs=2, num_glimpses=3, autoreset_mode="SameStep")
    with pytest.raises(ValueError, match="no view of the end"):
        record(digits.policy, env, seed=0)


def test_single_environments_are_watched_too(digits, tmp_path):
    gym.register("own/Digits-v0", entry_point=lambda **kwargs: gym.make(DIGITS, **kwargs))
    agent = Reinforce("own/Digits-v0", env_kwargs={"num_glimpses": 3}, **SMALL)
    agent.policy.load_state_dict(digits.policy.state_dict())
    env = environment(agent, num_envs=4, split="test")
    for one, other in zip(islice(episodes(agent, env, Selection()), 4), some(digits, 4), strict=True):
        assert one.number == other.number
        np.testing.assert_array_equal(draw(one.views[-2]), draw(other.views[-2]))
    with pytest.raises(ValueError, match=r"own/Digits-v0 have no numbers: leave the indices \[3\] out"):
        next(episodes(agent, environment(agent, num_envs=1), Selection(indices=(3,))))
    del gym.registry["own/Digits-v0"]


def test_gif_plays_each_moment_and_holds_the_end(files, tmp_path):
    path = tmp_path / "a.gif"
    cli.main(["watch", files["digits"], "--out", str(path), "--episodes", "2", "--fps", "5"])
    with Image.open(path) as video:
        assert video.size == (800, 480)
        assert video.n_frames == 8
        durations = []
        for i in range(8):
            video.seek(i)
            durations.append(video.info["duration"])
        assert durations == [200, 200, 200, 200 * PAUSE] * 2
        assert video.info["loop"] == 0


def test_mp4_has_the_size_and_the_length(files, tmp_path):
    path = tmp_path / "a.mp4"
    cli.main(["watch", files["catch"], "--out", str(path), "--size", "240", "--seed", "4"])
    with imageio.v2.get_reader(path) as video:
        data = video.get_meta_data()
    assert data["size"] == (400, 240)
    assert data["duration"] == pytest.approx((23 + PAUSE) / 12, abs=0.2)


def test_strip_has_a_row_for_each_episode(files, tmp_path):
    path = tmp_path / "a.png"
    cli.main(["watch", files["digits"], "--out", str(path), "--index", "3", "1", "--size", "240"])
    assert Image.open(path).size == (3 * 120, 2 * 120)
    cli.main(["watch", files["catch"], "--out", str(path), "--size", "240"])
    assert Image.open(path).size == (STRIP * 120, 120)


def test_gallery_shows_episodes_side_by_side(files, tmp_path):
    path = tmp_path / "a.gif"
    cli.main(["watch", files["digits"], "--out", str(path), "--gallery", "4", "--size", "120"])
    with Image.open(path) as video:
        assert video.size == (240, 240)
        assert video.n_frames == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "video.avi"], "must end in"),
        (["--out", "no/such/folder/video.gif"], "no directory"),
        (["--gallery", "0"], "--gallery is 0"),
        (["--episodes", "-2"], "--episodes is -2"),
        (["--fps", "0"], "--fps is 0"),
        (["--out", "video.gif", "--index", "10000"], "10000"),
        (["--out", "video.gif", "--size", "481"], "multiple of 6"),
        (["--out", "video.gif", "--env-kwargs", "[1]"], "JSON object"),
        (["--out", "video.gif", "--env-kwargs", '{"glimpses": 4}'], "unexpected keyword argument 'glimpses'"),
        (["--out", "video.gif", "--env-id", "ram_envs/Catch-v0"], "the agent was made for {'glimpse': (1, 8, 8)"),
        (["--out", "video.gif", "--env-id", "ram_envs/Cache-v0"], "Did you mean: `Catch`?"),
    ],
)
def test_bad_options_are_refused(files, arguments, message, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as leaving:
        cli.main(["watch", files["digits"], *arguments])
    assert leaving.value.code not in (0, None)
    told = " ".join((str(leaving.value.code) + capsys.readouterr().err).replace("│", " ").split())
    assert message in told
    assert not list(tmp_path.iterdir())


def test_an_agent_of_own_images_is_watched_on_them(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 20, 30, 3), dtype=np.uint8)
    sizes = {"patch_size": 6, "num_scales": 2, "num_glimpses": 2}
    env = gym.make_vec("ram_envs/GlimpseImages-v0", num_envs=4, images=images, labels=np.arange(5) % 3, **sizes)
    agent = Reinforce(env, **SMALL)
    agent.save(tmp_path / "agent.safetensors")
    np.savez(tmp_path / "own.npz", images=images, labels=np.arange(5) % 3)
    own = ["--images", str(tmp_path / "own.npz"), "--index", "4"]
    cli.main(["watch", str(tmp_path / "agent.safetensors"), *own, "--out", str(tmp_path / "a.gif")])
    with Image.open(tmp_path / "a.gif") as video:
        assert video.n_frames == 3
    np.savez(tmp_path / "own.npz", images=images)
    with pytest.raises(SystemExit, match="has no array labels"):
        cli.main(["watch", str(tmp_path / "agent.safetensors"), *own, "--out", str(tmp_path / "b.gif")])


@pytest.mark.parametrize(("split", "count"), [("train", 48), ("validation", 6), ("test", 6)])
def test_own_images_are_watched_and_drawn_on_the_split(split, count, tmp_path):
    """Of a file's 60 images, 20 of each class, every tenth of each is for the test, the one before for validation."""
    images = np.random.default_rng(0).integers(0, 256, (60, 12, 12), dtype=np.uint8)
    np.savez(tmp_path / "own.npz", images=images, labels=np.arange(60) % 3)
    kwargs = {"images": str(tmp_path / "own.npz"), "num_glimpses": 2}
    path = str(tmp_path / "agent.safetensors")
    Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, **SMALL).save(path)
    for command in (["watch", path], ["plot", "montage", path]):
        words = [*command, "--split", split, "--out", str(tmp_path / "a.png")]
        cli.main([*words, "--index", str(count - 1)])
        with pytest.raises(SystemExit, match=f"it must be from 0 to {count - 1}"):
            cli.main([*words, "--index", str(count)])


def test_missing_pygame_is_told(files, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pygame", None)
    with pytest.raises(SystemExit) as leaving:
        cli.main(["watch", files["digits"], "--out", str(tmp_path / "a.gif")])
    assert "pip install '.[render]'" in str(leaving.value.code)


def test_unknown_agent_is_refused():
    with pytest.raises(SystemExit) as leaving:
        cli.main(["watch", "no-such-agent"])
    assert "no-such-agent" in str(leaving.value.code)


def test_window_shows_episodes_and_answers_keys(files, shown, monkeypatch):
    keys = {2: pygame.K_UP, 4: pygame.K_SPACE, 8: pygame.K_SPACE, 10: pygame.K_RIGHT, 13: pygame.K_ESCAPE}
    post_after(monkeypatch, shown, {n: pygame.event.Event(pygame.KEYDOWN, key=key) for n, key in keys.items()})
    watch(Watch(files["catch"], seed=1))
    assert not pygame.display.get_init()
    frames, rates = zip(*shown, strict=True)
    assert rates == (12, 12, 18, 18, 15, 15, 15, 15, 18, 18, 18, 18, 18)  # faster; paused; on; the next
    agent = Reinforce.load(files["catch"])
    env = environment(agent, num_envs=Selection().num_envs)
    first, second = islice(episodes(agent, env, Selection(seed=1)), 2)
    expected = [first.views[t] for t in (0, 1, 2, 3, 4, 4, 4, 4, 4, 5)] + second.views[:3]
    speeds = [1] * 2 + [1.5] * 11
    for i, (frame, view) in enumerate(zip(frames, expected, strict=True)):
        np.testing.assert_array_equal(frame, with_keys(draw(view), speed=speeds[i], paused=4 <= i < 8))


def test_window_that_is_closed_ends_the_watch(files, shown, monkeypatch):
    post_after(monkeypatch, shown, {3: pygame.event.Event(pygame.QUIT)})
    watch(Watch(files["digits"]))
    assert len(shown) == 3
    assert not pygame.display.get_init()


def test_window_ends_after_the_episodes_that_were_asked_for(files, shown):
    watch(Watch(files["digits"], index=(5, 6)))
    assert len(shown) == 2 * (3 + round(PAUSE))
