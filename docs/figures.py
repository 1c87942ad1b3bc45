"""What other documents tell of the agents' errors: taken over from the tables of RESULTS.md.

A figure is measured once, into RESULTS.md, by the command that stands beside its table. `python docs/tables.py` writes
it wherever else it is told.
"""

from __future__ import annotations

from typing import NamedTuple

from marked import rows
from ram_agents.reports.paper import ONCE_MORE, rows_of

PAPER_TASKS = {
    "28x28": ("canvas28_3", "canvas28"),
    "translated 60x60": ("translated60",),
    "cluttered 60x60": ("cluttered60",),
    "cluttered 100x100": ("cluttered100",),
}
"""The tasks of the paper's tables, and the agents that answer their rows."""
COLUMNS = range(2, 9)
AGENTS = (
    *(agent for agents in PAPER_TASKS.values() for agent in agents),
    "mnist28_3",
    "mnist28",
    "catch",
    "megapixel",
    "pairs",
    "addition",
    "moving",
)
"""Those whose line in agents/weights/README.md is made here."""
GIGAFLOPS = "GFLOP beside RAM's"
AIMS = {
    ("28x28", 2): 2.3,
    ("28x28", 3): 1.0,
    ("28x28", 4): 0.9,
    ("28x28", 6): 0.6,
    ("28x28", 7): 0.55,
    ("translated 60x60", 8): 0.6,
    ("cluttered 60x60", 8): 1.4,
    ("cluttered 100x100", 8): 1.7,
    ("Catch", None): 0.2,
}
"""What was aimed at, in %, by task and glimpses."""


class PaperRow(NamedTuple):
    """A row of the table of RESULTS.md that `docs/paper.py` makes."""

    task: str
    glimpses: int | None
    single: str
    """With its interval in brackets."""
    averaged: str
    paper: str
    public: str
    beaten: str
    """"yes", "tie" or "no"."""
    agent: str

    @property
    def error(self) -> str:
        """Of a single path, without its interval."""
        return _figure(self.single)


def paper_rows() -> list[PaperRow]:
    """All of them."""
    return [
        PaperRow(
            row["task"],
            None if row["glimpses"] == "-" else int(row["glimpses"]),
            row["single"],
            row["averaged"],
            row["NIPS"],
            _figure(row["best of RAM's re-implementations"]),
            row["beaten"],
            row["agent"].strip("`"),
        )
        for row in rows("paper")
    ]


def last_rows() -> dict[str, PaperRow]:
    """By the task, that of the most glimpses."""
    return {row.task: row for row in paper_rows()}  # which are in the order of glimpses


def paper_table() -> str:
    """README's: a line for each task, a column for each number of glimpses; in bold what is significantly lower."""
    known = {(row.task, row.glimpses): row for row in paper_rows()}
    columns = " | ".join(map(str, COLUMNS))
    lines = [
        f"| test error, %, ours / paper's, after so many glimpses | {columns} |",
        f"|---|{'---|' * len(COLUMNS)}",
    ]
    for task in PAPER_TASKS:
        cells = [_beside(known[task, t]) if (task, t) in known else "" for t in COLUMNS]
        lines.append(f"| {task} | {' | '.join(cells)} |")
    catch = known["Catch", None]
    lines += ["", f"In Catch the agent misses {_bold(catch)}% of the balls, the paper's {_whole(catch.paper)}%."]
    return "\n".join(lines)


def start_table() -> str:
    """The start page's: the last row of each task, with its interval."""
    lines = ["| test error, %, single path | ours (95% interval) | paper | beaten |", "|---|---:|---:|---|"]
    for row in last_rows().values():
        what = f"{row.task}, {row.glimpses} glimpses" if row.glimpses else "Catch, balls missed"
        lines.append(f"| {what} | {row.single} | {_whole(row.paper)} | {row.beaten} |")
    return "\n".join(lines)


def aims_table() -> str:
    """Of RESULTS.md itself: ours, the best public figure, and the aim."""
    lines = ["| task | glimpses | ours, % | best public, % | aim, % |", "|---|---:|---:|---:|---:|"]
    for row in paper_rows():
        aim = AIMS.get((row.task, row.glimpses))
        if aim is not None:
            lines.append(f"| {row.task} | {row.glimpses or '-'} | {row.error} | {row.public} | {aim:g} |")
    return "\n".join(lines)


def megapixel_table() -> str:
    """README's: of 1,000x1,000 and 400x400 pixels."""
    lines = ["| scene | error on 10,000 test scenes, % | 95% interval |", "|---|---:|---:|"]
    for canvas, told in (("1000", "1,000x1,000"), ("400", "400x400, the same weights")):
        row = _large(canvas)
        lines.append(f"| {told} | {_last(row)} | {row['95% interval']} |")
    return "\n".join(lines)


def comparison_words() -> str:
    """README's: a CNN beside RAM on a million pixels, and one that sees scenes shrunk."""
    known = {(row["canvas"], row["network"]): row for row in rows("comparison")}
    whole, *shrunk = (known["1000", "modern CNN"], *(known[canvas, "modern CNN, shrunk"] for canvas in ("1000", "400")))
    return (
        f"A CNN that reads all pixels of 1,000x1,000 errs on {_with_interval(whole)}, at {whole[GIGAFLOPS]} times the "
        f"arithmetic.\nOne that sees the scene shrunk to 100x100 takes {shrunk[0][GIGAFLOPS]} times the arithmetic, "
        f"and errs on {_with_interval(shrunk[0])};\non 400x400 it errs on {_with_interval(shrunk[1])}. "
        "These are on 1,000 test scenes, and the training of the CNNs was stopped before\ntheir plateau ([RESULTS.md]"
        "(RESULTS.md#beside-reading-every-pixel))."
    )


