"""Scripts whose tables stand in RESULTS.md: corners, tracking the ball, float16 files, stopping, CircleSquare."""

from __future__ import annotations

import ast
import importlib
import json
import re
import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import ram_agents
import torch
from places import DOCS
from ram_agents import Reinforce

CORNERS, TRACKING, ROUNDING = (runpy.run_path(str(DOCS / f"{name}.py")) for name in ("corners", "tracking", "rounding"))
STOPPING, CIRCLESQUARE = (runpy.run_path(str(DOCS / f"{name}.py")) for name in ("stopping", "circlesquare"))
NETWORKS = runpy.run_path(str(DOCS / "networks.py"))
FOLDERS = [DOCS.parent / folder for folder in ("docs", "examples", "tests/benchmarks")]
SCRIPTS = sorted(script for folder in FOLDERS for script in folder.glob("*.py"))
SMALL: dict[str, Any] = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8, "num_envs": 4}


def missing(script: Path) -> list[str]:
    """What a script imports from this project that is not there."""
    found = [node for node in ast.walk(ast.parse(script.read_text())) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in found if (node.module or "").startswith(("ram_agents", "ram_envs"))]
    names = [(node.module or "", alias.name) for node in ours for alias in node.names]
    return [f"{module}.{name}" for module, name in names if not there(module, name)]


def there(module: str, name: str) -> bool:
    """Whether a module has a name, or a module of that name in it."""
    found = importlib.import_module(module)
    return hasattr(found, name) or (hasattr(found, "__path__") and find_spec(f"{module}.{name}") is not None)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_import_what_is_there(script) -> None:
    if "rllib" in script.name:
        pytest.importorskip("ray")
    if "ap_gym" in script.name:  # not the folder of that name in tests, which is on the path
        pytest.importorskip("ap_gym.envs")
    assert missing(script) == []


def test_what_is_not_there_is_named(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from ram_agents.evaluation.evaluate import batches, evaluate\nfrom ram_agents import nothing, sb3\n"
    )
    assert missing(script) == ["ram_agents.evaluation.evaluate.batches", "ram_agents.nothing"]


def test_near_a_corner_is_the_outer_fifth_in_both_directions() -> None:
    places = np.array([[0, 0], [7, 65], [8, 0], [72, 64], [0, 36], [65, 72], [36, 36]])
    assert CORNERS["near_a_corner"](places, 72).tolist() == [True, True, False, False, False, True, False]


def test_about_one_digit_in_25_is_near_a_corner_and_seeds_count_on() -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-Translated-v0", env_kwargs={"num_glimpses": 1}, **SMALL)
    found = CORNERS["answers"](agent, 2000, 5)
    assert found.wrong.shape == found.outer.shape == (2000,)
    assert 0.025 < found.outer.mean() < 0.065
    later = CORNERS["answers"](agent, 1000, 1005)
    np.testing.assert_array_equal(later.outer, found.outer[1000:])
    np.testing.assert_array_equal(later.wrong, found.wrong[1000:])


def test_scenes_for_the_corners_are_drawn_afresh() -> None:
    """The same test images in other places with another seed; a split's scenes stay."""

    def places(seed: int) -> np.ndarray:
        env.reset(seed=seed, options={"indices": np.arange(50)})
        return env.unwrapped.task.corners.copy()

    env = gym.make_vec("ram_envs/GlimpseMNIST-Cluttered100-v0", num_envs=50, split="test")
    np.testing.assert_array_equal(places(0), places(1))
    CORNERS["drawing_afresh"](env)
    assert (places(0) != places(1)).any(-1).mean() > 0.9
    np.testing.assert_array_equal(places(0), places(0))


def test_a_row_of_corners_by_hand() -> None:
    wrong, outer = np.zeros(100, bool), np.zeros(100, bool)
    wrong[:10], outer[8:18] = True, True  # 10 of 100, and 2 of 10
    row = CORNERS["row"]("a", "center", CORNERS["Answers"](wrong, outer))
    assert row == "| `a` | center | 100 | 10.00 | 5.52 to 17.44 | 10 | 20.00 | 5.67 to 50.98 | 2.00 |"


def test_a_gaze_that_follows_one_that_keeps_away_and_one_that_stays() -> None:
    ball = np.random.default_rng(0).random((23, 50, 2)) * 24
    gazes = {"a": ball + np.array([3, 4]), "b": -ball, "c": np.zeros_like(ball)}
    lines = TRACKING["table"](gazes | {"the ball": ball}).splitlines()
    assert lines[2] == "| a | 1.00, 1.00, 1.00, 1.00, 1.00 | 1.00 | 1.00 | 5.0 |"
    assert lines[3].startswith("| b | -1.00, -1.00, -1.00, -1.00, -1.00 | -1.00 | -1.00 |")
    assert lines[4].startswith("| c | 0.00, 0.00, 0.00, 0.00, 0.00 | 0.00 | 0.00 |")
    assert len(lines) == 5


