"""The paper's tables anew: `python docs/paper.py` measures the pretrained agents from both first looks.

Figures are those of `ram reproduce` and of `ram reproduce --initial-location random`.

It renews three tables of RESULTS.md, `<!-- paper -->`, `<!-- first-look -->` and, of the agents whose glimpse network
is the paper's, `<!-- once-more -->`; `python docs/tables.py` carries their figures into the other documents.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import torch
from marked import renew
from ram_agents.commands.reproduce import AGENTS, OTHERS, Reproduce, answered, measure
from ram_agents.evaluation.pretrained import load
from ram_agents.reports.paper import rows_of
from ram_agents.reports.paper_tables import Answer, Line, answers, markdown


def measured(agents: Iterable[str], options: Reproduce) -> list[Line]:
    """The figures of their rows."""
    lines: list[Line] = []
    for name in agents:
        lines += answered(measure(name, load(name), options), rows_of(name))
    return lines


def beside(centre: list[Answer], anywhere: list[Answer]) -> str:
    """The table of the same weights from either start; Catch begins at random anyway."""
    lines = [
        "| task | glimpses | from the centre, single | from anywhere, single | sampled | averaged | NIPS "
        "| beats it from anywhere | p |",
        "|---|---:|---:|---:|---:|---:|---:|---|---:|",
    ]
    for first, second in zip(centre, anywhere, strict=True):
        row = first.row
        if row.glimpses is None:
            continue
        figures = [first.figure("single"), *(second.figure(name) for name in ("single", "sampled", "averaged"))]
        cells = [f"{figure} ({ends})" for figure, ends in figures]
        p = f"{second.p_value:.3f}" if second.p_value >= 0.001 else "<0.001"
        cells = [row.task, str(row.glimpses), *cells, f"{row.nips:.2f}", second.beaten, p]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure from both starts, print, and renew the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    torch.set_num_threads(parser.parse_args().threads)
    starts = Reproduce(), Reproduce(initial_location="random")
    centre, anywhere = (measured(AGENTS, start) for start in starts)
    tables = {
        "paper": markdown(centre),
        "first-look": beside(answers(centre), answers(anywhere)),
        "once-more": beside(*(answers(measured(OTHERS, start)) for start in starts)),
    }
    for name, table in tables.items():
        print(table)
        renew(name, table)


if __name__ == "__main__":
    main()
