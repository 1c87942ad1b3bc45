"""Tables of RESULTS.md that a command renews: each stands between `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).parent.parent / "RESULTS.md"


def renew(name: str, table: str) -> None:
    """Put a table in the place of the one of this name.

    Raises:
        ValueError: RESULTS.md has no such place.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = RESULTS.read_text()
    if begin not in text or end not in text:
        raise ValueError(f"{RESULTS} has no place for the table: put {begin} and {end} where it is to stand")
    RESULTS.write_text(re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL))
