"""Catch: the rules of the paper's dynamic environment (section 4.2), batched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_whole
from ram_envs.retina.gaze import InitialLocation, Rows
from ram_envs.retina.retina import Pooling, Region, Retina
from ram_envs.retina.saccade import Saccade
from ram_envs.tasks import kernels
from ram_envs.tasks.task import Outcome, Task

GAME_SEED = 20143  # Of the numbered games, `reset(options={"index": i})`. Changing it changes every published result.


class Catch(Task):
    """A ball falls, the paddle must be under it when it reaches the bottom row.

    The ball is one pixel. It starts in a random column of the top row and falls `ball_speed` rows a step along a
    straight line at a random angle, bouncing off the side walls. The paddle lies in the bottom row, begins at a random
    place and moves by one pixel: left, stay or right. When the ball reaches the bottom row the episode ends, with
    reward 1 if the paddle is under it, else 0.

    Args:
        height: rows of the screen.
        width: columns of the screen.
        paddle_width: in pixels.
        ball_speed: rows that the ball falls in a step.
        max_angle: the largest angle between the ball's path and the vertical, in degrees; the angle is uniform up to
            it.
        saccade: see `Task`; "relative" needs a fovea, whose coarsest patch gives the reach.
        foveated: False shows the whole screen as one patch, (1, height, width), wherever the agent looks.
    """

    frames_per_second = 12
    count_names = ("caught", "missed")
    num_scenes = math.inf
    target_name = "the ball"

    def __init__(
        self,
        *,
        batch_size: int = 1,
        height: int = 24,
        width: int = 24,
        paddle_width: int = 2,
        ball_speed: int = 1,
        max_angle: float = 45.0,
        patch_size: int = 6,
        num_scales: int = 3,
        pooling: Pooling = "average",
        initial_location: InitialLocation = "random",
        saccade: Saccade = "absolute",
        foveated: bool = True,
    ) -> None:
        self.height, self.width = check_whole("height", height, 2), check_whole("width", width, 1)
        self.paddle_width = check_whole("paddle_width", paddle_width, 1)
        if self.paddle_width > self.width:
            raise ValueError(f"paddle_width is {paddle_width}, wider than the screen of {width} pixels")
        self.ball_speed = check_whole("ball_speed", ball_speed, 1)
        if not 0 <= max_angle < 90:
            raise ValueError(f"max_angle is {max_angle}; it must be from 0 to below 90 degrees")
        self.max_angle = math.radians(max_angle)
        if saccade == "relative" and not foveated:
            raise ValueError(
                'saccade is "relative", but foveated=False shows the whole screen and has no reach; take "absolute"'
            )
        retina = Retina(patch_size, num_scales, pooling=pooling) if foveated else WholeScreen(self.height, self.width)
        super().__init__(
            batch_size=batch_size,
            retina=retina,
            image_shape=(self.height, self.width),
            num_steps=math.ceil((self.height - 1) / self.ball_speed),
            action_names=("left", "stay", "right"),
            num_draws=3,
            initial_location=initial_location,
            saccade=saccade,
        )
        self.indices = np.full(batch_size, -1, np.int64)
        self.start = np.zeros(batch_size)
        """Where the ball starts, in columns from the left wall."""
        self.drift = np.zeros(batch_size)
        """Columns that the ball moves sideways in a step."""
        self._lit = np.zeros((batch_size, 1 + self.paddle_width, 2), np.int64)
        """The lit pixels, see `lit`."""
        self._lit[:, 1:, 1] = self.height - 1

    @property
    def ball(self) -> NDArray[np.int64]:
        """The ball's column and row, (batch_size, 2)."""
        return self._lit[:, 0]

    @property
    def paddle(self) -> NDArray[np.int64]:
        """The paddle's leftmost column, (batch_size,)."""
        return self._lit[:, 1, 0]

    def _begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        if indices is not None:
            draws = np.stack([np.random.default_rng([GAME_SEED, index]).random(3) for index in indices])
        where = self.where(rows)
        self.indices[where] = -1 if indices is None else indices
        self.start[where] = draws[:, 0] * self.width
        self.drift[where] = np.tan((2 * draws[:, 1] - 1) * self.max_angle) * self.ball_speed
        self.paddle[where] = np.floor(draws[:, 2] * (self.width - self.paddle_width + 1))
        self._advance(rows, np.ones(len(rows), np.int64))  # The paddle stays; the ball goes to its place at step 0.

    def _advance(self, rows: Rows, action: NDArray[np.int64]) -> Outcome:
        terminated, caught = np.empty((2, len(rows)), np.bool_)
        size = self.height, self.width
        kernels.play_catch(
            rows, action, self.steps, self.start, self.drift, self._lit, size, self.ball_speed, terminated, caught
        )
        return Outcome(caught.astype(np.float64), terminated, caught)

    def observe(self, rows: Rows) -> dict[str, NDArray[np.float32]]:
        """See `Task.observe`; the retina gets the few lit pixels rather than the screen, which is faster."""
        eyes = self.eye[self.where(rows)]
        glimpse = self.retina.look_at_pixels(self.lit(rows), self.saccades.centre(eyes), self.image_shape)
        return {"glimpse": glimpse, "location": self.saccades.location(eyes)}

    def lit(self, rows: Rows) -> NDArray[np.int64]:
        """The lit pixels, (n, 1 + paddle_width, 2) as (column, row): the ball, then the paddle; not to be changed."""
        return self._lit[self.where(rows)]

    def scenes(self, rows: Rows) -> NDArray[np.uint8]:
        """See `Task.scenes`: 255 where the ball or the paddle is."""
        screens = np.zeros((len(rows), self.height, self.width), np.uint8)
        lit = self.lit(rows)
        screens[np.arange(len(rows))[:, None], lit[..., 1], lit[..., 0]] = 255
        return screens

    def targets(self, rows: Rows) -> NDArray[np.int64]:
        """See `Task.targets`: the ball's pixel."""
        where = self.where(rows)
        pixel = np.ones((len(rows), 4), np.int64)
        pixel[:, :2] = self.ball[where, ::-1]
        return pixel

    def objects(self, row: int) -> tuple[tuple[str, Region], ...]:
        """See `Task.objects`: the ball and the paddle."""
        column, ball_row = self.ball[row].tolist()
        paddle = Region(self.height - 1, int(self.paddle[row]), 1, self.paddle_width)
        return ("ball", Region(ball_row, column, 1, 1)), ("paddle", paddle)

    def _info(self, rows: Rows, where: Rows | slice) -> dict[str, NDArray[Any]]:
        """The game's number (-1 if it has none); the places of ball and paddle as locations (privileged)."""
        ball, paddle = np.empty((len(rows), 2)), np.empty((len(rows), 2), np.float32)
        kernels.places_in_catch(rows, self._lit, (self.height, self.width), ball, paddle)
        return {"index": self.indices[where], "ball": ball, "paddle": paddle}


class WholeScreen(Retina):
    """No fovea: the whole screen as one patch, (1, H, W), wherever the agent looks. For control runs."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__(1, 1)
        self.height, self.width = height, width

    def shape(self, image_shape: tuple[int, ...]) -> tuple[int, ...]:
        """(1, H, W)."""
        return (1, self.height, self.width)

    def glimpse(self, images: NDArray[Any], locations: NDArray[Any]) -> NDArray[np.float32]:
        """The screens (B, H, W) as (B, 1, H, W), in [0, 1]."""
        return np.divide(images[:, None], 255, dtype=np.float32)

    def look_at_pixels(
        self, pixels: NDArray[np.int64], locations: NDArray[np.floating[Any]], image_shape: tuple[int, ...]
    ) -> NDArray[np.float32]:
        """As `glimpse`, of the screens whose lit pixels these are."""
        screens = np.zeros((len(pixels), 1, self.height, self.width), np.float32)
        screens[np.arange(len(pixels))[:, None], 0, pixels[..., 1], pixels[..., 0]] = 1
        return screens

    def regions(self, location: NDArray[Any], image_shape: tuple[int, ...]) -> list[Region]:
        """One region: the screen."""
        return [Region(0, 0, self.height, self.width)]