def test_traces_of_the_ball_and_the_paddle() -> None:
    found = TRACKING["traces"](Reinforce("ram_envs/Catch-v0", **SMALL), 20, 3)
    ball, paddle = found["the ball"], found["at the paddle"]
    assert ball.shape == paddle.shape == found["the agent's"].shape == (23, 20, 2)
    np.testing.assert_array_equal(ball[..., 1], np.arange(23)[:, None] + np.full((1, 20), 0.5))  # a row a frame
    assert (paddle[..., 1] == 23.5).all()  # the bottom row
    assert np.abs(np.diff(paddle[..., 0], axis=0)).max() <= 1


def test_errors_after_the_glimpses_of_the_papers_rows() -> None:
    errors = np.array([9, 8, 7, 6, 5, 4, 3, 2])
    assert ROUNDING["counted"]("cluttered60", errors).tolist() == [6, 4, 2]
    assert ROUNDING["counted"]("catch", errors[:1]).tolist() == [9]
    assert ROUNDING["counted"]("somebody", errors).tolist() == [2]


@pytest.mark.parametrize(("bits", "size"), [(16, 0.6), (8, 0.4)])
def test_an_agent_in_fewer_bits_is_smaller_and_has_almost_the_same_errors(tmp_path, bits, size) -> None:
    path, out = tmp_path / "agent.safetensors", tmp_path / "small.safetensors"
    agent = Reinforce(env_kwargs={"num_glimpses": 2}, **SMALL | {"hidden_size": 128})
    agent.save(path, resumable=False)
    rounded = ROUNDING["round_off"](path, out, bits, 200)
    assert (rounded.name, rounded.episodes, len(rounded.differences)) == ("agent", 200, 1)
    assert rounded.new_size == out.stat().st_size < size * rounded.size
    assert abs(rounded.differences[0]) <= 4
    wrong, count = ROUNDING["wrong"](agent, 200)
    assert (len(wrong), count) == (2, 200)


def test_who_learns_to_stop_begins_where_cluttered60_ends() -> None:
    config, never = STOPPING["config_of"](0.02), STOPPING["config_of"](None)
    assert config.env_id == ram_agents.load("cluttered60").env_id
    assert config.env_kwargs["can_stop"]
    assert config.env_kwargs["glimpse_cost"] == 0.02
    assert not never.env_kwargs["can_stop"]
    assert "glimpse_cost" not in never.env_kwargs
    agent = Reinforce(config=config.replace(num_envs=2))
    STOPPING["courses"].take_weights(agent, "cluttered60")
    torch.testing.assert_close(agent.policy.f_a.weight, ram_agents.load("cluttered60").policy.f_a.weight)


def test_some_designs_can_be_run_alone_and_in_another_precision(tmp_path, monkeypatch) -> None:
    designs, runs = importlib.import_module("designs"), {}
    monkeypatch.setattr("courses.train", lambda where, config: runs.update({where.name: config}))
    names = ["cells: choice of one, 200x200", "cells: a mark of all that was covered, 200x200"]
    words = ["train", str(tmp_path), "--only", *names, "conv: 8 and 16 filters", "--tasks", "search"]
    for options, precision in (([], "medium"), (["--matmul-precision", "highest"], "highest")):
        monkeypatch.setattr(sys, "argv", ["designs.py", *words, *options])
        runs.clear()
        designs.main()
        choice, covered = runs.values()
        assert covered == choice.replace(location_seen="covered")
        assert (choice.location_seen, choice.matmul_precision) == ("near", precision)


def test_the_compared_networks_differ_in_nothing_else() -> None:
    for panel in NETWORKS["panels"]().values():
        paper, ours = (panel.base.replace(**changes) for changes in panel.variants.values())
        differing = {name for name in vars(paper) if getattr(paper, name) != getattr(ours, name)}
        assert len(differing) == 1
        assert differing <= {"glimpse_network", "location_network"}


