"""What `make release` goes by: the Pythons that it finds, what it tries of each extra, and the hashed requirements."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest
from places import ROOT

RELEASE = ROOT / "tests" / "release"
PYTHONS = runpy.run_path(str(RELEASE / "pythons.py"))
TRIED = runpy.run_path(str(RELEASE / "trials.py"))
DEFINITION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIREMENTS = (ROOT / "requirements-reproduction.txt").read_text()


def pretend(path: Path, says: str, status: int = 0) -> Path:
    """A program that answers as a Python does that is asked for its version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {says}\nexit {status}\n")
    path.chmod(0o755)
    return path


def test_the_newest_of_each_admitted_python_is_taken() -> None:
    found = {"a": (3, 10, 9), "b": (3, 12, 1), "c": (3, 11, 7), "d": (3, 12, 10), "e": (3, 12, 9)}
    pythons = {Path(name): version for name, version in found.items()}
    assert PYTHONS["newest_of_each"](pythons, ">=3.11") == {"3.11": Path("c"), "3.12": Path("d")}


def test_another_form_of_requires_python_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"'>=3\.11,<4'; expected a lowest version alone"):
        PYTHONS["newest_of_each"]({}, ">=3.11,<4")


def test_pythons_are_found_on_the_path_and_in_pyenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = pretend(tmp_path / "bin" / "python3.12", "3 12 4 final cpython")
    pretend(tmp_path / "bin" / "python3.11", "not chosen", status=127)  # as pyenv's shims
    pretend(tmp_path / "bin" / "python3.14", "3 14 0 candidate cpython")
    of_pyenv = pretend(tmp_path / "pyenv" / "versions" / "3.13.0" / "bin" / "python3", "3 13 0 final cpython")
    pretend(tmp_path / "pyenv" / "versions" / "pypy3.11" / "bin" / "python3", "3 11 0 final pypy")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert PYTHONS["on_this_machine"]() == {on_path: (3, 12, 4), of_pyenv: (3, 13, 0)}


def test_every_extra_is_tried() -> None:
    assert TRIED["TRIALS"].keys() == {"", *DEFINITION["optional-dependencies"]}
    for code in TRIED["TRIALS"].values():
        compile(code, "trial", "exec")


def test_extras_are_tried_with_the_pinned_versions() -> None:
    pins = (ROOT / "constraints.txt").read_text()
    assert TRIED["constraints"]("sb3") == pins
    of_rllib = TRIED["constraints"]("rllib")
    assert set(pins.splitlines()) - set(of_rllib.splitlines()) == {
        line for line in pins.splitlines() if line.startswith("gymnasium==")
    }


def test_the_pythons_that_the_classifiers_name_are_tested_on_the_host() -> None:
    named = {text.rpartition(" ")[2] for text in DEFINITION["classifiers"] if re.search(r":: 3\.\d+$", text)}
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    assert named == set(re.findall(r'"(3\.\d+)"', workflow))


def test_each_requirement_of_the_reproduction_has_a_version_and_hashes_and_no_index_is_named() -> None:
    assert not re.findall(r"://|--(?:extra-)?index-url|--find-links", REQUIREMENTS)
    lines = [line for line in REQUIREMENTS.replace("\\\n", "").splitlines() if not line.startswith("#")]
    assert len(lines) > 40
    for line in lines:
        assert re.match(r"[\w-]+(?:\[\w+\])?==[\w.+]+(?: ; .*?)?(?: +--hash=sha256:[0-9a-f]{64})+$", line), line


def test_the_reproduction_has_the_versions_that_the_results_were_run_with() -> None:
    listed = dict(re.findall(r"^([\w-]+)==([\w.]+)", REQUIREMENTS, flags=re.MULTILINE))
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE))
    assert {"torch", "gymnasium", "numpy", "numba", "safetensors"} <= listed.keys()
    assert {name: version for name, version in listed.items() if name in pins} == {
        name: version for name, version in pins.items() if name in listed
    }
    assert f"torch=={pins['torch']}+cpu " in REQUIREMENTS, "for the processor alone: the other brings gigabytes"
