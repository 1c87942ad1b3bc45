"""`ram evaluate`: what it measures, prints and writes, and what it refuses before it measures."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ram_agents import Reinforce, cli

TINY = ["--num-envs", "8", "--total-episodes", "80", "--checkpoint-every", "4", "--hidden-size", "16"]
TINY += ["--env-kwargs", '{"num_glimpses": 2}', "--no-progress-bar"]


def test_evaluate(tmp_path, capsys) -> None:
    cli.main(["train", *TINY, "--out", str(tmp_path)])
    words = ["--controls", "random", "center", "weak-cnn", "--control-episodes", "16", "--paths", "2"]
    words += ["--controls-dir", str(tmp_path / "controls"), "--episodes", "100", "--out", str(tmp_path / "all.json")]
    cli.main(["evaluate", str(tmp_path / "last.safetensors"), "--confusion", *words])
    shown = capsys.readouterr().out
    assert "Error in %, test, 100 episodes each" in shown
    figures = json.loads((tmp_path / "all.json").read_text())
    names = [str(tmp_path / "last.safetensors"), "random (control)", "center (control)"]
    assert list(figures["agents"]) == names
    assert list(figures["controls"]) == ["weak-cnn"]
    for result in figures["agents"].values():
        assert len(result["mean"]) == len(result["sampled"]) == len(result["averaged"]) == 2
        assert np.sum(result["confusion"]) == 100
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "controls").iterdir()}
    assert len(kept) == 3
    (cnn,) = figures["controls"].values()
    assert len(cnn["errors"]) == cnn["rounds"] == 1
    assert cnn["scenes"] >= 16
    assert 0 <= cnn["error"] <= 100
    assert cnn["error"] == round(cnn["error"])  # of 100 scenes
    assert not cnn["ended"]
    cli.main(["evaluate", str(tmp_path / "last.safetensors"), *words])
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "controls").iterdir()} == kept  # found again
    assert json.loads((tmp_path / "all.json").read_text())["controls"] == figures["controls"]


@pytest.mark.parametrize("faster", ["highest", "medium"])
def test_a_control_is_found_again_however_its_precision_was_decided(faster, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("ram_agents.training.trainable.faster_precision", lambda *_, **__: faster)
    cli.main(["train", *TINY, "--matmul-precision", "medium", "--out", str(tmp_path)])
    words = ["--controls", "random", "--control-episodes", "16", "--paths", "0", "--episodes", "20"]
    times = []
    for _ in range(2):
        cli.main(["evaluate", str(tmp_path / "last.safetensors"), *words, "--controls-dir", str(tmp_path / "controls")])
        (control,) = (tmp_path / "controls").iterdir()
        times.append(control.stat().st_mtime_ns)
    assert times[0] == times[1]


def test_a_scan_and_random_places_with_relative_saccades(tmp_path, capsys) -> None:
    kwargs = ["--env-kwargs", '{"num_glimpses": 3, "saccade": "relative"}']
    cli.main(["train", *TINY, *kwargs, "--out", str(tmp_path)])
    agent = str(tmp_path / "last.safetensors")
    for look in ("scan", "random"):
        cli.main(["evaluate", agent, "--look", look, "--episodes", "50", "--paths", "1"])
        assert f"{look}" in capsys.readouterr().out
    words = ["--controls", "scan", "--control-episodes", "16", "--controls-dir", str(tmp_path / "controls")]
    cli.main(["evaluate", agent, *words, "--episodes", "50", "--paths", "0", "--out", str(tmp_path / "all.json")])
    assert list(json.loads((tmp_path / "all.json").read_text())["agents"]) == [agent, "scan (control)"]
    control = Reinforce.load(next((tmp_path / "controls").iterdir()))
    assert (control.config.look, control.env_kwargs["saccade"]) == ("scan", "relative")
    observation = {"glimpse": np.zeros((1, 8, 8), np.float32), "location": np.zeros(2, np.float32)}
    with pytest.raises(ValueError, match="control of look='scan'"):
        control.predict(observation)


def test_evaluate_wants_an_agent(tmp_path) -> None:
    with pytest.raises(SystemExit, match="ram evaluate: name an agent"):
        cli.main(["evaluate"])
    with pytest.raises(SystemExit, match=f"there is no file {tmp_path / 'none'}"):
        cli.main(["evaluate", str(tmp_path / "none")])


def test_evaluate_elsewhere_than_it_was_trained(tmp_path, capsys) -> None:
    path = tmp_path / "agent.safetensors"
    Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 2}, num_envs=4, hidden_size=16).save(path)
    words = ["evaluate", str(path), "--episodes", "50", "--paths", "0", "--out", str(tmp_path / "figures.json")]
    cli.main([*words, "--env-kwargs", '{"canvas_size": 60, "num_glimpses": 3}'])
    (result,) = json.loads((tmp_path / "figures.json").read_text())["agents"].values()
    assert len(result["mean"]) == 3
    with pytest.raises(SystemExit, match=r"the agent was made for .*\(1, 8, 8\).* this environment has .*\(2, 8, 8\)"):
        cli.main([*words, "--env-kwargs", '{"num_scales": 2}'])


def test_scores_are_shown_and_written(tmp_path, capsys) -> None:
    path, out = tmp_path / "agent.safetensors", tmp_path / "figures.json"
    env_kwargs = {"images": "sklearn:photos", "num_glimpses": 2}
    Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=env_kwargs, num_envs=4, hidden_size=16).save(path)
    cli.main(["evaluate", str(path), "--paths", "2", "--out", str(out)])
    (result,) = json.loads(out.read_text())["agents"].values()
    shown = capsys.readouterr().out
    assert "balanced accuracy, %" in shown
    assert "AUC" in shown
    for gaze in ("mean", "sampled", "averaged"):
        assert f"{result['balanced_accuracy'][gaze]:.2f}" in shown
        assert f"{result['auc'][gaze]:.4f}" in shown
    path = tmp_path / "digits.safetensors"
    Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 2}, num_envs=4, hidden_size=16).save(path)
    cli.main(["evaluate", str(path), "--paths", "0", "--episodes", "50"])
    shown = capsys.readouterr().out
    assert "balanced accuracy, %" in shown
    assert "AUC" not in shown
