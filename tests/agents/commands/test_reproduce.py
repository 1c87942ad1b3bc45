"""`ram reproduce`: each row gets the answer after its number of glimpses, from pretrained agents or trained ones."""

from __future__ import annotations

import json

import numpy as np
import pytest
import ram_agents
from ram_agents import Reinforce, cli, recipe
from ram_agents.commands import reproduce
from ram_agents.evaluation import estimate
from ram_agents.evaluation.evaluate import Evaluation
from ram_agents.reports import paper_tables
from ram_agents.reports.paper import ONCE_MORE, ROWS, Row

CLUTTERED = [row for row in ROWS if row.agent == "cluttered60"]


def measured(*errors: float) -> reproduce.Measured:
    """Figures after each glimpse: those given; sampled paths 1 worse, averaged ones 1 better, random gaze 10 worse."""
    mean = np.array(errors)
    own = Evaluation(100, mean, mean + 1, mean - 1, None, 7.0, 7.0)
    return reproduce.Measured(own, Evaluation(100, mean + 10, None, None, None, 7.0, None))


def test_rows_take_the_answer_after_so_many_glimpses() -> None:
    lines = reproduce.answered(measured(9, 8, 7, 6, 5, 4, 3, 2), CLUTTERED)
    assert [(line.row.glimpses, line.single, line.sampled, line.averaged, line.random_gaze) for line in lines] == [
        (4, 6, 7, 5, 16),
        (6, 4, 5, 3, 14),
        (8, 2, 3, 1, 12),
    ]


def test_an_agent_of_six_glimpses_does_not_answer_after_eight() -> None:
    assert [line.row.glimpses for line in reproduce.answered(measured(9, 8, 7, 6, 5, 4), CLUTTERED)] == [4, 6]


def test_every_row_has_a_recipe_and_its_environment_enough_glimpses() -> None:
    for row in ROWS + ONCE_MORE:
        if row.glimpses:
            assert recipe(row.agent).env_kwargs["num_glimpses"] >= row.glimpses


def test_the_pretrained_names_are_measured(capsys, tmp_path) -> None:
    cli.main(["reproduce", "catch", "--episodes", "40", "--paths", "2", "--json", str(tmp_path / "figures.json")])
    (figures,) = json.loads((tmp_path / "figures.json").read_text())
    single = ram_agents.evaluation.evaluate.evaluate(ram_agents.load("catch"), episodes=40, paths=0).mean[0]
    assert figures["single"] == pytest.approx(single)
    assert (figures["nips"], figures["episodes"], figures["beaten"]) == (15, 40, "yes")
    assert figures["single_interval"][0] <= figures["single"] < figures["single_interval"][1]
    assert f"{single:.2f}" in capsys.readouterr().out


def test_an_unknown_agent_is_told() -> None:
    with pytest.raises(
        SystemExit, match="no row of the paper has the agent mnist29; there are: canvas28_3, canvas28, translated60"
    ):
        cli.main(["reproduce", "mnist29"])


def test_training_from_nothing_and_going_on(monkeypatch, tmp_path, capsys) -> None:
    tiny = recipe("cluttered60").replace(
        env_kwargs={"num_glimpses": 4},
        **{"total_episodes": 32, "num_envs": 8, "checkpoint_every": 2, "hidden_size": 16, "validation_scenes": 50},
    )
    monkeypatch.setattr(reproduce, "recipe", lambda name: tiny)
    monkeypatch.setattr(estimate, "AT_LEAST", 0.1)
    words = ["reproduce", "cluttered60", "--train", "--seeds", "3", "4", "--episodes", "20", "--paths", "1"]
    cli.main([*words, "--out", str(tmp_path)])
    last = tmp_path / "cluttered60-3" / "last.safetensors"
    agent = Reinforce.load(last)
    assert (agent.updates, agent.config.seed) == (4, 3)
    assert capsys.readouterr().err.count("about 0 minutes on") == 2
    before = last.read_bytes()
    cli.main([*words, "--out", str(tmp_path)])  # nothing is left to train
    told = capsys.readouterr()
    assert "minutes on" not in told.err
    assert Reinforce.load(last).updates == 4
    assert last.read_bytes() == before or Reinforce.load(last).seconds == agent.seconds
    assert (tmp_path / "cluttered60-4" / "best.safetensors").exists()
    assert told.out.count("60x60, 4") == 1  # both seeds in one row


def test_minutes_until_the_paper_is_beaten(tmp_path) -> None:
    log = [
        {"episodes": 100 * (i + 1), "seconds": 60 * (i + 1), "validation_errors": [9.0, *errors]}
        for i, errors in enumerate([[5.0, 3.0], [4.0, 1.0], [3.9, 2.0]])
    ]
    (tmp_path / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    rows = [Row("a task", glimpses, "mnist28", None, nips, None) for glimpses, nips in ((2, 4.0), (3, 1.5), (2, 3.0))]
    lines = reproduce.timed(reproduce.answered(measured(9, 4, 1), rows), tmp_path)
    assert [line.minutes_to_beat for line in lines] == [3, 2, None]
    header, _, first, *_, last = paper_tables.markdown(lines).split("\n\n")[0].splitlines()
    assert header.endswith("| minutes to beat | agent |")
    assert first.endswith("| 3.00 | `mnist28` |")
    assert last.endswith("| - | `mnist28` |")


def test_the_first_look_can_be_another_than_in_training(monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(reproduce, "evaluate", lambda agent, **_: seen.append(agent.env_kwargs) or measured(1.0).own)
    agent = ram_agents.load("mnist28")
    for place in (None, "random"):
        reproduce.measure("mnist28", agent, reproduce.Reproduce(initial_location=place))
    trained = ram_agents.load("mnist28").env_kwargs
    assert trained["initial_location"] == "center"
    assert seen == [trained] * 2 + [trained | {"initial_location": "random"}] * 2
