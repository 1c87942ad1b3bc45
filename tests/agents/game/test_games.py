import numpy as np
import pytest
from game_views import seen
from ram_agents import Reinforce
from ram_agents.game.games import Memory, NamingGame, rival_episodes


def test_memory_keeps_the_finest_that_was_seen():
    def view_of(fine, coarse, corner):
        glimpse = np.stack([np.full((2, 2), fine), np.full((2, 2), coarse)])
        return seen(np.zeros((6, 6), np.uint8), glimpse, [(corner + 1, corner + 1, 2, 2), (corner, corner, 4, 4)])

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


def test_memory_of_a_scene_that_moved_on_fades_under_what_is_seen_now():
    def view_of(light, corner, scene):
        return seen(np.full((4, 4), scene, np.uint8), np.full((1, 2, 2), light), [(corner, corner, 2, 2)])

    memory = Memory(view_of(1.0, 0, 5))
    memory.add(view_of(0.0, 2, 5))  # nothing has moved
    fog, half, dark = Memory.FOG, (255 + Memory.FOG) // 2, Memory.FOG // 2
    assert memory.picture[[0, 2, 0], [0, 2, 2], 0].tolist() == [255, 0, fog]
    memory.add(view_of(0.4, 1, 6))
    assert memory.picture[..., 0].tolist() == [
        [half, half, fog, fog],
        [half, 102, 102, fog],
        [fog, 102, 102, dark],
        [fog, fog, dark, dark],
    ]


def test_an_early_answer_ends_the_round():
    game = NamingGame("ram_envs/GlimpseMNIST-v0", {"split": "test"}, numbers=[5, 6], seed=0)
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
    game = NamingGame("ram_envs/GlimpseMNIST-v0", kwargs, numbers=[0], seed=0)
    game.look(np.zeros(2, np.float32))
    game.answer(game.view.label)
    assert game.over
    assert game.results == [True]


@pytest.mark.parametrize("form", ["flat", "grid"])
def test_a_person_plays_in_any_form_of_an_action(form):
    game = NamingGame("ram_envs/GlimpseMNIST-v0", {"action": form, "num_glimpses": 3}, numbers=[0], seed=0)
    game.look(np.zeros(2, np.float32))  # the middle of the middle cell
    assert game.view.gaze[-1].tolist() == [0, 0]
    game.answer(game.view.label)
    assert game.results == [True]


def test_a_click_is_looked_at_as_far_as_a_relative_saccade_leads():
    kwargs = {"saccade": "relative", "num_glimpses": 4, "initial_location": "center"}  # the reach is 4 of 14 pixels
    game = NamingGame("ram_envs/GlimpseMNIST-v0", kwargs, numbers=[0], seed=0)
    game.look(np.array([0.25, -1], np.float32))
    assert game.view.gaze[-1] == pytest.approx([0.25, -4 / 14], abs=1e-5)
    game.answer(game.view.label)
    assert game.view.gaze[-1] == pytest.approx([0.25, -4 / 14], abs=1e-5), "an answer leaves the eye where it is"
    assert game.results == [True]


@pytest.mark.parametrize(
    ("env_id", "kwargs", "anywhere"),
    [
        ("ram_envs/GlimpseMNIST-v0", {}, True),
        ("ram_envs/GlimpseMNIST-v0", {"saccade": "relative"}, False),
        ("ram_envs/CircleSquare-v0", {}, False),
    ],
)
def test_a_game_knows_whether_a_step_leads_anywhere(env_id, kwargs, anywhere):
    assert NamingGame(env_id, kwargs, numbers=[0], seed=0).reaches_anywhere is anywhere


def test_rival_episodes_are_repeatable():
    sizes = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 4}, **sizes)
    arguments = {"numbers": [3, 1, 4], "seed": 5}
    first, second = (
        rival_episodes(agent, agent.env_id, {**agent.env_kwargs, "split": "test"}, **arguments) for _ in range(2)
    )
    assert [episode.number for episode in first] == [3, 1, 4]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.views[-1].gaze, other.views[-1].gaze)


def test_several_digits_are_named_one_after_the_other():
    kwargs = {"glimpses_per_object": 3, "split": "test"}
    game = NamingGame("ram_envs/GlimpseMNIST-Pairs-v0", kwargs, numbers=[0, 1], seed=0)
    assert game.looks_left == 2
    for x in (0.5, -0.5, 0.3):  # the third look is refused: what comes next is the answer
        game.look(np.array([x, 0], np.float32))
    assert (game.looks_left, game.looks, len(game.view.answers)) == (0, 3, 0)
    first = game.view.label
    game.answer(first)
    assert (game.view.answers, game.view.prediction, game.looks_left) == (((first, first),), None, 2)
    game.answer((game.view.label + 1) % 10)  # its looks forgone; the last digit alone is wrong
    assert (game.results, game.view.finished, len(game.view.answers)) == ([False], True, 2)
    game.begin()
    for _ in range(2):
        game.answer(game.view.label)
    assert game.results == [False, True]
    assert game.over


def test_a_round_is_a_scanpath_of_places_and_seconds():
    clock = iter([10.0, 10.5, 12.0, 12.25])
    kwargs = {"num_glimpses": 5, "initial_location": "center", "split": "test"}
    game = NamingGame("ram_envs/GlimpseMNIST-v0", kwargs, numbers=[42], seed=0, clock=lambda: next(clock))
    game.look(np.array([0.5, 0], np.float32))
    game.look(np.array([-1, 1], np.float32))
    game.answer(3)  # a look forgone is none
    game.answer(3)  # after the end nothing happens
    path = game.scanpath("anna")
    np.testing.assert_array_equal(path.fixations, [[14, 14], [21, 14], [0, 28]])
    np.testing.assert_array_equal(path.duration, [0.5, 1.5, 0.25])
    assert (path.image, path.subject) == ("42", "anna")


def test_naming_one_of_several_digits_is_no_fixation():
    clock = iter(range(4))
    kwargs = {"glimpses_per_object": 3, "split": "test", "initial_location": "center"}
    game = NamingGame("ram_envs/GlimpseMNIST-Pairs-v0", kwargs, numbers=[0], seed=0, clock=lambda: next(clock))
    game.answer(1)
    game.look(np.array([0.5, 0], np.float32))
    game.answer(1)
    assert game.view.finished
    path = game.scanpath("anna")
    np.testing.assert_array_equal(path.fixations, [[50, 50], [75, 50]])
    np.testing.assert_array_equal(path.duration, [1, 1])
