"""Each entry trains within its budget, goes on from what it saved, and is measured."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from ram_agents import recipe_names
from ram_agents.entrants.by_cnn import WholeScene, whole_scene
from ram_agents.entrants.by_reinforce import ByReinforce, random_gaze
from ram_agents.entrants.course import Budget, Course
from ram_agents.entrants.entry import ENTRIES, Challenge, Entry, NotForThis
from ram_agents.evaluation.pretrained import BY_ENVIRONMENT

ID = "ram_envs/GlimpseMNIST-v0"


@pytest.fixture(autouse=True)
def unhurried(monkeypatch) -> None:
    """Without the seconds in which it is measured which precision is faster here."""
    monkeypatch.setattr("ram_agents.evaluation.cnn_training.faster_precision", lambda device: "highest")


def challenge(env_id: str = ID, *, steps: int = 100, **env_kwargs) -> Challenge:
    return Challenge(env_id, env_kwargs, 0, Budget(steps=steps, core_minutes=100))


def small(made: Challenge) -> ByReinforce:
    config = made.config().replace(num_envs=8, hidden_size=16, glimpse_size=8, matmul_precision="highest")
    return ByReinforce(config)


def trained(entrant, course: Course) -> list[int]:
    """Train, and tell the steps at the pauses."""
    paused: list[int] = []
    course.pause = lambda: paused.append(course.steps)
    entrant.train(course)
    return paused


def test_reinforce_ends_with_its_budget_and_its_rates_with_it() -> None:
    entrant, course = small(challenge()), Course(challenge().budget, pauses=3)
    assert trained(entrant, course) == [48, 96, 144]  # 8 episodes of 6 glimpses in an update
    assert course.episodes == 24
    agent = entrant.agent()
    assert agent.updates == 3
    assert agent.config.learning_rate_at(agent.updates / agent.total_updates) == pytest.approx(
        agent.config.learning_rate_at(0.75)
    )  # the update that was to come, of four


def test_reinforce_goes_on_from_its_file(tmp_path) -> None:
    first, course = small(challenge()), Course(challenge().budget, pauses=3)
    course.pause = lambda: first.save(tmp_path) if course.steps == 48 else None
    first.train(course)
    second, rest = small(challenge()), Course(challenge().budget, pauses=3)
    second.load(tmp_path)
    rest.restore(course.as_json() | {"steps": 48, "episodes": 8})
    assert trained(second, rest) == [96, 144]
    assert second.agent().updates == 3
    assert second.successes("test", 20).shape == (20,)


def test_a_random_gaze_is_the_same_but_for_its_look() -> None:
    config, other = random_gaze(challenge()).agent().config, challenge().config()
    assert config.look == "random"
    assert config.replace(look="learned", env_kwargs={}) == other.replace(env_kwargs={})


def test_recipes_train_in_the_environment_as_it_is() -> None:
    assert set(BY_ENVIRONMENT.values()) <= set(recipe_names())
    config = challenge("ram_envs/GlimpseMNIST-Cluttered100-v0", num_glimpses=3).config()
    assert config.env_kwargs == {"num_glimpses": 3}
    assert config.location_network == "cells"
    assert config.seed == 0


def test_a_cnn_sees_the_whole_and_goes_on(tmp_path) -> None:
    entrant, course = WholeScene(challenge(steps=40), batch=16), Course(challenge(steps=40).budget, pauses=2)
    course.pause = lambda: entrant.save(tmp_path) if course.steps == 32 else None
    entrant.train(course)
    assert course.steps == 48
    before = entrant.successes("test", 20)
    again = WholeScene(challenge(steps=40), batch=16)
    again.load(tmp_path)
    rest = Course(challenge(steps=40).budget)
    rest.restore(course.as_json() | {"steps": 32, "episodes": 32})
    again.train(rest)
    np.testing.assert_array_equal(again.successes("test", 20), before)
    assert again.agent() is None


def test_batches_of_large_scenes_are_small() -> None:
    assert WholeScene(challenge())._plan.batch == 64
    assert WholeScene(challenge("ram_envs/GlimpseMNIST-Megapixel-v0"))._plan.batch == 16


def test_who_sees_all_depends_on_the_environment() -> None:
    catch = whole_scene(challenge("ram_envs/Catch-v0"))
    assert catch.agent().env_kwargs["foveated"] is False
    with pytest.raises(NotForThis, match="no classification of scenes with one answer"):
        whole_scene(challenge("ram_envs/GlimpseMNIST-Pairs-v0"))


@pytest.mark.parametrize("name", ["ram-recurrent-ppo", "whole-image"])
def test_who_can_not_stop_is_left_out_where_one_can(name) -> None:
    with pytest.raises(NotForThis, match="stop"):
        ENTRIES[name].make(challenge("ram_envs/GlimpseMNIST-v0", can_stop=True))


def test_an_environment_whose_retina_is_fixed_has_no_cnn() -> None:
    with pytest.raises(NotForThis, match="num_scales"):
        ENTRIES["whole-image"].make(challenge("ram_envs/CircleSquare-v0"))


def test_what_is_missing_is_told_with_the_remedy() -> None:
    assert Entry("x", "by_cnn:whole_scene").missing() == ""
    assert Entry("x", "by_cnn:whole_scene", "no_such_package", "sb3").missing() == (
        "it needs no_such_package: run `pip install '.[sb3]'` in a clone of the repository"
    )


def test_the_makers_of_entries_are_where_they_are_said_to_be() -> None:
    for entry in ENTRIES.values():
        if not entry.needs:
            module, _, function = entry.maker.partition(":")
            assert callable(getattr(import_module(f"ram_agents.entrants.{module}"), function))
