"""Training runs of the scripts beside this: made once, gone on with if they were stopped, left alone at their end."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from marked import renew
from ram_agents import Checkpoints, Config, Reinforce
from ram_agents.commands.train import take_weights
from ram_agents.evaluation.runs import LAST, LOG, read_log


class CoreSeconds(Checkpoints):
    """Checkpoints whose log counts the processor's time, which other processes of the machine do not stretch."""

    def on_start(self, agent: Reinforce) -> None:
        """Begin to count."""
        super().on_start(agent)
        self._before = agent.seconds - time.process_time()

    def save(self, agent: Reinforce) -> None:
        """Tell the processor's seconds of this run so far, validation included."""
        agent.seconds = self._before + time.process_time()
        super().save(agent)


def ended(where: Path, config: Config) -> bool:
    """Whether a run's log tells of its end."""
    return (where / LOG).exists() and read_log(where)[-1]["episodes"] >= config.total_episodes


def train(where: Path, config: Config, *, weights: str | None = None) -> None:
    """Make a run in a directory, or go on with it.

    Args:
        where: the directory.
        config: of the run.
        weights: it begins with those of this agent, a pretrained one's name or a checkpoint's path; None: anew.
    """
    if ended(where, config):
        return
    begun = (where / LAST).exists()
    agent = Reinforce.load(where / LAST) if begun else Reinforce(config=config)
    if weights and not begun:
        take_weights(agent, weights)
    print(f"{where}: {agent.episodes:,} episodes", flush=True)
    agent.learn(callback=CoreSeconds(where), resume=agent.updates > 0)


def arguments(text: str | None, *what: str) -> argparse.ArgumentParser:
    """Of a script that does one of some things in a directory, with its own text as the help."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=what)
    parser.add_argument("out", type=Path, help="a directory")
    return parser


def train_or_measure(
    text: str | None, train: Callable[[Path], None], measure: Callable[[Path], str], *, table: str
) -> None:
    """The command line of a script whose table, of this name in RESULTS.md, `measure` makes of what `train` made."""
    options = arguments(text, "train", "measure").parse_args()
    if options.what == "train":
        train(options.out)
        return
    lines = measure(options.out)
    print(lines)
    renew(table, lines)
