"""The wheel: what is in it, and that it works alone, in an empty virtual environment far from the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from places import ROOT

TRY = """
import sys, gymnasium as gym
env = gym.make("ram_envs:ram_envs/GlimpseMNIST-v0")
observation, info = env.reset(seed=0)
observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
print(observation["glimpse"].shape, sys.modules["ram_envs"].__file__)
"""


def run(*command: object, cwd: Path) -> str:
    """Run a command that sees nothing of this checkout, and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a clean copy of the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("ram_envs", "agents"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", source / "dist", cwd=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_the_wheel_holds_both_packages_their_data_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packaged = {name for name in names if ".dist-info/" not in name}
    for package, folder in (("ram_envs", "ram_envs"), ("ram_agents", "agents")):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        expected = {f"{package}/{path.relative_to(ROOT / folder).as_posix()}" for path in files}
        assert {name for name in packaged if name.startswith(f"{package}/")} == expected
        packaged -= expected
    assert not packaged
    assert sum(name.endswith("/LICENSE") for name in names) == 1
    assert sum("/licenses/" in name and name.endswith("LICENSE.md") for name in names) == 1, "MNIST's licence"


def test_the_wheels_code_runs_from_where_it_is_unpacked(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    printed = run(sys.executable, "-c", f"import sys; sys.path.insert(0, 'unpacked')\n{TRY}", cwd=tmp_path)
    assert printed.startswith("(1, 8, 8)")
    assert str(Path("unpacked", "ram_envs")) in printed


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new virtual environment that holds the wheel and what the wheel asks for."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return folder / "bin" / "python"


@pytest.mark.slow
def test_an_empty_environment_needs_nothing_but_the_wheel(python: Path, tmp_path: Path) -> None:
    printed = run(python, "-c", TRY, cwd=tmp_path)
    assert printed.startswith("(1, 8, 8)")
    assert str(python.parent.parent) in printed
    run(python, "-m", "pip", "check", cwd=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "extra"),
    [
        ("from ram_agents import RAM", "agents"),
        ("import gymnasium as gym; env = gym.make('ram_envs:ram_envs/Catch-v0', render_mode='rgb_array'); "
         "env.reset(); env.render()", "render"),
    ],
)  # fmt: skip
def test_a_missing_extra_is_named(python: Path, tmp_path: Path, code: str, extra: str) -> None:
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"pip install '.[{extra}]'" in done.stderr
