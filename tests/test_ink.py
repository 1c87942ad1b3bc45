"""Where the ink of a large scene is, by docs/ink.py."""

from __future__ import annotations

import runpy

import numpy as np
from places import DOCS

INK = runpy.run_path(str(DOCS / "ink.py"))


def test_the_brightest_boxes_come_first_and_a_part_of_one_at_the_edge_counts() -> None:
    scenes = np.zeros((2, 70, 70), np.uint8)  # boxes begin at 0, 32 and 64
    scenes[0, 10, 40:43] = 200  # in the box around (48, 16)
    scenes[0, 69, 69] = 255  # in that around (80, 80), of which 6 x 6 pixels are there
    scenes[1, 33, 0] = 1
    first, second, *_ = INK["brightest"](scenes, 9).swapaxes(0, 1)
    np.testing.assert_array_equal(first, [(48, 16), (16, 48)])
    np.testing.assert_array_equal(second[0], (80, 80))


def test_every_digit_lies_in_some_box_and_the_first_ones_find_more_than_chance() -> None:
    found = INK["found"](100, 60)  # 16 boxes
    assert found.shape == (24,)
    assert (np.diff(found) >= 0).all()
    assert found[15] == found[-1] == 1
    assert found[0] > 0.5
