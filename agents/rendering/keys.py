"""The line of keys below what a window plays."""

from __future__ import annotations

import numpy as np

from ram_envs.rendering.painting import GREY, SLATE, YELLOW, surface_on, write

from .video import Frame

KEYS = "SPACE  pause      RIGHT  next      UP  DOWN  speed      ESC  leave"


def with_keys(frame: Frame, *, speed: float, paused: bool) -> Frame:
    """A frame with a line below it that names the keys, and says how fast it plays or that it is paused.

    Args:
        frame: (H, W, 3).
        speed: times the usual one.
        paused: whether it stands still.

    Returns:
        (H + round(W / 20), W, 3).
    """
    height, width, channels = frame.shape
    line, letters = round(width / 20), width / 32
    whole = np.concatenate([frame, np.zeros((line, width, channels), np.uint8)])
    surface, middle = surface_on(whole), height + line / 2
    surface.fill(SLATE, (0, height, width, line))
    write(surface, KEYS, (letters, middle), height=letters, colour=GREY, anchor="midleft")
    words, colour = ("paused", YELLOW) if paused else (f"speed x {speed:.1f}", GREY)
    write(surface, words, (width - letters, middle), height=letters, colour=colour, anchor="midright")
    return whole
