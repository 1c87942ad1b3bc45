"""The example for Ray Tune sweeps, shortened, and tells the best trial."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from places import EXAMPLES

pytest.importorskip("ray.tune", reason="Ray is an extra with a virtual environment of its own")


def test_the_example_sweeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(EXAMPLES / "tune_reinforce.py"))["main"]
    best = main(tmp_path, samples=2, total_episodes=2_048, report_every=1_024)
    told = capsys.readouterr().out.split("learning_rate\n")[-1].splitlines()
    rows = [[float(number.replace(",", "")) for number in line.split()] for line in told]
    assert len(rows) == 2
    assert rows[0][0] <= rows[1][0]
    for error, episodes, std, rate in rows:
        assert 0 < error < 100
        assert episodes in (1_024, 2_048)
        assert 0.03 <= std <= 0.3
        assert 2e-4 <= rate <= 5e-3
    assert rows[0][2] == pytest.approx(best["location_std"], abs=1e-3)
    assert rows[0][3] == pytest.approx(best["learning_rate"], abs=1e-5)
