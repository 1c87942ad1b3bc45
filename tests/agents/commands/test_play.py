import numpy as np
import pytest
from ram_agents import cli
from ram_agents.game.drawing import paint_title

from ram_envs.rendering.window import Window

pygame = pytest.importorskip("pygame")


@pytest.fixture
def shown(monkeypatch):
    """Frames that a window without a display showed, in no time; after the first and second, keys are pressed."""
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    frames, original = [], Window.show

    def show(self, frame, *, fps):
        original(self, frame, fps=1e6)
        frames.append(frame)
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=(pygame.K_1, pygame.K_ESCAPE)[len(frames) - 1]))

    monkeypatch.setattr(Window, "show", show)
    yield frames
    pygame.display.quit()


def test_the_title_comes_first_and_what_fails_behind_it_closes_the_window(shown):
    with pytest.raises(SystemExit, match=r"^ram play: .*nobody"):
        cli.main(["play", "--catch", "nobody"])
    np.testing.assert_array_equal(shown[0], paint_title(None))
    assert not pygame.display.get_init()


@pytest.mark.parametrize("arguments", [["--balls", "0"], ["--images", "-1"]])
def test_games_without_rounds_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as leaving:
        cli.main(["play", *arguments])
    assert leaving.value.code not in (0, None)
    assert "at least 1" in str(leaving.value.code) + capsys.readouterr().err


def test_a_record_that_would_spoil_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    file = tmp_path / "diary.txt"
    file.write_text("dear diary\n")
    with pytest.raises(SystemExit, match=r"^ram play: .*diary.txt begins with 'dear diary'"):
        cli.main(["play", "--record", str(file)])
    assert file.read_text() == "dear diary\n"
    with pytest.raises(SystemExit, match=r"^ram play: --record .*can't be written"):
        cli.main(["play", "--record", str(file / "games.csv")])
