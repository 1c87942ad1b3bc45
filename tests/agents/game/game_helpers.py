"""A window that loses no time, and the person at it: what the tests of the game's screens share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from ram_agents import Reinforce
from ram_agents.game.cards import CARDS
from ram_agents.game.drawing import SIZE
from ram_agents.game.match import Match, MatchOptions
from ram_agents.game.screens import GameScreen, Screen, Title, advance

from ram_envs.rendering.frames import Stage
from ram_envs.rendering.view import View
from ram_envs.rendering.window import Window

pygame = pytest.importorskip("pygame")

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


def save_agents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Make files of two untrained agents, of Catch and of digits: their paths, as a match's options name them."""
    folder = tmp_path_factory.mktemp("agents")
    Reinforce("ram_envs/Catch-v0", **SMALL).save(folder / "catch.safetensors")
    digits = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 4}, **SMALL)
    digits.save(folder / "digits.safetensors")
    return {name: str(folder / f"{name}.safetensors") for name in ("catch", "digits")}


def make_match(agents: dict[str, str], **options: Any) -> Match:
    """A match of short games."""
    return Match(MatchOptions(**agents, balls=3, images=3, seed=1, **options), CARDS)


class HurriedWindow(Window):
    """A window that loses no time, and keeps the frame that it shows."""

    def show(self, frame: np.ndarray, *, fps: float) -> None:
        self.shown = frame
        super().show(frame, fps=1e6)


def open_window(monkeypatch: pytest.MonkeyPatch) -> Iterator[HurriedWindow]:
    """A window on SDL's dummy driver, which nobody can see; closed in the end."""
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    window = HurriedWindow("test")
    yield window
    window.close()


def key(name: str) -> None:
    """Press a key."""
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.key.key_code(name)))


def release(name: str) -> None:
    """Let go of a key."""
    pygame.event.post(pygame.event.Event(pygame.KEYUP, key=pygame.key.key_code(name)))


def to_pixels(point: tuple[float, float]) -> tuple[int, int]:
    """A place (x, y) in [0, 1] of the picture, in pixels of a window of its size."""
    return round(point[0] * SIZE * 5 / 3), round(point[1] * SIZE)


def click(point: tuple[float, float]) -> None:
    """Press the left mouse button at a place of the picture."""
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=to_pixels(point)))


def move(point: tuple[float, float]) -> None:
    """Move the mouse to a place of the picture."""
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=to_pixels(point), rel=(0, 0), buttons=(0, 0, 0)))


def point_at(view: View, location: tuple[float, float]) -> tuple[float, float]:
    """Where to point to look at a location."""
    x, y = Stage.fit(view.scene, SIZE).point(np.array(location, np.float32))
    return x / (SIZE * 5 / 3), y / SIZE


def opened(screen: Screen, window: Window) -> Screen | None:
    """The screen, once the window is there to take events."""
    return advance(screen, window)


def start(match: Match, window: Window, name: str) -> GameScreen:
    """The game behind a key of the title."""
    screen = opened(Title(match), window)
    key(name)
    screen = until(lambda screen: isinstance(screen, GameScreen), screen, window)
    assert isinstance(screen, GameScreen)
    return screen


def until(done: Callable[[Screen], bool], screen: Screen, window: Window) -> Screen:
    """The screen when something is done, which must come within 5000 pictures."""
    for _ in range(5000):
        if done(screen):
            return screen
        screen = advance(screen, window)
    raise AssertionError("it has not come in 5000 pictures")
