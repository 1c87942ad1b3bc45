import numpy as np
import pytest
from game_helpers import click, key, make_match, move, open_window, point_at, release, save_agents, start, until
from ram_agents.evaluation.scanpaths import read_fixations
from ram_agents.game.drawing import SIZE
from ram_agents.game.game_screens import SPEEDS, DigitScreen
from ram_agents.game.screens import Help, Result, Title, advance

from ram_envs.rendering.frames import Stage
from ram_envs.rendering.painting import GREY

agents = pytest.fixture(save_agents, scope="module")
match = pytest.fixture(make_match)
window = pytest.fixture(open_window)


def answer_all(screen, window, answers):
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
    assert isinstance(screen, DigitScreen)
    rival = [episode.success for episode in screen.rival]
    right, wrong = (lambda label: label), (lambda label: (label + 1) % 10)
    assert screen.score == ([], [], 0, 3)
    result = answer_all(screen, window, [right, wrong, right])
    assert isinstance(result, Result)
    assert screen.game.results == [True, False, True]
    assert result.finished.score == ([True, False, True], rival, 2, 3)
    advance(result, window)
    key("r")
    again = advance(result, window)
    assert isinstance(again, DigitScreen)
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


def end_digits(game):
    game.answer(0)


def end_catch(game):
    while not game.view.finished:
        game.step(np.zeros(2, np.float32), 1)


@pytest.mark.parametrize(("mode", "end"), [("1", end_catch), ("3", end_digits)])
def test_the_rival_begins_at_the_same_place_in_the_same_rounds(match, window, mode, end):
    screen = start(match, window, mode)
    for number in range(3):
        view, rival = screen.game.view, screen.rival[number].views[0]
        np.testing.assert_array_equal(view.scene, rival.scene)
        np.testing.assert_array_equal(view.gaze[0], rival.gaze[0])
        end(screen.game)
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
    assert sum(screen.finished.score.you) >= 2
    assert screen.finished.score.rounds == 3


def test_nobody_at_the_keys_moves_nothing(match, window):
    screen = start(match, window, "1")
    key("space")
    key("up")
    key("up")
    paddle = dict(screen.game.view.objects)["paddle"]
    screen = until(lambda screen: screen.game.view.finished, screen, window)
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
    screen = until(lambda screen: len(screen.game.view.gaze) == steps + 3, screen, window)
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
    screen = until(lambda screen: len(screen.game.view.gaze) == 3, screen, window)
    assert screen.game.view.gaze[-1] == pytest.approx((0.5, 0.25), abs=0.01)
    move((0.95, 0.5))  # beside the stage: the eye stays
    screen = until(lambda screen: len(screen.game.view.gaze) == 5, screen, window)
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


def test_finished_images_are_recorded_yours_and_the_rivals(agents, window, tmp_path):
    file = tmp_path / "fixations.csv"
    match = make_match(agents, record=file, subject="anna")
    assert file.read_text() == "x,y,duration,image,subject\n"
    screen = start(match, window, "3")
    click(point_at(screen.game.view, (0.25, -0.5)))
    screen = advance(screen, window)
    assert file.read_text().count("\n") == 1, "the round is not over"
    key("1")
    screen = advance(screen, window)
    you, rival = read_fixations(file)
    assert (you.subject, rival.subject) == ("anna", agents["digits"])
    assert you.image == rival.image == str(screen.game.numbers[0])
    np.testing.assert_allclose(you.fixations[1], [17.5, 7], atol=0.1)
    np.testing.assert_array_equal(you.fixations[0], rival.fixations[0])
    assert len(rival.fixations) == 4
    key("1")  # the round is over already
    screen = advance(screen, window)
    assert len(read_fixations(file)) == 2


def test_the_fovea_sees_where_the_field_ends(match, window):
    screen = start(match, window, "2")
    for at in ([0.9, 0.9], [-0.9, 0.2]):  # where the retina hangs over a wall, and another one
        screen.game.step(np.array(at, np.float32), 1)
        view, picture = screen.game.view, screen.paint(None)
        left, top, width, height = Stage.fit(view.scene, SIZE).box((0, 0, *view.scene.shape[:2]))
        middle = top + height // 3, left + width // 3
        for wall in (picture[middle[0], left - 2], picture[middle[0], left + width + 1], picture[top - 2, middle[1]]):
            assert tuple(wall) == GREY
