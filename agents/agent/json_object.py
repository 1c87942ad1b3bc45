"""JSON from strangers: an object, or a ValueError that says what is wrong with the file."""

from __future__ import annotations

import json
from typing import Any


def json_object(content: bytes, **options: Any) -> dict[str, Any]:
    """The object that a file holds.

    Args:
        content: of the file; its size has been checked.
        options: of `json.loads`.

    Raises:
        ValueError: it is no JSON in UTF-8, no object, nested too deeply, or holds a number of thousands of digits.
    """
    try:
        value = json.loads(content.decode(), **options)
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
