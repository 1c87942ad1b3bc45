"""ap-gym is an extra: nothing loads it unasked, and where it is missing the error says so. Runs with and without it."""

from __future__ import annotations

from pathlib import Path

from processes import run_script

WITHOUT_IT = "import sys; sys.modules['ap_gym'] = None; "


def test_nothing_loads_ap_gym_unasked(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(WITHOUT_IT + "import ram_envs, ram_agents, ram_agents.cli; print('fine')")
    assert run_script(script).stdout == "fine\n"


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(WITHOUT_IT + "import ram_agents.ap_gym")
    assert "ImportError: ram_agents.ap_gym needs ap-gym: run `pip install '.[ap-gym]'`" in run_script(script).stderr
