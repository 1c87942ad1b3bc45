"""A process that a test starts ends with it, and so does what that process has started."""

from __future__ import annotations

import os
import select
import sys

import pytest
from processes import run, run_python, run_script, started

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


def test_a_script_knows_nothing_of_another(tmp_path) -> None:
    script = tmp_path / "script.py"
    for _ in range(2):  # the second must not find what the first did
        script.write_text(
            "import builtins, os, sys\n"
            "assert not hasattr(builtins, 'before') and not [name for name in sys.modules if name.startswith('ram_')]\n"
            "builtins.before = True\n"
            "print(os.getcwd(), __name__, sys.argv, repr(sys.stdin.read()))\n"
        )
        done = run_script(script)
        assert done.stderr == ""
        assert done.stdout == f"{tmp_path.resolve()} __main__ ['{script}'] ''\n"
        assert done.returncode == 0
    script.write_text("import os, sys\nprint('err', file=sys.stderr)\nos._exit(3)\n")
    assert (run_script(script).stderr, run_script(script).returncode) == ("err\n", 3)
    script.write_text("1 / 0\n")
    failed = run_script(script)
    assert failed.returncode == 1
    assert failed.stderr.endswith("ZeroDivisionError: division by zero\n")


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
