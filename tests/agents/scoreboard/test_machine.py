"""What a board is told of the machine and of the code that ran on it."""

from __future__ import annotations

import subprocess

import pytest
from ram_agents.scoreboard import machine


def says(**answers: str):
    """A git that answers some questions, and fails at others."""

    def git(question: str, *_: str) -> str:
        if question.replace("-", "_") not in answers:
            raise subprocess.CalledProcessError(1, "git")
        return answers[question.replace("-", "_")]

    return git


def test_the_commit_is_of_a_checkout_without_changes(monkeypatch) -> None:
    monkeypatch.setattr(machine, "_git", says(ls_files="machine.py", status="", rev_parse="0123abc"))
    assert machine.commit() == "0123abc"
    monkeypatch.setattr(machine, "_git", says(ls_files="machine.py", status=" M a.py", rev_parse="0123abc"))
    with pytest.raises(ValueError, match="changes that no commit has"):
        machine.commit()


def test_a_copy_that_is_installed_in_somebodys_checkout_is_none_of_it(monkeypatch) -> None:
    monkeypatch.setattr(machine, "_git", says(status="", rev_parse="0123abc"))
    with pytest.raises(ValueError, match="lies in no checkout of git: say by --commit"):
        machine.commit()


def test_git_is_asked_where_this_package_lies() -> None:
    assert machine._git("rev-parse", "--is-inside-work-tree") in ("true", "false")
