"""`ram` and `ram train`: what the words mean, and what a run leaves behind."""

from __future__ import annotations

import json

import pytest
import ram_agents
import torch
from ram_agents import Reinforce, cli, recipe
from ram_agents.commands.train import take_weights
from ram_agents.commands.train_options import parse
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TINY = ["--num-envs", "8", "--total-episodes", "80", "--checkpoint-every", "4", "--hidden-size", "16"]
TINY += ["--env-kwargs", '{"num_glimpses": 2}', "--no-progress-bar"]


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


def test_stopping_is_taught_to_the_shipped_agent() -> None:
    """The two recipes name the same model, and the same training digits."""
    teacher, stopper = recipe("mnist28"), recipe("mnist28_stop")
    assert {**stopper.env_kwargs, **teacher.env_kwargs} == stopper.env_kwargs
    agent = Reinforce(config=stopper.replace(num_envs=2))
    take_weights(agent, "mnist28")
    assert torch.equal(agent.policy.f_a.weight, ram_agents.load("mnist28").policy.f_a.weight)
