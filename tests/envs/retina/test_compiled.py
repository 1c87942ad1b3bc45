"""How kernels are compiled: from the cache where there is one, and without it where there is none or it is damaged."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest
from places import ROOT
from processes import run, run_python

from ram_envs.retina import compiled

KERNEL = """
from ram_envs.retina.compiled import kernel, part

@part
def twice(x):
    return 2 * x

@kernel
def one_more(x):
    return twice(x) + 1
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Imports a module with one kernel, as a new process would, with a cache of its own."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "doubling.py").write_text(KERNEL)

    def import_it() -> Any:
        spec = importlib.util.spec_from_file_location("doubling", tmp_path / "doubling.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.one_more

    return import_it


def hits(one_more: Any) -> int:
    """How often compiled code came from the cache."""
    return sum(one_more.stats.cache_hits.values())


def test_compiled_code_is_kept_for_the_next_process(load: Callable[[], Any], tmp_path: Path) -> None:
    first, second = load(), load()
    assert (first(3), hits(first)) == (7, 0)
    assert (second(3), hits(second)) == (7, 1)
    assert {path.suffix for path in (tmp_path / "cache").rglob("*.nb*")} == {".nbi", ".nbc"}


def flip(content: bytes) -> bytes:
    """The bytes with one changed in the midst, where the machine's instructions lie."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]


DAMAGES = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "words": lambda content: b"these are words",
    "zeros": lambda content: bytes(len(content)),
    "one byte": flip,
    "end in zeros": lambda content: content[: len(content) // 2] + bytes(len(content) - len(content) // 2),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_a_damaged_cache_is_mended(load: Callable[[], Any], tmp_path: Path, suffix: str, damage: str) -> None:
    assert load()(3) == 7
    (file,) = (tmp_path / "cache").rglob(f"*{suffix}")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    damaged, mended = load(), load()
    assert (damaged(3), hits(damaged)) == (7, 0)
    assert (mended(3), hits(mended)) == (7, 1)


def test_two_processes_may_compile_for_different_types_at_once(
    load: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find an empty index and take the same name: the last index goes with the other's code."""
    of_integers, of_floats = load(), load()
    save = of_integers._cache._cache_file._save_data

    def save_last(name: str, data: Any) -> None:
        assert of_floats(3.5) == 8.0
        save(name, data)

    with monkeypatch.context() as at_once:
        at_once.setattr(of_floats._cache._cache_file, "_load_index", dict)
        at_once.setattr(of_integers._cache._cache_file, "_save_data", save_last)
        assert of_integers(3) == 7
    for value, expected, hit in ((3.5, 8.0, 0), (3, 7, 0), (3.5, 8.0, 1), (3, 7, 1)):
        one_more = load()
        assert (one_more(value), hits(one_more)) == (expected, hit)


def test_what_cannot_be_mended_is_done_without_after_one_warning(load: Callable[[], Any], tmp_path: Path) -> None:
    assert load()(3) == 7
    (index,) = (tmp_path / "cache").rglob("*.nbi")
    index.unlink()
    index.mkdir()
    compiled._warn_uncached.cache_clear()
    with pytest.warns(RuntimeWarning, match="NUMBA_CACHE_DIR") as warned:
        assert [load()(3), load()(3)] == [7, 7]
    assert len(warned) == 1


def test_a_full_disk_is_no_error(load: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    one_more = load()
    monkeypatch.setattr(one_more._cache._cache_file, "_save_data", full)
    compiled._warn_uncached.cache_clear()
    with pytest.warns(RuntimeWarning, match="NUMBA_CACHE_DIR"):
        assert one_more(3) == 7


PLAY = """
    env = gym.make("ram_envs:ram_envs/GlimpseMNIST-Cluttered-v0", max_distortion=0.1)
    observation, _ = env.reset(seed=0)
    print(observation["glimpse"].shape)
"""
IMPORT = """
    import ram_envs.images.distortion, ram_envs.tasks.scenes
    from ram_envs.retina.kernels import first_pixel
    print(first_pixel(10.25, 4))
"""
"""All kernels, of which one is compiled."""


@pytest.mark.parametrize(
    ("code", "printed"),
    [(IMPORT, "8"), pytest.param(PLAY, "(3, 12, 12)", marks=pytest.mark.slow)],
    ids=["import", "play"],
)
def test_environments_work_where_nothing_can_be_written(code: str, printed: str, tmp_path: Path) -> None:
    """A file where each folder for compiled code would have to be stops the superuser too. It is told once."""
    shutil.copytree(ROOT / "ram_envs", tmp_path / "ram_envs", ignore=shutil.ignore_patterns("__pycache__"))
    for room in ("retina", "images", "tasks"):
        (tmp_path / "ram_envs" / room / "__pycache__").write_text("a file")
    (tmp_path / "home").write_text("a file")
    code = f"""
import warnings
import gymnasium as gym
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
{code}
print(sum("NUMBA_CACHE_DIR" in str(warning.message) for warning in told))
"""
    home = str(tmp_path / "home")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "XDG_", "COVERAGE", "LOCALAPPDATA"))}
    env = kept | {"HOME": home, "USERPROFILE": home, "PYTHONPATH": str(tmp_path)}
    done = run(sys.executable, "-c", code, cwd=tmp_path, env=env)
    assert done.stdout.splitlines() == [printed, "1"], done.stderr


FIRST_STEP = """
import gymnasium as gym
import ram_envs
from ram_envs.retina import kernels

def step(env):
    env.reset(seed=0)
    env.step(env.action_space.sample())
    names = ("glimpse_images", "glimpse_bytes", "glimpse_coarse", "glimpse_tables")
    return [name for name in names if getattr(kernels, name).signatures]

print(step(gym.make("ram_envs/GlimpseMNIST-Cluttered100-v0")))
print(step(gym.make_vec("ram_envs/GlimpseMNIST-v0", num_envs=2, vectorization_mode="vector_entry_point")))
"""


def test_a_first_step_compiles_only_the_kernels_that_it_needs() -> None:
    assert run_python(FIRST_STEP).stdout.splitlines() == ["['glimpse_images']", "['glimpse_images', 'glimpse_bytes']"]
