"""The options of `ram train`: their groups and help texts, recipes, and what goes beside `--resume`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from ram_agents import Config, Reinforce, cli, recipe, recipe_names
from ram_agents.commands.train_options import Train, check_resumed, docstrings, option_groups, parse

RUN = {"env_kwargs": {"num_glimpses": 2}, "num_envs": 4, "total_episodes": 40, "checkpoint_every": 2}


@pytest.fixture
def run(tmp_path, monkeypatch) -> Path:
    """The directory of a run that has not begun yet, from within the directory above it."""
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    agent = Reinforce(**RUN, hidden_size=16)
    agent.updates = 5
    agent.save("run/last.safetensors")
    return Path("run")


def test_every_option_is_in_one_group_and_explained() -> None:
    grouped = [name for names in option_groups().values() for name in names]
    assert sorted(grouped) == sorted(f.name for f in dataclasses.fields(Train))
    texts = docstrings(Train)
    assert all(len(texts[name]) > 4 for name in grouped)
    assert texts["env_kwargs"] == "The environment's keyword arguments; they add to the recipe's."
    assert texts["hidden_size"] == "Units of g_t and h_t."


def test_the_groups() -> None:
    groups = option_groups()
    assert list(groups) == ["common", "model", "looking", "loss", "optimiser"]
    assert groups["common"][:3] == ["recipe", "out", "env_id"]
    assert {"core", "hidden_size", "location_std"} <= set(groups["model"])
    assert groups["looking"] == ["look", "look_warmup", "final_location_std"]
    assert {"hybrid", "reward", "stop_warmup"} <= set(groups["loss"])
    assert {"optimizer", "learning_rate", "matmul_precision"} <= set(groups["optimiser"])


def test_the_help_shows_groups_recipes_and_a_recipe_s_values(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        cli.main(["train", "--recipe", "mnist28", "--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    titles = [shown.index(f"{title} options") for title in option_groups()]
    assert titles == sorted(titles)
    assert all(name in shown for name in recipe_names())
    flat = " ".join(shown.replace("│", " ").split())
    assert f"Episodes to train for. (default: {recipe('mnist28').total_episodes})" in flat
    assert max(map(len, shown.splitlines())) <= 80


def test_a_recipe_and_options_over_it() -> None:
    options = parse(["--recipe", "cluttered60", "--learning-rate", "0.5", "--env-kwargs", '{"num_glimpses": 4}'])
    plain = recipe("cluttered60")
    assert options.learning_rate == 0.5
    assert options.env_kwargs == plain.env_kwargs | {"num_glimpses": 4}
    assert options.hyper_parameters() == plain.replace(learning_rate=0.5, env_kwargs=options.env_kwargs)
    assert parse(["--learning-rate=0.5", "--recipe=cluttered60"]).learning_rate == 0.5


def test_a_recipe_in_a_file_imports_nothing_that_the_user_did_not_write(tmp_path) -> None:
    (tmp_path / "stranger_env.py").write_text("raise AssertionError('imported')")
    file = tmp_path / "stranger.json"
    file.write_text('{"env_id": "stranger_env:Mine-v0", "hidden_size": 7}')
    with pytest.raises(ValueError, match=r"its env_id stranger_env:Mine-v0 would import the module stranger_env"):
        parse(["--recipe", str(file)])
    trusted = parse(["--recipe", str(file), "--env-id", "stranger_env:Mine-v0"])
    assert (trusted.env_id, trusted.hidden_size) == ("stranger_env:Mine-v0", 7)


def test_what_a_resumed_run_takes(run) -> None:
    words = ["--out", str(run), "--resume"]
    assert parse(words).hidden_size == 16
    assert parse(words).total_episodes == 40
    assert parse([*words, "--hidden-size", "16", "--env-kwargs", '{"num_glimpses": 2}']).hidden_size == 16
    assert parse([*words, "--matmul-precision", "medium"]).matmul_precision == "medium"
    free = parse([*words, "--total-episodes", "80", "--device", "cpu", "--threads", "1", "--tensorboard"])
    assert (free.total_episodes, free.tensorboard, free.threads) == (80, True, 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--recipe", "demo"], "--recipe demo: --resume keeps the run's hyper-parameters"),
        (["--weights", "mnist28"], "--weights mnist28 begins a run, --resume goes on with one"),
        (["--hidden-size", "17"], "--hidden-size 17: the run in run has 16, and --resume keeps"),
        (["--num-envs", "8"], "--num-envs 8: the run in run has 4"),
        (["--seed", "3"], "--seed 3: the run in run has 0"),
        (["--checkpoint-every", "3"], "--checkpoint-every 3: the run in run has 2"),
        (["--no-hybrid"], "--hybrid false: the run in run has true"),
        (
            ["--env-id", "ram_envs/Catch-v0"],
            '--env-id "ram_envs/Catch-v0": the run in run has "ram_envs/GlimpseMNIST-v0"',
        ),
        (["--env-kwargs", '{"num_glimpses": 3}'], '--env-kwargs {"num_glimpses": 3'),
        (["--total-episodes", "16"], "--total-episodes 16: the run in run has gone through 20 already"),
    ],
)
def test_what_a_resumed_run_refuses(run, words, message) -> None:
    before = (run / "last.safetensors").read_bytes()
    with pytest.raises(SystemExit) as end:
        cli.main(["train", "--out", str(run), "--resume", *words])
    assert str(end.value.code).startswith(f"ram train: {message}")
    assert (run / "last.safetensors").read_bytes() == before


def test_the_arguments_that_an_id_stands_for_are_no_difference() -> None:
    made = Config(env_kwargs={"canvas_size": 60, "num_glimpses": 4})
    check_resumed(Train(env_kwargs={"num_glimpses": 4}), made)
    with pytest.raises(ValueError, match="--env-kwargs"):
        check_resumed(Train(env_kwargs={"num_glimpses": 5}), made)


def test_json_that_has_a_key_twice_is_refused(capsys) -> None:
    with pytest.raises(SystemExit):
        parse(["--curriculum", '{"0": [{}], "0": [{"canvas_size": 100}]}'])
    told = capsys.readouterr()
    assert '"0" twice' in " ".join((told.out + told.err).replace("│", " ").split())


def test_images_that_a_file_asks_for_are_told(tmp_path, capsys) -> None:
    file = tmp_path / "theirs.json"
    theirs = {"images": "a\x1b.npz"}, {"images": "b.npz"}, {"0": [{"images": "b.npz"}, {"images": "c.npz"}]}
    file.write_text(json.dumps(dict(zip(("env_kwargs", "validation_kwargs", "curriculum"), theirs, strict=True))))
    parse(["--recipe", str(file)])
    told = [f"reads images from {name} as {file} says" for name in ("'a\\x1b.npz'", "b.npz", "c.npz")]
    assert capsys.readouterr().err.splitlines() == told
    parse(["--recipe", str(file), "--env-kwargs", '{"images": "mine.npz"}', "--curriculum", "{}"])
    assert capsys.readouterr().err.splitlines() == told[1:2]
    parse(["--recipe", "digits8"])
    assert capsys.readouterr().err == ""
