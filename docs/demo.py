"""What `make demo` says at its end: its result beside the paper's, what to look at, and how to go on.

python docs/demo.py demo .venv/bin
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ram_agents.reports.paper import ROWS

GLIMPSES = 6


def summary(directory: Path, programs: Path) -> str:
    """The words; `directory` holds the demo, `programs` the command `ram`."""
    (agent,) = json.loads((directory / "result.json").read_text())["agents"].values()
    (paper,) = (row.nips for row in ROWS if (row.task, row.glimpses) == ("28x28", GLIMPSES))
    error, ram = agent["mean"][-1], programs / "ram"
    return f"""
Wrong answers on {agent["episodes"]:,} test images, 28x28, {GLIMPSES} glimpses: {error:.2f}%, the paper's {paper}%.

Look at
  {directory / "learning-curve.png"}
  {directory / "digits.gif"}
and go on with
  {ram} watch {directory / "run" / "last.safetensors"}    # in a window
  {ram} play    # against the trained agents of the package
  {ram} reproduce    # which are measured beside the paper's
After `. {programs / "activate"}` it is `ram` alone."""


if __name__ == "__main__":
    print(summary(*map(Path, sys.argv[1:])))
