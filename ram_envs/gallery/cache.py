"""A directory of pyramids, bounded, that processes share: what is missing is built, the longest unused give way.

A pyramid is built in a file of its own, `*.part`, which its builder locks, and then renamed: whoever finds it finds a
whole one. The lock goes with its process, so what a killed one left is built anew by the next, or swept away. A
pyramid that is deleted while it is looked at stays readable to the end; the disk has its place back then.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # On Windows two processes may build the same pyramid at once; the later one fails to rename.
    fcntl = None  # type: ignore[assignment]

from ram_envs.arguments import check_whole, shown
from ram_envs.gallery.progress import told
from ram_envs.gallery.pyramid import Picture, Pyramid, build, file_size, reserve
from ram_envs.retina.retina import Pooling

CACHE_BYTES = 32 * 2**30
WHOLE, PART = ".pyramid", ".part"
PATIENCE = 0.05  # Seconds between two looks whether others have finished what fills the cache.


def default_directory() -> Path:
    """Where pyramids are kept if nobody says: `ram_envs` in the user's directory of caches."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ram_envs"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "ram_envs"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ram_envs"


class Cache:
    """A directory of pyramids.

    Args:
        directory: made if there is none; None for `default_directory`.
        most_bytes: how much all pyramids together may take on the disk.

    Raises:
        TypeError, ValueError: a bound that is no whole number above 0.
    """

    def __init__(self, directory: str | os.PathLike[str] | None = None, most_bytes: int = CACHE_BYTES) -> None:
        self.directory = default_directory() if directory is None else Path(directory).absolute()
        self.most_bytes = check_whole("cache_bytes", most_bytes, 1)
        self.directory.mkdir(parents=True, exist_ok=True)

    def pyramid(
        self, version: str, picture: Callable[[], AbstractContextManager[Picture]], pooling: Pooling, name: str
    ) -> Pyramid:
        """The pyramid of a picture, out of the cache, or built now.

        Args:
            version: what tells the picture from all others.
            picture: opens it.
            pooling: how the levels are made.
            name: what messages call the picture.

        Raises:
            ValueError: the picture is damaged, or its pyramid larger than the cache may be.
            OSError: the disk is full.
        """
        path = self._path(version, pooling)
        if (found := _open(path)) is not None:
            return found
        with _locked(path.with_suffix(PART)) as file:
            if (found := _open(path)) is not None:  # Another process has built it meanwhile.
                Path(file.name).unlink(missing_ok=True)
                return found
            try:
                with picture() as opened:
                    self._make_room(file, file_size(opened.shape), name)
                    told(build(file, opened, pooling), f"reading {name}")
                built = Pyramid(Path(file.name))
                os.replace(file.name, path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        return built

    def forget(self, version: str, pooling: Pooling) -> None:
        """Delete the pyramid of a picture, if there is one."""
        self._path(version, pooling).unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete all pyramids; those that are looked at, by whatever process, stay readable to the end."""
        for path in self._files(WHOLE):
            path.unlink(missing_ok=True)
        self._sweep()

    def size(self) -> int:
        """How many bytes the pyramids take, and those that are being built."""
        return sum(_length(path) for path in [*self._files(WHOLE), *self._files(PART)])

    def _path(self, version: str, pooling: Pooling) -> Path:
        key = hashlib.sha256(f"1 {pooling} {version}".encode("utf-8", "surrogateescape")).hexdigest()
        return self.directory / f"{key[:40]}{WHOLE}"

    def _files(self, suffix: str) -> list[Path]:
        return list(self.directory.glob(f"*{suffix}"))

    def _make_room(self, file: IO[bytes], size: int, name: str) -> None:
        """Make the file so large, after the longest unused pyramids have given way."""
        if size > self.most_bytes:
            raise ValueError(f"the pyramid of {name} takes {size} bytes, more than cache_bytes={self.most_bytes}")
        while True:
            with _locked(self.directory / "lock"):
                self._give_way(size)
                if self.size() + size <= self.most_bytes:
                    try:
                        return reserve(file, size)
                    except OSError as error:
                        raise OSError(
                            error.errno, f"{shown(self.directory)} has no room for the {size} bytes of {name}: "
                            f"{error.strerror}; choose another cache_dir, or clear the cache",
                        ) from error  # fmt: skip
            time.sleep(PATIENCE)

    def _give_way(self, size: int) -> None:
        """Delete the longest unused pyramids until so many bytes are free, or none is left."""
        self._sweep()
        free = self.most_bytes - self.size()
        used = sorted((status.st_mtime_ns, path) for path in self._files(WHOLE) if (status := _status(path)))
        for _, path in used:
            if free >= size:
                return
            free += _length(path)
            with suppress(PermissionError):  # Windows keeps what is mapped.
                path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Delete what killed processes have left half built: nobody holds its lock."""
        for path in self._files(PART):
            with suppress(OSError), path.open("r+b") as file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if _is_same(file, path):
                        path.unlink(missing_ok=True)


def _open(path: Path) -> Pyramid | None:
    """The pyramid of a file, used just now, or None; a damaged one is deleted."""
    try:
        os.utime(path)
        return Pyramid(path)
    except FileNotFoundError:
        return None
    except ValueError:
        path.unlink(missing_ok=True)
        return None


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file at a path, open for reading and writing, empty and locked; made if there is none."""
    while True:
        with path.open("a+b") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            # While this process waited the file may have been renamed or deleted: the lock is to be of the path's own.
            if _is_same(file, path):
                os.ftruncate(file.fileno(), 0)
                yield file
                return


def _is_same(file: IO[bytes], path: Path) -> bool:
    status = _status(path)
    return status is not None and os.path.samestat(os.fstat(file.fileno()), status)


def _status(path: Path) -> os.stat_result | None:
    """What the disk tells of a file, or None if it is gone."""
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _length(path: Path) -> int:
    status = _status(path)
    return status.st_size if status else 0
