"""Sphinx's configuration of the website: nothing that a page needs lies elsewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

project = PROJECT["name"]
release = version = PROJECT["version"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tutorials' output is stored, see `make notebooks`
default_role = "literal"

autodoc_mock_imports = ["ray", "ap_gym"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
suppress_warnings = ["ref.python"]  # a type's short name leads to the door's entry or to the room's: both are right
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "ram-envs: active vision"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}


def enter_inline(self: Any, node: nodes.math) -> None:
    """A formula in a line, in the browser's own mathematics: no script, no fonts."""
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def enter_block(self: Any, node: nodes.math_block) -> None:
    """A formula by itself."""
    self.body.append(f'<div class="formula">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def as_restructured_text(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are in Markdown's manner where both differ: fences, and stars and bars outside of code."""
    # Of what has a value, a first line "A: b" would be taken for type and description; not so after an empty one.
    text = "\n".join(["", *lines] if what in ("attribute", "property", "data") else lines)
    text = re.sub(r"^( *)```\w*\n(.*?)^ *```$", _block, text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(`[^`]*`)|(?<![\\*])(\*+|\|)", lambda m: m[1] or "\\" + "\\".join(m[2]), text)
    text = re.sub(r"(`[^`\n]*`)|(\w_)(?=[\s,.;:)\]]|$)", lambda m: m[1] or m[2][:-1] + "\\_", text)
    text = re.sub(r"(`[^`\n]+`)(?=\w)", r"\1\\ ", text)  # code with an ending, as the plural's
    lines[:] = text.split("\n")


def _block(fence: re.Match[str]) -> str:
    indented = "\n".join(f"    {line}" for line in fence[2].splitlines())
    return f"{fence[1]}::\n\n{indented}\n"


def setup(app: Any) -> None:
    """What Sphinx asks for."""
    app.add_html_math_renderer("mathml", (enter_inline, None), (enter_block, None))
    app.connect("autodoc-process-docstring", as_restructured_text, priority=100)
