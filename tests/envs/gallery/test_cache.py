"""The cache of pyramids: bounded, shared, and whole whatever happens."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from processes import started

from ram_envs.gallery import cache as module
from ram_envs.gallery.cache import Cache, default_directory
from ram_envs.gallery.items import whole
from ram_envs.gallery.pyramid import Picture, Pyramid, file_size

SIZE = file_size((100, 100))


class Opened:
    """Counts how often a picture is opened."""

    def __init__(self, shape: tuple[int, int] = (100, 100)) -> None:
        self.shape, self.times = shape, 0

    @contextmanager
    def __call__(self) -> Iterator[Picture]:
        self.times += 1
        yield whole("it", np.full(self.shape, 7, np.uint8))


def get(cache: Cache, version: str, opened: Opened | None = None) -> Pyramid:
    return cache.pyramid(version, opened or Opened(), "average", f"picture {version}")


def test_a_picture_is_read_once(tmp_path: Path) -> None:
    opened = Opened()
    for _ in range(2):
        for _ in range(2):
            assert get(Cache(tmp_path), "a", opened).level(0)[5, 5] == 7
        assert opened.times == 1
    get(Cache(tmp_path), "b", opened)
    Cache(tmp_path).pyramid("a", opened, "max", "a")
    assert opened.times == 3


def test_the_longest_unused_give_way(tmp_path: Path) -> None:
    cache, opened = Cache(tmp_path, 3 * SIZE), Opened()
    for version in "abc":
        get(cache, version, opened)
        time.sleep(0.01)
    get(cache, "a", opened)
    time.sleep(0.01)
    held = get(cache, "b", opened)
    assert opened.times == 3
    get(cache, "d", opened)  # in the place of c
    assert cache.size() == 3 * SIZE
    for version in "abd":
        get(cache, version, opened)
    assert opened.times == 4
    get(cache, "c", opened)
    assert (opened.times, cache.size()) == (5, 3 * SIZE)
    cache.clear()
    assert cache.size() == 0
    assert held.level(0)[99, 99] == 7, "what was open stays readable"


def test_a_picture_larger_than_the_cache_is_refused_and_nothing_gives_way(tmp_path: Path) -> None:
    cache = Cache(tmp_path, SIZE)
    get(cache, "a")
    with pytest.raises(ValueError, match=rf"picture b takes \d+ bytes, more than cache_bytes={SIZE}"):
        get(cache, "b", Opened((500, 500)))
    assert cache.size() == SIZE
    assert not list(tmp_path.glob("*.part"))


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "reserve", full)
    with pytest.raises(OSError, match=r"no room for the .* bytes of picture a: No space left on device; choose"):
        get(Cache(tmp_path), "a")
    assert not list(tmp_path.glob("*.p*"))


def test_a_damaged_picture_leaves_nothing_behind(tmp_path: Path) -> None:
    @contextmanager
    def damaged() -> Iterator[Picture]:
        def read(*_: int) -> np.ndarray:
            raise ValueError("the file is cut short")

        yield Picture((100, 100), read)

    with pytest.raises(ValueError, match="cut short"):
        Cache(tmp_path).pyramid("a", damaged, "average", "a")
    assert not list(tmp_path.glob("*.p*"))


def test_a_damaged_pyramid_is_built_anew(tmp_path: Path) -> None:
    cache, opened = Cache(tmp_path), Opened()
    get(cache, "a", opened)
    (path,) = tmp_path.glob("*.pyramid")
    path.write_bytes(path.read_bytes()[:5000])
    assert get(cache, "a", opened).level(0)[5, 5] == 7
    assert opened.times == 2


def test_threads_that_want_the_same_picture_read_it_once(tmp_path: Path) -> None:
    opened, found = Opened((3000, 3000)), []
    threads = [threading.Thread(target=lambda: found.append(get(Cache(tmp_path), "a", opened).shape)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, opened.times) == ([(3000, 3000)] * 4, 1)


SLOW = """
import sys, time
from contextlib import contextmanager
import numpy as np
from ram_envs.gallery.cache import Cache
from ram_envs.gallery.pyramid import Picture

@contextmanager
def opened():
    def read(top, left, height, width):
        print("reading", flush=True)
        time.sleep(float(sys.argv[2]))
        return np.full((height, width), 9, np.uint8)
    yield Picture((100, 1100), read)

print(Cache(sys.argv[1]).pyramid("a", opened, "average", "a").level(0)[0, 0], flush=True)
"""


def test_a_kill_half_way_leaves_nothing_broken(tmp_path: Path) -> None:
    with started(sys.executable, "-c", SLOW, tmp_path, 60) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert len(list(tmp_path.glob("*.part"))) == 1
    assert not list(tmp_path.glob("*.pyramid"))
    get(Cache(tmp_path), "b")  # making room for another sweeps up
    assert not list(tmp_path.glob("*.part"))
    assert get(Cache(tmp_path), "a").level(0)[0, 0] == 7


def test_processes_wait_for_each_other_and_share(tmp_path: Path) -> None:
    with started(sys.executable, "-c", SLOW, tmp_path, 0.3) as first:
        assert first.stdout is not None
        first.stdout.readline()
        opened = Opened()
        assert get(Cache(tmp_path), "a", opened).level(0)[0, 0] == 9
        assert opened.times == 0
        assert first.wait() == 0


def test_where_the_default_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "ram_envs"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_directory() == Path.home() / ".cache" / "ram_envs"


def test_a_bad_bound_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cache_bytes is 0; it must be at least 1"):
        Cache(tmp_path, 0)
