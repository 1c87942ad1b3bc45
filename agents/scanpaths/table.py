"""A table of fixations that a user brings, or that `ram play --record` writes: x, y, duration, image, subject."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ram_envs.arguments import shown

from .path import Scanpath

COLUMNS = ("x", "y", "duration", "image", "subject")
MOST_ROWS = 1_000_000
"""Of a table, unless more are asked for: it is held in memory."""

LONGEST_LINE = 2**18
"""Characters: more are no line of a table, and a file may be one line of any length."""


class _Row(NamedTuple):
    x: float
    y: float
    duration: float
    image: str
    subject: str


def read_fixations(
    path: str | Path, *, images: Collection[str] | None = None, max_rows: int = MOST_ROWS
) -> list[Scanpath]:
    """The scanpaths in a table of fixations.

    Args:
        path: a file of comma-separated values in UTF-8. Its first line names the columns, in any order: x and y, pixels
            from the image's top-left corner (outside of it too); duration in seconds, above 0; image and subject, names
            or numbers. Others may stand beside them. Lines that follow each other with one image and one subject are
            one path, in their order.
        images: the names that the column image may hold; None: any.
        max_rows: a longer table is refused.

    Returns:
        The paths, in the file's order, however short: `compare` leaves out those below three fixations.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such table. The message tells the line, what is wrong with it, and the remedy.
    """
    path = Path(path)
    known = None if images is None else {str(image) for image in images}
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            lines = iter(partial(file.readline, LONGEST_LINE), "")
            rows = _rows(csv.DictReader(lines), shown(path), known, max_rows)
            visits = groupby(rows, key=lambda row: (row.subject, row.image))
            paths = [_path(list(visit)) for _, visit in visits]
        except UnicodeDecodeError as error:
            raise ValueError(f"{shown(path)} is no text in UTF-8: save the table as CSV (UTF-8)") from error
        except csv.Error as error:
            raise ValueError(f"{shown(path)} is no table of comma-separated values: {error}") from error
    if not paths:
        raise ValueError(f"{shown(path)} has no fixations: below the line {','.join(COLUMNS)} each needs a line")
    return paths


def _path(visit: list[_Row]) -> Scanpath:
    """One path of the fixations of one visit."""
    numbers = np.array([row[:3] for row in visit])
    return Scanpath(numbers[:, :2], numbers[:, 2], visit[0].image, visit[0].subject)


def _rows(reader: csv.DictReader[str], name: str, known: set[str] | None, max_rows: int) -> Iterator[_Row]:
    """The checked lines below the first."""
    header = [column.strip() for column in reader.fieldnames or []]
    for column in COLUMNS:
        if header.count(column) != 1:
            how = "twice" if column in header else "not"
            raise ValueError(
                f"{name} has the column {column} {how}; its first line must name {','.join(COLUMNS)}, parted by "
                f"commas, and is {','.join(header)[:200]!r}"
            )
    reader.fieldnames = header
    for count, cells in enumerate(reader, 1):
        line = f"{name}, line {reader.line_num}"
        if count > max_rows:
            raise ValueError(f"{name} has more than {max_rows} fixations: split it, or raise max_rows")
        if None in cells or None in cells.values():
            raise ValueError(f"{line}: it has not {len(header)} cells, as the first line (1.5 is written with a point)")
        yield _checked(cells, line, known)


def _checked(cells: dict[str, str], line: str, known: set[str] | None) -> _Row:
    x, y, duration = (_number(column, cells[column], line) for column in COLUMNS[:3])
    if not duration > 0:
        raise ValueError(f"{line}: duration is {duration}; it must be above 0, in seconds")
    image, subject = (cells[column].strip() for column in COLUMNS[3:])
    if known is not None and image not in known:
        examples = ", ".join(map(repr, sorted(known)[:3]))
        raise ValueError(f"{line}: image {image!r} is none of the {len(known)} known ones, such as {examples}")
    return _Row(x, y, duration, image, subject)


def _number(column: str, text: str, line: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{line}: {column} is {text[:50]!r}; it must be a finite number, such as 12.5")
    return number


def begin_table(path: str | Path) -> None:
    """Make an empty table, or see that the file that is there can go on as one.

    Raises:
        ValueError: the file is there, and its first line is not `COLUMNS`.
        OSError: it can't be written.
    """
    path, wanted = Path(path), ",".join(COLUMNS)
    with path.open("a+", encoding="utf-8", newline="") as file:
        file.seek(0)
        first = file.readline(200).rstrip("\r\n")
        if not first:
            file.write(f"{wanted}\n")
        elif first != wanted:
            raise ValueError(f"{shown(path)} begins with {first!r}, not with {wanted}: choose another file")


def append_fixations(path: str | Path, scanpaths: Iterable[Scanpath]) -> None:
    """Add scanpaths to a table that `begin_table` has made or seen; places to a thousandth of a pixel."""
    with Path(path).open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for scanpath in scanpaths:
            for (x, y), duration in zip(scanpath.fixations, scanpath.duration, strict=True):
                writer.writerow([f"{x:.3f}", f"{y:.3f}", f"{duration:.6g}", scanpath.image, scanpath.subject])
