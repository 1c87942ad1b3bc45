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


def renew_rows(name: str, head: list[str], measured: list[str], keys: int) -> None:
    """Put rows into a table of RESULTS.md in the place of those that begin with the same cells, and keep the others.

    Args:
        name: of the table.
        head: its first two lines.
        measured: the rows.
        keys: so many cells tell what a row is of. New ones come last.

    Raises:
        ValueError: RESULTS.md has no such table, or two of the rows are of the same.
    """
    new = {tuple(_cells(line)[:keys]): line for line in measured}
    if len(new) < len(measured):
        raise ValueError(f"rows of {name} are told apart by their first {keys} cells: two of them are alike in these")
    old = {tuple(_cells(line)[:keys]): line for line in _lines(name)[2:]}
    renew(name, "\n".join([*head, *(old | new).values()]))


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table in RESULTS.md, each by the names of its columns.

    Raises:
        ValueError: RESULTS.md has no table of this name.
    """
    header, _, *body = map(_cells, _lines(name))
    return [dict(zip(header, cells, strict=True)) for cells in body]


def _lines(name: str) -> list[str]:
    found = re.search(f"<!-- {name} -->(.*?)<!-- /{name} -->", RESULTS.read_text(), flags=re.DOTALL)
    if found is None:
        raise ValueError(f"{RESULTS} has no table named {name}")
    return [line for line in found[1].splitlines() if line.startswith("|")]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]
