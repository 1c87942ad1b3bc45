"""The website's pages: links are turned, environments shown by their docstrings, every public name on a page."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import gymnasium as gym
import pytest
from places import DOCS, ROOT

SITE = DOCS / "site"


@pytest.fixture(scope="module")
def site() -> Iterator[dict]:
    """What the scripts of docs/site define."""
    sys.path.insert(0, str(SITE))
    try:
        yield {name: runpy.run_path(str(SITE / f"{name}.py")) for name in ("assemble", "check")}
    finally:
        sys.path.remove(str(SITE))


@pytest.fixture(scope="module")
def environments() -> dict:
    return runpy.run_path(str(SITE / "environment_pages.py"))


REFERENCE = runpy.run_path(str(SITE / "reference_pages.py"))


def test_links_are_turned_to_where_their_targets_lie(site: dict) -> None:
    known = {
        Path("RESULTS.md"): Path("results.md"),
        Path("docs/a.md"): Path("a.md"),
        Path("docs/images/x.png"): Path("i/x.png"),
    }
    text = "[a](docs/a.md#b) ![x](docs/images/x.png) [e](examples/serve_onnx.py) [o](https://a.b/c) [h](#h)"
    turned, files = site["assemble"]["turned"](text, Path("RESULTS.md"), known)
    assert turned == "[a](a.md#b) ![x](i/x.png) [e](files/examples/serve_onnx.py) [o](https://a.b/c) [h](#h)"
    assert files == {Path("examples/serve_onnx.py"): Path("files/examples/serve_onnx.py")}
    turned, _ = site["assemble"]["turned"](
        "[r](../RESULTS.md)\n```{literalinclude} ../examples/serve_onnx.py", Path("docs/a.md"), known
    )
    assert turned == "[r](results.md)\n```{literalinclude} files/examples/serve_onnx.py"


def test_the_live_page_is_linked_from_its_document_and_written_where_it_leads(site: dict, tmp_path: Path) -> None:
    site["assemble"]["assemble"](tmp_path / "source")
    assert 'href="live/index.html"' in (tmp_path / "source" / "page.md").read_text()
    assert re.search(r"ram page .*--out build/site/html/live$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)


def test_every_document_is_a_page(site: dict) -> None:
    pages = site["assemble"]["places"]()
    documents = {path.relative_to(ROOT) for path in [*ROOT.glob("*.md"), *DOCS.glob("*.md")]} - {Path("README.md")}
    assert documents <= pages.keys()
    listed = re.findall(r"^([\w/-]+)$", (DOCS / "index.md").read_text(), flags=re.MULTILINE)
    named = {str(page.with_suffix("")) for page in pages.values() if page.suffix in (".md", ".ipynb")}
    assert named - {"index"} <= set(listed)


def test_every_environment_has_a_page_of_its_docstring_and_spaces(environments: dict) -> None:
    pages = environments["environment_pages"]()
    names = {id.partition("/")[2] for id in gym.registry if id.startswith("ram_envs/")}
    assert pages.keys() == {f"environments/{name}.md" for name in names} | {"environments/index.md"}
    for name in names:
        text = pages[f"environments/{name}.md"]
        for part in ("Action Space", "Observation Space", "Rewards", "Episode End", "Arguments", "Version History"):
            assert f"\n## {part}\n" in text, (name, part)
    catch = pages["environments/Catch-v0.md"]
    assert "| observation: glimpse | `Box(0.0, 1.0, (3, 6, 6), float32)` |" in catch
    assert "../images/catch.gif" in catch
    megapixel = pages["environments/GlimpseMNIST-Megapixel-v0.md"]
    assert "`num_distractors=800`" in megapixel


def test_scores_are_those_that_the_agents_are_described_by(environments: dict) -> None:
    sections = dict(
        re.findall(
            r"^## (\w+)\n(.*?)(?=^## |\Z)", (ROOT / "agents/weights/README.md").read_text(), re.DOTALL | re.MULTILINE
        )
    )
    for name, shown in environments["SHOWN"].items():
        (figure,) = re.findall(r"\d+\.\d+", shown.score)
        assert name in environments["BY_RECIPE"] or figure in sections[shown.agent], (name, figure)
        assert (DOCS / "images" / shown.animation).is_file()


def definitions(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """What is public in a module: classes, functions, and those in classes."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, node
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def test_no_public_name_is_undocumented() -> None:
    pages = REFERENCE["reference_pages"]()
    for door in REFERENCE["DOORS"]:
        for name in REFERENCE["public_names"](door):
            assert f":: {door}.{name}\n" in pages[f"reference/{door}.md"] + "\n"
    documented = 0
    for package, folder in REFERENCE["PACKAGES"].items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            if parts[0] in REFERENCE["PROGRAMS"] or parts[-1] == "__init__":
                continue
            module = ".".join((package, *parts))
            assert f".. automodule:: {module}\n   :members:" in pages[f"reference/rooms/{package}.{parts[0]}.md"]
            for name, node in definitions(path):
                sets = any(ast.unparse(each).endswith(".setter") for each in getattr(node, "decorator_list", []))
                assert ast.get_docstring(node) or sets, f"{module}.{name} has no docstring"
                documented += 1
    assert documented > 300


def test_code_that_documents_include_is_there() -> None:
    """A whole build would tell too, but takes minutes."""
    included = []
    for path in DOCS.glob("*.md"):
        for file, name in re.findall(r"\{literalinclude\} (\S+)\n:pyobject: (\S+)", path.read_text()):
            tree = ast.parse((DOCS / file).read_text())
            for part in name.split("."):
                found = [node for node in ast.iter_child_nodes(tree) if getattr(node, "name", None) == part]
                assert found, f"{path.name} includes {name} of {file}, which is not there"
                tree = found[0]
            included.append(name)
    assert len(included) > 5


PAGE = '<html><body id="top"><a href="b.html#there">b</a><img src="x.png"><script src="s.js"></script></body></html>'


def built(folder: Path, page: str = PAGE, other: str = '<p id="there">', style: str = "") -> Path:
    (folder / "a.html").write_text(page)
    (folder / "b.html").write_text(other)
    (folder / "style.css").write_text(style)
    for name in ("x.png", "s.js"):
        (folder / name).touch()
    return folder


def test_a_sound_website_has_no_faults(site: dict, tmp_path: Path) -> None:
    assert site["check"]["faults"](built(tmp_path)) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"other": "<p>"}, "a.html links to b.html#there, which is nowhere"),
        ({"page": PAGE.replace("b.html", "c.html")}, "a.html links to c.html#there, which is nowhere"),
        ({"page": PAGE.replace("s.js", "https://cdn.example/s.js")}, "a.html loads https://cdn.example/s.js"),
        ({"page": PAGE.replace("x.png", "//cdn.example/x.png")}, "a.html loads //cdn.example/x.png"),
        ({"style": "@import url('https://fonts.example/f.css');"}, "style.css loads https://fonts.example/f.css"),
    ],
)
def test_faults_of_a_website_are_told(site: dict, tmp_path: Path, changed: dict[str, str], fault: str) -> None:
    assert site["check"]["faults"](built(tmp_path, **changed)) == [fault]


def test_a_folder_without_pages_is_no_website(site: dict, tmp_path: Path) -> None:
    assert site["check"]["faults"](tmp_path) == [f"{tmp_path} holds no pages"]
