import numpy as np
import pytest
from ram_agents.game import titles
from ram_agents.game.cards import CARDS
from ram_agents.game.drawing import SIZE, Score

from ram_envs.rendering.painting import GREEN, ORANGE, SCALE_COLOURS, SKY, VERMILLION

pytest.importorskip("pygame")


def count(frame, colour):
    """How many pixels have a colour, as far as smooth letters do."""
    return int((np.abs(frame.astype(int) - colour) <= 2).all(axis=-1).sum())


@pytest.mark.parametrize("cards", [8, 9])
def test_title_card_is_the_one_under_the_pointer(cards):
    boxes = titles.card_boxes(cards)
    for i, (left, top, width, height) in enumerate(boxes):
        assert titles.title_card(cards, ((left + width / 2) / 800, (top + height / 2) / 480)) == i
        assert titles.title_card(cards, ((left - 2) / 800, top / 480)) != i
    right, bottom = max(left + width for left, _, width, _ in boxes), max(top + high for _, top, _, high in boxes)
    assert right <= 800
    assert bottom <= 450  # above the line of keys
    for beside in [(0.01, 0.5), (0.5, 0.99), None]:
        assert titles.title_card(cards, beside) is None


@pytest.mark.parametrize(
    ("you", "ram", "winner"),
    [([True, False, True], [True, False, False], SKY), ([False, False], [True, False], ORANGE), ([True], [True], None)],
)
def test_result_says_in_its_colour_who_won(you, ram, winner):
    picture = titles.paint_result("CATCH", Score(you, ram, len(you) - 1, len(you)))
    words = picture[100:160]
    assert [count(words, colour) > 100 for colour in (SKY, ORANGE)] == [winner == SKY, winner == ORANGE]
    marks = picture[390:500]
    assert (count(marks, GREEN) > 0) == (True in you + ram)
    assert (count(marks, VERMILLION) > 0) == (False in you + ram)


def test_result_of_who_played_alone_names_nobody_else():
    picture = titles.paint_result("THE SUM", Score([True, False], None, 1, 2))
    assert count(picture, ORANGE) == 0
    assert (count(picture, GREEN) > 0, count(picture, VERMILLION) > 0) == (True, True)
    against = titles.paint_result("THE SUM", Score([True, False], [True, False], 1, 2))
    assert count(against, GREEN) == pytest.approx(2 * count(picture, GREEN), abs=10)


def test_the_emblem_has_the_colours_of_the_retinas_scales():
    picture, unit = titles.paint_title(CARDS, None), SIZE / 480
    row = picture[round(78 * unit)]
    for half, colour in zip(titles.EMBLEM, SCALE_COLOURS, strict=False):
        edge = row[round((648 - half) * unit) : round((648 - half + 2) * unit)]
        assert count(edge[None], colour) > 0
