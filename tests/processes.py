"""Other processes that tests start: none of them, nor of those that they start, outlives its test."""

from __future__ import annotations

import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
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
import contextlib, json, os, runpy, socket, sys
MODULES = "filelock gymnasium matplotlib.pyplot numba safetensors.torch sb3_contrib torch torch._dynamo tyro"
for module in MODULES.split():
    with contextlib.suppress(ImportError):
        __import__(module)
orders = socket.socket(fileno=int(sys.argv[1]))
while True:
    order, pipes, *_ = socket.recv_fds(orders, 65536, 4)
    if not order:
        sys.exit()
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:  # keepers that have ended
            pass
    if os.fork() == 0:  # a keeper, which tells how its child ends
        break
    for pipe in pipes:
        os.close(pipe)
orders.close()
*pipes, told = pipes
child = os.fork()
if child:
    for pipe in pipes:
        os.close(pipe)
    os.write(told, f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\\n".encode())
    os._exit(0)
os.setsid()
os.write(told, f"{os.getpid()}\\n".encode())
os.close(told)
for number, pipe in enumerate(pipes):
    os.dup2(pipe, number)
    os.close(pipe)
sys.argv, variables = json.loads(order)
os.environ.update(variables)
os.chdir(os.path.dirname(sys.argv[0]))
sys.stdin = open(0)
sys.path.insert(0, os.path.dirname(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Forks an interpreter for each script that it is told of, with what takes long to import in it already."""


@functools.cache
def _nursery() -> socket.socket:
    """Where the one of this process takes its orders; it ends when this process does, and closes this socket."""
    ours, its = socket.socketpair()
    subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(its.fileno())], stdin=subprocess.DEVNULL, pass_fds=[its.fileno()]
    )
    its.close()
    return ours


class Forked:
    """A script that runs where it lies, in an interpreter that has torch and its like loaded, and nothing of ours.

    Its pipes, `wait` and `communicate` are those of `subprocess.Popen`.
    """

    def __init__(self, script: Path, *words: object, env: Mapping[str, str] | None = None) -> None:
        (its_in, stdin), (stdout, its_out), (stderr, its_err), (told, its_end) = (os.pipe() for _ in range(4))
        order = json.dumps([[str(script), *map(str, words)], dict(env or {})])
        theirs = [its_in, its_out, its_err, its_end]
        socket.send_fds(_nursery(), [order.encode()], theirs)
        for pipe in theirs:
            os.close(pipe)
        self.stdin, self.stdout, self.stderr = os.fdopen(stdin, "w"), os.fdopen(stdout), os.fdopen(stderr)
        self._told = os.fdopen(told)
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def wait(self) -> int:
        """To its end."""
        if self.returncode is None:
            self.returncode = int(self._told.readline())
        return self.returncode

    def communicate(self, text: str = "") -> tuple[str, str]:
        """Hand it some text, and wait for its end; returns all that it printed."""
        with suppress(BrokenPipeError), self.stdin:
            self.stdin.write(text)
        with ThreadPoolExecutor(2) as pool:
            out, err = pool.map(lambda pipe: pipe.read(), (self.stdout, self.stderr))
        self.wait()
        return out, err

    def close(self) -> None:
        """End it, with all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()
        for pipe in (self.stdin, self.stdout, self.stderr, self._told):
            with suppress(BrokenPipeError):
                pipe.close()


def run_script(script: Path, *words: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a script by `Forked` to its end."""
    with closing(Forked(script, *words, env=env)) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess([str(script)], process.wait(), out, err)
