"""What the script of large scenes counts, by hand."""

from __future__ import annotations

import runpy

import numpy as np
from places import DOCS

LARGE = runpy.run_path(str(DOCS / "large.py"))


def test_a_look_that_comes_back_lies_near_an_earlier_one_in_both_axes() -> None:
    one = [(0.0, 0.0), (100.0, 0.0), (40.0, -40.0), (0.0, 41.0), (100.0, 1.0)]  # the third is near the first
    other = [(0.0, 0.0), (41.0, 0.0), (0.0, 41.0), (500.0, 0.0), (900.0, 0.0)]  # never
    places = np.stack([one, other], axis=1)
    assert LARGE["returns"](places) == 2 / 8
    assert LARGE["returns"](places[:, :0]) == 0.0  # every digit was found


def test_a_search_on_a_small_canvas_finds_and_reads() -> None:
    agent = LARGE["ram_agents"].load("megapixel")
    wrong, found, returned, passed = LARGE["search"](agent, 60, "mean", scenes=10, rows=5)
    assert wrong.shape == found.shape == (24,)
    assert (np.diff(found) >= 0).all()
    assert found[-1] == 1.0
    assert wrong[-1] <= 0.2
    assert returned == passed == 0.0
