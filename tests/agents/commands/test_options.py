"""What the commands share: checks before work, and how mistakes, images and progress are told."""

from __future__ import annotations

import errno
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from ram_agents import Reinforce, cli
from ram_agents.commands import options
from ram_agents.model.config import NOT_NEGATIVE, number

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


@dataclass(frozen=True)
class Numbers:
    some: tuple[int, ...] = number((1, 2), NOT_NEGATIVE)
    one_more: int | None = number(None, NOT_NEGATIVE)


def test_numbers_are_in_their_ranges() -> None:
    assert options.parse(Numbers, ["--some", "0", "5"], command="test") == Numbers((0, 5))
    with pytest.raises(ValueError, match="--some is -5; it must be at least 0"):
        options.check_numbers(Numbers((0, -5)))
    with pytest.raises(ValueError, match="--one-more is -1; it must be at least 0"):
        options.check_numbers(Numbers(one_more=-1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "catch", "--paths", "-1"], "--paths is -1; it must be at least 0"),
        (["evaluate", "catch", "--episodes", "0"], "--episodes is 0; it must be at least 1"),
        (["evaluate", "catch", "--threads", "-2"], "--threads is -2"),
        (["evaluate", "catch", "--seed", "-2"], "--seed is -2"),
        (["evaluate", "catch", "--control-episodes", "0"], "--control-episodes is 0"),
        (["reproduce", "catch", "--paths", "-1"], "--paths is -1"),
        (["reproduce", "catch", "--episodes", "-1"], "--episodes is -1"),
        (["reproduce", "catch", "--threads", "0"], "--threads is 0"),
        (["reproduce", "catch", "--train", "--seeds", "0", "-1"], "--seeds is -1"),
        (["plot", "gaze", "catch", "--episodes", "0"], "--episodes is 0"),
        (["plot", "digit", "mnist28", "--episodes", "-1"], "--episodes is -1"),
        (["plot", "glimpses", "catch", "--paths", "-1"], "--paths is -1"),
        (["plot", "cost", "--threads", "0"], "--threads is 0"),
        (["plot", "cost", "--sizes", "28", "9"], "--sizes is 9; it must be at least 10"),
        (["watch", "catch", "--index", "-1"], "--index is -1"),
        (["play", "--balls", "0"], "--balls is 0; it must be at least 1"),
    ],
)
def test_numbers_out_of_range_are_refused_before_any_work(words, message, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert str(end.value.code).startswith(f"ram {words[0]}: {message}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("device", ["nonsense", "meta"])
def test_a_device_that_is_not_there(device) -> None:
    with pytest.raises(ValueError, match=f"--device {device} can't be used here .*; --device cpu always can"):
        options.check_device(device)
    options.check_device("cpu")


def test_what_is_to_be_written_can_be(tmp_path) -> None:
    options.check_out(tmp_path / "new" / "file.json")
    options.check_out(tmp_path / "runs" / "a", directory=True)
    assert (tmp_path / "new").is_dir()
    assert (tmp_path / "runs" / "a").is_dir()
    assert not list((tmp_path / "new").iterdir())
    (tmp_path / "file").write_text("kept")
    options.check_out(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"
    for path, directory in (("new", False), ("file", True), ("file/x", False), ("file/x", True)):
        with pytest.raises(ValueError, match=f"--out .*{path} can't be written .*; choose another place"):
            options.check_out(tmp_path / path, directory=directory)


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--out", "file"],
        ["evaluate", "catch", "--out", "folder"],
        ["evaluate", "catch", "--out", "file/all.json"],
        ["evaluate", "catch", "--controls", "random", "--controls-dir", "file"],
        ["reproduce", "catch", "--json", "folder"],
        ["reproduce", "catch", "--train", "--out", "file"],
        ["plot", "gaze", "catch", "--out", "file/gaze.svg"],
        ["watch", "catch", "--out", "folder.gif"],
    ],
)
def test_commands_refuse_what_they_cannot_write_at_once(words, monkeypatch, tmp_path) -> None:
    def work(*arguments: object, **options: object) -> None:
        raise AssertionError("it began to work")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ram_agents.evaluation.evaluate.follow", work)
    monkeypatch.setattr(Reinforce, "learn", work)
    Path("file").write_text("")
    for name in ("folder", "folder.gif"):
        Path(name).mkdir()
    with pytest.raises(SystemExit, match=f"ram {words[0]}: .* can't be written .*; choose another place"):
        cli.main(words)


@pytest.mark.parametrize(
    "words", [["evaluate"], ["watch"], ["plot", "gaze"], ["plot", "glimpses"], ["plot", "montage"]]
)
def test_a_damaged_checkpoint_is_told(words, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.safetensors").write_bytes(b"no checkpoint")
    with pytest.raises(SystemExit, match=f"ram {words[0]}: bad.safetensors is damaged, or no agent of this project"):
        cli.main([*words, "bad.safetensors"])


def test_the_system_s_errors_get_a_remedy() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "runs/a/last.safetensors")
    assert options.in_one_line(full).startswith("runs/a/last.safetensors: No space left on device; make room")
    assert options.in_one_line(ValueError("two\n   lines")) == "two lines"


def test_an_old_checkpoint_is_loaded_only_on_request(monkeypatch) -> None:
    asked = []

    def load(name: str, *, allow_unsigned: bool, **rest: object) -> None:
        asked.append(allow_unsigned)
        raise ValueError("enough")

    for module in ("commands.options", "commands.train", "game.places"):
        monkeypatch.setattr(f"ram_agents.{module}.load", load)
    for words in (["evaluate", "old"], ["watch", "old"], ["plot", "gaze", "old"], ["plot", "glimpses", "old"]):
        for flags in ([], ["--allow-unsigned"]):
            with pytest.raises(SystemExit, match="enough"):
                cli.main([*words, *flags])
    assert asked == 4 * [False, True]


def test_a_module_is_imported_only_for_the_user(tmp_path, monkeypatch) -> None:
    (tmp_path / "my_catch.py").write_text(
        "import gymnasium as gym\n"
        "from ram_envs.shells.environments import CatchEnv, CatchVectorEnv\n"
        'gym.register("MyCatch-v0", entry_point=CatchEnv, vector_entry_point=CatchVectorEnv)\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    name = "my_catch:MyCatch-v0"
    try:
        Reinforce(name, **SMALL).save("agent.safetensors")
        assert Reinforce.load("agent.safetensors").env_id == name
        del sys.modules["my_catch"], gym.registry["MyCatch-v0"]
        words = ["evaluate", "agent.safetensors", "--episodes", "10", "--paths", "0"]
        with pytest.raises(SystemExit, match=f"a file alone imports no module, .*--env-id {name}"):
            cli.main(words)
        assert "my_catch" not in sys.modules
        cli.main([*words, "--env-id", name])
        assert "my_catch" in sys.modules
    finally:
        sys.modules.pop("my_catch", None)
        gym.registry.pop("MyCatch-v0", None)


def test_images_that_a_checkpoint_names_are_told(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    images = np.random.default_rng(0).integers(0, 256, (30, 9, 9), dtype=np.uint8)
    for name in ("own", "other"):
        np.savez(f"{name}.npz", images=images, labels=np.arange(30) % 3)
    kwargs = {"images": "own.npz", "num_glimpses": 2}
    Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, **SMALL).save("agent.safetensors")
    words = ["evaluate", "agent.safetensors", "--paths", "0"]
    cli.main(words)
    assert "reads images from own.npz as agent.safetensors says\n" in capsys.readouterr().err
    cli.main([*words, "--env-kwargs", '{"images": "other.npz"}'])
    assert "reads images" not in capsys.readouterr().err


def test_the_name_of_the_program(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/pytest"])
    assert options.program() == "ram"
    program = tmp_path / "a b" / "ram"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert options.program() == f"'{program}'"
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    assert options.program() == "ram"
    monkeypatch.setattr(sys, "argv", [cli.__file__])
    assert options.program().endswith(" -m ram_agents")


def test_progress_adds_up(monkeypatch, capsys) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with options.metered("episodes", "mnist28") as progress:
        now = 40.0  # before the first batch is done
        progress(400, 1000)
        now = 80.0
        progress(400, 1000)
    assert capsys.readouterr().err.splitlines() == [
        "400 of 1,000 episodes (40%), 0:01:00 left, 10/s, mnist28",
        "800 of 1,000 episodes (80%), 0:00:20 left, 10/s, mnist28",
    ]
