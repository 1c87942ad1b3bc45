"""What several commands' options share."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import gymnasium
import tyro

MISTAKES = (ValueError, TypeError, IndexError, OSError, ImportError, gymnasium.error.Error)
"""What wrong options, a missing file or a missing package raise: told in one line, without a traceback."""

DEFAULT_THREADS = min(2, os.cpu_count() or 1)
"""One run is faster on two threads than on one, see docs/performance.md; its matrices are too small for more."""


def _object(words: list[str]) -> dict[str, Any]:
    value = json.loads(words[0])
    if not isinstance(value, dict):
        raise ValueError(f"{words[0]} is no JSON object, such as '{{\"num_glimpses\": 8}}'")
    return value


JsonObject = Annotated[
    dict[str, Any],
    tyro.constructors.PrimitiveConstructorSpec(
        nargs=1,
        metavar="JSON",
        instance_from_str=_object,
        is_instance=lambda value: isinstance(value, dict),
        str_from_instance=lambda value: [json.dumps(value)],
    ),
]
"""A dictionary, on the command line a JSON object such as '{"num_glimpses": 8}'."""
