"""Figures that documents take over from RESULTS.md, by hand; and the tables that `docs/paper.py` makes."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from places import DOCS
from ram_agents.reports.paper import ONCE_MORE, ROWS
from ram_agents.reports.paper_tables import Line, answers, markdown

FIGURES, PAPER = (runpy.run_path(str(DOCS / f"{name}.py")) for name in ("figures", "paper"))


def lines(errors: float) -> list[Line]:
    """Every row of the paper, and of Catch as many."""
    return [Line(row, 10_000, errors, errors + 0.1, errors / 2 if row.glimpses else None, 50.0) for row in ROWS]


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """RESULTS.md, of agents that all err on 1.00% from the centre and 2.00% from anywhere."""
    import marked

    path = tmp_path / "RESULTS.md"
    path.write_text("a\n<!-- paper -->\nold \\1\n<!-- /paper -->\nb\n<!-- first-look -->\n<!-- /first-look -->\nc\n")
    monkeypatch.setattr(marked, "RESULTS", path)
    marked.renew("paper", markdown(lines(1.0)))
    marked.renew("first-look", PAPER["beside"](answers(lines(1.0)), answers(lines(2.0))))
    return path


def test_a_table_is_renewed_where_it_has_a_place(results: Path) -> None:
    import marked

    marked.renew("paper", r"new \1")
    marked.renew("first-look", "")
    assert results.read_text() == (
        "a\n<!-- paper -->\nnew \\1\n<!-- /paper -->\nb\n<!-- first-look -->\n\n<!-- /first-look -->\nc\n"
    )
    with pytest.raises(ValueError, match="no place for the table: put <!-- two -->"):
        marked.renew("two", "new")
    with pytest.raises(ValueError, match="no table named two"):
        marked.rows("two")


def test_rows_are_renewed_and_others_stay(results: Path) -> None:
    import marked

    head = ["| agent | look | wrong |", "|---|---|---:|"]
    marked.renew_rows("paper", head, ["| a | 1 | 5 |", "| a | 2 | 6 |"], keys=3)
    marked.renew("paper", "\n".join([*head, "| a | 1 | 5 |", "| a | 2 | 6 |"]))
    marked.renew_rows("paper", head, ["| b | 1 | 7 |", "| a | 2 | 8 |"], keys=2)
    assert [tuple(row.values()) for row in marked.rows("paper")] == [("a", "1", "5"), ("a", "2", "8"), ("b", "1", "7")]
    with pytest.raises(ValueError, match="rows of paper are told apart by their first 1 cells"):
        marked.renew_rows("paper", head, ["| a | 1 | 7 |", "| a | 2 | 8 |"], keys=1)
    marked.renew("paper", "")
    marked.renew_rows("paper", head, ["| c | 1 | 9 |"], keys=2)
    assert [tuple(row.values()) for row in marked.rows("paper")] == [("c", "1", "9")]


def test_the_table_of_both_first_looks(results: Path) -> None:
    table = PAPER["beside"](answers(lines(1.0)), answers(lines(2.0))).splitlines()
    assert len(table) == 2 + 15  # Catch has one start
    assert table[2] == (
        "| 28x28 | 2 | 1.00 (0.82 to 1.21) | 2.00 (1.74 to 2.29) | 2.10 (1.84 to 2.40) | 1.00 (0.82 to 1.21) "
        "| 3.79 | yes | <0.001 |"
    )
    assert table[3].endswith("| 1.51 | no | 1.000 |")


def test_readme_tells_every_row_in_bold_if_it_is_significantly_lower(results: Path) -> None:
    table = FIGURES["paper_table"]().splitlines()
    assert table[0] == "| test error, %, ours / paper's, after so many glimpses | 2 | 3 | 4 | 5 | 6 | 7 | 8 |"
    assert table[2] == (
        "| 28x28 | **1.00** / 3.79 | **1.00** / 1.51 | **1.00** / 1.54 | 1.00 / 1.34 | 1.00 / 1.12 | 1.00 / 1.07 |  |"
    )
    assert table[5] == "| cluttered 100x100 |  |  | **1.00** / 9.41 |  | **1.00** / 8.31 |  | **1.00** / 8.11 |"
    assert table[-1] == "In Catch the agent misses **1.00**% of the balls, the paper's 15%."


def test_the_start_page_tells_the_last_row_of_each_task(results: Path) -> None:
    table = FIGURES["start_table"]().splitlines()
    assert table[2] == "| 28x28, 7 glimpses | 1.00 (0.82 to 1.21) | 1.07 | tie |"
    assert table[-1] == "| Catch, balls missed | 1.00 (0.82 to 1.21) | 15 | yes |"
    assert len(table) == 2 + 5


def test_the_start_page_tells_what_is_not_beaten(results: Path) -> None:
    import marked

    marked.renew("paper", markdown(lines(2.0)))
    assert FIGURES["start_table"]().splitlines()[2] == "| 28x28, 7 glimpses | 2.00 (1.74 to 2.29) | 1.07 | no |"


def test_aims_stand_beside_what_is_reached(results: Path) -> None:
    assert "| 28x28 | 7 | 1.00 | 0.85 | 0.55 |" in FIGURES["aims_table"]().splitlines()


def test_an_agent_is_told_with_its_averages_and_its_other_start(results: Path) -> None:
    assert FIGURES["errors_of"]("cluttered60").splitlines() == [
        "- **Error** after 4, 6 and 8 glimpses 1.00, 1.00 and 1.00 (paper 4.96, 4.08 and 4.04)",
        "  - averaged over 10 paths 0.50, 0.50 and 0.50",
        "  - from a random first look 2.00, 2.00 and 2.00",
    ]
    assert FIGURES["errors_of"]("catch") == "- **Error**: it misses 1.00 of 100 balls (paper 15)."
    assert FIGURES["error_after"]("translated 60x60") == FIGURES["error_after"]("Catch") == "1.00"


def test_an_agent_of_rows_that_another_answers_has_a_table_of_its_own(results: Path) -> None:
    import marked

    with results.open("a") as file:
        file.write("<!-- once-more -->\n<!-- /once-more -->\n")
    once_more = [[Line(row, 10_000, error, error, error, 50.0) for row in ONCE_MORE] for error in (3.0, 4.0)]
    marked.renew("once-more", PAPER["beside"](*map(answers, once_more)))
    assert FIGURES["errors_of"]("mnist28_3").splitlines() == [
        "- **Error** after 2 and 3 glimpses 3.00 and 3.00 (paper 3.79 and 1.51)",
        "  - from a random first look 4.00 and 4.00",
    ]
    assert FIGURES["errors_of"]("mnist28").startswith("- **Error** after 4, 5, 6 and 7 glimpses 3.00, ")


def test_the_words_on_what_is_beaten_are_those_of_the_table() -> None:
    import marked

    beaten = [row["beaten"] for row in marked.rows("paper")]
    assert beaten == ["yes"] * 16
    assert "All errors are below the paper's, all sixteen significantly." in marked.RESULTS.read_text()
    anywhere = {row["glimpses"]: row for row in marked.rows("first-look") if row["task"] == "28x28"}
    assert [anywhere[count]["beats it from anywhere"] for count in "4567"] == ["yes"] * 4
