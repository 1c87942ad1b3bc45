"""Is what would be released sound? `python tests/release/check.py`; `make release` runs it.

Builds sdist and wheel, checks what an index would show of them, installs the wheel with each extra into an empty
environment and tries it, installs the pinned and hashed requirements, and runs the tests from the unpacked sdist on
every Python of this machine that the package admits. Everything is left in build/release.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pythons import newest_of_each, on_this_machine
from trials import DEFINITION, EXTRAS, TRIALS, constraints

ROOT = Path(__file__).parents[2]
REQUIREMENTS = "requirements-reproduction.txt"
BIN = Path(sys.executable).parent
ENVIRONMENT = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")} | {
    "OMP_NUM_THREADS": "1",
    # uv reads none of pip's settings: it is to take the same wheels, such as torch for the processor alone.
    "UV_FIND_LINKS": os.environ.get("UV_FIND_LINKS") or os.environ.get("PIP_FIND_LINKS", ""),
}


def run(*command: object, cwd: Path) -> None:
    """Run a command that sees nothing of this checkout; if it fails, this program does."""
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=cwd, env=ENVIRONMENT).returncode:
        sys.exit(f"failed, in {cwd}: {' '.join(words)}")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    print(f"== {name}", flush=True)
    start = time.perf_counter()
    yield
    print(f"== {name}: {time.perf_counter() - start:.0f} s", flush=True)


def build(folder: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel that is made from it."""
    run(BIN / "python", "-m", "build", "--outdir", folder / "dist", ROOT, cwd=folder)
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    run(BIN / "twine", "check", "--strict", sdist, wheel, cwd=folder)
    return sdist, wheel


@contextmanager
def empty_environment(folder: Path, name: str, python: Path) -> Iterator[Path]:
    """The interpreter of a virtual environment with nothing in it, which is deleted at the end."""
    place = folder / f"environment-{name}"
    run(BIN / "uv", "venv", "--quiet", "--clear", "--python", python, place, cwd=folder)
    yield place / "bin" / "python"
    shutil.rmtree(place)


def install(python: Path, *what: object) -> None:
    """Install into an environment, and see that what is in it fits together."""
    run(BIN / "uv", "pip", "install", "--quiet", "--python", python, *what, cwd=python.parent)
    run(BIN / "uv", "pip", "check", "--quiet", "--python", python, cwd=python.parent)


def try_extra(folder: Path, wheel: Path, extra: str, python: Path) -> None:
    """Install the wheel with one extra, "" for none, and run the extra's trial."""
    pins = folder / f"constraints-{extra}.txt"
    pins.write_text(constraints(extra))
    with empty_environment(folder, extra or "core", python) as inside:
        install(inside, f"{DEFINITION['name']}{extra and f'[{extra}]'} @ {wheel.as_uri()}", "--constraint", pins)
        run(inside, "-c", TRIALS[extra], cwd=folder)


def try_requirements(folder: Path, wheel: Path, python: Path) -> None:
    """Install the hashed requirements and the wheel alone, and reproduce a figure."""
    with empty_environment(folder, "reproduction", python) as inside:
        install(inside, "--require-hashes", "--requirement", ROOT / REQUIREMENTS)
        install(inside, "--no-deps", wheel)
        run(inside, "-m", "ram_agents", "reproduce", "mnist28_3", "--episodes", 1000, "--paths", 0, cwd=folder)


def try_sdist(folder: Path, sdist: Path, python: Path, version: str, arguments: Sequence[str]) -> None:
    """Run the tests of the unpacked sdist, with all extras that share an environment."""
    place = folder / f"sdist-{version}"
    shutil.rmtree(place, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(place, filter="data")
    (unpacked,) = place.iterdir()
    with empty_environment(folder, version, python) as inside:
        pins = unpacked / "constraints.txt"
        install(inside, "--constraint", pins, "--editable", f"{unpacked}[all,dev,docs]")
        run(inside, "-m", "pytest", "--numprocesses", 2, *arguments, cwd=unpacked)


def main() -> None:
    """Read the options, and check one thing after another; the first fault ends it."""
    found = newest_of_each(on_this_machine(), DEFINITION["requires-python"])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--extras", nargs="*", choices=["", *EXTRAS], default=["", *EXTRAS], help='"" is none of them')
    parser.add_argument("--pythons", nargs="*", choices=list(found), default=list(found), help="to run the tests with")
    parser.add_argument("--tests", nargs="*", default=[], help="only these, paths in the sdist; by default all")
    options = parser.parse_args()
    folder = ROOT / "build" / "release"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with step("sdist and wheel"):
        sdist, wheel = build(folder)
    first = next(iter(found.values()))
    for extra in options.extras:
        with step(f"extra {extra or '(none)'}"):
            try_extra(folder, wheel, extra, first)
    with step(REQUIREMENTS):
        try_requirements(folder, wheel, first)
    for version in options.pythons:
        with step(f"tests of the sdist, Python {version}"):
            try_sdist(folder, sdist, found[version], version, options.tests)
    print(f"sound; to be released: {sdist.name} and {wheel.name} in {sdist.parent.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
