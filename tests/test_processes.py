"""A process that a test starts ends with it, and so does what that process has started."""

from __future__ import annotations

import os
import select
import sys

import pytest
from processes import run, run_python, started

GRANDCHILD = """
import subprocess, sys
print("started", flush=True)
subprocess.run([sys.executable, "-c", "import time; time.sleep(600)"])
"""


def test_what_a_command_printed_and_how_it_ended() -> None:
    done = run_python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)


def test_it_runs_where_and_with_what_it_is_told(tmp_path) -> None:
    code = "import os; print(os.getcwd(), os.environ['WORD'])"
    done = run(sys.executable, "-c", code, cwd=tmp_path, env=os.environ | {"WORD": "here"})
    assert done.stdout == f"{tmp_path.resolve()} here\n"


def test_a_failing_test_leaves_no_process_behind() -> None:
    def failing() -> None:
        """Waits until both processes are there, fails, and leaves the end of a pipe that both can write to."""
        with started(sys.executable, "-c", GRANDCHILD) as process:
            assert process.stdout.readline() == "started\n"
            pipes.append(os.dup(process.stdout.fileno()))
            raise RuntimeError("the test fails")

    pipes: list[int] = []
    with pytest.raises(RuntimeError, match="the test fails"):
        failing()
    with open(pipes[0]) as rest:
        assert select.select([rest], [], [], 300)[0], "somebody still holds the other end"
        assert rest.read() == ""
