import numpy as np
import pytest
from game_views import seen
from ram_agents.game import drawing
from ram_agents.game.drawing import Score, pointed_location

from ram_envs.rendering.painting import GREEN, ORANGE, SCALE_COLOURS, SKY, VERMILLION

pytest.importorskip("pygame")


def count(frame, colour):
    """How many pixels have a colour, as far as smooth letters do."""
    return int((np.abs(frame.astype(int) - colour) <= 2).all(axis=-1).sum())


def test_pointing_beside_the_stage_is_nowhere():
    view = type("View", (), {"scene": np.zeros((28, 28), np.uint8)})()
    assert pointed_location(view, None) is None
    assert pointed_location(view, (0.61, 0.5)) is None
    assert pointed_location(view, (0.3, 0.5)) == pytest.approx((0, 0), abs=0.01)


def test_score_marks_each_finished_round():
    canvas = drawing.blank()
    drawing.paint_score(canvas, "CATCH", "ball", Score([True], [False], 1, 3))
    first, second = (canvas.frame[160:186], canvas.frame[187:215])
    assert (count(first, GREEN) > 50, count(first, VERMILLION)) == (True, 0)
    assert (count(second, GREEN), count(second, VERMILLION) > 50) == (0, True)


def test_who_plays_alone_sees_one_score():
    beside, alone = drawing.blank(), drawing.blank()
    drawing.paint_score(beside, "CATCH", "ball", Score([True], [False], 1, 3))
    drawing.paint_score(alone, "CATCH", "ball", Score([True], None, 1, 3))
    assert count(beside.frame, ORANGE) > 0
    assert count(alone.frame, ORANGE) == 0
    assert count(alone.frame, SKY) > 0


def view_of(side, scales):
    """A view of a scene of side x side pixels with a retina of 4x4 pixels in its middle: scale i is i / 10 bright."""
    glimpse = np.stack([np.full((4, 4), 1.0 if i == 0 else 0.0) for i in range(scales)])
    regions = [(side // 2 - 2 * 2**i, side // 2 - 2 * 2**i, 4 * 2**i, 4 * 2**i) for i in range(scales)]
    return seen(np.zeros((side, side), np.uint8), glimpse, regions)


def test_a_lens_enlarges_the_finest_patches_in_their_places():
    canvas, view = drawing.blank(), view_of(1000, 5)
    drawing.paint_lens(canvas, view, (500, 300, 64, 64))
    unit = canvas.unit
    inside = canvas.frame[round(300 * unit) : round(364 * unit), round(500 * unit) : round(564 * unit)]
    white = (inside == 255).all(-1)
    assert white.mean() == pytest.approx(1 / 16, rel=0.3)  # of a square of four times the finest patch's width
    rows, columns = np.nonzero(white)
    assert rows.mean() == pytest.approx(len(inside) / 2, abs=1)
    assert columns.mean() == pytest.approx(len(inside) / 2, abs=1)
    assert [count(canvas.frame, colour) > 0 for colour in SCALE_COLOURS] == [True, True, True, False]


def test_a_lens_is_for_patches_that_are_too_small_to_read():
    assert drawing.needs_lens(view_of(1000, 5))
    assert not drawing.needs_lens(view_of(100, 4))
    assert not drawing.needs_lens(view_of(1000, 1))
