import numpy as np
import pytest
from game_helpers import SMALL, click, key, make_match, open_window, opened, point_at, save_agents, start
from ram_agents import Reinforce
from ram_agents.evaluation.scanpaths import read_fixations
from ram_agents.game.cards import with_own
from ram_agents.game.drawing import SIZE
from ram_agents.game.match import Match, MatchOptions
from ram_agents.game.naming_screen import NamingScreen
from ram_agents.game.places import find_place
from ram_agents.game.screens import Result, Title, advance

from ram_envs.rendering.frames import Stage

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
    assert isinstance(screen, NamingScreen)
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
    assert isinstance(again, NamingScreen)
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


TASKS = {
    "ram_envs/CircleSquare-v0": {"num_glimpses": 4},
    "ram_envs/GlimpseMNIST-Pairs-v0": {"canvas_size": 60, "num_scales": 1},
    "ram_envs/GlimpseMNIST-Addition-v0": {"canvas_size": 60, "num_scales": 1, "num_glimpses": 4},
    "ram_envs/GlimpseMNIST-Moving-v0": {"num_glimpses": 4},
    "ram_envs/GlimpseImages-v0": {"images": "mine.npz", "num_glimpses": 4},
}


def begin(folder, env_id, *, alone=False, **options):
    """The screen of a game in a task, against an untrained agent or alone."""
    file, kwargs = folder / "rival.safetensors", dict(TASKS[env_id])
    if "images" in kwargs:
        kwargs["images"] = str(folder / kwargs["images"])
        grey = np.random.default_rng(0).integers(0, 256, (40, 12, 12), np.uint8)
        np.savez(kwargs["images"], images=grey, labels=np.arange(40) % 3)
    Reinforce(env_id, env_kwargs=kwargs, **SMALL).save(file)
    place = find_place(str(file))
    place = place._replace(rival=None, rival_name="") if alone else place
    cards, card = with_own(place)
    return Match(MatchOptions(images=2, seed=1, **options), cards, place).open(card)


def answer_truly(screen, window):
    """Type what is right, answer after answer, until the round is over."""
    while not screen.game.view.finished:
        view = screen.game.view
        for letter in view.action_names[view.label]:
            key(letter)
            screen = advance(screen, window)
        if screen.answers.typed:
            key("return")
            screen = advance(screen, window)
    return screen


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("env_id", TASKS)
def test_every_task_can_be_looked_at_answered_and_recorded(env_id, alone, window, tmp_path):
    file = tmp_path / "fixations.csv"
    screen = opened(begin(tmp_path, env_id, alone=alone, record=file, subject="anna"), window)
    for number in range(2):
        before = screen.game.view.gaze[-1]
        click(point_at(screen.game.view, tuple(-0.5 * np.sign(before))))
        screen = advance(screen, window)
        assert np.abs(screen.game.view.gaze[-1] - before).max() > 0.05
        screen = answer_truly(screen, window)
        assert screen.game.results == [True] * (number + 1)
        assert screen.score.ram is None if alone else len(screen.score.ram) == number + 1
        screen.paint(None)
        key("space")
        screen = advance(screen, window)
    assert isinstance(screen, Result)
    assert screen.paint(None).any()
    paths = read_fixations(file)
    numbers = [str(number) for number in screen.finished.game.numbers]
    subjects = ["anna"] if alone else ["anna", str(tmp_path / "rival.safetensors")]
    assert [(path.image, path.subject) for path in paths] == [(n, who) for n in numbers for who in subjects]


def test_an_answer_is_clicked_on_its_button(window, tmp_path):
    screen = opened(begin(tmp_path, "ram_envs/GlimpseMNIST-Addition-v0", alone=True), window)
    truth = screen.game.view.label
    _, left, top, width, height = screen.answers.buttons()[truth]
    click(((left + width / 2) / 800, (top + height / 2) / 480))
    screen = advance(screen, window)
    assert screen.game.results == [True]


def test_letters_of_a_name_are_no_commands_and_escape_forgets_them(window, tmp_path):
    screen = opened(begin(tmp_path, "ram_envs/GlimpseMNIST-Addition-v0", alone=True), window)
    key("1")
    assert advance(screen, window) is screen
    assert screen.answers.typed == "1"
    key("r")  # else a new game
    assert advance(screen, window) is screen
    key("escape")
    assert advance(screen, window) is screen
    assert screen.answers.typed == ""
    key("escape")
    assert isinstance(advance(screen, window), Title)


def test_pairs_are_asked_for_one_after_the_other(window, tmp_path):
    screen = opened(begin(tmp_path, "ram_envs/GlimpseMNIST-Pairs-v0", alone=True), window)
    assert (screen.game.allowed, screen.game.looks_left) == (3, 3)
    for left in (2, 1, 0, 0):
        click(point_at(screen.game.view, (0.5, 0.1 * left)))
        screen = advance(screen, window)
        assert screen.game.looks_left == left
    first = screen.paint(None)
    key(str(screen.game.view.label))
    screen = advance(screen, window)
    assert not screen.game.view.finished
    assert (screen.game.allowed, screen.game.looks_left) == (3, 3)
    asked = slice(round(224 * SIZE / 480), round(246 * SIZE / 480)), slice(SIZE, None)
    assert (first[asked] != screen.paint(None)[asked]).any()  # "answer 2, after ..."


def test_a_moving_scene_is_shown_as_it_was_at_the_last_look(window, tmp_path):
    screen = opened(begin(tmp_path, "ram_envs/GlimpseMNIST-Moving-v0", alone=True), window)
    click(point_at(screen.game.view, (0.5, 0.5)))
    screen = advance(screen, window)
    looked_at = screen.game.view.scene.copy()
    screen = answer_truly(screen, window)
    assert (screen.game.view.scene != looked_at).any()
    np.testing.assert_array_equal(screen.game.scene, looked_at)
