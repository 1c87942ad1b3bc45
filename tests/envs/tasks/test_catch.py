"""Catch, judged from its screens alone: full-screen observations, then what the retina makes of them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import pytest

from ram_envs.retina.retina import Retina

ID = "ram_envs/Catch-v0"
LEFT, STAY, RIGHT = 0, 1, 2


class Games(NamedTuple):
    """Finished games, one a column: T steps, B games."""

    screens: np.ndarray  # (T + 1, B, H, W) bool, the first from reset
    rewards: np.ndarray  # (T, B)

    def paddle(self, step: int) -> np.ndarray:
        """The paddle's leftmost column; on the last screen, where the ball may hide it, as far as it shows."""
        return self.screens[step, :, -1].argmax(axis=1)

    def ball(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The ball's row and column, before it reaches the bottom row: each (B,)."""
        above = self.screens[step, :, :-1]
        assert (above.sum(axis=(1, 2)) == 1).all(), "above the bottom row the ball is the only pixel"
        return above.any(axis=2).argmax(axis=1), above.any(axis=1).argmax(axis=1)


def play(choose: Any = STAY, *, games: int = 500, seed: int = 0, **kwargs: Any) -> Games:
    """Play games to their end, by a fixed action or by `choose(step) -> (B,)`."""
    env = gym.make_vec(ID, num_envs=games, foveated=False, autoreset_mode="Disabled", **kwargs)
    observation, _ = env.reset(seed=seed)
    screens, rewards = [binary(observation["glimpse"])], []
    terminated = np.zeros(games, bool)
    while not terminated.any():
        action = np.full(games, choose(len(rewards)) if callable(choose) else choose)
        location = np.zeros((games, 2), np.float32)
        observation, reward, terminated, truncated, _ = env.step({"location": location, "action": action})
        screens.append(binary(observation["glimpse"]))
        rewards.append(reward)
        assert not truncated.any()
    assert terminated.all(), "all games are equally long"
    return Games(np.array(screens), np.array(rewards))


def binary(glimpse: np.ndarray) -> np.ndarray:
    """Full-screen glimpses (B, 1, H, W) as booleans (B, H, W)."""
    screens = glimpse[:, 0] > 0
    assert (glimpse[:, 0] == screens).all(), "the screen is binary"
    return screens


def test_a_game_has_23_steps_and_is_rewarded_at_the_end_alone() -> None:
    games = play()
    assert games.screens.shape == (24, 500, 24, 24)
    assert (games.rewards[:-1] == 0).all()
    assert set(np.unique(games.rewards[-1])) == {0, 1}


def test_the_ball_falls_one_row_a_step_from_any_column_of_the_top_row() -> None:
    games = play()
    for step in range(23):
        assert (games.ball(step)[0] == step).all()
    assert set(games.ball(0)[1]) == set(range(24))


def test_the_paddle_is_two_pixels_anywhere_on_the_bottom_row() -> None:
    games = play()
    assert (games.screens[:23, :, -1].sum(axis=2) == 2).all()
    left = games.paddle(0)
    assert games.screens[0, np.arange(500), -1, left + 1].all(), "the two are neighbours"
    assert set(left) == set(range(23))


def test_places_and_angles_are_spread_evenly() -> None:
    games = play(games=6000)
    for values, kinds in ((games.ball(0)[1], 24), (games.paddle(0), 23)):
        counts = np.bincount(values, minlength=kinds)
        chi_squared = ((counts - 6000 / kinds) ** 2 / (6000 / kinds)).sum()
        assert chi_squared < kinds - 1 + 5 * math.sqrt(2 * kinds)
    moved = games.ball(1)[1] - games.ball(0)[1]
    assert (moved > 0).mean() == pytest.approx((moved < 0).mean(), abs=0.03)
    landing = games.ball(22)[1]
    assert np.bincount(landing, minlength=24).min() > 6000 / 24 / 2, "every column is a likely landing place"
    assert abs(np.corrcoef(games.ball(0)[1], games.paddle(0))[0, 1]) < 0.05


@pytest.mark.parametrize(("action", "change"), [(LEFT, -1), (STAY, 0), (RIGHT, 1)])
def test_the_paddle_moves_by_one_pixel_and_stops_at_the_walls(action: int, change: int) -> None:
    games = play(action)
    expected = games.paddle(0)
    for step in range(1, 23):
        expected = np.clip(expected + change, 0, 22)
        np.testing.assert_array_equal(games.paddle(step), expected)


def test_the_ball_goes_straight_and_bounces_off_the_walls() -> None:
    games = play(games=150)
    columns = np.array([games.ball(step)[1] for step in range(23)])  # (T, B)
    assert np.abs(np.diff(columns, axis=0)).max() == 1, "at most 45 degrees"
    # Some straight line, folded at the walls, must pass through all the pixels of a path: search them all, finely.
    starts, drifts = np.meshgrid(np.arange(0.02, 24, 0.04), np.tan(np.linspace(-1, 1, 401) * math.pi / 4))
    bounced = 0
    for path in columns.T:
        near = (starts >= path[0]) & (starts < path[0] + 1)
        lines = starts[near, None] + drifts[near, None] * np.arange(23)
        folded = 24 - np.abs(lines % 48 - 24)
        fitting = (np.abs(folded - (path + 0.5)) < 0.62).all(axis=1)  # half a pixel, and the fineness of the search
        assert fitting.any(), f"no straight line makes {path}"
        bounced += ((lines < 0) | (lines > 24)).any(axis=1)[fitting].all()
    assert bounced > 30, "too few bounces to tell"


def test_reward_is_one_exactly_if_the_paddle_is_under_the_ball() -> None:
    for action in (LEFT, STAY, RIGHT):
        games = play(action, games=2000)
        before = games.paddle(22)
        paddle = np.clip(before + action - 1, 0, 22)
        # On the last screen the bottom row shows the ball and the paddle; where they overlap, the paddle alone.
        lit = games.screens[-1, :, -1].sum(axis=1)
        assert games.screens[-1, np.arange(2000), -1, paddle].all()
        assert games.screens[-1, np.arange(2000), -1, paddle + 1].all()
        assert not games.screens[-1, :, :-1].any()
        np.testing.assert_array_equal(games.rewards[-1], lit == 2)


def test_a_paddle_that_ignores_the_ball_catches_one_in_twelve() -> None:
    generator = np.random.default_rng(0)
    assert play(games=6000).rewards[-1].mean() == pytest.approx(2 / 24, abs=0.01)
    random_moves = play(lambda step: generator.integers(0, 3, 6000), games=6000)
    assert random_moves.rewards[-1].mean() == pytest.approx(2 / 24, abs=0.01)


def test_a_paddle_that_knows_the_landing_place_catches_every_ball() -> None:
    still = play(games=2000, seed=5)
    last = still.screens[-1, :, -1].copy()
    paddle = still.paddle(0)
    rows = np.arange(2000)
    last[rows, paddle], last[rows, paddle + 1] = False, False
    landing = np.where(
        last.any(axis=1), last.argmax(axis=1), paddle
    )  # where only the paddle shows, it is there already

    def towards(step: int) -> np.ndarray:
        nonlocal paddle
        action = np.where(landing < paddle, LEFT, np.where(landing > paddle + 1, RIGHT, STAY))
        paddle = paddle + action - 1
        return action

    assert play(towards, games=2000, seed=5).rewards[-1].all()


def test_play_does_not_move_the_ball() -> None:
    still, moving = play(STAY), play(RIGHT)
    np.testing.assert_array_equal(still.screens[:-1, :, :-1], moving.screens[:-1, :, :-1])


@pytest.mark.parametrize(
    ("height", "width", "paddle_width", "ball_speed", "steps"),
    [(24, 24, 2, 2, 12), (10, 6, 1, 1, 9), (10, 6, 6, 3, 3), (12, 30, 5, 4, 3), (2, 1, 1, 1, 1), (5, 8, 2, 50, 1)],
)
def test_other_sizes_keep_the_rules(height: int, width: int, paddle_width: int, ball_speed: int, steps: int) -> None:
    games = play(height=height, width=width, paddle_width=paddle_width, ball_speed=ball_speed)
    assert games.screens.shape == (steps + 1, 500, height, width)
    for step in range(steps):
        assert (games.ball(step)[0] == step * ball_speed).all()
        assert (games.screens[step, :, -1].sum(axis=1) == paddle_width).all()
    lit = games.screens[-1, :, -1].sum(axis=1)
    np.testing.assert_array_equal(games.rewards[-1], lit == paddle_width)
    if paddle_width == width:
        assert games.rewards[-1].all()


def test_a_faster_ball_takes_the_same_path() -> None:
    slow, fast = play(games=200), play(games=200, ball_speed=3)
    for step in range(8):
        for seen, expected in zip(fast.ball(step), slow.ball(3 * step), strict=True):
            np.testing.assert_array_equal(seen, expected)


def test_the_retina_sees_the_screen_at_the_gaze() -> None:
    arguments = {"num_envs": 64, "autoreset_mode": "Disabled"}
    seen, whole = gym.make_vec(ID, **arguments), gym.make_vec(ID, foveated=False, **arguments)
    observation, _ = seen.reset(seed=9)
    screen, _ = whole.reset(seed=9)
    assert observation["glimpse"].shape == (64, 3, 6, 6)
    generator = np.random.default_rng(0)
    retina = Retina(6, 3)
    for step in range(23):
        np.testing.assert_array_equal(observation["location"], screen["location"])
        expected = retina(screen["glimpse"][:, 0], observation["location"])
        np.testing.assert_allclose(observation["glimpse"], expected, atol=1e-6, err_msg=f"step {step}")
        location = generator.uniform(-1, 1, (64, 2)).astype(np.float32)
        action = {"location": location, "action": generator.integers(0, 3, 64)}
        observation, _, terminated, _, _ = seen.step(action)
        screen, *_ = whole.step(action)
        if not terminated.any():
            np.testing.assert_array_equal(observation["location"], location)
    assert terminated.all()
    assert (observation["location"] != location).any(axis=1).all(), "the last location is never looked at"


def test_max_pooling_keeps_the_ball_bright() -> None:
    env = gym.make_vec(ID, num_envs=200, pooling="max", initial_location="center")
    glimpse = env.reset(seed=0)[0]["glimpse"]
    assert np.isin(glimpse, [0, 1]).all()
    assert glimpse[:, 2].any(axis=(1, 2)).all()


def test_info_tells_where_things_are_and_no_label() -> None:
    env = gym.make(ID, foveated=False)
    for seed in range(20):
        observation, info = env.reset(seed=seed)
        terminated, steps = False, 0
        while not terminated:
            assert "label" not in info
            screen = observation["glimpse"][0]
            column, row = ((info["ball"] + 1) / 2 * 24).tolist()
            assert screen[math.floor(row), math.floor(column)] == 1
            assert math.floor(row) == steps
            column, row = ((info["paddle"] + 1) / 2 * 24).tolist()
            assert (round(row, 4), screen[-1, round(column) - 1], screen[-1, round(column)]) == (23.5, 1, 1)
            action = {"location": np.zeros(2, np.float32), "action": seed % 3}
            observation, reward, terminated, _, info = env.step(action)
            steps += 1
            assert info["is_success"] is (terminated and reward == 1)


def test_the_target_is_the_balls_pixel() -> None:
    env = gym.make_vec(ID, num_envs=6)
    env.reset(seed=0)
    for step in range(22):
        for row, (top, left, height, width) in enumerate(env.unwrapped.targets().tolist()):
            scene = env.unwrapped.view(row).scene
            assert (top, height, width, scene[top, left]) == (step, 1, 1, 255)
        env.step(env.action_space.sample())


def test_a_numbered_game_is_always_the_same() -> None:
    env = gym.make(ID, foveated=False, initial_location="center")
    first = env.reset(seed=1, options={"index": 7})
    again = env.reset(seed=2, options={"index": 7})
    other = env.reset(seed=2, options={"index": 8})
    np.testing.assert_array_equal(first[0]["glimpse"], again[0]["glimpse"])
    assert first[1]["index"] == 7
    assert (first[0]["glimpse"] != other[0]["glimpse"]).any()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"height": 1}, "height"),
        ({"width": 0}, "width"),
        ({"width": 3.5}, "3.5"),
        ({"paddle_width": 25}, "25"),
        ({"paddle_width": 0}, "paddle_width"),
        ({"ball_speed": 0}, "ball_speed"),
        ({"initial_location": "middle"}, "middle"),
        ({"pooling": "sum"}, "sum"),
    ],
)
def test_impossible_games_are_refused(arguments: dict, named: str) -> None:
    with pytest.raises((ValueError, TypeError), match=named):
        gym.make(ID, **arguments)
