import numpy as np
import pytest
from game_helpers import click, key, make_match, move, open_window, opened, release, save_agents
from ram_agents.game import titles
from ram_agents.game.cards import CARDS
from ram_agents.game.catch_screen import CatchScreen
from ram_agents.game.match import Card
from ram_agents.game.naming_screen import NamingScreen
from ram_agents.game.screens import Help, Loading, Title, advance, run

pygame = pytest.importorskip("pygame")

agents = pytest.fixture(save_agents, scope="module")
match = pytest.fixture(make_match)
window = pytest.fixture(open_window)


def test_title_and_help_answer_keys_and_escape_leaves(match, window):
    title = opened(Title(match), window)
    picture = window.shown.copy()
    key("h")
    help_screen = advance(title, window)
    assert isinstance(help_screen, Help)
    release("h")
    assert advance(help_screen, window) is help_screen
    assert (window.shown != picture).any()
    key("x")
    assert advance(help_screen, window) is title
    key("x")
    assert advance(title, window) is title
    np.testing.assert_array_equal(picture, title.paint(None))
    key("escape")
    assert advance(title, window) is None


def test_title_cards_are_chosen_by_a_click(match, window):
    for card, expected in enumerate((CatchScreen, CatchScreen, NamingScreen)):
        screen = opened(Title(match), window)
        left, top, width, height = titles.card_boxes(len(CARDS))[card]
        point = ((left + width / 2) / 800, (top + height / 2) / 480)
        move(point)
        advance(screen, window)
        lit = screen.paint(window.mouse())
        assert (lit != screen.paint(None)).any()
        click(point)
        screen = advance(advance(screen, window), window)
        assert isinstance(screen, expected)
        assert getattr(screen, "foveal", None) == {0: False, 1: True}.get(card)


def test_the_notice_is_painted_before_the_rival_is_loaded(match, window):
    begun = []
    game = Card("", ("", ""), "catch", (), lambda match, place: begun.append(window.shown) or Title(match))
    match.cards = [game] * 3
    screen = opened(Title(match), window)
    key("1")
    screen = advance(screen, window)
    assert isinstance(screen, Loading)
    assert not begun
    advance(screen, window)
    np.testing.assert_array_equal(begun, [titles.paint_loading(match.cards)])


def test_closing_the_window_ends_the_run(match, window):
    opened(Title(match), window)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    run(Title(match), window)
    assert window.closed
