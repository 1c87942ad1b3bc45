"""The window in which a person watches or plays: made when the first frame is shown, never before."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ram_envs.rendering.painting import NIGHT, import_pygame, surface_on

if TYPE_CHECKING:
    import pygame

_WITHOUT = 'use render_mode="rgb_array", or a command with --out, or run where there is a display'
_PATIENCE = 0.01  # seconds between two looks at the events while waiting for the next frame


class Input(NamedTuple):
    """Something that the person at the window did."""

    kind: Literal["key", "release", "click"]
    """A key went down, a key went up, or the left mouse button went down."""
    key: str
    """The key's name, such as "left", "a" or "7"; empty for a click."""
    position: tuple[float, float] | None
    """Where the mouse was, (x, y) in [0, 1] of the frame from its top-left corner; None outside of the frame."""


class Window:
    """A window that shows frames at a steady rate, scaled to its size.

    The window opens with the first frame and takes its size, if the screen is large enough; later frames keep their
    proportions in whatever size the window has by then. Once the person has closed it, it stays closed and `show` does
    nothing: whoever needs to know asks `closed`. Keys and mouse buttons stay in pygame's queue for `inputs`, or for a
    program that reads them itself.

    Args:
        title: the words in the window's title bar.
        interactive: somebody must see it, so that without a display opening it is an error rather than a warning.
    """

    def __init__(self, title: str = "ram_envs", *, interactive: bool = False) -> None:
        self.title = title
        self.interactive = interactive
        self.closed = False
        self._opened = False
        self._frame: NDArray[np.uint8] | None = None
        self._pointer = (-1, -1)
        self._next_frame = 0.0

    def show(self, frame: NDArray[np.uint8], *, fps: float) -> None:
        """Show a frame, then wait until the next one is due, listening all the while.

        Args:
            frame: an (H, W, 3) uint8 array.
            fps: frames a second, above 0.

        Raises:
            OSError: if no window can be opened.
            gymnasium.error.DependencyNotInstalled: if pygame is missing.
        """
        if fps <= 0:
            raise ValueError(f"fps must be above 0, got {fps}")
        if self.closed:
            return
        self._frame = np.ascontiguousarray(frame)
        self._open(self._frame)
        self._paint()
        # A frame that came late is not made up for by hurrying the following ones.
        self._next_frame = max(self._next_frame + 1 / fps, time.perf_counter())
        self._listen()
        while not self.closed and (rest := self._next_frame - time.perf_counter()) > 0:
            time.sleep(min(rest, _PATIENCE))
            self._listen()

    def inputs(self) -> list[Input]:
        """Return what the person did since the last call, oldest first."""
        taken: list[Input] = []
        if not self._opened:
            return taken
        pygame = import_pygame()
        for event in pygame.event.get():
            if event.type == pygame.KEYDOWN:
                taken.append(Input("key", self._key(event), self.mouse()))
            elif event.type == pygame.KEYUP:
                taken.append(Input("release", self._key(event), self.mouse()))
            elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
                taken.append(Input("click", "", self._in_frame(event.pos)))
            else:
                self._respond(event)
        return taken

    @staticmethod
    def _key(event: pygame.Event) -> str:
        """Return a key's name; those of the number pad are called like the others."""
        return import_pygame().key.name(event.key).strip("[]")

    def mouse(self) -> tuple[float, float] | None:
        """Return where the mouse is, (x, y) in [0, 1] of the frame; None outside of it or without a window."""
        return self._in_frame(self._pointer) if self._opened else None

    def close(self) -> None:
        """Close the window for good; calling it again does nothing."""
        if self._opened:
            import_pygame().display.quit()
        self._opened, self._frame, self.closed = False, None, True

    def _open(self, frame: NDArray[np.uint8]) -> None:
        """Open the window unless it is open; another program part may have closed pygame's display under it."""
        pygame = import_pygame()
        if self._opened and pygame.display.get_init() and pygame.display.get_surface():
            return
        height, width, _ = frame.shape
        try:
            pygame.display.init()
            pygame.display.set_caption(self.title)
            screen = pygame.Rect((0, 0), pygame.display.get_desktop_sizes()[0])
            size = (width, height)
            if width > screen.width or height > screen.height:
                size = pygame.Rect(0, 0, width, height).fit(screen.inflate(-100, -100)).size
            pygame.display.set_mode(size, pygame.RESIZABLE)
        except pygame.error as error:
            raise OSError(f"cannot open a window: {error}; {_WITHOUT}") from error
        self._opened = True
        if pygame.display.get_driver() in ("offscreen", "dummy") and "SDL_VIDEODRIVER" not in os.environ:
            if self.interactive:
                self.close()
                raise OSError(f"there is no display to open a window on: {_WITHOUT}")
            gymnasium.logger.warn(f"there is no display, so nobody can see the window: {_WITHOUT}")

    def _listen(self) -> None:
        """Answer the system's events, and leave keys and buttons for `inputs`."""
        pygame = import_pygame()
        if not pygame.display.get_init():
            return
        kept = (pygame.KEYDOWN, pygame.KEYUP, pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP)
        # pygame's own ways of leaving events in the queue shuffle them, so those to keep are put back one by one.
        for event in pygame.event.get():
            if event.type not in kept:
                self._respond(event)
            elif not self.closed:
                pygame.event.post(event)

    def _respond(self, event: pygame.Event) -> None:
        """Answer one of the system's events: close, move, resize, uncover."""
        pygame = import_pygame()
        if self.closed:
            return
        if event.type == pygame.QUIT:
            self.close()
        elif event.type == pygame.MOUSEMOTION:
            self._pointer = event.pos
        elif event.type in (pygame.VIDEORESIZE, pygame.WINDOWSIZECHANGED, pygame.WINDOWEXPOSED):
            self._paint()

    def _place(self) -> pygame.Rect:
        """Return where the frame lies in the window: as large as fits, in the middle."""
        pygame = import_pygame()
        assert self._frame is not None
        height, width, _ = self._frame.shape
        return pygame.Rect(0, 0, width, height).fit(pygame.display.get_surface().get_rect())

    def _paint(self) -> None:
        """Paint the latest frame, scaled to the window."""
        pygame = import_pygame()
        if self._frame is None:
            return
        screen, place, picture = pygame.display.get_surface(), self._place(), surface_on(self._frame)
        if place.size != picture.get_size():
            picture = pygame.transform.smoothscale(picture, place.size)
        screen.fill(NIGHT)
        screen.blit(picture, place)
        pygame.display.flip()

    def _in_frame(self, position: tuple[int, int]) -> tuple[float, float] | None:
        """Turn a position in the window into one in the frame, (x, y) in [0, 1], or None if it is outside."""
        place = self._place()
        if not place.collidepoint(position):
            return None
        return (position[0] - place.left + 0.5) / place.width, (position[1] - place.top + 0.5) / place.height
