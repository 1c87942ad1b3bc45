"""`ram`: which commands there are, how it is called, and how each kind of end is told."""

from __future__ import annotations

import errno
import importlib
import io
import runpy
import sys

import gymnasium
import pytest
from ram_agents import cli

each_command = pytest.mark.parametrize("command", cli.COMMANDS)


@pytest.fixture
def fail(monkeypatch):
    """Makes a command fail with an error."""

    def fail(command: str, error: BaseException) -> None:
        def main(words: list[str]) -> None:
            raise error

        module, function = cli.COMMANDS[command].module, cli.COMMANDS[command].function
        monkeypatch.setattr(importlib.import_module(f"ram_agents.commands.{module}"), function, main)

    return fail


def test_usage(capsys) -> None:
    for words in ([], ["--help"], ["-h"]):
        cli.main(words)
        shown = capsys.readouterr().out
        assert all(f"ram {command}" in shown for command in cli.COMMANDS)
    with pytest.raises(SystemExit, match="there is no command 'trian'"):
        cli.main(["trian"])


@each_command
def test_every_command_helps(command, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0
    assert f"ram {command}" in capsys.readouterr().out


@pytest.mark.parametrize("module", ["ram_agents", "ram_agents.cli"])
@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
def test_it_runs_as_a_module(module, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["ram_agents", "--version"])
    runpy.run_module(module, run_name="__main__")
    name, version = capsys.readouterr().out.split()
    assert name == "ram-envs"
    assert version[0].isdigit()


@each_command
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a\n  b"), "a b"),
        (ValueError("no such \x1b[2J\ud800ü"), r"no such \x1b[2J\ud800ü"),
        (TypeError("unexpected keyword argument 'x'"), "unexpected keyword argument 'x'"),
        (FloatingPointError("the gradient is nan"), "the gradient is nan"),
        (gymnasium.error.NameNotFound("no nope"), "no nope"),
        (ImportError("pygame is missing"), "pygame is missing"),
        (OSError(errno.EACCES, "Permission denied", "a/b"), "a/b: Permission denied; choose another place"),
        (FileNotFoundError("there is no file x"), "there is no file x"),
        (MemoryError(), "MemoryError; there is not so much memory: take fewer rows at once"),
        (RuntimeError("DefaultCPUAllocator: can't"), "DefaultCPUAllocator: can't; there is not so much memory"),
    ],
)
def test_a_mistake_is_one_line(command, error, line, fail) -> None:
    fail(command, error)
    with pytest.raises(SystemExit) as end:
        cli.main([command])
    assert str(end.value.code).startswith(f"ram {command}: {line}")
    assert "\n" not in str(end.value.code)


@pytest.mark.parametrize("error", [AssertionError("a"), AttributeError("b"), KeyError("c"), RuntimeError("d")])
def test_a_bug_keeps_its_traceback(error, fail) -> None:
    fail("plot", error)
    with pytest.raises(type(error)):
        cli.main(["plot"])


@pytest.mark.parametrize("wanted", ["", "1"])
def test_a_mistake_keeps_its_traceback_if_that_is_wanted(wanted, fail, monkeypatch) -> None:
    monkeypatch.setenv("RAM_TRACEBACK", wanted)
    fail("plot", ValueError("x"))
    with pytest.raises(ValueError if wanted else SystemExit, match="x"):
        cli.main(["plot"])


@each_command
def test_an_interrupted_command_ends_with_130(command, fail, capsys) -> None:
    fail(command, KeyboardInterrupt())
    with pytest.raises(SystemExit) as end:
        cli.main([command])
    assert end.value.code == 130
    assert capsys.readouterr().err.split("\n") == ["", f"ram {command}: interrupted", ""]


ALONE = [name for name, command in cli.COMMANDS.items() if not command.shared]


@pytest.mark.parametrize("command", ALONE)
def test_of_torchruns_processes_the_first_tells_that_a_command_is_for_one(command, fail, monkeypatch) -> None:
    fail(command, AssertionError("it works in several processes"))
    for name, value in {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=f"^ram {command}: .* share `ram train` alone; start `ram {command}` without"):
        cli.main([command])
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(SystemExit) as end:
        cli.main([command])
    assert not end.value.code


@pytest.mark.parametrize("variables", [{"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "1"}, {"WORLD_SIZE": "2"}])
def test_one_process_of_torchrun_and_other_launchers_run_any_command(variables, monkeypatch) -> None:
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    called = []
    monkeypatch.setattr(importlib.import_module("ram_agents.commands.plot"), "main", called.append)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    cli.main(["plot", "curves"])
    assert called == [["curves"]]


def test_torchruns_processes_share_training(monkeypatch) -> None:
    called = []
    monkeypatch.setattr(importlib.import_module("ram_agents.commands.train"), "main", called.append)
    for name, value in {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2", "RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    cli.main(["train", "--recipe", "demo"])
    assert called == [["--recipe", "demo"]]


def test_a_full_disk_behind_standard_output_is_told(monkeypatch) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def fileno(self) -> int:
            return -2

    redirected = []
    monkeypatch.setattr(cli.os, "dup2", lambda source, target: redirected.append(target))
    monkeypatch.setattr(importlib.import_module("ram_agents.commands.plot"), "main", lambda words: None)
    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(SystemExit) as end:
        cli.main(["plot"])
    assert str(end.value.code).startswith("ram plot: standard output: No space left on device; make room")
    assert redirected == [-2]
