import numpy as np
import pytest
from ram_agents import cli
from ram_agents.game.cards import CARDS
from ram_agents.game.titles import paint_loading, paint_title

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
        key = pygame.K_1 if len(frames) == 1 else pygame.K_ESCAPE
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))

    monkeypatch.setattr(Window, "show", show)
    yield frames
    pygame.display.quit()


def test_the_title_comes_first_and_what_fails_behind_it_closes_the_window(shown):
    with pytest.raises(SystemExit, match=r"^ram play: .*nobody"):
        cli.main(["play", "--catch", "nobody"])
    np.testing.assert_array_equal(shown[0], paint_title(CARDS, None))
    assert not pygame.display.get_init()


def test_a_game_that_is_named_begins_at_once(shown):
    cli.main(["play", "ram_envs/CircleSquare-v0", "--env-kwargs", '{"num_glimpses": 2}', "--images", "1"])
    np.testing.assert_array_equal(shown[0], paint_loading(CARDS))
    np.testing.assert_array_equal(shown[-1], paint_title(CARDS, None))
    assert len(shown) == 3  # the game between them


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nobody"], "nobody can't be played: .*circlesquare.*ram_envs/CircleSquare-v0"),
        (["ram_envs/GlimpseImages-v0"], "images are missing"),
        (["--env-kwargs", '{"num_glimpses": 2}'], "--env-kwargs are of GAME's environment"),
    ],
)
def test_what_can_not_be_played_is_told_before_a_window_opens(shown, arguments, reason):
    with pytest.raises(SystemExit, match=f"^ram play: {reason}"):
        cli.main(["play", *arguments])
    assert not shown


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
