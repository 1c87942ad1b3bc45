import itertools

import numpy as np
import pytest

from ram_envs.rendering.canvas import Canvas
from ram_envs.rendering.painting import GREEN, NIGHT, ORANGE, SKY, SLATE, VERMILLION, WHITE

pytest.importorskip("pygame")


def extent(frame, colour):
    """First and last column, first and last row of a colour."""
    rows, columns = np.nonzero((frame == colour).all(axis=-1))
    return columns.min(), columns.max(), rows.min(), rows.max()


def test_a_blank_canvas_is_dark_and_has_room_for_a_panel():
    canvas = Canvas.blank(60, 100)
    assert canvas.frame.shape == (60, 100, 3)
    assert (canvas.frame == NIGHT).all()
    canvas.clear_panel()
    assert (canvas.frame[:, :60] == NIGHT).all()
    assert (canvas.frame[:, 60:] == SLATE).all()


@pytest.mark.parametrize("size", [240, 480, 960])
def test_a_unit_is_a_480th_of_the_height(size):
    canvas = Canvas.blank(size, size)
    canvas.box(100, 40, 60, 20, ORANGE, radius=0)
    canvas.box(200, 200, 100, 100, SKY, line=2, radius=0)
    unit = size / 480
    assert canvas.unit == unit
    assert extent(canvas.frame, ORANGE) == (100 * unit, 160 * unit - 1, 40 * unit, 60 * unit - 1)
    assert (canvas.frame == SKY).all(axis=-1).sum() == (100**2 - 96**2) * unit**2


def test_boxes_that_touch_stay_in_touch_and_none_vanishes():
    for size in (60, 354, 600):
        canvas = Canvas.blank(size, size)
        edges = [0, 33.3, 34, 90.5, 200.1]
        boxes = [canvas.pixels(a, 0, b - a, 9) for a, b in itertools.pairwise(edges)]
        for (left, _, width, _), (following, *_) in itertools.pairwise(boxes):
            assert width == max(following - left, 1)
        assert canvas.pixels(10, 10, 0, 0)[2:] == (1, 1)


def test_words_begin_and_end_where_they_say():
    canvas = Canvas.blank(960, 960)
    left, right = canvas.write("word", (240, 100), 40, WHITE, "midright")
    assert right == 240
    first, last, top, bottom = extent(canvas.frame > 128, (True, True, True))
    assert first / 2 == pytest.approx(left, abs=3)
    assert last / 2 == pytest.approx(right, abs=3)
    assert (top + bottom) / 4 == pytest.approx(100, abs=5)
    assert 10 < (bottom - top) / 2 < 40


def test_marks_lie_with_their_middle_at_their_place():
    canvas = Canvas.blank(600, 1000)
    canvas.mark(True, (100, 60), 40)
    canvas.mark(False, (200, 60), 40)
    canvas.dot((300, 60), 12, ORANGE)
    canvas.ring((400, 60), 12, 2, SKY)
    for x, radius, colour in ((100, 20, GREEN), (200, 20, VERMILLION), (300, 12, ORANGE), (400, 12, SKY)):
        first, last, top, bottom = extent(canvas.frame, colour)
        assert ((first + last) / 2, (top + bottom) / 2) == pytest.approx((x * 1.25, 60 * 1.25), abs=1.5)
        assert (last - first) / 2 == pytest.approx(radius * 1.25, abs=2)
    assert tuple(canvas.frame[75, 500]) == NIGHT  # a ring is open


def test_an_image_is_put_pixel_by_pixel():
    canvas = Canvas.blank(600, 1000)
    image = np.random.default_rng(0).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    canvas.image(image, (40, 20))
    np.testing.assert_array_equal(canvas.frame[25:32, 50:59], image)
    assert (canvas.frame[32:] == NIGHT).all()
