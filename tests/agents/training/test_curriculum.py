"""Curricula: which arguments hold when, that a run is resumed bit for bit across a change, what can't be."""

from __future__ import annotations

import json

import pytest
import torch
from ram_agents import Config, Reinforce
from ram_agents.evaluation.evaluate import validation_env, validation_errors
from ram_agents.evaluation.runs import LAST, Checkpoints
from ram_agents.training.curriculum import Curriculum, variants_at
from toy_env import PeekVectorEnv

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16}
CLUTTERED = {"env_id": "ram_envs/GlimpseMNIST-Cluttered-v0", "num_envs": 8, **SMALL}
GLIMPSES = {"patch_size": 6, "num_scales": 2, "num_glimpses": 2}
STEPS = {
    "0": [{"canvas_size": 40, "num_distractors": 1}],
    "0.5": [{"canvas_size": 40}, {"canvas_size": 50, "initial_location": "center"}, {}],
}


def shapes(config: Config, seed: int = 0, updates: int = 24) -> list[tuple[int, ...]]:
    """Of the scenes of each update's environment."""
    agent = Reinforce(config=config)
    curriculum = Curriculum(agent.config, agent.env)
    curriculum.begin_segment(seed)
    return [curriculum.draw(i / updates).unwrapped.scene_shape for i in range(updates)]


def test_which_arguments_hold_when() -> None:
    config = Config(curriculum=STEPS)
    assert variants_at(Config(), 0.3) == [{}]
    assert variants_at(config, 0.0) == variants_at(config, 0.49) == STEPS["0"]
    assert variants_at(config, 0.5) == variants_at(config, 1.0) == STEPS["0.5"]
    assert variants_at(Config(curriculum={"0.1": [{"a": 1}]}), 0.05) == [{}]
    assert variants_at(Config(curriculum={"0": [{"a": 1}], "1": [{}]}), 1.0) == [{}]


def test_each_update_draws_one_of_the_list() -> None:
    drawn = shapes(Config(curriculum=STEPS, env_kwargs=GLIMPSES, **CLUTTERED))
    assert set(drawn[:12]) == {(40, 40)}
    assert set(drawn[12:]) == {(40, 40), (50, 50), (60, 60)}
    assert drawn == shapes(Config(curriculum=STEPS, env_kwargs=GLIMPSES, **CLUTTERED))
    assert drawn != shapes(Config(curriculum=STEPS, env_kwargs=GLIMPSES, **CLUTTERED), seed=1)


def run(tmp_path, name: str, *, stop_at: int | None = None) -> Reinforce:
    options = {"curriculum": STEPS, "env_kwargs": GLIMPSES, "total_episodes": 8 * 12, "checkpoint_every": 2}
    path = tmp_path / name / LAST
    agent = Reinforce.load(path) if path.exists() else Reinforce(config=Config(**CLUTTERED, **options))
    stop = [] if stop_at is None else [lambda agent, metrics: agent.updates < stop_at]
    saves = Checkpoints(tmp_path / name)
    saves.validation = None
    agent.config = agent.config.replace(validation_scenes=4)
    return agent.learn(callback=[saves, *stop], resume=path.exists())


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Reinforce:
    """A run without a break; the change comes after 6 updates."""
    return run(tmp_path_factory.mktemp("curriculum"), "whole")


@pytest.mark.parametrize("stop_at", [2, 6, 10])
def test_a_run_is_resumed_bit_for_bit_across_a_change(whole, tmp_path, stop_at) -> None:
    run(tmp_path, "parts", stop_at=stop_at)
    resumed = run(tmp_path, "parts")
    assert resumed.updates == 12
    for one, other in zip(whole.policy.parameters(), resumed.policy.parameters(), strict=True):
        assert torch.equal(one, other)


def test_without_a_curriculum_a_mixture_of_one_changes_nothing() -> None:
    options = {"env_kwargs": GLIMPSES, "total_episodes": 8 * 4, "checkpoint_every": 2, **CLUTTERED}
    plain = Reinforce(config=Config(**options)).learn()
    same = Reinforce(config=Config(curriculum={"0": [{}]}, **options)).learn()
    for one, other in zip(plain.policy.parameters(), same.policy.parameters(), strict=True):
        assert torch.equal(one, other)


def test_validation_is_on_stated_scenes_that_never_change() -> None:
    options = {"validation_kwargs": {"canvas_size": 70}, "validation_scenes": 30, "baseline": "leave-one-out"}
    agent = Reinforce(config=Config(curriculum=STEPS, env_kwargs=GLIMPSES, repeats=2, **options, **CLUTTERED))
    env = validation_env(agent)
    assert env.unwrapped.scene_shape == (70, 70)
    first = validation_errors(agent, env)
    assert first == validation_errors(agent, validation_env(agent))
    assert all(error * 30 / 100 == pytest.approx(round(error * 30 / 100)) for error in first)  # of 30 scenes


def test_a_curriculum_survives_a_save(tmp_path) -> None:
    agent = Reinforce(config=Config(curriculum=STEPS, env_kwargs=GLIMPSES, validation_scenes=7, **CLUTTERED))
    agent.save(tmp_path / "agent")
    assert Reinforce.load(tmp_path / "agent").config == agent.config


@pytest.mark.parametrize(
    ("curriculum", "message"),
    [
        ({"half": [{}]}, "share of the run, such as .* not 'half'"),
        ({"1.5": [{}]}, "not '1.5'"),
        ({"0": []}, r'curriculum\["0"\] must be a list'),
        ({"0": {"canvas_size": 100}}, "must be a list"),
        ({"0": [100]}, "must be a list"),
        ({"0.5": [{}], "0.50": [{}]}, "one share twice"),
        ({"0": [{"num_envs": 4}]}, "can't hold num_envs"),
        ({"0": [{"images": torch.zeros(2)}]}, "what JSON can"),
    ],
)
def test_what_is_no_curriculum_is_named(curriculum, message) -> None:
    with pytest.raises(ValueError, match=message):
        Config(curriculum=curriculum)


def test_what_can_not_be_trained_on_is_said_before_any_work() -> None:
    for variant, message in (({"patch_size": 5}, "agent was made for"), ({"canvas_size": 1}, "canvas of 1x1 pixels")):
        agent = Reinforce(config=Config(curriculum={"0.9": [variant]}, env_kwargs=GLIMPSES, **CLUTTERED))
        with pytest.raises(ValueError, match=message):
            agent.learn()
        assert agent.updates == 0
    agent = Reinforce(PeekVectorEnv(8), curriculum={"0": [{}]}, **SMALL)
    with pytest.raises(ValueError, match="from an id, and this agent's has none"):
        agent.learn(8)


def test_on_the_command_line(tmp_path) -> None:
    from ram_agents.commands.train_options import parse

    words = [
        "--curriculum",
        json.dumps(STEPS),
        "--validation-kwargs",
        '{"canvas_size": 44}',
        "--validation-scenes",
        "9",
    ]
    options = parse(words)
    assert options.hyper_parameters().curriculum == STEPS
    assert options.validation_kwargs == {"canvas_size": 44}
    assert options.validation_scenes == 9
