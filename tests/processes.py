"""Other processes that tests start: none of them, nor of those that they start, outlives its test."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def started(
    *command: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes of text; at the end it is killed if it is still there, with all that it has started."""
    words, pipe = [str(word) for word in command], subprocess.PIPE
    with subprocess.Popen(
        words, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def run(
    *command: object, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with started(*command, cwd=cwd, env=env) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run_python(code: str, *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return run(sys.executable, "-c", code, cwd=cwd)


NURSERY = """
import contextlib, json, os, runpy, sys
for module in ("gymnasium", "matplotlib.pyplot", "numba", "sb3_contrib", "torch", "torch._dynamo"):
    with contextlib.suppress(ImportError):
        __import__(module)
for line in sys.stdin:
    script, directory, *outputs = json.loads(line)
    child = os.fork()
    if child == 0:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
os.chdir(directory)
for path, number in zip(("/dev/null", *outputs), range(3)):
    os.dup2(os.open(path, os.O_RDWR), number)
sys.argv, sys.stdin = [script], open(0)
sys.path.insert(0, os.path.dirname(script))
runpy.run_path(script, run_name="__main__")
"""
"""Forks an interpreter for each script that it is told of, with what takes long to import in it already."""


@functools.cache
def _nursery() -> subprocess.Popen[str]:
    """The one of this process; it ends when this process does, and closes its pipe."""
    return subprocess.Popen([sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run_script(script: Path) -> subprocess.CompletedProcess[str]:
    """Run a script where it lies, in an interpreter that has torch and its like loaded, and nothing of ours."""
    nursery = _nursery()
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    outputs = [script.with_suffix(suffix) for suffix in (".stdout", ".stderr")]
    for path in outputs:
        path.touch()
    nursery.stdin.write(json.dumps([str(path) for path in (script, script.parent, *outputs)]) + "\n")
    nursery.stdin.flush()
    return subprocess.CompletedProcess(
        [str(script)], int(nursery.stdout.readline()), *(path.read_text() for path in outputs)
    )
