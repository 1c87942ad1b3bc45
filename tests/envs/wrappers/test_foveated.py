"""Any environment through the retina: the wrapper's contract, single and vector, on a toy and on others' games."""

from __future__ import annotations

import copy
import json
import pickle
import runpy
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from conftest import actions_for, arrays_in, assert_same, trajectory, vector_trajectory
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv
from places import EXAMPLES

from ram_envs import FoveatedObservation, FoveatedVectorObservation, Retina
from ram_envs.wrappers import FlatAction, GridAction

MODES = ["NextStep", "SameStep", "Disabled"]
RETINA = Retina(5, 2)


class Drift(gym.Env):
    """A bright square drifts over noise; action i moves it, and episodes last as long as the first draw says.

    Args:
        form: "grey", "colour", "float" or "dict", of the observation.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 7}  # noqa: RUF012

    def __init__(self, form: str = "colour", render_mode: str | None = None) -> None:
        self.form, self.render_mode = form, render_mode
        shape = (12, 18) if form == "grey" else (12, 18, 3)
        image = spaces.Box(-1, 1, shape, np.float32) if form == "float" else spaces.Box(0, 255, shape, np.uint8)
        self.observation_space = spaces.Dict(image=image, speed=spaces.Box(0, 9, (1,))) if form == "dict" else image
        self.action_space = spaces.Discrete(4)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        super().reset(seed=seed)
        self.left = int(self.np_random.integers(1, 6))
        return self.observe(), {"left": self.left}

    def step(self, action: int):
        assert self.action_space.contains(action), action
        self.left -= 1
        truncated = self.left == 2 and bool(np.any(action == 3))
        return self.observe(), float(np.sum(action)), self.left == 0, truncated, {"left": self.left}

    def observe(self):
        image = self.np_random.integers(0, 256, (12, 18) if self.form == "grey" else (12, 18, 3)).astype(np.uint8)
        self.image = image / np.float32(127.5) - 1 if self.form == "float" else image
        return {"image": self.image, "speed": np.ones(1, np.float32)} if self.form == "dict" else self.image

    def render(self) -> np.ndarray:
        return np.zeros((4, 4, 3), np.uint8)


gym.register("tests/Drift-v0", f"{__name__}:Drift")
KEYS = {"dict": {"image_key": "image"}}
FORMS = ["grey", "colour", "float", "dict"]


def foveated(form: str = "colour", *, render_mode: str | None = None, **arguments: Any) -> gym.Env:
    """The toy through the retina."""
    return FoveatedObservation(Drift(form, render_mode), RETINA, **(KEYS.get(form, {}) | arguments))


def foveated_vector(form: str, mode: str, **arguments: Any) -> gym.vector.VectorEnv:
    """Four toys in Gymnasium's vector environment, through the retina."""
    inner = SyncVectorEnv([partial(Drift, form)] * 4, autoreset_mode=mode)
    return FoveatedVectorObservation(inner, RETINA, **(KEYS.get(form, {}) | arguments))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("arguments", [{}, {"max_saccade": 0.3, "periphery": (3, 4)}])
