"""The sdist and the wheel: what is in them, and that the wheel works alone, in an empty virtual environment."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest
from places import ROOT
from processes import run

TRY = """
import sys, gymnasium as gym
env = gym.make("ram_envs:ram_envs/GlimpseMNIST-v0")
observation, info = env.reset(seed=0)
observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
print(observation["glimpse"].shape, sys.modules["ram_envs"].__file__)
"""


LOAD = """
import sys
sys.path.insert(0, "unpacked")
import gymnasium as gym
from ram_envs.images.datasets import load_mnist
env = gym.make("ram_envs:ram_envs/GlimpseMNIST-v0")
print(load_mnist("test").images.shape, env.observation_space["glimpse"].shape, sys.modules["ram_envs"].__file__)
"""
"""Like `TRY`, but for the first glimpse, which would take seconds to compile."""


ENVIRONMENT = {
    key: value
    for key, value in os.environ.items()
    if key not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
}
"""Of a command that sees nothing of this checkout."""


def run_far_away(*command: object, cwd: Path) -> str:
    """Run a command that sees nothing of this checkout, and return what it prints."""
    done = run(*command, cwd=cwd, env=ENVIRONMENT)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def sources() -> set[str]:
    """Every file of the project but those of its continuous integration."""
    if (ROOT / ".git").exists():
        listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
        assert listed.returncode == 0, listed.stderr
        names = listed.stdout.splitlines()
    else:
        names = unpacked()
    return {name for name in names if not name.startswith(".ci/") and (ROOT / name).is_file()}


def unpacked() -> list[str]:
    """Where there is no git, in an unpacked sdist: the files that it came with."""
    made = {"PKG-INFO", "setup.cfg"}
    names = (ROOT / "ram_envs.egg-info" / "SOURCES.txt").read_text().splitlines()
    return [name for name in names if name not in made and ".egg-info/" not in name]


class Built(NamedTuple):
    """What `python -m build` made and printed."""

    sdist: Path
    wheel: Path
    printed: str


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sdist and the wheel, the second made from the first, of a clean copy of the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in sources():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    printed = run_far_away(sys.executable, "-m", "build", "--no-isolation", cwd=source)
    (sdist,), (wheel,) = (source / "dist").glob("*.tar.gz"), (source / "dist").glob("*.whl")
    return Built(sdist, wheel, printed)


@pytest.fixture(scope="module")
def wheel(built: Built) -> Path:
    return built.wheel


def test_building_warns_of_nothing(built: Built) -> None:
    assert not re.findall(r"(?i)^.*(?:warn|deprecat).*", built.printed, flags=re.MULTILINE)


def test_the_sdist_holds_all_that_its_tests_need(built: Built) -> None:
    """That is, everything; what setuptools adds is known."""
    with tarfile.open(built.sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    added = {name for name in names if name.startswith("ram_envs.egg-info/")} | {"PKG-INFO", "setup.cfg"}
    assert names - added == sources()


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


def test_the_links_of_the_long_description_lead_into_the_repository(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    text = archive.read(name).decode()
    assert "Description-Content-Type: text/markdown" in text
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)]*)\)", text)
    assert len(links) > 30
    for picture, link in links:
        assert re.match(r"https://|#", link), f"{link} leads nowhere from elsewhere"
        assert "/blob/" not in link or not picture, f"{link} is a page, not a picture"
    own = [link for _, link in links if link.startswith(project["urls"]["Repository"])]
    for link in own:
        tag, _, path = re.sub(r".*?/(?:raw|blob)/", "", link).partition("/")
        assert tag == f"v{project['version']}"
        assert (ROOT / path.partition("#")[0]).is_file(), link
    assert len(own) > 20


def test_the_wheels_code_runs_from_where_it_is_unpacked(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    printed = run_far_away(sys.executable, "-c", LOAD, cwd=tmp_path)
    assert printed.startswith("(10000, 28, 28) (1, 8, 8)")
    assert str(Path("unpacked", "ram_envs")) in printed


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new virtual environment that holds the wheel and what the wheel asks for."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True)
    run_far_away(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    return folder / "bin" / "python"


@pytest.mark.slow
def test_an_empty_environment_needs_nothing_but_the_wheel(python: Path, tmp_path: Path) -> None:
    printed = run_far_away(python, "-c", TRY, cwd=tmp_path)
    assert printed.startswith("(1, 8, 8)")
    assert str(python.parent.parent) in printed
    run_far_away(python, "-m", "pip", "check", cwd=tmp_path)


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
    done = run(python, "-c", code, cwd=tmp_path, env=ENVIRONMENT)
    assert done.returncode != 0
    assert f"pip install '.[{extra}]'" in done.stderr
