"""What several commands' options share."""

from __future__ import annotations

import json
from typing import Annotated, Any

import gymnasium
import torch
import tyro

MISTAKES = (ValueError, TypeError, IndexError, OSError, ImportError, gymnasium.error.Error)
"""What wrong options, a missing file or a missing package raise: told in one line, without a traceback."""

DEFAULT_THREADS = min(2, torch.get_num_threads())
"""One run is faster on two idle cores than on one, see docs/performance.md; its matrices are too small for more.
torch's own number is that of the cores, or what OMP_NUM_THREADS says."""


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
