"""Reading ahead: a thread prepares the pictures of the next episodes while this one is played."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence

from ram_envs.gallery.gallery import Gallery


class ReadingAhead:
    """A thread that asks a gallery for pictures before anyone else does.

    It begins with the first wish, so that processes which are forked before have one of their own, ends with this
    object, and is silent about damaged pictures: who looks at one is told.

    Args:
        gallery: the pictures.
    """

    def __init__(self, gallery: Gallery) -> None:
        self._wishes = _Wishes()
        self._gallery = gallery
        self._thread: threading.Thread | None = None
        weakref.finalize(self, self._wishes.put, None)

    def expect(self, indices: Sequence[int]) -> None:
        """These pictures are wanted next, the first soonest; what was wished before and is not read yet is dropped."""
        self._wishes.put(list(dict.fromkeys(indices)))
        if self._thread is None:
            # A daemon: the end of the process need not wait, since what is half built does no harm.
            self._thread = threading.Thread(target=_read, args=(self._gallery, self._wishes), daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until all that was expected has been read."""
        self._wishes.wait()


class _Wishes:
    """The numbers of pictures that one thread wants and another fulfils."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted: list[int] | None = []
        self._busy = False

    def put(self, indices: list[int] | None) -> None:
        """Want these from now on; None: nothing, ever again."""
        with self._changed:
            self._wanted = indices
            self._changed.notify_all()

    def take(self) -> int | None:
        """The next one, as soon as there is one; None at the end."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._wanted is None or self._wanted)
            if self._wanted is None:
                return None
            self._busy = True
            return self._wanted.pop(0)

    def wait(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._wanted and not self._busy)


def _read(gallery: Gallery, wishes: _Wishes) -> None:
    while (index := wishes.take()) is not None:
        try:
            gallery.pyramid(index)
        except (ValueError, OSError):
            continue
