"""Every hyper-parameter has a type and a range, and its default is in it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from ram_agents import Config
from ram_agents.model.config import RAMConfig, Range

FIELDS = {f.name: f for f in dataclasses.fields(Config)}
HINTS = get_type_hints(Config)
NUMBERS = [name for name, hint in HINTS.items() if {int, float} & {hint, *get_args(hint)}]
each_number = pytest.mark.parametrize("name", NUMBERS)


def wrong_values(hint: Any) -> list[Any]:
    """Values of no type that the hint allows."""
    if get_origin(hint) is dict:
        return ["{}", None]
    if list[float] in get_args(hint):
        return [True, "1", 1.0, [True], ["1"], [-1.0, 1.0], [math.nan], [10**400], [0.0, 0.0], []]
    return {str: [1, None], bool: [1, "True", None]}.get(hint, [True, "1", [1]])


def test_there_are_numbers() -> None:
    assert len(NUMBERS) > 25


@pytest.mark.parametrize("name", FIELDS)
def test_another_type_is_refused(name) -> None:
    for value in wrong_values(HINTS[name]):
        with pytest.raises((TypeError, ValueError), match=f"{name} must be .* not "):
            Config().replace(**{name: value})


@each_number
def test_every_number_has_a_range_that_holds_its_default(name) -> None:
    allowed = FIELDS[name].metadata["range"]
    assert allowed.low >= 0  # a negative rate or weight turns learning round
    assert FIELDS[name].default is None or FIELDS[name].default in allowed


@each_number
def test_numbers_out_of_range_are_refused(name) -> None:
    allowed = FIELDS[name].metadata["range"]
    beyond = [-1, *([allowed.low] if allowed.open else []), *([allowed.high + 1] if allowed.high < math.inf else [])]
    whole = float not in (HINTS[name], *get_args(HINTS[name]))
    for value in [*beyond, *([] if whole else [math.nan, math.inf, -math.inf])]:
        finite = "" if math.isfinite(value) else "a finite number "
        with pytest.raises(ValueError, match=f"{name} must be {finite}.*, not {value}"):
            Config().replace(**{name: value if whole else float(value)})


@pytest.mark.parametrize("name", [name for name in NUMBERS if HINTS[name] is int])
def test_whole_numbers_are_whole(name) -> None:
    with pytest.raises(TypeError, match=f"{name} must be of type int, not 2.5"):
        Config().replace(**{name: 2.5})


def test_a_whole_number_serves_as_a_float() -> None:
    assert Config(learning_rate=1).learning_rate_at(0) == 1


@each_number
def test_whole_numbers_that_no_machine_counts_with_are_refused(name) -> None:
    for value in (2**64, 10**400):  # which no float can hold either
        with pytest.raises(ValueError, match=f"{name} must be (at most 9,223,.*,807|in .*), not 1") as error:
            Config().replace(**{name: value})
        assert len(str(error.value)) < 400


def test_what_is_wrong_is_told_in_few_words() -> None:
    with pytest.raises(TypeError, match=r"^seed must be of type int, not 'aaa.*aaa\.\.\.$") as error:
        Config().replace(seed="a" * 10_000)
    assert len(str(error.value)) < 300


def test_a_range_says_what_it_is() -> None:
    assert [str(r) for r in (Range(0), Range(0, open=True), Range(0, 1))] == ["at least 0", "above 0", "in [0, 1]"]


@pytest.mark.parametrize("name", ["num_envs", "autoreset_mode", "render_mode", "repeats"])
def test_what_is_the_callers_own_is_no_argument_of_the_environment(name) -> None:
    with pytest.raises(ValueError, match=f"env_kwargs can't hold {name}"):
        Config(env_kwargs={name: 1})


def test_the_models_part() -> None:
    config = Config(core="gru", hidden_size=7, location_std=0.3)
    assert config.model() == RAMConfig(core="gru", hidden_size=7, location_std=0.3)


def test_what_changes_at_once_does_so_in_a_copy() -> None:
    config = Config(look_warmup=0.2, stop_warmup=0.5, stop_weight=0.3)
    early, later, late = (config.at(progress) for progress in (0.1, 0.3, 0.6))
    assert [early.look, later.look, late.look] == ["center", "learned", "learned"]
    assert [early.stop_weight, later.stop_weight, late.stop_weight] == [0.0, 0.0, 0.3]
    assert config == late == Config(look_warmup=0.2, stop_warmup=0.5, stop_weight=0.3)
