"""Tables of documents that a command renews: each stands between `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).parent.parent / "RESULTS.md"


def with_table(text: str, name: str, table: str) -> str:
    """A document with a table in the place of the one of this name.

    Raises:
        ValueError: it has no such place.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if begin not in text or end not in text:
        raise ValueError(f"there is no place for the table: put {begin} and {end} where it is to stand")
    return re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL)


def renew(name: str, table: str) -> None:
    """Put a table into RESULTS.md, in the place of the one of this name.

    Raises:
        ValueError: RESULTS.md has no such place.
    """
    RESULTS.write_text(with_table(RESULTS.read_text(), name, table))


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table in RESULTS.md, each by the names of its columns.

    Raises:
        ValueError: RESULTS.md has no table of this name.
    """
    found = re.search(f"<!-- {name} -->(.*?)<!-- /{name} -->", RESULTS.read_text(), flags=re.DOTALL)
    if found is None:
        raise ValueError(f"{RESULTS} has no table named {name}")
    lines = [line for line in found[1].splitlines() if line.startswith("|")]
    header, _, *body = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(header, cells, strict=True)) for cells in body]
