"""JavaScript in tests: the scripts of a page, run by Node.js."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from processes import run

DRIVER = """
const fs = require("fs"), vm = require("vm");
const [code, inputs, ...scripts] = process.argv.slice(2);
for (const script of scripts) vm.runInThisContext(fs.readFileSync(script, "utf8"), { filename: script });
globalThis.inputs = JSON.parse(fs.readFileSync(inputs, "utf8"));
console.log(JSON.stringify(vm.runInThisContext(fs.readFileSync(code, "utf8"), { filename: code })));
"""


def run_javascript(code: str, scripts: Sequence[Path], inputs: Any, *, folder: Path) -> Any:
    """The value of some code, as JSON tells it, that runs after scripts and knows `inputs`; a skip without Node.js."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    files = {"driver.js": DRIVER, "code.js": code, "inputs.json": json.dumps(inputs)}
    for name, content in files.items():
        (folder / name).write_text(content)
    done = run(node, *(folder / name for name in files), *scripts)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
