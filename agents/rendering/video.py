"""Frames to files: GIF, MP4, and PNG strips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ram_envs.extras import how_to_install
from ram_envs.rendering.painting import NIGHT, SCALE_COLOURS, SLATE, VERMILLION, WHITE, YELLOW

Frame = NDArray[np.uint8]
"""(H, W, 3)."""
SIGNALS = (*SCALE_COLOURS, YELLOW, VERMILLION, WHITE, NIGHT, SLATE)
FORMATS = (".gif", ".mp4", ".png")


def check_path(path: Path) -> None:
    """Raise a ValueError, or a FileNotFoundError, unless a film can be written there."""
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"cannot write {path.name!r}: the name must end in {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {path.parent} to write {path.name!r} to")


def write_film(path: Path, frames: Sequence[Frame], *, fps: float, holds: Sequence[float] | None = None) -> None:
    """Write an animation.

    Args:
        path: ends in .gif or .mp4.
        frames: of one shape, with even sides.
        fps: frames a second.
        holds: for each frame, how many frame times it stays; 1 by default.
    """
    holds = [1.0] * len(frames) if holds is None else holds
    if path.suffix.lower() == ".gif":
        _write_gif(path, frames, [round(1000 * hold / fps) for hold in holds])
    else:
        _write_mp4(path, frames, holds, fps)


def _write_gif(path: Path, frames: Sequence[Frame], milliseconds: Sequence[int]) -> None:
    """One palette for all frames: no flicker, and only what changes from frame to frame is stored."""
    palette = _palette(frames)
    pictures = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=list(milliseconds), loop=0, optimize=False, disposal=1
    )


def _palette(frames: Sequence[Frame]) -> Image.Image:
    """A picture whose palette has the colours that the frames need most, and the signal colours."""
    sample = np.concatenate([frame[::2, ::2] for frame in frames[:: max(1, len(frames) // 24)]])
    common = Image.fromarray(sample).quantize(128 - len(SIGNALS), method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*common[: 3 * (128 - len(SIGNALS))], *(channel for colour in SIGNALS for channel in colour)])
    return palette


def _write_mp4(path: Path, frames: Sequence[Frame], holds: Sequence[float], fps: float) -> None:
    """At least 12 frames a second, since some players stumble over slower films: frames are repeated."""
    try:
        import imageio.v2
        import imageio_ffmpeg  # noqa: F401
    except ImportError as error:
        raise ImportError(f"an MP4 needs imageio with ffmpeg: run {how_to_install('render')}") from error
    times = max(1, round(12 / fps))
    writer: Any = imageio.v2.get_writer(path, fps=fps * times, macro_block_size=2, quality=8)
    with writer:
        for frame, hold in zip(frames, holds, strict=True):
            for _ in range(round(times * hold)):
                writer.append_data(frame)


def write_strip(path: Path, rows: Sequence[Sequence[Frame]]) -> None:
    """Write a PNG whose rows show one episode each, from left to right; shorter rows end in black.

    Args:
        path: ends in .png.
        rows: frames of one shape.
    """
    height, width, channels = rows[0][0].shape
    columns = max(len(row) for row in rows)
    strip = np.zeros((len(rows) * height, columns * width, channels), np.uint8)
    for i, row in enumerate(rows):
        for j, frame in enumerate(row):
            strip[i * height : (i + 1) * height, j * width : (j + 1) * width] = frame
    Image.fromarray(strip).save(path, optimize=True)
