"""Which pictures a data set has: of a folder with a folder for each class, a table, a mapped array, or a function."""

from __future__ import annotations

import csv
import os
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ram_envs.arguments import check_batch_shape, check_flag, shown
from ram_envs.gallery import slides, tiff
from ram_envs.gallery.items import ArrayItem, Channels, FileItem, FunctionItem, Item
from ram_envs.images.datasets import MOST_CLASSES, SPLITS, check_labels, check_split, held_out
from ram_envs.images.folders import folder_names, is_split, list_images

MOST_AT_ONCE = 4 * 2**30  # Bytes of memory that a folder's pictures may take together.
MOST_NAMED = 10  # Of what is wrong with a data set so many things are told at once.


class Listing(NamedTuple):
    """The pictures of one split, and what holds for all of them."""

    items: list[Item]
    labels: NDArray[np.int64]
    """(N,), classes from 0."""
    class_names: tuple[str, ...] | None
    channels: Channels
    """(): all pictures are grey. If any, of whatever split, is in colour all are seen so."""


def list_split(
    images: Any, labels: Any = None, *, split: str, hold_out: bool | None = None, strict: bool = True
) -> Listing:
    """The pictures of a split.

    Args:
        images: a folder, split already or not; a table `*.csv`; an array of images `*.npy`, or one that is mapped to
            memory; or a function of an index.
        labels: (N,) whole numbers from 0, with arrays and functions.
        split: "train", "validation" or "test".
        hold_out: as of `ram_envs.images.sources.load_split`.
        strict: refuse files that are no pictures; else whoever reads them is told.

    Raises:
        FileNotFoundError: no such file or folder.
        ValueError, TypeError: what can't be read, or does not fit together; the message names it, files all at once.
    """
    check_split(split)
    if not isinstance(images, (str, os.PathLike)) or Path(images).suffix == ".npy":
        if labels is None:
            raise ValueError("labels are missing: pass labels (N,), one for each image of the array or the function")
        images = images if callable(images) or isinstance(images, np.memmap) else _mapped(Path(images))
        labels = check_labels(labels, len(images) if isinstance(images, np.memmap) else len(labels))
        return _split(_numbered(images, len(labels)), labels, None, split, bool(hold_out), strict)
    path = Path(images)
    if labels is not None:
        raise ValueError(f"images are {str(path)!r}, which tells its labels itself; leave labels out")
    if path.suffix == ".csv":
        return _table(path, split, hold_out, strict)
    return _folder(path, split, hold_out, strict)


def is_lazy(arguments: dict[str, Any]) -> bool:
    """Whether the pictures that the arguments of an environment name are read when they are looked at.

    They are if `lazy` says so; if it is None, where a cache is named, or where there is no other way: a table, a
    function, an array in a file of its own, and a folder whose pictures differ in size, or would take more than
    `MOST_AT_ONCE` bytes of memory.
    """
    images, lazy = arguments.get("images"), arguments.get("lazy")
    if lazy is not None:
        return check_flag("lazy", lazy)
    if {"cache_dir", "cache_bytes"} & arguments.keys():
        return True
    if not isinstance(images, (str, os.PathLike)):
        return callable(images)
    path = Path(images)
    if path.suffix in (".csv", ".npy"):
        return True
    if arguments.get("image_size") is not None or not path.is_dir():
        return False
    sizes = [file_item(file).size() for file in _all_files(path)]
    return len(set(sizes)) > 1 or sum(height * width * 3 for height, width in sizes) > MOST_AT_ONCE


def _all_files(path: Path) -> list[Path]:
    folders = [path / name for name in folder_names(path)] if is_split(path) else [path]
    return [file for folder in folders for file in list_images(folder, folder_names(folder), slides.SUFFIXES)[0]]


def _folder(path: Path, split: str, hold_out: bool | None, strict: bool) -> Listing:
    if not is_split(path):
        names = folder_names(path)
        files, labels = list_images(path, names, slides.SUFFIXES)
        return _split([file_item(file) for file in files], labels, names, split, hold_out in (None, True), strict)
    if hold_out is not None:
        raise ValueError(f"hold_out is {hold_out}, but {shown(path)} has a folder for each split; leave it out")
    for name in ("train", split):
        if not (path / name).is_dir():
            raise FileNotFoundError(
                f"there is no folder {shown(path / name)}; beside a folder train, validation and test are needed too"
            )
    names = folder_names(path / "train")
    listed = {name: list_images(path / name, names, slides.SUFFIXES) for name in folder_names(path)}
    items = {name: [file_item(file) for file in files] for name, (files, _) in listed.items()}
    channels = _channels([item for some in items.values() for item in some], strict)
    return Listing(list(items[split]), listed[split][1], names, channels)


class _Row(NamedTuple):
    """A line of a table."""

    file: Path
    label: str
    split: str
    group: str


def _table(path: Path, split: str, hold_out: bool | None, strict: bool) -> Listing:
    rows = _read_table(path)
    names = _class_names({row.label for row in rows})
    if len(names) > MOST_CLASSES:
        raise ValueError(f"{shown(path)} has {len(names)} classes; at most {MOST_CLASSES} are possible")
    numbers = {name: number for number, name in enumerate(names)}
    labels = np.array([numbers[row.label] for row in rows], np.int64)
    items = [file_item(row.file) for row in rows]
    channels = _channels(items, strict)
    if not rows[0].split:
        groups = [row.group or str(row.file) for row in rows]
        chosen = np.arange(len(rows)) if hold_out is False else _held_out_groups(labels, groups, split)
    elif hold_out is not None:
        raise ValueError(f"hold_out is {hold_out}, but {shown(path)} has a column split; leave it out")
    else:
        chosen = np.flatnonzero([row.split == split for row in rows])
        if not len(chosen):
            raise ValueError(f"{shown(path)} has no line of the split {split!r}")
    return Listing([items[i] for i in chosen], labels[chosen], names, channels)


