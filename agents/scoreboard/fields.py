"""Checks of a stranger's values: each takes a field's name and its value, and returns it or raises a ValueError."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

Check = Callable[[str, Any], Any]


class Huge(NamedTuple):
    """In the place of a whole number with too many digits to be one of ours."""

    digits: int


class Twice:
    """In the place of the values of a key that an object has twice."""


def shown(value: Any) -> str:
    """A value as a message tells it: in one short line, whatever is in it."""
    if isinstance(value, Huge):
        return f"a whole number of {value.digits:,} digits"
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value):,}"
    words = json.dumps(value[:60] if isinstance(value, str) else value)
    return words if len(words) <= 80 else f"{words[:80]}..."


def refuse(name: str, value: Any, wanted: str) -> ValueError:
    """The error for a value that is not what it must be."""
    if isinstance(value, Twice):
        return ValueError(f"{name} is there twice; keep one")
    return ValueError(f"{name} is {shown(value)}; it must be {wanted}")


def whole(least: int, most: int) -> Check:
    """A whole number in a range."""

    def check(name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise refuse(name, value, f"a whole number from {least:,} to {most:,}")
        return value

    return check


def real(least: float, most: float) -> Check:
    """A finite number in a range."""

    def check(name: str, value: Any) -> float:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not least <= value <= most:
            raise refuse(name, value, f"a number from {least:g} to {most:g}")
        return float(value)

    return check


def text(most: int, pattern: str = r".*\S.*", wanted: str = "not empty") -> Check:
    """A line of at most so many printable characters, as the pattern has it."""

    def check(name: str, value: Any) -> str:
        fits = isinstance(value, str) and len(value) <= most and value.isprintable()
        if not fits or not re.fullmatch(pattern, value):
            raise refuse(name, value, f"a line of at most {most:,} printable characters, {wanted}")
        return str(value)

    return check


def one_of(*values: str | bool) -> Check:
    """One of these."""

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, (str, bool)) or value not in values:
            raise refuse(name, value, " or ".join(json.dumps(each) for each in values))
        return value

    return check


def items(check: Check, least: int, most: int | None = None) -> Check:
    """A list of so many values, each of which passes a check."""
    wanted = f"a list of {least:,}" + ("" if most is None else f" to {most:,}")

    def check_all(name: str, value: Any) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= (least if most is None else most):
            raise refuse(name, value, wanted)
        return [check(f"{name}[{i}]", each) for i, each in enumerate(value)]

    return check_all


def mapping(check: Check, most: int) -> Check:
    """An object of at most so many values, each of which passes a check, under names of at most 40 characters."""

    def check_all(name: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > most:
            raise refuse(name, value, f"an object of at most {most}")
        return {text(40)(f"a name in {name}", key): check(f"{name}.{key}", each) for key, each in value.items()}

    return check_all


def either(one: Check, other: Check) -> Check:
    """What passes one check or, if it is a list, the other."""
    return lambda name, value: (other if isinstance(value, list) else one)(name, value)


def base64_or_none(most: int) -> Check:
    """At most so many bytes, as base64; or null. Nothing longer is decoded."""

    def check(name: str, value: Any) -> bytes | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise refuse(name, value, "base64 or null")
        if len(value) > 4 * -(-most // 3):
            raise ValueError(f"{name} has {len(value):,} characters, more than {most:,} bytes take in base64")
        try:
            return base64.b64decode(value, validate=True)
        except ValueError as error:
            raise ValueError(f"{name} is no base64 ({error}): is it cut short?") from None

    return check


FLAG = one_of(True, False)
ARGUMENTS: dict[str, Check] = {
    "num_glimpses": whole(1, 1000),
    "patch_size": whole(1, 64),
    "num_scales": whole(1, 10),
    "pooling": one_of("average", "max"),
    "initial_location": one_of("random", "center"),
    "saccade": one_of("absolute", "relative"),
    "digit_size": whole(1, 56),
    "canvas_size": either(whole(1, 1000), items(whole(1, 1000), 2)),
    "num_distractors": whole(0, 2000),
    "distractor_size": whole(1, 100),
    "periphery": either(whole(1, 100), items(whole(1, 100), 2)),
    "can_stop": FLAG,
    "glimpse_cost": real(0, 1),
    "saccade_cost": real(0, 1),
    "num_digits": either(whole(1, 8), items(whole(0, 8), 2)),
    "glimpses_per_object": whole(1, 100),
    "speed": real(0, 100),
    "max_turn": real(0, 360),
    "image_size": whole(2, 200),
    "object_size": whole(1, 200),
    "gradient": FLAG,
    "max_step": real(0, 2),
    "height": whole(2, 200),
    "width": whole(1, 200),
    "paddle_width": whole(1, 200),
    "ball_speed": whole(1, 200),
    "max_angle": real(0, 89),
    "foveated": FLAG,
}
"""Arguments of environments that a submission may have, with ranges in which they take no memory to speak of: none
names a file, changes the split, or is of training alone."""


def arguments(name: str, value: Any) -> dict[str, Any]:
    """Arguments of an environment that may be in a submission."""
    if not isinstance(value, dict):
        raise refuse(name, value, "an object")
    for key in value:
        if key not in ARGUMENTS:
            raise ValueError(f"{name} has {shown(key)}; a submission's may be {', '.join(ARGUMENTS)}")
    return {key: ARGUMENTS[key](f"{name}.{key}", each) for key, each in value.items()}
