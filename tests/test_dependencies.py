"""What the distribution asks for: floors that are tested, extras that the messages name, versions that are pinned."""

from __future__ import annotations

import re
import tomllib

import pytest
from places import ROOT

from ram_envs.extras import how_to_install

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
UNTESTED = {"torch": "older ones come with gigabytes of CUDA"} | dict.fromkeys(
    ("ray", "ap-gym", "aiohttp"), "in a virtual environment of its own"
)
"""Packages whose floors `make test-lowest` does not test, and why."""


def pins(name: str) -> dict[str, str]:
    """The versions that a file of constraints pins."""
    return dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / name).read_text(), flags=re.MULTILINE))


def floors() -> dict[str, str]:
    """The lowest admitted version of each package; where several extras ask for it, they agree."""
    wanted = [requirement for part in EXTRAS.values() for requirement in part] + PROJECT["dependencies"]
    found = [re.fullmatch(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)(?:,<\d+)?", requirement) for requirement in wanted]
    assert all(match or requirement.startswith("ram-envs[") for match, requirement in zip(found, wanted, strict=True))
    lowest = {(match[1], match[2]) for match in found if match}
    assert len(dict(lowest)) == len(lowest)
    return dict(lowest)


def test_the_floors_are_the_versions_that_are_tested() -> None:
    tested = pins("constraints-lowest.txt")
    assert floors().keys() - tested.keys() == {"ray", "ap-gym", "aiohttp"}
    assert {name: version for name, version in tested.items() if name not in UNTESTED} == {
        name: version for name, version in floors().items() if name not in UNTESTED
    }
    assert tested["torch"] == pins("constraints.txt")["torch"]


def test_everything_that_is_asked_for_is_pinned() -> None:
    assert floors().keys() - pins("constraints.txt").keys() <= {"setuptools"}, "which builds, and is pip's own business"


def test_all_means_every_part_but_rllib_and_the_tools_of_development() -> None:
    (parts,) = re.findall(r"\[(.*)\]", *EXTRAS["all"])
    assert set(parts.split(",")) == EXTRAS.keys() - {"all", "rllib", "ap-gym", "dev", "docs"}


@pytest.mark.parametrize("folder", ["ram_envs", "agents"])
def test_messages_name_extras_that_exist_and_say_it_in_one_way(folder: str) -> None:
    named = set()
    for path in (ROOT / folder).rglob("*.py"):
        text = path.read_text()
        named |= set(re.findall(r"how_to_install\(['\"]([\w-]+)['\"]\)", text))
        assert path.name == "extras.py" or "pip install" not in text, path
    assert named
    assert named <= EXTRAS.keys()


def test_how_to_install() -> None:
    assert how_to_install("sb3") == "`pip install '.[sb3]'` in a clone of the repository"
