import numpy as np
import pytest
from ram_agents.game import drawing
from ram_agents.game.drawing import Score, pointed_location, title_card

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


def test_title_card_is_the_one_under_the_pointer():
    for card in range(3):
        assert title_card((0.5, (drawing.CARD_TOP + card * drawing.CARD_STEP + 40) / 480)) == card
    for beside in [(0.01, 0.5), (0.5, 0.99), (0.5, (drawing.CARD_TOP + drawing.CARD_HEIGHT + 5) / 480), None]:
        assert title_card(beside) is None


@pytest.mark.parametrize(
    ("you", "ram", "winner"),
    [([True, False, True], [True, False, False], SKY), ([False, False], [True, False], ORANGE), ([True], [True], None)],
)
def test_result_says_in_its_colour_who_won(you, ram, winner):
    picture = drawing.paint_result("CATCH", Score(you, ram, len(you) - 1, len(you)))
    words = picture[100:160]
    assert [count(words, colour) > 100 for colour in (SKY, ORANGE)] == [winner == SKY, winner == ORANGE]
    marks = picture[390:500]
    assert (count(marks, GREEN) > 0) == (True in you + ram)
    assert (count(marks, VERMILLION) > 0) == (False in you + ram)


def test_score_marks_each_finished_round():
    canvas = drawing.blank()
    drawing.paint_score(canvas, "CATCH", "ball", Score([True], [False], 1, 3))
    first, second = (canvas.frame[160:186], canvas.frame[187:215])
    assert (count(first, GREEN) > 50, count(first, VERMILLION)) == (True, 0)
    assert (count(second, GREEN), count(second, VERMILLION) > 50) == (0, True)


def test_the_emblem_has_the_colours_of_the_retinas_scales():
    picture, unit = drawing.paint_title(None), drawing.SIZE / 480
    row = picture[round(78 * unit)]
    for half, colour in zip(drawing.EMBLEM, SCALE_COLOURS, strict=False):
        edge = row[round((648 - half) * unit) : round((648 - half + 2) * unit)]
        assert count(edge[None], colour) > 0