def test_gymnasiums_checker_has_nothing_to_say(form: str, arguments: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*different from the unwrapped version")
        env = gym.make("tests/Drift-v0", form=form, render_mode="rgb_array")
        check_env(FoveatedObservation(env, RETINA, **(KEYS.get(form, {}) | arguments)))


def test_spaces_are_those_of_the_contract() -> None:
    env = foveated("colour")
    location = spaces.Box(-1, 1, (2,), np.float32)
    assert env.observation_space == spaces.Dict(glimpse=spaces.Box(0, 1, (2, 5, 5, 3), np.float32), location=location)
    assert env.action_space == spaces.Dict(location=location, action=spaces.Discrete(4))
    assert foveated("grey").observation_space["glimpse"].shape == (2, 5, 5)
    assert foveated("float", periphery=4).observation_space["periphery"] == spaces.Box(0, 1, (4, 4, 3), np.float32)
    assert set(foveated("dict").observation_space) == {"glimpse", "location", "speed"}
    arguments = {"patch_size": 5, "num_scales": 2, "pooling": "max"}
    assert repr(FoveatedObservation(Drift(), **arguments).gaze.retina) == repr(Retina(5, 2, pooling="max"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("arguments", [{}, {"max_saccade": 0.5}, {"saccade": "relative"}])
def test_the_location_of_a_step_is_where_its_image_is_seen(form: str, arguments: dict[str, Any]) -> None:
    env = foveated(form, initial_location="center", **arguments)
    plain, actions, gaze, over = Drift(form), actions_for(env), np.zeros(2, np.float32), False
    (seen, info), image = env.reset(seed=3), plain.reset(seed=3)[0]
    half, reach = np.array([9, 6]), 5  # pixels: half the image of the toy, and half the coarsest patch
    while True:
        pixels = image["image"] if form == "dict" else image
        pixels = ((pixels + 1) / 2).astype(np.float32) if form == "float" else pixels
        np.testing.assert_allclose(info["gaze"], gaze, atol=1e-5)
        np.testing.assert_allclose(seen["location"], gaze * (half / reach if "saccade" in arguments else 1), atol=1e-5)
        np.testing.assert_allclose(seen["glimpse"], RETINA(pixels[None], info["gaze"][None])[0], atol=1e-6)
        if over:  # the last image of an episode is seen, too
            return
        action = next(actions)
        moved = action["location"]
        if "max_saccade" in arguments:
            moved = gaze + 0.5 * moved
        elif "saccade" in arguments:
            moved = gaze + reach * moved * np.abs(moved) / half
        gaze = np.clip(moved, -1, 1)
        seen, reward, *ends, info = env.step(action)
        image, expected, *expected_ends, told = plain.step(action["action"])
        assert (reward, ends) == (expected, expected_ends)
        assert {key: value for key, value in info.items() if key != "gaze"} == told
        over = any(ends)


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [({}, [2, 2]), ({"max_saccade": 0.5}, [0.5, 0.5]), ({"saccade": "relative"}, [5 / 9, 5 / 6])],
)
def test_places_are_looked_at_as_far_as_one_step_leads(arguments: dict[str, Any], limit: list[float]) -> None:
    env, vector = foveated(**arguments), foveated_vector("grey", "Disabled", **arguments)
    places = np.array([[0.5, -0.5], [-1, 1], [0, 0.25], [1, 1]])
    before = vector.reset(seed=0)[1]["gaze"]
    infos = vector.step({"location": vector.look_at(places), "action": np.zeros(4, int)})[-1]
    np.testing.assert_allclose(infos["gaze"], before + np.clip(places - before, np.negative(limit), limit), atol=1e-5)
    env.reset(seed=0)
    np.testing.assert_allclose(
        env.step({"location": env.look_at(places[:1])[0], "action": 0})[-1]["gaze"], infos["gaze"][0]
    )
    with pytest.raises(ValueError, match="shape"):
        vector.look_at(places[:2])


def test_the_gaze_takes_no_random_numbers_from_the_environment() -> None:
    env, plain = foveated(), Drift()
    for seed in (4, None, None):
        env.reset(seed=seed)
        plain.reset(seed=seed)
        np.testing.assert_array_equal(env.unwrapped.image, plain.image)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("arguments", [{}, {"max_saccade": 0.3, "periphery": 3}, {"saccade": "relative"}])
def test_vectors_equal_gymnasiums_vectors_of_single_ones(form: str, mode: str, arguments: dict[str, Any]) -> None:
    singles = SyncVectorEnv([partial(foveated, form, **arguments)] * 4, autoreset_mode=mode)
    vector = foveated_vector(form, mode, **arguments)
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(vector, name) == getattr(singles, name), name
    steps = zip(vector_trajectory(vector, 11), vector_trajectory(singles, 11), strict=True)
    for step, (ours, theirs) in enumerate(steps):
        assert_same(ours, theirs, f"step {step}")
        assert ours[0] in vector.observation_space
    assert vector.autoreset_mode.value == mode


@pytest.mark.parametrize("mode", MODES)
def test_seeds_and_masks_of_some_rows(mode: str) -> None:
    singles = SyncVectorEnv([foveated] * 4, autoreset_mode=mode)
    vector = foveated_vector("colour", mode)
    actions = actions_for(vector)
    for seed in (8, [5, 5, 7, None], [None, 5, None, 2]):
        assert_same(vector.reset(seed=seed), singles.reset(seed=seed))
        action = next(actions)
        assert_same(vector.step(action), singles.step(action))
        options = {"reset_mask": np.array([True, False, True, False])}
        ours, theirs = (env.reset(seed=1, options=copy.copy(options)) for env in (vector, singles))
        assert_same(ours, theirs)
        vector.reset(options=options)
        singles.reset(options=dict(options))
        assert set(options) == {"reset_mask"}, "the caller's options are left as they are"


def test_our_own_vector_environments_can_be_worn_over() -> None:
    # Catch's whole screen as one patch, (1, 24, 24), without its first axis: a grey image.
    native = gym.make_vec("ram_envs/Catch-v0", num_envs=3, foveated=False)
    squeezed = gym.wrappers.vector.TransformObservation(
        native,
        lambda seen: seen["glimpse"][:, 0],
        single_observation_space=spaces.Box(0, 1, (24, 24), np.float32),
    )
    env = FoveatedVectorObservation(squeezed, RETINA)
    env.reset(seed=0)
    inner = {"location": np.zeros((3, 2), np.float32), "action": np.ones(3, int)}
    for _ in range(23):
        seen, _, terminated, _, _ = env.step({"location": np.full((3, 2), 0.5, np.float32), "action": inner})
    assert terminated.all()
    assert seen in env.observation_space
    assert seen["location"].tolist() == [[0.5, 0.5]] * 3
    begun = env.step({"location": np.full((3, 2), 0.5, np.float32), "action": inner})[0]
    assert (begun["location"] != 0.5).all()


@pytest.mark.parametrize("kind", ["objects", "array", "dict"])
def test_last_observations_in_every_form_that_environments_have(kind: str) -> None:
    vector = foveated_vector("dict" if kind == "dict" else "colour", "SameStep")
    images = np.random.default_rng(0).integers(0, 256, (4, 12, 18, 3)).astype(np.uint8)
    final: Any = images
    if kind == "objects":
        final = np.array([None, images[1], None, images[3]], object)
    elif kind == "dict":
        final = {"image": images, "speed": np.full((4, 1), 2, np.float32)}
    vector.gaze.eyes = np.array([[0, 0], [0.5, 0], [0, 0], [-0.5, 1]], np.float32)
    last = vector._see_last(final, np.array([1, 3]))
    assert (last[0], last[2]) == (None, None)
    for row in (1, 3):
        assert last[row] in vector.single_observation_space
        np.testing.assert_array_equal(last[row]["glimpse"], RETINA(images[row][None], vector.gaze.eyes[[row]])[0])


def test_what_is_returned_is_the_callers_to_keep() -> None:
    vector = foveated_vector("dict", "SameStep", periphery=2)
    for env in (foveated("dict", periphery=2), vector):
        seen: list[np.ndarray] = []
        for item in (trajectory if isinstance(env, gym.Env) else vector_trajectory)(env, 0):
            for array in arrays_in(item[0]):
                assert not any(np.shares_memory(array, past) for past in seen)
                seen.append(array)


def test_copies_go_on_identically() -> None:
    for env in (foveated(), foveated_vector("colour", "NextStep")):
        env.reset(seed=0)
        for twin in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
            one = copy.deepcopy(env)
            for action, _ in zip(actions_for(env), range(1 if isinstance(env, gym.Env) else 12), strict=False):
                assert_same(one.step(action), twin.step(action))
            assert_same(one.reset(), twin.reset())


BAD = [
    ({"location": [0, 0]}, "action"),
    (2, "location"),
    ({"location": [0, 1.5], "action": 0}, r"1\.5"),
    ({"location": [0, np.nan], "action": 0}, "nan"),
    ({"location": [0.0], "action": 0}, r"\(1, 2\)"),
]


@pytest.mark.parametrize(("action", "named"), BAD)
def test_a_bad_action_is_refused_and_changes_nothing(action: Any, named: str) -> None:
    env = foveated()
    env.reset(seed=1)
    untouched = copy.deepcopy(env)
    with pytest.raises((KeyError, ValueError), match=named):
        env.step(action)
    good = next(actions_for(env))
    assert_same(env.step(good), untouched.step(good))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        FoveatedObservation(Drift(), RETINA, patch_size=4)
    with pytest.raises(ValueError, match=r"2 action_names.*4 actions"):
        foveated(render_mode="rgb_array", action_names=["a", "b"])
    with pytest.raises(ValueError, match=r"'human'.*HumanRendering"):
        FoveatedObservation(Drift(), RETINA, render_mode="human")
    for wrap, env in ((FoveatedObservation, Drift()), (FoveatedVectorObservation, SyncVectorEnv([Drift]))):
        with pytest.raises(TypeError, match=r"'patchsize'; known are retina, render_mode, .*patch_size.*periphery"):
            wrap(env, patchsize=4)
    silent = SyncVectorEnv([Drift])
    silent.metadata = {}
    with pytest.raises(ValueError, match="autoreset_mode"):
        FoveatedVectorObservation(silent)


def test_the_packages_other_wrappers_fit_over_it() -> None:
    assert FlatAction(foveated()).action_space.shape == (6,)
    env = GridAction(foveated(), columns=3, rows=3)
    env.reset(seed=0)
    assert env.step([0, 2, 1])[0]["location"] == pytest.approx([-2 / 3, 2 / 3])


def test_it_is_made_again_from_its_spec() -> None:
    env = FoveatedObservation(gym.make("tests/Drift-v0"), patch_size=5, max_saccade=0.5, periphery=2)
    assert json.loads(env.spec.to_json())["additional_wrappers"]
    assert_same(trajectory(gym.make(env.spec)), trajectory(env))
    again = gym.make(pickle.loads(pickle.dumps(env.spec)))
    assert repr(again.gaze.retina) == repr(Retina(5))
    assert (again.gaze.saccades.most, again.observation_space) == (0.5, env.observation_space)
    assert foveated_vector("colour", "Disabled").spec is None, "no id makes it again"


# Pictures.


def test_pictures_show_the_image_with_the_gaze_and_change_nothing() -> None:
    pytest.importorskip("pygame")
    env = foveated("colour", render_mode="rgb_array", initial_location="center")
    with pytest.raises(gym.error.ResetNeeded):
        env.render()
    plain = foveated("colour", initial_location="center")
    assert_same(env.reset(seed=2), plain.reset(seed=2))
    first = env.render()
    assert (first.shape, first.dtype) == ((480, 800, 3), np.uint8)
    np.testing.assert_array_equal(env.render(), first)
    action = {"location": np.array([1, 1], np.float32), "action": 1}
    for _ in range(2):
        if env.unwrapped.left == 1:
            assert_same(env.reset(), plain.reset())
        assert_same(env.step(action), plain.step(action))
        assert (env.render() != first).any()
    # What is seen is drawn in full brightness, where it is seen: here the finest patch, around the middle.
    env.reset(seed=2)
    np.testing.assert_array_equal(env.render(), first)
    middle = env.unwrapped.image[6, 9 - 2]
    pixel = int(0.92 * 480 / 18)
    row, column = 240 + pixel // 2, 240 - 2 * pixel + pixel // 2
    np.testing.assert_array_equal(first[row, column], middle)


def test_pictures_without_the_environments_own_and_with_continuous_actions() -> None:
    pytest.importorskip("pygame")

    class Steered(Drift):
        def __init__(self) -> None:
            super().__init__("float")
            self.action_space = spaces.Box(-1, 1, (3,))

    env = FoveatedObservation(Steered(), RETINA, render_mode="rgb_array")
    assert env.render_mode == "rgb_array"
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert env.render().shape == (480, 800, 3)
    assert FoveatedObservation(Steered(), RETINA).render_mode is None


def test_a_window_by_gymnasiums_own_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    pygame = pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    inner = foveated(render_mode="rgb_array")
    assert inner.metadata["render_fps"] == 7
    inner.metadata["render_fps"] = 10_000
    env, plain = gym.wrappers.HumanRendering(inner), foveated()
    for seed in (0, None):
        assert_same(env.reset(seed=seed), plain.reset(seed=seed))
        action = next(actions_for(plain))
        assert_same(env.step(action), plain.step(action))
    assert pygame.display.get_surface().get_size() == (800, 480)
    env.close()


def test_a_picture_for_each_row_that_changes_nothing() -> None:
    pytest.importorskip("pygame")
    vector, plain = (foveated_vector("colour", "NextStep", render_mode=mode) for mode in ("rgb_array", None))
    stories = []
    for env in (vector, plain):
        story = [env.reset(seed=1)]
        for action, _ in zip(actions_for(env), range(8), strict=False):
            frames = env.render() if env is vector else None
            assert frames is None or [frame.shape for frame in frames] == [(480, 800, 3)] * 4
            story.append(env.step(action))
        stories.append(story)
    assert_same(stories[0], stories[1])
    lengths = [len(path) for path in vector._picture._paths]
    assert max(lengths) <= 6, "a path ends with its episode"


# Environments that others wrote.


def test_minigrid() -> None:
    pytest.importorskip("minigrid")
    from minigrid.envs import LavaGapEnv
    from minigrid.wrappers import ImgObsWrapper, RGBImgObsWrapper

    room = LavaGapEnv(size=5, render_mode="rgb_array")
    env = FoveatedObservation(ImgObsWrapper(RGBImgObsWrapper(room)), patch_size=8, num_scales=2)
    check_env(env)
    seen, _ = env.reset(seed=0)
    assert seen["glimpse"].shape == (2, 8, 8, 3)
    if pytest.importorskip("pygame"):
        assert env.render().shape == (480, 800, 3)
    named = FoveatedObservation(RGBImgObsWrapper(LavaGapEnv(size=5)), image_key="image")
    assert set(named.reset(seed=0)[0]) == {"glimpse", "location", "direction", "mission"}


def test_pong() -> None:
    gym.register_envs(pytest.importorskip("ale_py"))
    env = FoveatedObservation(
        gym.make("ALE/Pong-v5", render_mode="rgb_array"), patch_size=16, num_scales=3, periphery=(14, 8)
    )
    check_env(env, skip_render_check=True)
    seen, _ = env.reset(seed=0)
    assert seen["glimpse"].shape == (3, 16, 16, 3)
    assert seen["periphery"].shape == (14, 8, 3)
    if pytest.importorskip("pygame"):
        assert env.render().shape == (480, 800, 3)


def test_the_example_trains_and_films(tmp_path: Path) -> None:
    pytest.importorskip("minigrid")
    pytest.importorskip("torch")
    example = runpy.run_path(str(EXAMPLES / "foveated_minigrid.py"))
    value = example["main"](tmp_path, total_episodes=16, num_envs=8, test_episodes=8)
    assert 0 <= value < 1
    assert (tmp_path / "episodes.gif").stat().st_size > 0
    room = example["room"]()
    for seed in range(10):  # the gap lies in the first row at times: then east twice, south twice, 5 steps of 20
        room.reset(seed=seed)
        outcomes = [room.step(action)[1:4] for action in (0, 0, 1, 1) if not room.unwrapped.grid.get(2, 1)]
        assert [outcome[1] for outcome in outcomes] in ([], [False, False, False, True])
        assert not outcomes or outcomes[-1][0] == pytest.approx(1 - 0.9 * 5 / 20)
