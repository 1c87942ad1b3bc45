"""`ram` and `ram train`: what the words mean, and what a run leaves behind."""

from __future__ import annotations

import json

import numpy as np
import pytest
import ram_agents
import torch
from ram_agents import Reinforce, cli, recipe
from ram_agents.commands import evaluate as report
from ram_agents.commands.train import parse, take_weights
from ram_agents.evaluation.evaluate import Evaluation
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TINY = ["--num-envs", "8", "--total-episodes", "80", "--checkpoint-every", "4", "--hidden-size", "16"]
TINY += ["--env-kwargs", '{"num_glimpses": 2}', "--no-progress-bar"]


def test_usage(capsys) -> None:
    for words in ([], ["--help"], ["-h"]):
        cli.main(words)
        shown = capsys.readouterr().out
        assert all(f"ram {command}" in shown for command in cli.COMMANDS)
    with pytest.raises(SystemExit, match="there is no command 'trian'"):
        cli.main(["trian"])


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_helps(command, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0
    assert f"ram {command}" in capsys.readouterr().out


def test_a_recipe_and_options_over_it() -> None:
    options = parse(["--recipe", "cluttered60", "--learning-rate", "0.5", "--env-kwargs", '{"num_glimpses": 4}'])
    plain = recipe("cluttered60")
    assert options.learning_rate == 0.5
    assert options.env_kwargs == plain.env_kwargs | {"num_glimpses": 4}
    assert (options.env_id, options.reward, options.num_envs) == (plain.env_id, plain.reward, plain.num_envs)
    assert parse(["--learning-rate", "0.5", "--recipe", "cluttered60"]).learning_rate == 0.5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recipe", "mnist"], "no recipe is called 'mnist'"),
        (["--resume", "--out", "/nowhere"], "there is no checkpoint at /nowhere/last.safetensors"),
        (["--env-id", "ram_envs/GlimpseImages-v0"], "images are missing"),
    ],
)
def test_errors_are_one_line(words, message) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["train", *words])
    assert str(end.value.code).startswith("ram train: ")
    assert message in str(end.value.code)


def test_a_bad_value_is_told(capsys) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["train", "--num-envs", "0"])
    # Newer versions of tyro tell it themselves, older ones leave it to us.
    told = capsys.readouterr().err if end.value.code == 2 else end.value.code
    assert "num_envs must be at least 1, not 0" in told


def test_a_run(tmp_path, capsys) -> None:
    words = ["train", *TINY, "--out", str(tmp_path), "--tensorboard"]
    cli.main(words)
    assert {"best.safetensors", "last.safetensors", "progress.jsonl"} <= {file.name for file in tmp_path.iterdir()}
    lines = [json.loads(line) for line in (tmp_path / "progress.jsonl").read_text().splitlines()]
    assert [line["episodes"] for line in lines] == [32, 64, 80]
    agent = Reinforce.load(tmp_path / "best.safetensors")
    assert agent.best_error == min(line["validation_error"] for line in lines)
    assert [len(line["validation_errors"]) for line in lines] == [2, 2, 2]  # after each glimpse
    assert all(line["validation_errors"][-1] == line["validation_error"] for line in lines)
    assert agent.env_kwargs == {"num_glimpses": 2}

    events = EventAccumulator(str(tmp_path)).Reload()
    assert {"train/loss", "train/episode_return", "validation/error"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("train/loss")] == [80]
    assert set(events.Tags()["images"]) == {"glimpses", "gaze"}

    with pytest.raises(SystemExit, match=r"holds a run already: add --resume .* or choose another --out"):
        cli.main(words)


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
    cli.main(["evaluate", str(tmp_path / "last.safetensors"), *words])
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "controls").iterdir()} == kept  # found again
    assert json.loads((tmp_path / "all.json").read_text())["controls"] == figures["controls"]


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


def test_a_run_begins_with_the_weights_of_another(tmp_path) -> None:
    path, kwargs = tmp_path / "first.safetensors", {"num_glimpses": 2}
    first = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs, num_envs=4, hidden_size=16)
    first.save(path)
    second = Reinforce(
        "ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs | {"can_stop": True}, num_envs=4, hidden_size=16, seed=1
    )
    own = second.policy.f_s.weight.detach().clone()  # type: ignore[union-attr]
    take_weights(second, str(path))
    torch.testing.assert_close(second.policy.f_s.weight.detach(), own, rtol=0, atol=0)  # type: ignore[union-attr]
    for name, tensor in first.policy.state_dict().items():
        torch.testing.assert_close(second.policy.state_dict()[name], tensor, rtol=0, atol=0)

    words = ["train", *TINY, "--weights", str(path), "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match=r"the weights of .* are another model's: .*f_g\.what\.weight"):
        cli.main([*words, "--glimpse-size", "7"])
    with pytest.raises(SystemExit, match="begins a run, --resume goes on with one"):
        cli.main([*words, "--resume"])


@pytest.mark.parametrize(("glimpses", "told"), [(2.25, True), (3.0, False)])
def test_the_number_of_glimpses_is_told_of_one_who_stops(glimpses, told, capsys) -> None:
    result = Evaluation(100, np.array([60.0, 10.0, 5.0]), np.array([61.0, 11.0, 6.0]), None, None, glimpses, 2.125)
    report.show({"agent": result}, {}, report.Evaluate(agents=("agent",)))
    shown = capsys.readouterr().out
    assert ("glimpses" in shown) is told
    assert ("2.25" in shown) is told
    assert ("2.12" in shown) is told


def test_stopping_is_taught_to_the_shipped_agent() -> None:
    """The two recipes name the same model, and the same training digits."""
    teacher, stopper = recipe("mnist28"), recipe("mnist28_stop")
    assert {**stopper.env_kwargs, **teacher.env_kwargs} == stopper.env_kwargs
    agent = Reinforce(config=stopper.replace(num_envs=2))
    take_weights(agent, "mnist28")
    assert torch.equal(agent.policy.f_a.weight, ram_agents.load("mnist28").policy.f_a.weight)
