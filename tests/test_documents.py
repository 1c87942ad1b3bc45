"""Documents say what the code does: their tables are the code's, and their examples run."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from places import DOCS, ROOT

TABLES = runpy.run_path(str(DOCS / "tables.py"))


@pytest.mark.parametrize("path", TABLES["DOCUMENTS"], ids=lambda path: path.name)
def test_tables_are_up_to_date(path: Path) -> None:
    assert path.read_text() == TABLES["with_tables"](path.read_text()), "run `python docs/tables.py`"


def test_every_environment_is_in_the_table() -> None:
    text = (DOCS / "environments.md").read_text()
    assert len(re.findall(r"^\| `ram_envs/", text, flags=re.MULTILINE)) == 6


def examples(path: Path) -> list[str]:
    """The Python of a document that needs no trained agent."""
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [block for block in blocks if "ram_agents" not in block]


def test_the_examples_of_foveated_environments_run() -> None:
    pytest.importorskip("ale_py")
    names: dict[str, object] = {}
    for example in examples(DOCS / "foveated.md"):
        exec(example, names)
    shapes = {key: value.shape for key, value in names["observations"].items()}  # type: ignore[attr-defined]
    assert shapes == {"glimpse": (4, 3, 16, 16, 3), "location": (4, 2), "periphery": (4, 21, 16, 3)}
    assert names["frame"].shape == (480, 800, 3)  # type: ignore[attr-defined]


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    for path, least in ((ROOT / "README.md", 2), (DOCS / "environments.md", 5)):
        names: dict[str, object] = {}
        found = examples(path)
        assert len(found) >= least
        for example in found:
            exec(example, names)
    assert "(2, 16, 16, 3) Discrete(5)" in capsys.readouterr().out