def test_readers_differ_in_the_canvas_and_the_teacher_alone(tmp_path, monkeypatch) -> None:
    reading = importlib.import_module("reading")
    whole, *others = [vars(reading.config_of(name)) for name in reversed(reading.READERS)]
    changed = [{key for key, value in other.items() if value != whole[key]} for other in others]
    canvas, teacher = {"glimpse_network", "canvas_size"}, {"teacher_weight"}
    assert changed == [teacher, canvas, canvas | teacher]
    short = {"total_episodes": 8, "num_envs": 4, "teacher_scenes": 4, "curriculum": {}, "hidden_size": 8}
    config = reading.config_of("a canvas, labels and a teacher").replace(**short, checkpoint_every=1)
    assert config.teacher_weight > 0
    monkeypatch.setattr(reading, "config_of", lambda reader: config)
    monkeypatch.setattr(reading, "READERS", {"a canvas": {}, "never run": {}})
    reading.courses.train(reading.directory(tmp_path, "a canvas"), config)
    _, _, row = reading.measure(tmp_path).splitlines()
    assert re.fullmatch(r"\| a canvas \|( \d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\) \|){5} 0\.\d \|", row)


def test_tables_of_baselines(tmp_path, monkeypatch) -> None:
    baselines = importlib.import_module("baselines")
    whole = [vars(baselines.config_of(name, 0)) for name in baselines.BASELINES]
    differing = {name for other in whole for name in other if other[name] != whole[0][name]}
    assert differing == {"baseline", "repeats"}
    config = baselines.config_of("from the label", 0).replace(**SMALL, total_episodes=4, checkpoint_every=1)
    monkeypatch.setattr(baselines, "config_of", lambda baseline, seed: config)
    for seed in baselines.SEEDS:
        baselines.courses.train(baselines.directory(tmp_path, "from the label", seed), config)
    _, _, row = baselines.measure(tmp_path).splitlines()
    assert re.fullmatch(r"\| from the label \|( \d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\) \|){6}", row)


def test_variances_that_baselines_leave_are_told_of_each_agent(monkeypatch) -> None:
    baselines = importlib.import_module("baselines")
    monkeypatch.setattr(baselines, "MEASURED", 256)
    monkeypatch.setattr(baselines, "AGENTS", ("mnist28",))
    _, _, first, every = baselines.variance().splitlines()
    assert re.fullmatch(r"\| `mnist28` \| the first \| 1\.00 \|( \d\.\d\d \|){3}", first)
    papers, label, others = map(float, first.split("|")[4:7])
    assert papers > 0.8  # it can't know whether a guess is right
    assert max(label, others) < 0.5
    assert every.startswith("| `mnist28` | all | 1.00 |")


def test_a_run_can_begin_with_the_weights_of_another(tmp_path) -> None:
    courses = STOPPING["courses"]
    first = Reinforce("ram_envs/GlimpseMNIST-v0", **SMALL)
    first.save(tmp_path / "first.safetensors")
    config = first.config.replace(total_episodes=4, learning_rate=1e-9, checkpoint_every=1)
    courses.train(tmp_path / "run", config, weights=str(tmp_path / "first.safetensors"))
    assert courses.ended(tmp_path / "run", config)
    after = Reinforce.load(tmp_path / "run" / "last.safetensors").policy.f_a.weight
    torch.testing.assert_close(after, first.policy.f_a.weight, atol=1e-6, rtol=0)


def test_a_row_of_stopping_by_hand() -> None:
    point = STOPPING["Point"]
    text = STOPPING["table"]([point(0.02, 2.5, 10.0, 100), point(None, 3, 0.0, 100)])
    assert text.splitlines()[2:] == [
        "| 0.02 | 2.50 | 10.00 | 5.52 to 17.44 |",
        "| cannot stop | 3.00 | 0.00 | 0.00 to 3.70 |",
    ]


def test_the_command_line_trains_or_renews_a_table(tmp_path, monkeypatch) -> None:
    courses, called = CIRCLESQUARE["courses"], list[Any]()
    monkeypatch.setattr(courses, "renew", lambda name, lines: called.append((name, lines)))
    for what in ("train", "measure"):
        monkeypatch.setattr(sys, "argv", ["script", what, str(tmp_path)])
        courses.train_or_measure("", called.append, lambda out: f"of {out}", table="a")
    assert called == [tmp_path, ("a", f"of {tmp_path}")]


def test_an_accuracy_has_the_interval_of_wilson() -> None:
    figures = SimpleNamespace(final_accuracy=0.9, episodes=100)
    assert CIRCLESQUARE["accuracy"](figures) == "90.00 (82.56 to 94.48)"


def test_the_accuracy_on_the_way_is_that_of_the_nearest_checkpoint(tmp_path) -> None:
    for seed in range(3):
        where = CIRCLESQUARE["directory"](tmp_path, seed)
        where.mkdir()
        lines = [{"episodes": 6250 * n, "validation_error": 10 * seed + 5 - n} for n in (1, 2, 3)]
        (where / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert CIRCLESQUARE["on_the_way"](tmp_path, 290_000) == "98.00, 88.00, 78.00"  # 18,750 episodes are nearest
    assert CIRCLESQUARE["on_the_way"](tmp_path, 100_000) == "96.00, 86.00, 76.00"
