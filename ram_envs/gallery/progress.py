"""Progress of what takes long: a bar where rich is installed, else a line."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator

WORTH_TELLING = 2.0  # Seconds after which one wants to know.


def told(parts: Iterator[float], what: str) -> None:
    """Run something that yields the part that is done, up to 1; what takes seconds is told on stderr.

    Threads other than the main one are silent: they work while something else is shown.
    """
    begin = time.monotonic()
    for part in parts:
        if part < 1 and time.monotonic() - begin > WORTH_TELLING and _is_main_thread():
            return _show(parts, what, part)
    return None


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _show(parts: Iterator[float], what: str, done: float) -> None:
    try:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import Progress
    except ImportError:
        print(f"{what} ...", file=sys.stderr, flush=True)
        for _ in parts:
            pass
        return
    # A console of its own: one console shows but one bar, and training may have that.
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(escape(what), total=1.0)
        progress.update(bar, completed=done)
        for part in parts:
            progress.update(bar, completed=part)
