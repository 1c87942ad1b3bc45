import numpy as np
import pytest
from game_helpers import key, make_match, move, open_window, point_at, release, save_agents, start, until
from ram_agents.game.catch_screen import SPEEDS
from ram_agents.game.drawing import SIZE
from ram_agents.game.screens import Help, Result, advance

from ram_envs.rendering.frames import Stage
from ram_envs.rendering.painting import GREY

agents = pytest.fixture(save_agents, scope="module")
match = pytest.fixture(make_match)
window = pytest.fixture(open_window)


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


def test_the_fovea_sees_where_the_field_ends(match, window):
    screen = start(match, window, "2")
    for at in ([0.9, 0.9], [-0.9, 0.2]):  # where the retina hangs over a wall, and another one
        screen.game.step(np.array(at, np.float32), 1)
        view, picture = screen.game.view, screen.paint(None)
        left, top, width, height = Stage.fit(view.scene, SIZE).box((0, 0, *view.scene.shape[:2]))
        middle = top + height // 3, left + width // 3
        for wall in (picture[middle[0], left - 2], picture[middle[0], left + width + 1], picture[top - 2, middle[1]]):
            assert tuple(wall) == GREY
