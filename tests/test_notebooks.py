"""The tutorials: they run, within their time, and what is stored of them is what comes out, clean and small."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from places import DOCS, EXAMPLES

nbformat = pytest.importorskip("nbformat")
RUN = runpy.run_path(str(DOCS / "notebooks.py"))
NOTEBOOKS = sorted((EXAMPLES / "notebooks").glob("*.ipynb"))
MOST_BYTES = 600_000
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook: Any) -> list[Any]:
    """The cells that run."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def words(output: Any) -> str:
    """What an output says in letters."""
    return output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")


def outline(cell: Any) -> tuple[str, int]:
    """What a cell put out, whatever the numbers and their widths: its words, and how many pictures."""
    text = "".join(words(output) for output in cell.outputs)
    pictures = sum("image/png" in output.get("data", {}) for output in cell.outputs)
    masked = re.sub(r"-?\d[\d.,]*(?:e[+-]?\d+)?|\s", lambda found: "0" if found[0].strip() else "", text)
    return re.sub("0+", "0", masked), pictures


def test_there_are_four() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"environments", "ram", "own-images", "stable-baselines3"}
    assert RUN["FOLDER"] == EXAMPLES / "notebooks"


@pytest.mark.slow  # a tutorial takes up to half a minute; `make test-notebooks` runs them
@each
def test_a_tutorial_runs_within_its_time_and_gives_what_is_stored(path: Path) -> None:
    done = RUN["execute"](path)
    assert done.seconds < RUN["LIMIT"]
    stored = nbformat.read(path, as_version=4)
    for old, new in zip(code_cells(stored), code_cells(done.notebook), strict=True):
        assert outline(new) == outline(old), f"run `make notebooks`: another output of\n{old.source}"


def test_a_tutorial_that_fails_is_told(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell("1 / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        RUN["execute"](tmp_path / "a.ipynb")


@each
def test_the_stored_output_is_whole_clean_and_small(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "all ran once, in their order"
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output.text for output in outputs if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 3
    assert not re.findall(r"\x1b\[", "".join(map(words, outputs))), "codes of a terminal"
    assert "version" not in notebook.metadata.language_info, "it changes from machine to machine"


@each
def test_no_output_names_a_place_on_the_machine_that_it_ran_on(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    texts = [str(notebook.metadata), *(str(cell.metadata) for cell in notebook.cells)]
    texts += [words(output) for cell in code_cells(notebook) for output in cell.outputs]
    texts += [cell.source for cell in notebook.cells]
    assert not re.findall(r"/(?:home|root|tmp|usr|opt|work|Users|private|var)/|[A-Z]:\\", "\n".join(texts))


@each
def test_a_tutorial_explains_and_leads_on(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    told = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert notebook.cells[0].source.startswith("# ")
    assert "## Where to go from here\n" in notebook.cells[-1].source
    assert len(told) > len(code_cells(notebook)) / 2
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", "\n".join(told))
    assert [link for link in links if link.startswith("../../docs/")]
    for link in links:
        assert (path.parent / link).exists(), f"{path.name} links to {link}, which is nowhere"
