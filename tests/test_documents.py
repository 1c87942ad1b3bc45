"""Documents say what the code does: their tables are the code's, their blocks of Python run, what they name exists."""

from __future__ import annotations

import re
import runpy
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from documents import DOCUMENTS, IN_OTHER_ENVIRONMENTS, Block, blocks, run_block
from places import DOCS, ROOT

TABLES = runpy.run_path(str(DOCS / "tables.py"))
HERE = [path for path in DOCUMENTS if path.name not in IN_OTHER_ENVIRONMENTS]
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.mark.parametrize("path", TABLES["DOCUMENTS"], ids=lambda path: path.name)
def test_tables_are_up_to_date(path: Path) -> None:
    assert path.read_text() == TABLES["with_tables"](path.read_text()), "run `python docs/tables.py`"


def test_every_environment_is_in_the_table() -> None:
    text = (DOCS / "environments.md").read_text()
    assert len(re.findall(r"^\| `ram_envs/", text, flags=re.MULTILINE)) == 11


@pytest.mark.parametrize("block", blocks(*HERE))
def test_a_block_runs_alone(block: Block, tmp_path: Path) -> None:
    run_block(block, tmp_path)


def test_no_block_is_overlooked() -> None:
    """Whatever its fence looks like: in a list, with four backticks, in capitals."""
    for path in DOCUMENTS:
        fences = re.findall(r"^\s*[`~]{3,}\s*\{?\.?py", path.read_text(), flags=re.MULTILINE | re.IGNORECASE)
        assert len(fences) == len(blocks(path)), path


@pytest.mark.parametrize(
    ("code", "message"),
    [("print(1 + 1)  # 3\n", "it printed '2.n', not '3'"), ("import nowhere\n", "No module named 'nowhere'")],
)
def test_a_wrong_block_fails(code: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=message):
        run_block(Block(DOCS / "agent.md", 1, code), tmp_path)


def test_blocks_are_found_with_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("documents.ROOT", tmp_path)
    document = tmp_path / "a.md"
    document.write_text("# A\n\n```python\nx = 1\n```\n\n```sh\nls\n```\n\n<!-- slow -->\n```python\ny = 2\n\nz\n```\n")
    first, second = blocks(document)
    assert (first.id, second.id) == ("a.md:4", "a.md:13")
    assert first.values[0].code == "x = 1\n"
    assert second.values[0].code == "y = 2\n\nz\n"
    assert not first.marks
    assert [mark.name for mark in second.marks] == ["slow"]


@each_document
def test_the_files_that_a_document_names_exist(path: Path) -> None:
    text = path.read_text()
    for name in set(re.findall(r"[\w./-]*\w\.py\b", text)):
        where = (
            [ROOT / name, path.parent / name] if "/" in name else [*ROOT.glob("*/" + name), *ROOT.glob("*/*/" + name)]
        )
        assert any(file.is_file() for file in where), f"{path.name} names {name}, which is nowhere"
    for name in re.findall(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)", text):
        assert (path.parent / name).exists(), f"{path.name} links to {name}, which is nowhere"


OWN_ENVIRONMENTS = {"ram_agents.rllib": "ray", "ram_agents.ap_gym": "ap_gym"}
"""What needs a library that is not in every environment."""


def resolve(name: str) -> object:
    """What a dotted name of a module or of something in it stands for."""
    module, _, rest = name.partition(".")
    found: object = import_module(module)
    for part in rest.split("."):
        module = f"{module}.{part}"
        found = getattr(found, part) if hasattr(found, part) else import_module(module)
    return found


@each_document
def test_the_names_in_the_packages_that_a_document_uses_exist(path: Path) -> None:
    for name in set(re.findall(r"`((?:ram_envs|ram_agents)(?:\.\w+)+)", path.read_text())):
        needed = [library for door, library in OWN_ENVIRONMENTS.items() if name.startswith(door)]
        if all(map(is_installed, needed)):
            resolve(name)


def is_installed(library: str) -> bool:
    """A folder of tests with a library's name is no library."""
    spec = find_spec(library)
    return spec is not None and spec.origin is not None
