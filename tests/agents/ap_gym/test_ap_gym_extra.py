"""ap-gym is an extra: nothing loads it unasked, and where it is missing the error says so. Runs with and without it."""

from __future__ import annotations

from processes import run_python


def test_nothing_loads_ap_gym_unasked() -> None:
    code = "import sys; sys.modules['ap_gym'] = None; import ram_envs, ram_agents, ram_agents.cli; print('fine')"
    assert run_python(code).stdout == "fine\n"


def test_a_missing_extra_is_named() -> None:
    done = run_python("import sys; sys.modules['ap_gym'] = None; import ram_agents.ap_gym")
    assert "ImportError: ram_agents.ap_gym needs ap-gym: run `pip install '.[ap-gym]'`" in done.stderr
