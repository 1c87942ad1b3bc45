import numpy as np
import pytest
from ram_agents import Reinforce
from ram_agents.commands.play import GAMES, Play, advance, main, run
from ram_agents.game import drawing
from ram_agents.game.drawing import SIZE, pointed_location, title_card
from ram_agents.game.game_screens import SPEEDS, Catch, Digits
from ram_agents.game.games import DigitGame, Memory, rival_episodes
from ram_agents.game.screens import Help, Loading, Match, Result, Title

from ram_envs.rendering.frames import Stage
from ram_envs.rendering.view import View
from ram_envs.rendering.window import Window

pygame = pytest.importorskip("pygame")

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


@pytest.fixture(scope="module")
def agents(tmp_path_factory):
    """Files of two untrained agents: Catch and digits."""
    folder = tmp_path_factory.mktemp("agents")
    Reinforce("ram_envs/Catch-v0", **SMALL).save(folder / "catch.safetensors")
    digits = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 4}, **SMALL)
    digits.save(folder / "digits.safetensors")
    return {name: str(folder / f"{name}.safetensors") for name in ("catch", "digits")}


@pytest.fixture
def match(agents):
    return Match(Play(**agents, balls=3, images=3, seed=1), GAMES)


class HurriedWindow(Window):
    """A window that loses no time."""

    def show(self, frame, *, fps):
        self.shown = frame
        super().show(frame, fps=1e6)


@pytest.fixture
def window(monkeypatch):
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    window = HurriedWindow("test")
    yield window
    window.close()


def key(name):
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.key.key_code(name)))


def release(name):
    pygame.event.post(pygame.event.Event(pygame.KEYUP, key=pygame.key.key_code(name)))


def to_pixels(point):
    """(x, y) in [0, 1] of the picture, in pixels of a window of its size."""
    return round(point[0] * SIZE * 5 / 3), round(point[1] * SIZE)


def click(point):
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=to_pixels(point)))


def move(point):
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=to_pixels(point), rel=(0, 0), buttons=(0, 0, 0)))


def point_at(view, location):
    """Where to point to look at a location."""
    x, y = Stage.fit(view.scene, SIZE).point(np.array(location, np.float32))
    return x / (SIZE * 5 / 3), y / SIZE


def opened(screen, window):
    """The screen, once the window is there to take events."""
    return advance(screen, window)


def start(match, window, name):
    """The game behind a key of the title."""
    screen = opened(Title(match), window)
    key(name)
    screen = advance(screen, window)
    while isinstance(screen, Loading):
        screen = advance(screen, window)
    return screen


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
    for card, expected in enumerate((Catch, Catch, Digits)):
        screen = opened(Title(match), window)
        point = (0.5, (drawing.CARD_TOP + card * drawing.CARD_STEP + 40) / 480)
        assert title_card(point) == card
        move(point)
        advance(screen, window)
        lit = screen.paint(window.mouse())
        assert (lit != screen.paint(None)).any()
        click(point)
        screen = advance(advance(screen, window), window)
        assert isinstance(screen, expected)
        assert getattr(screen, "foveal", None) == {0: False, 1: True}.get(card)
    assert title_card((0.01, 0.5)) is None
    assert title_card((0.5, 0.99)) is None
    assert title_card(None) is None


def test_closing_the_window_ends_the_play(match, window):
    opened(Title(match), window)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    run(Title(match), window)
    assert window.closed


def play_digits(screen, window, answers):
    """Look once and answer, image after image; the screen after the last."""
    for answer in answers:
        click(point_at(screen.game.view, (0.25, -0.5)))
        screen = advance(screen, window)
        key(str(answer(screen.game.view.label)))
        screen = advance(screen, window)
        assert screen.game.view.finished
        key("space")
        screen = advance(screen, window)
    return screen


def test_digits_are_counted_and_compared_with_the_rival(match, window):
    screen = start(match, window, "3")
    assert isinstance(screen, Digits)
    rival = [episode.success for episode in screen.rival]
    right, wrong = (lambda label: label), (lambda label: (label + 1) % 10)
    assert screen.score == ([], [], 0, 3)
    result = play_digits(screen, window, [right, wrong, right])
    assert isinstance(result, Result)
    assert screen.game.results == [True, False, True]
    assert result.played.score == ([True, False, True], rival, 2, 3)
    advance(result, window)
    key("r")
    again = advance(result, window)
    assert isinstance(again, Digits)
    assert again.game.results == []
    assert again.game.numbers != screen.game.numbers
    key("escape")
    assert isinstance(advance(again, window), Title)