def _read_table(path: Path) -> list[_Row]:
    """The lines of a table, checked."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, strict=True)
            columns, lines = reader.fieldnames or [], list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{shown(path)} is no table of comma-separated values in UTF-8 ({error})") from error
    known = ["file", "label", "split", "group"]
    if not {"file", "label"} <= set(columns) or not set(columns) <= set(known):
        raise ValueError(f"{shown(path)} has the columns {columns}; they must be file, label, and perhaps split, group")
    if not lines:
        raise ValueError(f"{shown(path)} has no lines below its first; each tells a file and its label")
    for number, line in enumerate(lines, 2):
        if None in line or not all(isinstance(line[c], str) and line[c] for c in columns):
            raise ValueError(f"line {number} of {shown(path)} does not have one word for each of {', '.join(columns)}")
    rows = [_Row(path.parent / line["file"], *(line.get(key, "") for key in known[1:])) for line in lines]
    _check_table(path, rows)
    return rows


def _check_table(path: Path, rows: list[_Row]) -> None:
    seen: dict[Path, int] = {}
    splits: dict[str, str] = {}
    wrong = []
    for number, row in enumerate(rows, 2):
        if not row.file.is_file():
            wrong.append(f"line {number}: there is no file {shown(row.file)}")
        if (first := seen.setdefault(row.file, number)) != number:
            wrong.append(f"line {number}: {shown(row.file)} is in line {first} already")
        if row.split and row.split not in SPLITS:
            wrong.append(f"line {number}: split is {row.split!r}; it must be one of {', '.join(map(repr, SPLITS))}")
        if row.group and (other := splits.setdefault(row.group, row.split)) != row.split:
            wrong.append(f"line {number}: the group {row.group!r} is in {row.split!r} and in {other!r}")
        if not row.label.isprintable():
            wrong.append(f"line {number}: the label {row.label!r} can't be printed")
    refuse(wrong, shown(path))


def _class_names(labels: set[str]) -> tuple[str, ...]:
    """The labels in order: of their numbers if all are whole ones, else of the alphabet."""
    if all(label.isascii() and label.isdigit() for label in labels):
        return tuple(sorted(labels, key=lambda label: (int(label), label)))
    return tuple(sorted(labels))


def _held_out_groups(labels: NDArray[np.int64], groups: Sequence[str], split: str) -> NDArray[np.intp]:
    """The lines of a split, by the rule of `held_out` for whole groups, each of the class of its first line."""
    numbers: dict[str, int] = {}
    group_of = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
    _, first = np.unique(group_of, return_index=True)
    of = "images" if len(first) == len(groups) else "groups"
    return np.flatnonzero(np.isin(group_of, held_out(labels[first], split, of=of)))


def file_item(path: Path) -> FileItem:
    """A file, as its suffix says."""
    kinds = {**dict.fromkeys(tiff.SUFFIXES, tiff.TiffItem), **dict.fromkeys(slides.SUFFIXES, slides.SlideItem)}
    return kinds.get(path.suffix.lower(), FileItem)(path)


def _split(
    items: Sequence[Item],
    labels: NDArray[np.int64],
    names: tuple[str, ...] | None,
    split: str,
    hold_out: bool,
    strict: bool,
) -> Listing:
    channels = _channels(items, strict)
    chosen = held_out(labels, split) if hold_out else np.arange(len(labels))
    return Listing([items[i] for i in chosen], labels[chosen], names, channels)


def _mapped(path: Path) -> np.memmap[Any, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {shown(path)}")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:  # also where the file is shorter than its header tells
        raise ValueError(f"{shown(path)} can't be read ({error}); write it with numpy.save") from error
    return array


def _numbered(images: np.memmap[Any, Any] | Callable[[int], Any], count: int) -> list[Item]:
    """The pictures of an array or a function, of as many as there are labels."""
    if not isinstance(images, np.memmap):
        alone = uuid.uuid4()
        return [FunctionItem(images, index, alone) for index in range(count)]
    check_batch_shape("images", images.shape)
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise TypeError(f"images have dtype {images.dtype}; convert them to uint8 (0..255) or floats (0..1)")
    return [ArrayItem(images, index) for index in range(count)]


def _channels(items: Sequence[Item], strict: bool) -> Channels:
    """What all pictures are seen with; every file is looked at, and with `strict` all that are none are named."""
    if not isinstance(items[0], FileItem):  # The first of a function's pictures, or an array's, speaks for the others.
        return items[0].channels()
    channels: Channels = ()
    wrong = []
    for item in items:
        try:
            channels = item.channels() or channels
        except (ValueError, OSError) as error:
            wrong.append(str(error))
    if strict:
        refuse(wrong, "images")
    return channels


def refuse(wrong: Sequence[str], what: str) -> None:
    """Raise a ValueError that tells the first of what is wrong."""
    if not wrong:
        return
    more = f"\n... and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
    raise ValueError(f"{what}: {len(wrong)} of them are refused\n" + "\n".join(wrong[:MOST_NAMED]) + more)
