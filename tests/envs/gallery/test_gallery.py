"""Galleries, and the thread that reads ahead."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ram_envs.gallery.ahead import ReadingAhead
from ram_envs.gallery.cache import Cache
from ram_envs.gallery.gallery import Gallery, prepare
from ram_envs.gallery.sources import list_split


class Pictures:
    """A function that tells which pictures it was asked for; some are damaged."""

    version = "1"

    def __init__(self, damaged: Sequence[int] = ()) -> None:
        self.damaged, self.asked = damaged, []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, index: int) -> np.ndarray:
        self.go_on.wait()
        self.asked.append(index)
        if index in self.damaged:
            raise ValueError(f"picture {index} is damaged")
        return np.full((80, 80), index, np.uint8)


def gallery(pictures: Pictures, directory: Path, most_open: int = 4) -> Gallery:
    listing = list_split(pictures, np.zeros(10, np.int64), split="train")
    pictures.asked.clear()
    return Gallery(listing.items, listing.channels, Cache(directory), most_open=most_open)


def test_pyramids_stay_open_and_stay_on_disk(tmp_path: Path) -> None:
    pictures = Pictures()
    first = gallery(pictures, tmp_path)
    assert first.pyramid(3) is first.pyramid(3)
    assert gallery(pictures, tmp_path).pyramid(3).level(0)[0, 0] == 3
    assert pictures.asked == []
    for index in range(5):
        first.pyramid(index)
    assert pictures.asked == [0, 1, 2, 4]
    assert len(first._open) == 4


def test_preparing_reads_all_and_names_what_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = Pictures(damaged=(2, 5))
    with pytest.raises(ValueError, match=r"2 of them are refused\npicture 2 is damaged\npicture 5 is damaged"):
        prepare(pictures, np.zeros(10, np.int64), cache_dir=tmp_path)
    assert pictures.asked == [0, *range(10)], "the first tells whether all are grey"
    assert len(list(tmp_path.glob("*.pyramid"))) == 8, "nothing is lost"
    assert capsys.readouterr() == ("", "")


def test_what_is_expected_is_read_ahead(tmp_path: Path) -> None:
    pictures = Pictures(damaged=(2,))
    it = gallery(pictures, tmp_path)
    ahead = ReadingAhead(it)
    ahead.expect([4, 2, 4, 1])
    ahead.wait()
    assert pictures.asked == [4, 2, 1]
    it.pyramid(4)
    assert pictures.asked == [4, 2, 1]
    with pytest.raises(ValueError, match="picture 2 is damaged"):
        it.pyramid(2)


def test_newer_wishes_replace_older_ones(tmp_path: Path) -> None:
    pictures = Pictures()
    it = gallery(pictures, tmp_path)
    pictures.go_on.clear()
    ahead = ReadingAhead(it)
    ahead.expect([9])
    ahead.expect([1, 2])
    ahead.expect([3])
    pictures.go_on.set()
    ahead.wait()
    assert pictures.asked[-1] == 3
    assert not {1, 2} & set(pictures.asked)


def test_the_thread_ends_with_its_object(tmp_path: Path) -> None:
    ahead = ReadingAhead(gallery(Pictures(), tmp_path))
    ahead.expect([1])
    ahead.wait()
    thread = ahead._thread
    assert thread is not None
    assert thread.is_alive()
    del ahead
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()
