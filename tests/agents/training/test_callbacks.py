"""Progress: a bar that fits the terminal, plain lines where there is none, and a terminal left as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from ram_agents import Reinforce
from ram_agents.training import callbacks
from ram_agents.training.callbacks import Meter, ProgressBar
from toy_env import PeekVectorEnv

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8}


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(callbacks, "time", clock)
    return clock


@contextmanager
def terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Standard error is a terminal of so many columns; gives all that was shown there.

    No fixture: pytest sets standard error anew before each test's own code.
    """
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    for name in ("LINES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(columns))
    with os.fdopen(slave, "w") as stream, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)

        def shown() -> str:
            stream.flush()
            termios.tcdrain(slave)
            parts = []
            with suppress(BlockingIOError):  # one read may give a part of what there is
                while part := os.read(master, 1 << 20):
                    parts.append(part)
            return b"".join(parts).decode()

        yield shown
    os.close(master)


def states(text: str) -> list[str]:
    """What a line of the terminal showed, one state after the other."""
    return [part for part in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)) if part.strip()]


@pytest.mark.parametrize(("columns", "has_bar"), [(80, True), (60, False)])
def test_all_figures_fit_the_terminal(columns, has_bar, clock, monkeypatch) -> None:
    with terminal(columns, monkeypatch) as shown:
        meter = Meter(1_000_000, "episodes")
        clock.now += 40
        meter.update(500_000, "error 12.34%, held out 11.22%")
        meter.close()
        text = shown()
    last = states(text)[-1]
    assert last.lstrip().startswith("50%")
    assert last.rstrip().endswith("0:00:40 left, 12,500/s, error 12.34%, held out 11.22%")
    assert ("━" in last) is has_bar
    assert max(map(len, states(text))) <= columns
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back


def test_a_file_gets_plain_lines_now_and_then(clock, capsys) -> None:
    meter = Meter(1000, "episodes", done=200)
    for seconds, done in ((10, 220), (25, 290), (5, 300), (30, 1000)):
        clock.now += seconds
        meter.update(done, "mnist28")
    meter.close()
    assert capsys.readouterr().err.splitlines() == [
        "290 of 1,000 episodes (29%), 0:04:36 left, 2.6/s, mnist28",
        "1,000 of 1,000 episodes (100%), 0:00:00 left, 11/s, mnist28",
    ]


def test_the_first_figure_comes_before_any_time_has_gone(clock, capsys) -> None:
    Meter(10, "sizes").update(0, line=True)
    assert capsys.readouterr().err == "0 of 10 sizes (0%), -:--:-- left, 0.0/s\n"


def test_training_tells_each_checkpoint_in_a_file(capsys) -> None:
    agent = Reinforce(PeekVectorEnv(8), total_episodes=72, checkpoint_every=4, **SMALL)

    def validate(agent: Any, metrics: Any) -> None:
        agent.validation_error = 100.0 - agent.updates

    agent.learn(callback=validate, progress_bar=True)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"{n} of 72 episodes ({s}%)" for n, s in ((32, 44), (64, 89), (72, 100))
    ]
    assert [line.rsplit(", ")[-1] for line in lines] == ["held out 96.00%", "held out 92.00%", "held out 91.00%"]
    assert not any(ord(character) < 32 for line in lines for character in line)


def test_an_error_gives_the_terminal_back(monkeypatch) -> None:
    def fail(agent: Any, metrics: Any) -> None:
        raise FloatingPointError("the gradient is nan")

    agent = Reinforce(PeekVectorEnv(8), total_episodes=80, **SMALL)
    with terminal(80, monkeypatch) as shown:
        with pytest.raises(FloatingPointError):
            agent.learn(callback=fail, progress_bar=True)
        text = shown()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_what_is_printed_meanwhile_stays_on_standard_output(monkeypatch, capsys) -> None:
    with terminal(80, monkeypatch) as shown:
        meter = Meter(10, "episodes")
        print("| a | table |")
        meter.close()
        assert "table" not in shown()
    assert capsys.readouterr().out == "| a | table |\n"


def test_a_bar_that_never_began_ends_quietly(capsys) -> None:
    with ProgressBar():
        pass
    assert capsys.readouterr().err == ""
