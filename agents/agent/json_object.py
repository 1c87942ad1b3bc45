"""JSON from strangers: an object, or a ValueError that says what is wrong with the file."""

from __future__ import annotations

import json
from typing import Any


class _TwiceError(ValueError):
    """Of two values of a key Python would take the second, without a word."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(f"it has {json.dumps(key[:60])} twice; keep one")
        found[key] = value
    return found


def json_object(content: bytes, **options: Any) -> dict[str, Any]:
    """The object that a file holds.

    Args:
        content: of the file; its size has been checked.
        options: of `json.loads`.

    Raises:
        ValueError: it is no JSON in UTF-8, no object, nested too deeply, has a key twice, or holds a number of
            thousands of digits.
    """
    try:
        value = json.loads(content.decode(), **{"object_pairs_hook": _once, **options})
    except _TwiceError as error:
        raise ValueError(str(error)) from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is no text in UTF-8 ({error.reason} at byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg} at line {error.lineno}; is it cut short?") from None
    except ValueError:  # which int() raises
        raise ValueError("it holds a number of thousands of digits") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value
