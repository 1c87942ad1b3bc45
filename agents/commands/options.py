"""What several commands share: the reading of options, the checks before any work, and how mistakes are told."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zipfile import BadZipFile

import gymnasium
import torch
import tyro

from ..agent.envs import import_module_of
from ..agent.json_object import json_object
from ..evaluation.pretrained import load, tell_images
from ..training.callbacks import Meter, Progress
from ..training.reinforce import Reinforce

MISTAKES = (
    ValueError,
    TypeError,
    IndexError,
    OSError,
    ImportError,
    FloatingPointError,
    MemoryError,
    torch.OutOfMemoryError,
    BadZipFile,
    gymnasium.error.Error,
)
"""What wrong options, a missing file or package, or a full disk raise: told in one line, without a traceback."""

REMEDIES = {
    errno.ENOSPC: "make room, and run the command again (a run of `train` goes on with --resume)",
    errno.EDQUOT: "make room, and run the command again (a run of `train` goes on with --resume)",
    errno.EACCES: "choose another place, or change its permissions",
    errno.EPERM: "choose another place, or change its permissions",
    errno.EROFS: "choose another place",
    errno.ENOTDIR: "choose another place: a part of this path is a file",
    errno.EISDIR: "name a file: this is a directory",
    errno.EEXIST: "choose another place: this is a file",
    errno.ENOENT: "check the path",
}
"""What helps against the system's own errors, which say only what is wrong."""

DEFAULT_THREADS = min(2, torch.get_num_threads())
"""One run is faster on two idle cores than on one, see docs/performance.md; its matrices are too small for more.
torch's own number is that of the cores, or what OMP_NUM_THREADS says."""

T = TypeVar("T")


def in_one_line(error: BaseException) -> str:
    """A mistake in one line: what is wrong, where, and what helps."""
    if _out_of_memory(error):
        return f"{_words(error)}; there is not so much memory: take fewer rows at once, smaller scenes or layers"
    if isinstance(error, OSError) and error.errno in REMEDIES:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}; {REMEDIES[error.errno]}"
    return _words(error)


def is_mistake(error: Exception) -> bool:
    """Whether an error is to be told in one line; else it is a bug, whose traceback is of use."""
    return isinstance(error, MISTAKES) or _out_of_memory(error)


def _out_of_memory(error: BaseException) -> bool:
    """On the CPU torch has no error of its own for it."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)


def _words(error: BaseException) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    # A stranger's words may be among them, and a terminal is not to obey those.
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def parse(kind: type[T], arguments: Sequence[str], *, command: str, description: str | None = None) -> T:
    """The options of a command, with every number in its range.

    Args:
        kind: a dataclass; `model.config.number` gives a field, also one of several numbers, its range.
        arguments: the words after the command's.
        command: its name.
        description: of the command; by default the dataclass's docstring.

    Raises:
        ValueError: a number out of range.
    """
    options = tyro.cli(kind, args=list(arguments), prog=f"ram {command}", description=description)
    check_numbers(options)
    return options


def check_numbers(options: Any) -> None:
    """Raise a ValueError unless every number of a dataclass is in the range of its field."""
    for f in dataclasses.fields(options):
        value, allowed = getattr(options, f.name), f.metadata.get("range")
        for number in value if isinstance(value, tuple) else (value,):
            if allowed is not None and number is not None and number not in allowed:
                raise ValueError(f"--{f.name.replace('_', '-')} is {number}; it must be {allowed.wanted(number)}")


def check_device(name: str) -> None:
    """Raise a ValueError unless torch can compute on the device."""
    try:
        torch.zeros(1, device=name).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch tells each device's lack its own way
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(f"--device {name} can't be used here ({reason}); --device cpu always can") from error


def check_out(path: Path, option: str = "--out", *, directory: bool = False) -> None:
    """Make the directory that a command is to write to, before it works for minutes.

    Args:
        path: a file, or with `directory` a directory; it need not exist.
        option: that named it.
        directory: see `path`.

    Raises:
        ValueError: it can't be written.
    """
    try:
        if path.exists() and not directory:
            with path.open("ab"):
                return
        folder = path if directory else path.parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        file_in_the_way = isinstance(error, (FileExistsError, NotADirectoryError))
        reason = "it, or a part of it, is a file" if file_in_the_way else error.strerror
        raise ValueError(f"{option} {path} can't be written ({reason}); choose another place") from error


def open_agent(
    name: str,
    *,
    device: str = "cpu",
    env_id: str | None = None,
    env_kwargs: dict[str, Any] | None = None,
    allow_unsigned: bool = False,
) -> Reinforce:
    """An agent, for the environment that the user asks for.

    Args:
        name: of a pretrained agent, or a checkpoint's path.
        device: where the model is to live.
        env_id: the user's, of another environment, or the agent's own. A file alone imports no module; one that the
            user names here is imported.
        env_kwargs: the user's; they add to the agent's own, where the environment is the agent's.
        allow_unsigned: see `Reinforce.load`.

    Raises:
        ValueError: torch can't compute on the device, or the file is no agent of ours.
    """
    check_device(device)
    agent = load(name, device=device, allow_unsigned=allow_unsigned)
    import_module_of(env_id or "")
    own, given = agent.env_kwargs if env_id in (None, agent.env_id) else {}, env_kwargs or {}
    tell_images(name, {key: value for key, value in own.items() if key not in given})
    agent.config = agent.config.replace(env_id=env_id or agent.env_id, env_kwargs=own | given)
    return agent


@contextmanager
def metered(unit: str, text: str = "") -> Iterator[Progress]:
    """Show the progress of some work on standard error, as long as this context lasts.

    Args:
        unit: what is done, in the plural.
        text: what it is about, such as an agent's name.

    Yields:
        What is to be told of the work; see `Progress`.
    """
    meter: Meter | None = None
    done, start = 0, time.monotonic()

    def progress(more: int, total: int) -> None:
        nonlocal meter, done
        meter = meter or Meter(total, unit, start=start)
        done += more
        meter.update(done, text)

    try:
        yield progress
    finally:
        if meter is not None:
            meter.close()


def program() -> str:
    """How the user called this program, for commands to be copied: `ram`, its path, or `python -m ram_agents`."""
    called = Path(sys.argv[0])
    if called.resolve().is_relative_to(Path(__file__).resolve().parents[1]):
        return f"{_command(Path(sys.executable))} -m {__package__.partition('.')[0]}"
    return _command(called) if called.stem == "ram" else "ram"


def _command(path: Path) -> str:
    """The name of a program that the shell finds by it, else its path."""
    found = shutil.which(path.name)
    same = found is not None and os.path.realpath(found) == os.path.realpath(path)
    return path.name if same else shlex.quote(str(path))


def _object(words: list[str]) -> dict[str, Any]:
    try:
        return json_object(words[0].encode())
    except ValueError as error:
        raise ValueError(f"{words[0]!r} is no JSON object, such as '{{\"num_glimpses\": 8}}': {error}") from error


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
