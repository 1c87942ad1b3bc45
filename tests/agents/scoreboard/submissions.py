"""A submission worked by hand: 3 seeds on 8 scenes, with errors of 0, 25 and 50%."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any


def bits(*rows: str) -> list[str]:
    """Rows such as "11110000", one character a scene, as a file has them."""
    return [
        base64.b64encode(int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8))).decode()
        for row in rows
    ]


def good(**changes: Any) -> dict[str, Any]:
    """The file's object. Of three errors none is left out of the mean; and of the bootstrap's means the smallest, of
    three times the same seed, comes in 1 of 27 cases, more than 2.5%: so the interval is from 0 to 50."""
    return {
        "format": "ram-scoreboard-1",
        "who": "Ada",
        "algorithm": "guessing",
        "code": "https://example.org/ada/guessing",
        "commit": "0123abc",
        "env_id": "ram_envs/GlimpseMNIST-v0",
        "env_kwargs": {},
        "seeds": [0, 1, 2],
        "steps": [60, 66, 72],
        "episodes": [10, 11, 12],
        "scenes": 8,
        "success": bits("11111111", "11111100", "11110000"),
        "errors": [0.0, 25.0, 50.0],
        "interquartile_mean": 25.0,
        "interval": [0.0, 50.0],
    } | changes


def write(path: Path, **changes: Any) -> Path:
    """Such a file."""
    path.write_text(json.dumps(good(**changes)))
    return path