def test_digits_show_glimpses_only_until_the_answer(match, window):
    screen = start(match, window, "3")
    view = screen.game.view
    assert screen.game.looks_left == 3
    top, left, height, width = view.regions[0]
    stage = Stage.fit(view.scene, SIZE)
    unseen = view.scene > 100
    unseen[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = False
    hidden = np.argwhere(unseen)
    pixels = [(int(stage.top + (r + 0.5) * stage.pixel), int(stage.left + (c + 0.5) * stage.pixel)) for r, c in hidden]
    before = screen.paint(None)
    fog = before[pixels[0]]
    assert len(pixels) > 10
    shades = {tuple(before[pixel]) for pixel in pixels}
    assert tuple(fog) in shades
    assert len(shades) < len({int(view.scene[r, c]) for r, c in hidden})  # the digit itself shows nowhere
    key(str(view.label))
    advance(screen, window)
    after = screen.paint(None)
    assert np.mean([after[pixel].max() > 100 for pixel in pixels]) > 0.6


def test_digit_looks_are_limited_and_clicks_beside_the_stage_are_none(match, window):
    screen = start(match, window, "3")
    for expected, point in [(3, (0.9, 0.5)), (2, (0.3, 0.5)), (1, (0.2, 0.4)), (0, (0.3, 0.3)), (0, (0.2, 0.2))]:
        click(point)
        screen = advance(screen, window)
        assert screen.game.looks_left == expected
    assert len(screen.game.view.gaze) == 4
    assert not screen.game.view.finished
    key("5")
    assert advance(screen, window).game.view.finished


def test_a_click_looks_where_it_points(match, window):
    screen = start(match, window, "3")
    for location in [(0.5, -0.25), (-0.75, 0.5)]:
        click(point_at(screen.game.view, location))
        screen = advance(screen, window)
        assert screen.game.view.gaze[-1] == pytest.approx(location, abs=0.01)


def test_the_rival_begins_at_the_same_place_on_the_same_image(match, window):
    screen = start(match, window, "3")
    for number in range(3):
        view, rival = screen.game.view, screen.rival[number].views[0]
        np.testing.assert_array_equal(view.scene, rival.scene)
        np.testing.assert_array_equal(view.gaze[0], rival.gaze[0])
        screen.game.answer(0)
        if number < 2:
            screen.game.begin()


def test_the_rival_plays_the_same_balls(match, window):
    screen = start(match, window, "1")
    for number in range(3):
        view, rival = screen.game.view, screen.rival[number].views[0]
        np.testing.assert_array_equal(view.scene, rival.scene)
        np.testing.assert_array_equal(view.gaze[0], rival.gaze[0])
        while not screen.game.view.finished:
            screen.game.step(np.zeros(2, np.float32), 1)
        if number < 2:
            screen.game.begin()


@pytest.mark.parametrize("mode", ["1", "2"])
def test_catch_can_be_played_by_keyboard(match, window, mode):
    screen = start(match, window, mode)
    key("space")
    for _ in SPEEDS:
        key("up")
    held = None
    for _ in range(5000):
        if isinstance(screen, Result):
            break
        boxes = dict(screen.game.view.objects)
        offset = boxes["ball"][1] - boxes["paddle"][1]
        wanted = "right" if offset > 1 else "left" if offset < 0 else None
        if wanted != held:
            if held:
                release(held)
            if wanted:
                key(wanted)
            held = wanted
        screen = advance(screen, window)
    assert isinstance(screen, Result)
    # A ball that starts 22 columns away can be missed by the step in which the key goes down.
    assert sum(screen.played.score.you) >= 2
    assert screen.played.score.rounds == 3


def test_nobody_at_the_keys_moves_nothing(match, window):
    screen = start(match, window, "1")
    key("space")
    key("up")
    key("up")
    paddle = dict(screen.game.view.objects)["paddle"]
    while not screen.game.view.finished:
        screen = advance(screen, window)
    assert dict(screen.game.view.objects)["paddle"] == paddle


def test_a_tap_moves_the_paddle_by_one_even_if_it_is_short(match, window):
    screen = start(match, window, "1")
    screen.game.step(np.zeros(2, np.float32), 2)
    screen.game.step(np.zeros(2, np.float32), 0)  # not at the right wall now
    before = dict(screen.game.view.objects)["paddle"][1]
    key("space")
    screen = advance(screen, window)
    way = "right" if before < 12 else "left"
    key(way)
    release(way)
    steps = len(screen.game.view.gaze)
    while len(screen.game.view.gaze) < steps + 3:
        screen = advance(screen, window)
    assert dict(screen.game.view.objects)["paddle"][1] == before + (1 if way == "right" else -1)


def test_catch_waits_pauses_and_changes_its_speed(match, window):
    screen = start(match, window, "1")

    def steps_in(frames):
        before = len(screen.game.view.gaze)
        for _ in range(frames):
            advance(screen, window)
        return len(screen.game.view.gaze) - before

    assert steps_in(30) == 0
    key("space")
    assert steps_in(31) == pytest.approx(SPEEDS[2], abs=1)
    key("space")
    assert steps_in(30) == 0
    key("down")
    key("down")
    key("down")
    key("space")
    assert steps_in(61) == pytest.approx(2 * SPEEDS[0], abs=1)
    key("h")
    help_screen = advance(screen, window)
    assert isinstance(help_screen, Help)
    key("h")
    assert advance(help_screen, window) is screen
    assert steps_in(30) == 0  # help pauses the ball


def test_the_mouse_is_the_eye(match, window):
    screen = start(match, window, "2")
    move(point_at(screen.game.view, (0.5, 0.25)))
    key("space")
    while len(screen.game.view.gaze) < 3:
        screen = advance(screen, window)
    assert screen.game.view.gaze[-1] == pytest.approx((0.5, 0.25), abs=0.01)
    move((0.95, 0.5))  # beside the stage: the eye stays
    while len(screen.game.view.gaze) < 5:
        screen = advance(screen, window)
    assert screen.game.view.gaze[-1] == pytest.approx((0.5, 0.25), abs=0.01)


def test_the_fovea_hides_the_ball_and_the_end_shows_it(match, window):
    screen = start(match, window, "2")
    far = np.array([-1, 1], np.float32) * np.sign(screen.game.view.gaze[0][0] or 1)
    far[1] = 1
    screen.game.step(far, 1)
    view = screen.game.view
    row, column = view.objects[0][1][:2]
    stage = Stage.fit(view.scene, SIZE)
    pixel = int(stage.top + (row + 0.5) * stage.pixel), int(stage.left + (column + 0.5) * stage.pixel)
    inside = any(t <= row < t + h and left <= column < left + w for t, left, h, w in view.regions)
    screen.waiting = False
    assert not inside
    assert screen.paint(None)[pixel].max() < 60
    screen.foveal = False
    assert screen.paint(None)[pixel].min() > 200


def test_memory_keeps_the_finest_that_was_seen():
    def view_of(fine, coarse, corner):
        return View(
            scene=np.zeros((6, 6), np.uint8),
            glimpse=np.stack([np.full((2, 2), fine), np.full((2, 2), coarse)]).astype(np.float32),
            regions=[(corner + 1, corner + 1, 2, 2), (corner, corner, 4, 4)],
            gaze=np.zeros((1, 2), np.float32),
            action_names=("0",),
            prediction=None,
            label=None,
            finished=False,
            success=False,
            counts={},
            probabilities=None,
        )

    memory = Memory(view_of(1.0, 0.0, 0))
    memory.add(view_of(0.2, 1.0, 1))
    fog = Memory.FOG
    expected = [
        [0, 0, 0, 0, fog, fog],
        [0, 255, 255, 255, 255, fog],
        [0, 255, 51, 51, 255, fog],
        [0, 255, 51, 51, 255, fog],
        [fog, 255, 255, 255, 255, fog],
        [fog, fog, fog, fog, fog, fog],
    ]
    np.testing.assert_array_equal(memory.picture[..., 0], expected)


def test_an_early_answer_ends_the_round():
    game = DigitGame("ram_envs/GlimpseMNIST-v0", {"split": "test"}, numbers=[5, 6], seed=0)
    label = game.view.label
    game.answer(label)
    assert game.results == [True]
    assert game.round == 0
    game.look(np.zeros(2, np.float32))
    game.answer((label + 1) % 10)
    assert game.results == [True]
    game.begin()
    assert game.round == 1
    assert not game.over


def test_a_person_answers_where_the_agent_may_stop():
    kwargs = {"can_stop": True, "glimpse_cost": 0.1, "num_glimpses": 3}
    game = DigitGame("ram_envs/GlimpseMNIST-v0", kwargs, numbers=[0], seed=0)
    game.look(np.zeros(2, np.float32))
    game.answer(game.view.label)
    assert game.over
    assert game.results == [True]


def test_rival_episodes_are_repeatable(match):
    agent = match.digit_agent
    arguments = {"numbers": [3, 1, 4], "seed": 5}
    first, second = (
        rival_episodes(agent, agent.env_id, {**agent.env_kwargs, "split": "test"}, **arguments) for _ in range(2)
    )
    assert [episode.number for episode in first] == [3, 1, 4]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.views[-1].gaze, other.views[-1].gaze)


def test_pointing_beside_the_stage_is_nowhere():
    view = type("View", (), {"scene": np.zeros((28, 28), np.uint8)})()
    assert pointed_location(view, None) is None
    assert pointed_location(view, (0.61, 0.5)) is None
    assert pointed_location(view, (0.3, 0.5)) == pytest.approx((0, 0), abs=0.01)


@pytest.mark.parametrize("arguments", [["--balls", "0"], ["--images", "-1"]])
def test_games_without_rounds_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    assert leaving.value.code not in (0, None)
    assert "at least 1" in str(leaving.value.code) + capsys.readouterr().err
