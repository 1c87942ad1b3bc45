"""The Makefile's words: what `make demo` does, and that the paths it names exist."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from pathlib import Path

import pytest
from places import DOCS, ROOT
from processes import run

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def commands(*words: object) -> str:
    """What make would do."""
    done = run("make", "--dry-run", "--always-make", *words, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("\\\n", " ")


@needs_make
@pytest.mark.parametrize(("target", "name"), [("demo", "digits"), ("demo-short", "digits-short")])
def test_a_demo_that_was_stopped_goes_on(target: str, name: str, tmp_path: Path) -> None:
    demo = tmp_path / name
    (fresh,) = re.findall(r"ram train (.*)", commands(target, f"DEMO={tmp_path / 'digits'}"))
    assert fresh.split()[:2] == ["--out", f"{demo}/run"]
    assert "--recipe demo" in fresh
    assert "--resume" not in fresh
    (demo / "run").mkdir(parents=True)
    (demo / "run" / "last.safetensors").touch()
    again = commands(target, f"DEMO={tmp_path / 'digits'}")
    assert re.findall(r"ram train (.*)", again)[0].split() == ["--out", f"{demo}/run", "--resume"]
    assert not re.findall(rf"\brm .*{tmp_path}", again)


@needs_make
def test_only_clean_deletes_demos() -> None:
    assert {"demo", "demo-short"} <= set(commands("clean").split())


def test_the_demo_tells_its_result_beside_the_paper_s(tmp_path: Path) -> None:
    result = {"agents": {"demo/run/last.safetensors": {"episodes": 10_000, "mean": [80.0, 1.234]}}}
    (tmp_path / "result.json").write_text(json.dumps(result))
    told = runpy.run_path(str(DOCS / "demo.py"))["summary"](tmp_path, Path(".venv/bin"))
    assert "10,000 test images, 28x28, 6 glimpses: 1.23%, the paper's 1.12%." in told
    assert f".venv/bin/ram watch {tmp_path}/run/last.safetensors" in told
    assert all(str(tmp_path / name) in told for name in ("learning-curve.png", "digits.gif"))


def test_the_paths_that_the_makefile_names_exist() -> None:
    for name in re.findall(r"\b(?:tests|docs|examples)/[\w./*-]+", (ROOT / "Makefile").read_text()):
        assert list(ROOT.glob(name)), f"the Makefile names {name}, which is nowhere"
