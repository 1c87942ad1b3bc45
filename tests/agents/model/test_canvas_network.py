"""What was seen so far, each pixel in its place."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from ram_agents import RAM, Config, Reinforce
from ram_agents.evaluation.evaluate import evaluation_env
from ram_agents.model.canvas import Canvas
from ram_agents.rendering.episodes import environment

import ram_envs  # noqa: F401  (registers the environments)


def model(*shape: int, bound: float = 1.0, **options) -> RAM:
    seen = spaces.Dict(glimpse=spaces.Box(0, 1, shape), location=spaces.Box(-bound, bound, (2,)))
    act = spaces.Dict(location=spaces.Box(-1, 1, (2,)), action=spaces.Discrete(3))
    return RAM(seen, act, glimpse_network="canvas", glimpse_size=8, location_size=8, hidden_size=10, **options)


def paint(canvas: Canvas, *looks: tuple[list, list[float]], remembers=None, units: int = 10) -> torch.Tensor:
    """The picture of one row (C, S, S) after looks of a glimpse (g, g[, C]) at a location."""
    glimpses = torch.stack([torch.tensor(glimpse, dtype=torch.float32) for glimpse, _ in looks])[:, None, None]
    places = torch.tensor([place for _, place in looks])[:, None]
    rows = torch.zeros(canvas.rows(units), 1, units)
    after = canvas.painted(rows, {"glimpse": glimpses, "location": places}, remembers)
    assert [part.shape for part in after] == [rows.shape] * len(looks)
    return canvas._pictures(after[-1])[0]


def test_glimpses_lie_where_they_were_taken_and_later_ones_over_earlier() -> None:
    canvas = Canvas((1, 2, 2), 5, size=4)
    middle, corner = [[0.1, 0.2], [0.3, 0.0]], [[0.6, 0.7], [0.8, 0.9]]
    # At (0, 0) a patch of 2 covers pixels 1 and 2; at (-1, -1), the corner of the scene, pixels -1 and 0.
    expected = np.array([[1.9, 0, 0, 0], [0, 1.1, 1.2, 0], [0, 1.3, 1.0, 0], [0, 0, 0, 0]], np.float32)
    np.testing.assert_allclose(paint(canvas, (middle, [0, 0]), (corner, [-1, -1]))[0], expected, rtol=1e-6)
    # A step of a pixel to the right and down is 2 / 4.
    expected = np.array([[0, 0, 0, 0], [0, 1.1, 1.2, 0], [0, 1.3, 1.6, 1.7], [0, 0, 1.8, 1.9]], np.float32)
    np.testing.assert_allclose(paint(canvas, (middle, [0, 0]), (corner, [0.5, 0.5]))[0], expected, rtol=1e-6)


def test_what_is_forgotten_is_not_on_it() -> None:
    canvas, look = Canvas((1, 2, 2), 5, size=4), [[0.1, 0.2], [0.3, 0.4]]
    forgets = torch.tensor([1.0, 0.0]).view(2, 1, 1)
    picture = paint(canvas, (look, [0, 0]), (look, [1, 1]), remembers=forgets)
    assert picture.count_nonzero() == 1
    assert picture[0, 3, 3] == pytest.approx(1.1)


def test_each_colour_is_a_picture_and_dark_is_not_unknown() -> None:
    canvas = Canvas((1, 1, 1, 3), 5, size=3)
    picture = paint(canvas, ([[[0.0, 0.5, 1.0]]], [0, 0]))
    np.testing.assert_allclose(picture[:, 1, 1], [1, 1.5, 2])
    assert picture.count_nonzero() == 3
    blank, dark = torch.zeros(canvas.rows(10), 1, 10), paint(canvas, ([[[0.0, 0.0, 0.0]]], [0, 0]))
    assert not torch.equal(canvas(blank), canvas(canvas._rows(dark[None], blank)))


@pytest.mark.parametrize("patch", [7, 8])
def test_it_is_the_scene_wherever_one_has_looked(patch: int) -> None:
    """The retina places its patches by the same rule, at any place, over the edges too."""
    env = gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=64, patch_size=patch, num_scales=1, num_glimpses=9)
    observation, _ = env.reset(seed=0)
    canvas, rng = Canvas((1, patch, patch), 5, size=28), np.random.default_rng(0)
    rows, seen = torch.zeros(canvas.rows(100), 64, 100), 0.0
    for _ in range(8):
        look = {key: torch.from_numpy(observation[key])[None] for key in ("glimpse", "location")}
        (rows,) = canvas.painted(rows, look)
        picture = canvas._pictures(rows)[:, 0].numpy()
        known = picture > 0
        np.testing.assert_allclose(picture[known] - 1, env.unwrapped.whole_scenes()[known] / 255, atol=1e-6)
        assert known.mean() > seen
        seen = known.mean()
        on_pixels = rng.integers(0, 57, (64, 2)) / 28 - 1  # and between two
        places = np.where(rng.random((64, 1)) < 0.5, on_pixels, rng.uniform(-1, 1, (64, 2)))
        action = {"location": places.astype(np.float32), "action": np.zeros(64, np.int64)}
        observation, *_ = env.step(action)


def test_the_state_holds_it_behind_the_core() -> None:
    ram = model(1, 2, 2, canvas_size=5, core="lstm", location_network="cells")
    assert ram.num_states == 2 + 3 + 1  # h_t and the cell; 25 pixels in rows of 10; the looks
    look = {"glimpse": torch.rand(4, 1, 2, 2), "location": torch.zeros(4, 2)}
    _, state = ram.step(look, None)
    torch.testing.assert_close(state, ram.step(look, ram.initial_state(4))[1])
    assert state[2:5].transpose(0, 1).flatten(1).count_nonzero(1).tolist() == [4] * 4


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: model(2, 4, 4, canvas_size=9), "one scale together, and this retina has 2: use num_scales=1"),
        (lambda: model(1, 4, 4, bound=np.inf, canvas_size=9), "needs places on the scene: use saccade='absolute'"),
        (lambda: model(1, 4, 4), "'canvas' with canvas_size=0: a canvas needs the scene's width in pixels"),
        (lambda: Config(canvas_size=28), "'mlp' with canvas_size=28: a canvas needs"),
        (lambda: model(1, 4, 4, canvas_size=9, normalise="channels"), "the light as it is: use normalise='none'"),
        (
            lambda: Reinforce("ram_envs/GlimpseMNIST-v0", glimpse_network="canvas", canvas_size=60),
            "canvas_size=60, and the environment's scenes have 28 x 28 pixels",
        ),
        (
            lambda: Reinforce(
                "ram_envs/GlimpseMNIST-v0",
                glimpse_network="canvas",
                canvas_size=28,
                curriculum={"0": [{}], "0.5": [{"canvas_size": 40}]},
                num_envs=4,
                total_episodes=4,
            ).learn(),
            "canvas_size=28, and the environment's scenes have 40 x 40 pixels",
        ),
    ],
)
def test_what_no_canvas_can_be_of_is_refused(make, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()


@pytest.mark.parametrize("use", [evaluation_env, environment], ids=["evaluate", "watch"])
def test_an_agent_reads_no_scenes_of_another_size(use) -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", glimpse_network="canvas", canvas_size=28, num_envs=2)
    agent.config.env_kwargs["canvas_size"] = 40
    with pytest.raises(ValueError, match="canvas_size=28, and the environment's scenes have 40 x 40 pixels"):
        use(agent, num_envs=2)


def test_a_place_that_is_no_number_is_told_as_everywhere() -> None:
    ram = model(1, 2, 2, canvas_size=5)
    output, _ = ram.step({"glimpse": torch.rand(1, 1, 2, 2), "location": torch.full((1, 2), torch.nan)}, None)
    assert output.logits.isnan().all()