def _with_interval(row: dict[str, str]) -> str:
    return f"{row['error, %']}% ({row['95% interval']})"


def errors_of(agent: str) -> str:
    """The line of an agent in agents/weights/README.md."""
    if agent == "catch":
        (row,) = [row for row in paper_rows() if row.agent == "catch"]
        return f"- **Error**: it misses {row.error} of 100 balls (paper {_whole(row.paper)})."
    if agent == "megapixel":
        figures = _listed([f"{_last(_large(canvas))}% on {int(canvas):,}" for canvas in ("1000", "400", "200", "100")])
        return f'- **Error** with 24 glimpses {figures} (RESULTS.md, "Large scenes").'
    if agent == "pairs":
        centre, anywhere = (wrong("pairs", start) for start in ("center", "random"))
        return (
            f"- **Error**: {centre}% of 10,000 test scenes have a wrong answer, from a random first look {anywhere}%\n"
            '  (RESULTS.md, "Two digits").'
        )
    if agent == "addition":
        centre, anywhere = (wrong("addition", start) for start in ("center", "random"))
        return f"- **Error** after twelve glimpses {centre}% of 10,000 sums, from a random first look {anywhere}%."
    if agent == "moving":
        return f"- **Error** after ten glimpses {moving('center')}%, from a random first look {moving('random')}%."
    if any(row.agent == agent for row in ONCE_MORE):
        return _errors_once_more(agent)
    mine = [row for row in paper_rows() if row.agent == agent]
    anywhere = {(row["task"], row["glimpses"]): _figure(row["from anywhere, single"]) for row in rows("first-look")}
    lines = [
        f"- **Error** after {_listed([str(row.glimpses) for row in mine])} glimpses"
        f" {_listed([row.error for row in mine])} (paper {_listed([row.paper for row in mine])})",
        f"  - averaged over 10 paths {_listed([_figure(row.averaged) for row in mine])}",
        f"  - from a random first look {_listed([anywhere[row.task, str(row.glimpses)] for row in mine])}",
    ]
    return "\n".join(lines)


def _errors_once_more(agent: str) -> str:
    """As `errors_of`, from the table of the agents whose glimpse network is the paper's."""
    counts = {str(row.glimpses) for row in rows_of(agent)}
    mine = [row for row in rows("once-more") if row["glimpses"] in counts]

    def listed(column: str) -> str:
        return _listed([_figure(row[column]) for row in mine])

    errors = f"{listed('from the centre, single')} (paper {listed('NIPS')})"
    return (
        f"- **Error** after {listed('glimpses')} glimpses {errors}\n"
        f"  - from a random first look {listed('from anywhere, single')}"
    )


def error_once_more() -> str:
    """As `error_after`, of 28x28 by the agent whose glimpse network is the paper's."""
    return _figure(rows("once-more")[-1]["from the centre, single"])


def error_after(task: str) -> str:
    """A single path's error after the last glimpse of a task of the paper; of Catch the balls missed, in %."""
    return last_rows()[task].error


def wrong(agent: str, start: str = "center") -> str:
    """The share of scenes in % in which an agent of several digits errs, by its own gaze."""
    (row,) = [
        row
        for row in rows("several")
        if (row["agent"], row["first look"], row["gaze"]) == (f"`{agent}`", start, "its own")
    ]
    return _figure(row["wrong, %"])


def moving(start: str = "center") -> str:
    """The error of `moving` at the end, in %, by its own gaze."""
    (row,) = [
        row for row in rows("moving") if (row["first look"], row["gaze"], row["what"]) == (start, "its own", "wrong, %")
    ]
    return _figure(row["at the end"])


def megapixel() -> str:
    """The error of `megapixel` on 1,000x1,000 after its last glimpse, in %."""
    return _last(_large("1000"))


def circlesquare() -> str:
    """How often `circlesquare` of seed 0, which is shipped, is right in ap-gym, in %."""
    (row,) = [row for row in rows("circlesquare") if row["method"] == "RAM, recipe `circlesquare`, seed 0"]
    return _figure(row["accuracy of the last prediction, %"])


def _large(canvas: str) -> dict[str, str]:
    """The row of a canvas in the table of large scenes, by the agent's own gaze."""
    (row,) = [row for row in rows("search") if (row["canvas"], row["gaze"]) == (canvas, "its own")]
    return row


def _last(row: dict[str, str]) -> str:
    """The error after the last glimpse in such a row."""
    (errors,) = [cell for name, cell in row.items() if name.startswith("error after")]
    return errors.split(", ")[-1]


def _beside(row: PaperRow) -> str:
    return f"{_bold(row)} / {row.paper}"


def _bold(row: PaperRow) -> str:
    return f"**{row.error}**" if row.beaten == "yes" else row.error


def _figure(cell: str) -> str:
    """A cell without what stands in brackets."""
    return cell.partition(" (")[0]


def _whole(figure: str) -> str:
    """15 for 15.00."""
    return figure.removesuffix(".00")


def _listed(words: list[str]) -> str:
    """1, 2 and 3."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
