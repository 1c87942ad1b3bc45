"""How torch's threads wait for each other."""

import os

SPINS = "1000"
"""Looks at a flag before a thread sleeps, some tens of microseconds: two threads of an update meet about that often."""


def wait_briefly() -> None:
    """Let threads that wait for others sleep soon, for which torch must not have been imported yet.

    GNU's OpenMP, with which torch comes on Linux, lets them look out for some milliseconds. Where another program has a
    core, that keeps the very thread from it that they wait for: an update by two threads took 1.4 to 24 times as long
    as by one. On idle cores next to nothing is lost (docs/performance.md, "Threads that wait"). Whoever has set
    GOMP_SPINCOUNT or OMP_WAIT_POLICY keeps it.
    """
    if not os.environ.keys() & {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}:
        os.environ["GOMP_SPINCOUNT"] = SPINS
