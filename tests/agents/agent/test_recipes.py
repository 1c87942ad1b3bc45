"""Recipes: those of the package, and files of one's own."""

from __future__ import annotations

import dataclasses
import json
import os
from importlib import resources
from pathlib import Path

import pytest
from ram_agents import Config, recipe, recipe_names
from ram_agents.agent.recipes import MOST_BYTES, deviations


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_are_valid(name) -> None:
    assert recipe(name) != Config()
    text = (resources.files("ram_agents") / "recipes" / f"{name}.json").read_text()
    keys = [key for key, _ in json.loads(text, object_pairs_hook=lambda pairs: pairs)]
    assert len(set(keys)) == len(keys), "a key is there twice"


PAPERS = [name for name in recipe_names() if name.startswith("paper-")]


def test_there_is_a_recipe_of_the_papers_own_for_each_of_its_tasks() -> None:
    assert PAPERS == ["paper-100", "paper-28", "paper-60", "paper-catch"]


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_recipes_have_its_sizes_reward_optimiser_and_first_look(name) -> None:
    config = recipe(name)
    assert (config.glimpse_size, config.location_size, config.hidden_size, config.location_hidden) == (128, 128, 256, 0)
    assert (config.glimpse_network, config.location_network) == ("mlp", "linear")
    assert config.core == ("lstm" if name == "paper-catch" else "rnn")
    assert (config.reward, config.discount, config.baseline, config.repeats) == ("0/1", 1.0, "state", 1)
    assert (config.optimizer, config.momentum, config.num_envs, config.max_grad_norm) == ("sgd", 0.9, 20, None)
    assert (config.lr_schedule, config.final_learning_rate, config.weight_decay) == ("linear", 0.0, 0.0)
    assert (config.step_weight, config.final_location_std, config.matmul_precision) == (0.0, None, "highest")
    assert config.env_kwargs["initial_location"] == "random"
    assert not {"max_distortion", "max_bend", "max_shift", "pooling"} & set(config.env_kwargs)


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_recipes_leave_nothing_to_a_default_and_tell_where_they_differ(name) -> None:
    told = json.loads((resources.files("ram_agents") / "recipes" / f"{name}.json").read_text())
    unused = {"curriculum", "validation_kwargs", "validation_scenes", "class_weights", "stop_weight", "stop_warmup"}
    assert {f.name for f in dataclasses.fields(Config)} - set(told) == unused | {"seed"}
    assert deviations(name) == told["deviations"]
    assert any("tanh" in sentence for sentence in deviations(name))


def test_recipes_of_our_own_list_no_deviations() -> None:
    assert deviations("cluttered60") == []
    with pytest.raises(ValueError, match="no recipe is called 'paper-61'; there are: "):
        deviations("paper-61")


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "mine.json"


def test_a_file_is_as_good_as_a_name(file) -> None:
    file.write_text((resources.files("ram_agents") / "recipes" / "cluttered60.json").read_text())
    assert recipe(file) == recipe(str(file)) == recipe("cluttered60")
    file.write_text('{"hidden_size": 7, "deviations": ["smaller"]}')
    assert recipe(file) == Config(hidden_size=7)
    assert deviations(file) == ["smaller"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "mine.json: it is no JSON: Expecting value at line 1"),
        (b'{"hidden_size": 7,\n', "mine.json: it is no JSON: .* at line 2"),
        (b"\xff\xfe\xff", "mine.json: it is no text in UTF-8"),
        (b"[1]", "mine.json: it is no JSON object"),
        (b"[" * 100_000, "mine.json: it is nested too deeply"),
        (b'{"hidden_size": ' + b"9" * 5_000 + b"}", "mine.json: it holds a number of thousands of digits"),
        (b'{"seed": 1, "seed": 2}', 'mine.json: it has "seed" twice; keep one'),
        (b'{"curriculum": {"0": [{}], "0": [{}]}}', 'mine.json: it has "0" twice'),
        (b'{"deviations": "one"}', "mine.json: deviations must be a list of sentences"),
        (b'{"deviations": [1]}', "mine.json: deviations must be a list of sentences"),
        (b" " * (MOST_BYTES + 1), "mine.json has more than 1,048,576 bytes"),
        (b'{"hidden": 7}', "mine.json: no such hyper-parameter: hidden; there are: "),
        (b'{"hidden_size": -7}', "mine.json: hidden_size must be "),
        (b'{"hidden_size": "7"}', "mine.json: hidden_size must be "),
    ],
)
def test_files_that_are_none(file, content, message) -> None:
    file.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        recipe(file)


def test_what_is_no_file_is_not_waited_for(file) -> None:
    os.mkfifo(file)
    with pytest.raises(ValueError, match=r"mine\.json is no file"):
        recipe(file)


def test_a_name_may_be_a_path_too() -> None:
    assert recipe(Path("cluttered60")) == recipe("cluttered60")


def test_a_file_names_no_module_that_is_not_imported(file) -> None:
    file.write_text('{"env_id": "stranger_env:Mine-v0"}')
    with pytest.raises(ValueError, match=r"would import the module stranger_env; if you trust it"):
        recipe(file)
    assert recipe(file, env_id="stranger_env:Mine-v0").env_id == "stranger_env:Mine-v0"
    file.write_text('{"env_id": "json:Mine-v0"}')
    assert recipe(file).env_id == "json:Mine-v0"


def test_no_file(file) -> None:
    with pytest.raises(FileNotFoundError, match=r"mine\.json"):
        recipe(file)
