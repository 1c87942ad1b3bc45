"""Everyone plays the same scenes, and it is kept by their numbers which ended in success."""

from __future__ import annotations

import numpy as np
import pytest
from ram_agents import Reinforce, evaluate
from ram_agents.entrants import playing
from ram_agents.entrants.playing import agent_successes, successes

from ram_envs import load_mnist

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8}
ID = "ram_envs/GlimpseMNIST-v0"


def always(answer: int, **more):
    """A player that always gives one answer, and sometimes stops."""

    def predict(observation, state, starts, deterministic):
        rows = len(observation["location"])
        action = {"location": np.zeros((rows, 2), np.float32), "action": np.full(rows, answer)}
        return action | {key: value(rows) for key, value in more.items()}, state

    return predict


@pytest.mark.parametrize("rows", [500, 7])
def test_one_answer_is_right_where_the_label_is(rows, monkeypatch) -> None:
    monkeypatch.setattr(playing, "MOST_ROWS", rows)
    found = successes(always(7), ID, scenes=20)
    np.testing.assert_array_equal(found, load_mnist("test").labels[:20] == 7)
    assert found.sum() == 2  # the first and the eighteenth


def test_rows_that_end_before_others_count_once(monkeypatch) -> None:
    monkeypatch.setattr(playing, "MOST_ROWS", 7)
    stopping = always(7, stop=lambda rows: np.arange(rows) % 2)
    found = successes(stopping, ID, {"can_stop": True}, scenes=20)
    np.testing.assert_array_equal(found, load_mnist("test").labels[:20] == 7)


def test_a_player_that_remembers_is_told_what_it_returned() -> None:
    def predict(observation, state, starts, deterministic):
        assert deterministic
        assert starts.all() == (state is None)
        steps = 0 if state is None else state
        return {"location": np.zeros((len(starts), 2), np.float32), "action": np.full(len(starts), steps)}, steps + 1

    found = successes(predict, ID, {"num_glimpses": 3}, scenes=20)
    np.testing.assert_array_equal(found, load_mnist("test").labels[:20] == 2)


def test_an_agent_is_measured_as_ram_evaluate_does() -> None:
    agent = Reinforce(ID, num_envs=2, env_kwargs={"initial_location": "center"}, **SMALL)
    found = agent_successes(agent, ID, {"initial_location": "center"}, scenes=60)
    assert 100 * (1 - found.mean()) == pytest.approx(evaluate(agent, episodes=60, paths=0).mean[-1])
    played = successes(agent.predict, ID, {"initial_location": "center"}, scenes=60)
    np.testing.assert_array_equal(found, played)


def test_test_games_and_held_out_ones_of_catch_are_others() -> None:
    test, held_out = (
        successes(always(1), "ram_envs/Catch-v0", split=split, scenes=60) for split in ("test", "validation")
    )
    assert 0 < test.sum() < 60
    assert (test != held_out).any()


def test_large_scenes_are_played_in_fewer_rows() -> None:
    env = playing.scene_env("ram_envs/GlimpseMNIST-Megapixel-v0")
    assert env.num_envs == 33  # of a million pixels each
    env.close()
