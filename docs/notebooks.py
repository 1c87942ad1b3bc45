"""Run the tutorials and keep their output: `python docs/notebooks.py [FILE ...]`; `make notebooks` runs all.

Each notebook runs in an empty directory, with a kernel and one thread of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"
LIMIT = 60
"""Seconds of processor time that a tutorial may take."""
CLOCK = "import time\nprint(time.process_time())"


class Executed(NamedTuple):
    """A notebook after it has run."""

    notebook: Any
    """With output."""
    seconds: float
    """Processor time of its kernel, imports included."""


def execute(path: Path) -> Executed:
    """Run a notebook from its first cell to its last; the file stays as it is.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(CLOCK))
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=10 * LIMIT,
            startup_timeout=10 * LIMIT,
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        )
        commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # `ram` among them
        client.execute(env=os.environ | {"PATH": commands, "OMP_NUM_THREADS": "1", "IPYTHONDIR": folder})
    clock = notebook.cells.pop()
    notebook.metadata.language_info = {"name": "python", "pygments_lexer": "ipython3"}  # and no versions
    return Executed(notebook, float(clock.outputs[0].text))


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
        done = execute(file)
        nbformat.write(done.notebook, file)
        print(f"{file.name}: {done.seconds:.0f} s, {file.stat().st_size / 1000:.0f} KB")
