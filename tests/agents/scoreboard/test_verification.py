"""A submission is confirmed, or refused with what is not so: arithmetic by hand, and agents that play again."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rliable", reason="the scoreboard's statistics are an extra")

from ram_agents import Reinforce
from ram_agents.entrants.playing import agent_successes
from ram_agents.scoreboard.submission import Submission
from ram_agents.scoreboard.verification import verify
from submissions import bits, write

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8}
ID = "ram_envs/GlimpseMNIST-v0"
SCENES = 40


def test_a_good_file_is_confirmed(tmp_path) -> None:
    told: list[str] = []
    verify(write(tmp_path / "a.json"), tell=told.append)
    assert told == [
        f"schema: 3 seeds, 8 of 10,000 test scenes of {ID}",
        "arithmetic: an error of 25.00% (0.00 to 50.00)",
        "no weights: the successes are the submitter's word",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"errors": [0, 12.5, 50]}, r"errors\[1\] is 12.500000, and by the stated successes 25.000000"),
        ({"success": bits("11111111", "11111100", "11111000")}, r"errors\[2\] is 50.000000, and by .* 37.500000"),
        ({"interquartile_mean": 24.9}, "interquartile_mean is 24.900000, and by the stated successes 25.000000"),
        ({"interval": [10, 50]}, r"interval\[0\] is 10.000000, and by the stated successes 0.000000"),
        ({"interval": [0, 40]}, r"interval\[1\] is 40.000000"),
        ({"env_id": "ram_envs/Nope-v0"}, "env_id is 'ram_envs/Nope-v0'; there are ram_envs/Catch-v0, "),
        ({"env_kwargs": {"paddle_width": 3}}, f"env_kwargs do not fit {ID}: .*paddle_width"),
        ({"env_id": "ram_envs/GlimpseImages-v0"}, "env_kwargs do not fit ram_envs/GlimpseImages-v0"),
    ],
)
def test_what_is_not_so_is_refused(changes, message, tmp_path) -> None:
    with pytest.raises(ValueError, match=message):
        verify(write(tmp_path / "a.json", **changes))


def test_more_scenes_than_there_are(tmp_path) -> None:
    path = write(tmp_path / "a.json", scenes=10_001, success=bits(*["1" * 10_001] * 3))
    with pytest.raises(ValueError, match=r"scenes is 10,001; .* has 10,000 test scenes"):
        verify(path)


@pytest.fixture(scope="module")
def agents(tmp_path_factory):
    """Files of untrained agents of three seeds, and the test scenes in which they succeed."""
    folder = tmp_path_factory.mktemp("agents")
    weights, success = [], []
    for seed in range(3):
        agent = Reinforce(ID, num_envs=2, seed=seed, **SMALL)
        agent.save(folder / "a.safetensors", resumable=False)
        weights.append((folder / "a.safetensors").read_bytes())
        success.append(agent_successes(agent, ID, scenes=SCENES))
    return weights, np.stack(success)


def submitted(path, agents, **changes):
    weights, success = agents
    told = {"weights": weights, "success": success} | changes
    Submission(
        who="Ada",
        algorithm="RAM",
        code="https://example.org",
        commit="0123abc",
        env_id=ID,
        seeds=[0, 1, 2],
        steps=[0] * 3,
        episodes=[0] * 3,
        **told,
    ).write(path)
    return path


def test_agents_play_again_as_stated(agents, tmp_path) -> None:
    told: list[str] = []
    verify(submitted(tmp_path / "a.json", agents, weights=[agents[0][0], None, agents[0][2]]), tell=told.append)
    played = "seed {}: played again, 40 of 40 scenes end as stated; it errs on {:.2f}%"
    wrong = 100 * (1 - agents[1].mean(1))
    some = "2 of 3 seeds were played; the others are the submitter's word"
    assert told[2:] == [played.format(0, wrong[0]), "seed 1: no weights", played.format(2, wrong[2]), some]


def test_a_success_that_is_not_so_is_found_by_its_scene(agents, tmp_path) -> None:
    success, right = agents[1].copy(), int(np.flatnonzero(agents[1][1])[0])
    success[1, right] = False
    path = submitted(tmp_path / "a.json", agents, success=success)
    with pytest.raises(ValueError, match=rf"success\[1\]: played again, 1 of 40 scenes end otherwise \({right}, "):
        verify(path)
    verify(path, most_different=0.025)  # one of forty
    verify(path, play=False)


def test_rounding_takes_as_many_successes_as_it_gives(agents, tmp_path) -> None:
    success, wrong = agents[1].copy(), np.flatnonzero(~agents[1][1])[:2]
    success[1, wrong] = True
    path = submitted(tmp_path / "a.json", agents, success=success)
    with pytest.raises(ValueError, match=r"success\[1\]: 2 more successes are stated than played again, and 0 may be"):
        verify(path, most_different=0.05)
    verify(path, most_different=0.2)


def test_other_agents_weights_do_not_do(agents, tmp_path) -> None:
    weights = [agents[0][0], agents[0][0], agents[0][2]]
    with pytest.raises(ValueError, match=r"success\[1\]: played again"):
        verify(submitted(tmp_path / "a.json", agents, weights=weights))


def test_weights_that_are_no_agent(agents, tmp_path) -> None:
    path = submitted(tmp_path / "a.json", agents, weights=[b"PK\x03\x04 not an agent", None, None])
    with pytest.raises(ValueError, match=r"weights\[0\] is no agent of this package: it is damaged") as caught:
        verify(path)
    assert "\n" not in str(caught.value)


def test_an_agent_of_another_environment(tmp_path, agents) -> None:
    Reinforce("ram_envs/Catch-v0", num_envs=2, **SMALL).save(tmp_path / "catch", resumable=False)
    path = submitted(tmp_path / "a.json", agents, weights=[(tmp_path / "catch").read_bytes(), None, None])
    with pytest.raises(ValueError, match=rf"weights\[0\] can't play {ID}: the agent was made for"):
        verify(path)
