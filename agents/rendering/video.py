"""Writes frames to files: GIF and MP4 videos, and PNG strips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ram_envs.extras import how_to_install
from ram_envs.rendering.frames import tile
from ram_envs.rendering.painting import NIGHT, SCALE_COLOURS, SLATE, VERMILLION, WHITE, YELLOW

Frame = NDArray[np.uint8]
"""(H, W, 3)."""
SIGNALS = (*SCALE_COLOURS, YELLOW, VERMILLION, WHITE, NIGHT, SLATE)
FORMATS = (".gif", ".mp4", ".png")


def check_path(path: Path) -> None:
    """Raise a ValueError, or a FileNotFoundError, unless a video can be written there."""
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"cannot write {path.name!r}: the name must end in {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {path.parent} to write {path.name!r} to")


def write_video(path: Path, frames: Sequence[Frame], *, fps: float, holds: Sequence[float] | None = None) -> None:
    """Write frames as a video.

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
    """Write a GIF with one palette for all frames: nothing flickers, and only what changes between frames is stored."""
    palette = _palette(frames)
    pictures = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=list(milliseconds), loop=0, optimize=False, disposal=1
    )


def _palette(frames: Sequence[Frame]) -> Image.Image:
    """Return a picture whose palette has the colours that the frames need most, and the signal colours."""
    sample = np.concatenate([frame[::2, ::2] for frame in frames[:: max(1, len(frames) // 24)]])
    common = Image.fromarray(sample).quantize(128 - len(SIGNALS), method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*common[: 3 * (128 - len(SIGNALS))], *(channel for colour in SIGNALS for channel in colour)])
    return palette


def _write_mp4(path: Path, frames: Sequence[Frame], holds: Sequence[float], fps: float) -> None:
    """Write at least 12 frames a second, by repeating frames: some players stumble over slower videos."""
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
    Image.fromarray(tile(rows)).save(path, optimize=True)
