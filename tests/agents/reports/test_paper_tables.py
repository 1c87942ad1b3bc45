"""The paper's tables: intervals, what beats the paper, what ties with it, and the formats."""

from __future__ import annotations

import io

import pytest
from ram_agents.reports.paper import ROWS, WHOLE_IMAGE, Row
from ram_agents.reports.paper_tables import Line, answers, as_json, markdown, spread, table
from rich.console import Console

ROW = Row("28x28", 1, "mnist28", None, 4.0, 2.0, "somebody")


def line(single: float, row: Row = ROW, episodes: int = 10_000) -> Line:
    """Figures of one run: sampled paths 1 worse, averaged ones 1 better, random gaze 10 worse."""
    return Line(row, episodes, single, single + 1, single - 1, single + 10)


@pytest.mark.parametrize(("error", "word"), [(3.0, "yes"), (3.54, "yes"), (3.56, "tie"), (4.0, "tie"), (4.01, "no")])
def test_significantly_below_the_published_figure_is_beaten(error: float, word: str) -> None:
    # pooled 0.0377, so 1.645 standard errors are 1.645 * sqrt(0.0377 * 0.9623 * 0.0002) = 0.443%
    assert [answer.beaten for answer in answers([line(error)])] == [word]


def test_fewer_scenes_tell_less() -> None:
    assert answers([line(3.0, episodes=500)])[0].beaten == "tie"


def test_many_rows_make_each_less_certain() -> None:
    alone = answers([line(3.54)])[0]
    others = [line(4.0, ROW._replace(glimpses=glimpses)) for glimpses in (2, 3, 4)]
    among = answers([line(3.54), *others])[0]
    assert (alone.beaten, among.beaten) == ("yes", "tie")
    assert among.p_value == pytest.approx(4 * alone.p_value)


def test_the_worst_of_several_seeds_decides() -> None:
    assert answers([line(3.0), line(3.5)])[0].beaten == "yes"
    assert answers([line(3.0), line(3.9)])[0].beaten == "tie"
    assert answers([line(3.0), line(4.1)])[0].beaten == "no"


def test_one_agent_has_wilsons_interval_and_several_have_their_range() -> None:
    # (0.03 + 0.000192 -+ 1.96 * sqrt(0.03 * 0.97 / 10000 + 9.6e-9)) / 1.000384
    assert spread([3.0], 10_000) == pytest.approx((2.683, 3.353), abs=1e-3)
    assert spread([3.0, 3.5, 3.2], 10_000) == (3.0, 3.5)


def test_a_row_of_markdown_by_hand() -> None:
    (cells,) = markdown([line(3.0)]).split("\n\n")[0].splitlines()[2:]
    ours = "3.00 (2.68 to 3.35) | 4.00 (3.63 to 4.40) | 2.00 (1.74 to 2.29) | 13.00 (12.4 to 13.7)"
    whole = f"{WHOLE_IMAGE['28x28'].error:.2f}" + "*" * (not WHOLE_IMAGE["28x28"].plateaued)
    assert cells == f"| 28x28 | 1 | {ours} | - | 4.00 | 2.00 (somebody) | {whole} | yes | <0.001 | `mnist28` |"


def test_several_seeds_are_told_by_mean_and_range() -> None:
    (cells,) = markdown([line(3.0), line(3.9)]).split("\n\n")[0].splitlines()[2:]
    assert cells.startswith(
        "| 28x28 | 1 | 3.45 (3.00 to 3.90) | 4.45 (4.00 to 4.90) | 2.45 (2.00 to 2.90) | 13.45 (13.0 "
    )
    assert "| tie | 0.358 | `mnist28` |" in cells  # z = 0.1 / 0.2755


def test_what_was_not_measured_and_what_is_not_known_have_a_dash() -> None:
    bare = Line(Row("a task", None, "catch", None, 15.0, None), 100, 1.0, None, None, 80.0)
    (cells,) = markdown([bare]).split("\n\n")[0].splitlines()[2:]
    ours = "1.00 (0.18 to 5.45) | - | - | 80.00 (71.1 to 86.7)"
    assert cells == f"| a task | - | {ours} | - | 15.00 | - | - | yes | <0.001 | `catch` |"


def test_every_public_figure_of_the_tables_of_digits_names_whose_it_is() -> None:
    assert all(row.whose for row in ROWS if row.public is not None and row.task != "Catch")
    assert {row.task for row in ROWS} == set(WHOLE_IMAGE)


def test_the_terminals_table_fits_80_columns() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(table([line(3.0 + row.nips, row) for row in ROWS]))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "11.1" in text  # cluttered 100x100 with 8 glimpses
    assert "100x100, 8" in text


def test_json_has_each_run_with_its_interval_and_the_rows_verdict() -> None:
    first, second = as_json([line(3.0), line(3.9)])
    assert first["single_interval"] == pytest.approx((2.683, 3.353), abs=1e-3)
    assert (first["p_value"], second["p_value"]) == pytest.approx((0.00006, 0.3583), abs=1e-4)
    assert first["p_value_holm"] == second["p_value_holm"] == second["p_value"]
    assert (first["beaten"], second["beaten"], second["whose"]) == ("tie", "tie", "somebody")
