import sys

import gymnasium
import numpy as np
import pytest

from ram_envs.rendering import window as module
from ram_envs.rendering.painting import NIGHT
from ram_envs.rendering.window import Window

pygame = pytest.importorskip("pygame")


@pytest.fixture(autouse=True)
def headless(monkeypatch):
    """SDL's dummy driver: windows that exist, take events, and cannot be seen."""
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    pygame.display.quit()


@pytest.fixture
def window():
    window = Window("test")
    yield window
    window.close()


class Clock:
    """A clock that only sleeping moves on; what is to be done `later` is done when its time has come."""

    def __init__(self):
        self.now = 1000.0
        self.later = []

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        while self.later and self.later[0][0] <= self.now:
            self.later.pop(0)[1]()


@pytest.fixture
def clock(monkeypatch):
    """The window's clock, at 1000 seconds."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def frame_of(height=60, width=100):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def shown():
    return pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)


def press(key):
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
    pygame.event.post(pygame.event.Event(pygame.KEYUP, key=key))


def test_window_opens_with_the_first_frame_and_shows_it(window):
    assert not pygame.display.get_init()
    frame = frame_of()
    window.show(frame, fps=1000)
    np.testing.assert_array_equal(shown(), frame)
    assert pygame.display.get_caption()[0] == "test"
    window.show(255 - frame, fps=1000)
    np.testing.assert_array_equal(shown(), 255 - frame)


def test_frames_keep_their_rate(window, clock):
    for i in range(11):
        window.show(frame_of(), fps=50)
        assert clock.now == pytest.approx(1000 + i / 50, abs=1e-6)


def test_a_late_frame_does_not_hurry_the_next_ones(window, clock):
    window.show(frame_of(), fps=20)
    window.show(frame_of(), fps=20)
    assert clock.now == pytest.approx(1000.05, abs=1e-6)
    clock.now = 1001.0
    for i in range(4):
        window.show(frame_of(), fps=20)
        assert clock.now == pytest.approx(1001 + i / 20, abs=1e-6)


def test_closing_by_the_person_is_for_good(window):
    window.show(frame_of(), fps=1000)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    window.show(frame_of(), fps=1000)
    assert window.closed
    assert not pygame.display.get_init()
    window.show(frame_of(), fps=1000)
    assert not pygame.display.get_init()
    assert window.inputs() == []
    assert window.mouse() is None


def test_window_listens_while_it_waits(window, clock):
    window.show(frame_of(), fps=0.1)
    clock.later = [(1003.0, lambda: pygame.event.post(pygame.event.Event(pygame.QUIT)))]
    window.show(frame_of(), fps=0.1)
    assert window.closed
    assert 1003 <= clock.now < 1003.1


def test_close_can_be_called_at_any_time_and_twice():
    never_shown = Window()
    never_shown.close()
    never_shown.close()
    assert never_shown.closed
    window = Window()
    window.show(frame_of(), fps=1000)
    window.close()
    window.close()
    assert not pygame.display.get_init()


def test_frame_keeps_its_proportions_in_a_resized_window(window):
    frame = np.full((60, 100, 3), 200, np.uint8)
    window.show(frame, fps=1000)
    pygame.display.set_mode((300, 120), pygame.RESIZABLE)
    pygame.event.post(pygame.event.Event(pygame.VIDEORESIZE, size=(300, 120), w=300, h=120))
    window.inputs()
    picture = shown()
    assert picture.shape == (120, 300, 3)
    assert (picture[:, 50:250] == 200).all()
    assert (picture[:, :50] == NIGHT).all()
    assert (picture[:, 250:] == NIGHT).all()


def test_frames_of_another_shape_fit_the_same_window(window):
    window.show(frame_of(60, 100), fps=1000)
    window.show(np.full((120, 120, 3), 90, np.uint8), fps=1000)
    assert shown().shape == (60, 100, 3)
    assert (shown()[:, 20:80] == 90).all()


def test_window_is_no_larger_than_the_screen(window, monkeypatch):
    monkeypatch.setattr(pygame.display, "get_desktop_sizes", lambda: [(640, 480)])
    window.show(frame_of(1000, 2000), fps=1000)
    assert shown().shape == (270, 540, 3)


def test_inputs_tell_keys_and_clicks_in_frame_coordinates(window):
    window.show(frame_of(60, 100), fps=1000)
    press(pygame.K_LEFT)
    press(pygame.K_KP7)
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(75, 15)))
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=4, pos=(75, 15)))
    window.show(frame_of(60, 100), fps=1000)
    left, left_up, seven, seven_up, click = window.inputs()
    assert (left.kind, left.key) == ("key", "left")
    assert (left_up.kind, left_up.key) == ("release", "left")
    assert (seven.kind, seven.key, seven_up.kind) == ("key", "7", "release")
    assert click.kind == "click"
    assert click.position == pytest.approx((0.755, 15.5 / 60))
    assert window.inputs() == []


def test_mouse_is_followed_in_frame_coordinates(window):
    assert window.mouse() is None
    window.show(frame_of(60, 100), fps=1000)
    assert window.mouse() is None  # it has not moved yet
    pygame.event.post(pygame.event.Event(pygame.MOUSEMOTION, pos=(25, 30), rel=(0, 0), buttons=(0, 0, 0)))
    window.show(frame_of(60, 100), fps=1000)
    assert window.mouse() == pytest.approx((0.255, 30.5 / 60))


def test_click_beside_the_frame_has_no_position(window):
    window.show(frame_of(60, 100), fps=1000)
    pygame.display.set_mode((300, 120), pygame.RESIZABLE)
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(10, 60)))
    pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(150, 60)))
    outside, inside = window.inputs()
    assert outside.position is None
    assert inside.position == pytest.approx((0.5, 0.5), abs=0.01)


def test_keys_stay_for_a_program_that_reads_them_itself(window):
    window.show(frame_of(), fps=1000)
    press(pygame.K_a)
    window.show(frame_of(), fps=1000)
    assert [event.key for event in pygame.event.get(pygame.KEYDOWN)] == [pygame.K_a]


def test_window_reopens_if_another_part_quit_pygame(window):
    window.show(frame_of(), fps=1000)
    pygame.quit()
    window.show(frame_of(), fps=1000)
    np.testing.assert_array_equal(shown(), frame_of())


def test_bad_rate_is_refused(window):
    with pytest.raises(ValueError, match="got 0"):
        window.show(frame_of(), fps=0)


def test_missing_pygame_names_the_remedy(window, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pygame", None)
        with pytest.raises(gymnasium.error.DependencyNotInstalled, match=r"pip install '\.\[render\]'"):
            window.show(frame_of(), fps=1)


def test_without_a_display_a_warning_tells(window, monkeypatch):
    monkeypatch.delenv("SDL_VIDEODRIVER")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")
    try:
        pygame.display.init()
    except pygame.error:
        with pytest.raises(OSError, match="rgb_array"):
            window.show(frame_of(), fps=1000)
        return
    if pygame.display.get_driver() not in ("offscreen", "dummy"):
        pytest.skip("this system has a display in any case")
    with pytest.warns(UserWarning, match="nobody can see"):
        window.show(frame_of(), fps=1000)
    window.close()
    with pytest.raises(OSError, match="no display"):
        Window(interactive=True).show(frame_of(), fps=1000)
    assert not pygame.display.get_init()
