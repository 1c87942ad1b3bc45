"""Files that a repository's host and its visitors read: they parse, and agree with the package."""

from __future__ import annotations

import re
import tomllib

import pytest
from places import ROOT

yaml = pytest.importorskip("yaml")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]


def test_all_addresses_are_of_one_repository() -> None:
    own = [url for name, url in PROJECT["urls"].items() if name != "Paper"]
    assert all(url.startswith(PROJECT["urls"]["Repository"]) for url in own)


def test_issue_templates_ask_something() -> None:
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        template = yaml.safe_load(path.read_text())
        assert {"name", "description", "body"} <= template.keys(), path
        assert len({part["id"] for part in template["body"]}) == len(template["body"]), path


def test_workflows_run_targets_that_exist() -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    ran = []
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            ran += [word for step in job["steps"] for word in re.findall(r"^make (\S+)", step.get("run", ""))]
    assert {"test", "check", "docs"} <= set(ran) <= set(targets)
