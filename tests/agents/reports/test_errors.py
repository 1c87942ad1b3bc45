"""What `ram evaluate` prints, in terminals of any width."""

from __future__ import annotations

import numpy as np
import pytest
from ram_agents.evaluation.evaluate import Evaluation
from ram_agents.reports.errors import Asked, show


@pytest.mark.parametrize(("glimpses", "told"), [(2.25, True), (3.0, False)])
def test_the_number_of_glimpses_is_told_of_one_who_stops(glimpses, told, capsys) -> None:
    result = Evaluation(100, np.array([60.0, 10.0, 5.0]), np.array([61.0, 11.0, 6.0]), None, None, glimpses, 2.125)
    show({"agent": result}, {}, Asked("test", "agent", 10))
    shown = capsys.readouterr().out
    assert ("glimpses" in shown) is told
    assert ("2.25" in shown) is told
    assert ("2.12" in shown) is told


def shown(steps: int, width: int, monkeypatch, capsys, name: str = "agent") -> list[str]:
    """The lines that are printed of an agent whose error after glimpse t of so many is t, in a terminal so wide."""
    monkeypatch.setenv("COLUMNS", str(width))
    errors = np.arange(1.0, steps + 1)
    result = Evaluation(100, errors, errors, errors, None, float(steps), float(steps))
    show({name: result}, {}, Asked("test", "agent", 10))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("steps", "width", "glimpses"),
    [
        (2, 80, [1]),
        (7, 80, [1, 2, 3, 4, 5, 6]),
        (7, 50, [1, 5]),
        (20, 200, list(range(1, 20))),
        (20, 120, [1, 2, 4, 6, 8, 10, 12, 14, 16, 18]),
        (20, 80, [1, 5, 10, 15]),
        (26, 80, [1, 5, 10, 15, 20, 25]),
        (40, 80, [1, 10, 20, 30]),
        (100, 80, [1, 20, 40, 60, 80]),
    ],
)
def test_as_many_glimpses_have_columns_as_the_terminal_has_room_for(
    steps, width, glimpses, monkeypatch, capsys
) -> None:
    lines = shown(steps, width, monkeypatch, capsys)
    heading = next(line for line in lines if "gaze" in line)
    assert heading.split() == ["agent", "gaze", *map(str, glimpses), "answer"]
    row = next(line for line in lines if line.split()[:2] == ["agent", "mean"])
    assert row.split()[2:] == [f"{t:.2f}" for t in (*glimpses, steps)]
    assert max(map(len, lines)) <= width
    assert ("--out writes" in " ".join(lines)) == (len(glimpses) < steps - 1)


def test_where_there_is_room_for_nothing_the_least_is_shown(monkeypatch, capsys) -> None:
    assert max(map(len, shown(100, 10, monkeypatch, capsys))) <= 10


def test_a_long_name_is_folded_rather_than_columns_left_out(monkeypatch, capsys) -> None:
    name = "runs/a/directory/of/a/long/name/last.safetensors"
    lines = shown(7, 80, monkeypatch, capsys, name=name)
    heading = next(line for line in lines if "gaze" in line)
    assert heading.split() == ["agent", "gaze", "1", "2", "3", "4", "5", "6", "answer"]
    column = heading.index("gaze")
    assert name in "".join(line[:column].strip() for line in lines)
