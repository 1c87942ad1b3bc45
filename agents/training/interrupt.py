"""Ctrl-C between two updates, never within one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interruptible:
    """Within this context the first Ctrl-C only sets `interrupted`; the second raises KeyboardInterrupt as ever.

    So a training loop can end in a state that is worth saving. Outside the main thread, where Python handles no
    signals, it does nothing.
    """

    def __init__(self) -> None:
        self.interrupted = False

    def __enter__(self) -> Interruptible:
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        signal.signal(signal.SIGINT, self._before)
