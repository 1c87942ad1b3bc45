"""`ram` and `ram train`: what the words mean, and what a run leaves behind."""

from __future__ import annotations

import errno
import json
import signal
from typing import Any

import pytest
import ram_agents
import torch
from ram_agents import Reinforce, cli, recipe
from ram_agents.commands.train import ending, take_weights, train
from ram_agents.commands.train_options import parse
from ram_agents.evaluation.runs import LAST, Checkpoints
from ram_agents.processes.group import Processes
from shared_runs import together
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TINY = ["--num-envs", "8", "--total-episodes", "80", "--checkpoint-every", "4", "--hidden-size", "16"]
TINY += ["--env-kwargs", '{"num_glimpses": 2}', "--validation-scenes", "50", "--no-progress-bar"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recipe", "mnist"], "no recipe is called 'mnist'"),
        (["--resume", "--out", "/nowhere"], "there is no checkpoint at /nowhere/last.safetensors"),
        (["--env-id", "ram_envs/GlimpseImages-v0"], "images are missing"),
        (["--env-id", "ram_envs/Ctch-v0"], "there is no environment 'ram_envs/Ctch-v0'"),
        (["--env-id", "CartPole-v1"], "ram_envs.wrappers.FoveatedObservation"),
        (["--env-id", "no_such_module:Mine-v0"], "put its folder on PYTHONPATH"),
        (["--env-kwargs", '{"num_glimses": 3}'], "unexpected keyword argument 'num_glimses'"),
        (["--num-envs", "0"], "num_envs must be at least 1, not 0"),
        (["--threads", "0"], "threads must be at least 1, not 0"),
        (["--device", "nonsense"], "--device nonsense can't be used here"),
        (["--weights", "nobody"], "there is no file nobody"),
    ],
)
def test_errors_are_one_line(words, message, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        cli.main(["train", *words])
    assert str(end.value.code).startswith("ram train: ")
    assert message in str(end.value.code)
    assert "\n" not in str(end.value.code)
    assert not list(tmp_path.iterdir())  # nothing was begun


def test_a_teacher_is_announced_and_trained_once(tmp_path, capsys) -> None:
    cli.main(["train", *TINY, "--teacher-weight", "0.5", "--teacher-scenes", "64", "--out", str(tmp_path)])
    assert "a teacher is trained first, on 64 whole scenes" in capsys.readouterr().err
    cli.main(["train", "--out", str(tmp_path), "--resume", "--total-episodes", "96", "--no-progress-bar"])
    assert "teacher" not in capsys.readouterr().err
    assert Reinforce.load(tmp_path / "last.safetensors").episodes == 96


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


def test_another_number_of_answers_is_learned_on_the_same_glimpses(capsys) -> None:
    """Sums of two digits begin with what reads pairs: all but the 19 answers."""
    agent = Reinforce(config=recipe("addition").replace(num_envs=2))
    own, pairs = agent.policy.f_a.weight.detach().clone(), ram_agents.load("pairs").policy.state_dict()
    take_weights(agent, "pairs")
    assert "it chooses among 10 actions, this agent among 19: the network that chooses begins anew" in str(
        capsys.readouterr()
    )
    for name, tensor in agent.policy.state_dict().items():
        if not name.startswith("f_a."):
            assert torch.equal(tensor, pairs[name])
    assert torch.equal(agent.policy.f_a.weight, own)
    wider = Reinforce(config=recipe("addition").replace(num_envs=2, hidden_size=64))
    with pytest.raises(ValueError, match=r"another model's: .*f_h\.hidden\.weight.* do not fit"):
        take_weights(wider, "pairs")


def test_what_was_covered_begins_without_weight(tmp_path) -> None:
    """Every scale's features of another that is told less, then zeros for those that are new."""
    options = {"num_envs": 2, "hidden_size": 16, "location_network": "cells", "env_kwargs": {"num_scales": 2}}
    near = Reinforce("ram_envs/GlimpseMNIST-Cluttered-v0", **options)
    covered = Reinforce("ram_envs/GlimpseMNIST-Cluttered-v0", location_seen="covered", seed=1, **options)
    near.save(tmp_path / "near.safetensors")
    take_weights(covered, str(tmp_path / "near.safetensors"))
    mine, theirs = covered.policy.state_dict(), near.policy.state_dict()
    for kind in ("weight", "bias"):
        cells, before = mine.pop(f"f_l.weights.{kind}"), theirs.pop(f"f_l.weights.{kind}")
        for scale in range(2):  # light, two blurs, outside, and twice seen; then twice covered
            assert torch.equal(cells[8 * scale : 8 * scale + 6], before[6 * scale : 6 * scale + 6])
            assert not cells[8 * scale + 6 : 8 * scale + 8].any()
        assert torch.equal(cells[-1], before[-1])
    assert all(torch.equal(mine[name], tensor) for name, tensor in theirs.items())

    covered.save(tmp_path / "covered.safetensors")
    with pytest.raises(ValueError, match=r"another model's: f_l\.weights\.weight, f_l\.weights\.bias do not fit"):
        take_weights(near, str(tmp_path / "covered.safetensors"))


def test_stopping_is_taught_to_the_shipped_agent() -> None:
    """The two recipes name the same model, and the same training digits."""
    teacher, stopper = recipe("mnist28"), recipe("mnist28_stop")
    assert {**stopper.env_kwargs, **teacher.env_kwargs} == stopper.env_kwargs
    agent = Reinforce(config=stopper.replace(num_envs=2))
    take_weights(agent, "mnist28")
    assert torch.equal(agent.policy.f_a.weight, ram_agents.load("mnist28").policy.f_a.weight)


def quick(monkeypatch) -> None:
    """Validate on nothing: 60% at first, then worse."""
    errors = iter([60.0, 70.0, 80.0, 90.0])
    monkeypatch.setattr("ram_agents.evaluation.runs.validation_errors", lambda agent, env: [next(errors)])


def test_the_end_tells_what_there_is_and_what_comes_next(tmp_path, monkeypatch, capsys) -> None:
    quick(monkeypatch)
    monkeypatch.chdir(tmp_path)
    cli.main(["train", *TINY, "--out", "my run", "--tensorboard"])
    assert capsys.readouterr().out.splitlines() == [
        "my run holds, after 80 of 80 episodes:",
        "  best.safetensors   held-out error 60.00%",
        "  last.safetensors   held-out error 80.00%",
        "  progress.jsonl     a line for each checkpoint",
        "What next:",
        "  ram evaluate 'my run/best.safetensors'",
        "  ram watch 'my run/best.safetensors'",
        "  ram plot curves 'my run'",
        "  ram train --out 'my run' --resume --total-episodes 160 --tensorboard",
    ]
    assert Reinforce.load("my run/last.safetensors").validation_error == 80


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_run_is_saved_and_tells_how_to_go_on(number, tmp_path, monkeypatch, request) -> None:
    quick(monkeypatch)
    monkeypatch.chdir(tmp_path)
    update = Reinforce.update

    def stop(self: Reinforce) -> Any:
        if self.updates == 5:
            signal.raise_signal(number)
        return update(self)

    monkeypatch.setattr(Reinforce, "update", stop)
    before = signal.signal(number, signal.default_int_handler)  # whoever runs the tests may ignore it, as nohup does
    request.addfinalizer(lambda: signal.signal(number, before))
    with pytest.raises(SystemExit) as end:
        cli.main(["train", *TINY, "--out", "run"])
    told = str(end.value.code)
    assert told.startswith("Stopped and saved.\nrun holds, after 48 of 80 episodes:")
    assert "last.safetensors   held-out error 70.00%" in told
    assert told.endswith("  ram train --out run --resume")
    assert Reinforce.load("run/last.safetensors").updates == 6
    monkeypatch.setattr(Reinforce, "update", update)
    cli.main(["train", "--out", "run", "--resume", "--no-progress-bar"])
    assert Reinforce.load("run/last.safetensors").updates == 10


def test_a_run_of_no_whole_number_of_updates_is_finished_too(tmp_path, monkeypatch, capsys) -> None:
    quick(monkeypatch)
    words = ["train", *TINY, "--total-episodes", "75", "--out", str(tmp_path)]
    cli.main(words)
    assert "after 80 of 80 episodes" in capsys.readouterr().out
    cli.main([*words, "--resume"])  # nothing is left to do
    assert Reinforce.load(tmp_path / "last.safetensors").updates == 10
    assert "--resume --total-episodes 150" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("begun", "faster", "words", "goes_on_in", "told"),
    [
        ("highest", "medium", [], "highest", ""),
        ("medium", "medium", [], "medium", "--matmul-precision medium, as the run began\n"),
        ("medium", "medium", ["auto"], "medium", "--matmul-precision medium, as the run began\n"),
        ("medium", "highest", [], "medium", "medium, as the run began; highest is faster here, and goes on to other"),
        (
            "medium",
            "highest",
            ["highest"],
            "highest",
            "highest, where the run had medium: it goes on, to other weights",
        ),
        ("highest", "medium", ["medium"], "medium", "medium, where the run had highest: it goes on, to other"),
    ],
)
def test_a_resumed_run_keeps_its_precision_or_takes_another(
    begun, faster, words, goes_on_in, told, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr("ram_agents.training.trainable.faster_precision", lambda *_, **__: faster)
    cli.main(["train", *TINY, "--matmul-precision", begun, "--out", str(tmp_path)])
    capsys.readouterr()
    more = ["--total-episodes", "96", *(["--matmul-precision", *words] if words else [])]
    cli.main(["train", "--out", str(tmp_path), "--resume", "--no-progress-bar", *more])
    assert Reinforce.load(tmp_path / LAST).config.matmul_precision == goes_on_in
    shown = capsys.readouterr().err
    assert told in shown if told else "precision" not in shown


def test_a_second_signal_while_saving_is_no_saved_run(tmp_path, monkeypatch, capsys) -> None:
    def stop(agent: Any, env: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("ram_agents.evaluation.runs.validation_errors", stop)
    with pytest.raises(SystemExit) as end:
        cli.main(["train", *TINY, "--out", str(tmp_path)])
    assert end.value.code == 130
    assert "ram train: interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["log", "checkpoint"])
def test_a_full_disk_is_told_and_the_last_checkpoint_stays(kind, tmp_path, monkeypatch) -> None:
    quick(monkeypatch)
    save = Checkpoints.save

    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill(self: Checkpoints, agent: Reinforce) -> None:
        if agent.updates == 8:
            module = "evaluation.runs.json.dumps" if kind == "log" else "agent.checkpoint.os.fsync"
            monkeypatch.setattr(f"ram_agents.{module}", full)
        save(self, agent)

    monkeypatch.setattr(Checkpoints, "save", fill)
    with pytest.raises(SystemExit) as end:
        cli.main(["train", *TINY, "--out", str(tmp_path)])
    name = "progress.jsonl" if kind == "log" else "last.safetensors"
    assert str(end.value.code).startswith(f"ram train: {tmp_path / name}: No space left on device; make room")
    monkeypatch.undo()
    assert Reinforce.load(tmp_path / "last.safetensors").updates == 4
    assert not list(tmp_path.glob(".*.part"))
    cli.main(["train", "--out", str(tmp_path), "--resume", "--no-progress-bar"])


def test_a_run_of_several_processes_goes_on_in_one_and_says_so(tmp_path, capsys) -> None:
    words = ["train", *TINY, "--out", str(tmp_path)]
    options = parse(words[1:])
    agent = Reinforce(config=options.hyper_parameters(), processes=Processes(0, 2))
    agent.save(tmp_path / LAST)
    assert f"torchrun --nproc-per-node 2 -m ram_agents train --out {tmp_path} --resume" in ending(options)
    cli.main(["train", "--out", str(tmp_path), "--resume", "--no-progress-bar"])
    assert "processes: 1, where the run had 2: it goes on, to other weights than with 2" in capsys.readouterr().err
    assert "torchrun" not in ending(options)


def test_other_processes_than_the_first_write_nothing(tmp_path, capsys) -> None:
    options = parse([*TINY, "--out", str(tmp_path / "run")])

    def work(processes: Processes) -> int:
        return train(options, processes).updates

    assert together(work) == [10, 10]
    assert len((tmp_path / "run" / "progress.jsonl").read_text().splitlines()) == 3
