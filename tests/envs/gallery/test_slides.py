"""Slides, by a stand-in for openslide that shows what is asked of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gymnasium.error import DependencyNotInstalled
from PIL import Image

from ram_envs.gallery.slides import SlideItem
from ram_envs.gallery.sources import list_split

PIXELS = np.random.default_rng(9).integers(0, 256, (90, 120, 4), np.uint8)


class Slide:
    """Has what `SlideItem` uses of openslide's class, with its order of arguments."""

    dimensions = (120, 90)

    def __init__(self, path: str) -> None:
        if Path(path).read_bytes() != b"slide":
            raise OSError("Unsupported or missing image file")

    def __enter__(self) -> Slide:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read_region(self, location: tuple[int, int], level: int, size: tuple[int, int]) -> Any:
        (x, y), (width, height) = location, size
        assert level == 0
        return Image.fromarray(PIXELS[y : y + height, x : x + width])


@pytest.fixture
def slide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(sys.modules, "openslide", SimpleNamespace(OpenSlide=Slide, OpenSlideError=OSError))
    path = tmp_path / "x" / "a.svs"
    path.parent.mkdir()
    path.write_bytes(b"slide")
    return path


def test_parts_of_a_slide_are_on_white(slide: Path) -> None:
    (item,) = list_split(slide.parent.parent, split="train", hold_out=False).items
    assert isinstance(item, SlideItem)
    assert item.size() == (90, 120)
    with item.open((3,)) as picture:
        assert picture.shape == (90, 120, 3)
        part, alpha = picture.read(10, 20, 30, 40), PIXELS[10:40, 20:60, 3:] / 255
    np.testing.assert_allclose(part, PIXELS[10:40, 20:60, :3] * alpha + 255 * (1 - alpha), atol=0.51)


def test_what_is_no_slide_is_named(slide: Path) -> None:
    slide.write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"a\.svs can't be read as a slide \(Unsupported"):
        SlideItem(slide).channels()


def test_without_openslide_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openslide", None)
    with pytest.raises(DependencyNotInstalled, match=r"openslide is not installed, and .*a\.svs needs it.*\[slides\]"):
        SlideItem(tmp_path / "a.svs").channels()
