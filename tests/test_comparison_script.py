"""The script that compares attention with reading every pixel: what is measured by and by stands in one table."""

from __future__ import annotations

import runpy

import ram_agents
from places import DOCS, ROOT

SCRIPT = runpy.run_path(str(DOCS / "compared.py"))
COMPARISON = runpy.run_path(str(DOCS / "comparison.py"))
Point = SCRIPT["Point"]


def point(name: str, canvas: int, wrong: float = 0.02, gigaflops: float = 1.0, processor: str = "A") -> object:
    return Point(name, canvas, wrong, 10_000, gigaflops, 2 * gigaflops, processor)


def test_a_canvas_is_measured_anew_and_the_others_keep_their_figures(tmp_path) -> None:
    before = [point("RAM", 60), point("modern CNN", 60), point("RAM", 100), point("paper's CNN", 100)]
    now = [point("modern CNN", 100, 0.01), point("RAM", 100, 0.03)]
    SCRIPT["write"](tmp_path / "points.json", SCRIPT["merged"](before, now))
    found = SCRIPT["read"](tmp_path / "points.json")
    assert found == [*before[:2], now[1], now[0]]


def test_nothing_has_been_measured_at_first(tmp_path) -> None:
    assert SCRIPT["read"](tmp_path / "points.json") == []


def test_a_cnn_without_its_file_is_timed_anew_and_keeps_its_error(tmp_path) -> None:
    agent, of_cnn = ram_agents.load("megapixel"), COMPARISON["of_cnn"]
    assert of_cnn(agent, tmp_path, 60, "paper's CNN", None) is None
    before = point("paper's CNN", 60, 0.049)._replace(scenes=1000, note="so many scenes")
    now = of_cnn(agent, tmp_path, 60, "paper's CNN", before)
    assert (now.wrong, now.scenes, now.note) == (before.wrong, before.scenes, before.note)
    assert now.gigaflops < 0.001  # the paper's CNN strides
    assert now.milliseconds > 0
    assert now.processor != before.processor


def test_a_cnn_with_its_file_is_measured_on_test_scenes(tmp_path, monkeypatch) -> None:
    agent, of_cnn = ram_agents.load("megapixel"), COMPARISON["of_cnn"]
    monkeypatch.setitem(of_cnn.__globals__, "SCENES", {60: 50})
    course = COMPARISON["training"](agent, tmp_path, 60, "paper's CNN")
    course.save(COMPARISON["file_of"](tmp_path, 60, "paper's CNN"))
    now = of_cnn(agent, tmp_path, 60, "paper's CNN", point("paper's CNN", 60, 0.049))
    assert now.scenes == 50
    assert 0.7 < now.wrong <= 1.0  # it knows nothing
    assert now.note == "0 scenes, 0.0 h, before its plateau"


def test_a_row_stands_beside_the_agent_of_its_canvas() -> None:
    points = [
        point("RAM", 60, 0.03, 0.5),
        point("modern CNN", 60, 0.01, 0.1),
        point("RAM", 400, 0.05, 0.5, "B"),
        point("modern CNN", 400, 0.02, 4.0, "B"),
    ]
    lines = SCRIPT["markdown"](points).splitlines()
    assert lines[3] == "| 60 | modern CNN | 1.0 | 0.8 to 1.2 | 10,000 | 0.1 | 0.2 | 0.2 | 0.2 |  |"
    assert lines[5] == "| 400 | modern CNN | 2.0 | 1.7 to 2.3 | 10,000 | 4 | 8 | 8 | 8 |  |"
    assert lines[-1] == "The times are of one thread: A for 60 pixels; B for 400 pixels."


def test_what_the_document_shows_is_what_is_kept() -> None:
    assert SCRIPT["markdown"](SCRIPT["read"](SCRIPT["POINTS"])) in (ROOT / "RESULTS.md").read_text()
