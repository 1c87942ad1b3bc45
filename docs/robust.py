"""One agent for digits of many sizes: `python docs/robust.py train OUT`, then `... measure OUT`.

Digits of 14 to 56 pixels, canvases of 60 to 200, up to four times the paper's clutter, from the centre or from
anywhere: the mixture that the recipe `robust` is trained on. `train` trains a CNN that sees whole scenes on the same
mixture, until its held-out error stops falling; its file lies in OUT, and a command that was stopped goes on from
there. `measure` gives the errors of both on every combination: a table between `<!-- robust -->` and
`<!-- /robust -->` in RESULTS.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import courses
import numpy as np
import ram_agents
import torch
from marked import renew
from ram_agents import Config, Reinforce, recipe
from ram_agents.agent.envs import AnyVectorEnv, make_env
from ram_agents.evaluation.cnn_training import PLANS, Course, Training
from ram_agents.evaluation.cnns import Classifier, classifier_error, make_classifier
from ram_agents.evaluation.evaluate import evaluate

DIGITS, CANVASES, TIMES = (14, 20, 28, 42, 56), (60, 100, 200), (0, 1, 2, 4)
CLUTTER = {60: 4, 100: 8, 200: 32}
"""Distractors of a canvas that count as the paper's clutter once: its own, and for 200 pixels the density of 100."""
STARTS = {"center": "the centre", "random": "anywhere"}
EASY, HARD = 6.0, 12.0
"""What was aimed at, in %: of digits of 20 pixels and more with at most twice the clutter, and of all else."""
FILE = "modern-cnn.safetensors"
HELD_OUT = 200
"""Held-out scenes of each combination."""


class Scenes(NamedTuple):
    """One combination."""

    digit: int
    canvas: int
    times: int
    """As much clutter as the paper's so many times."""

    @classmethod
    def of(cls, env_kwargs: dict[str, Any]) -> Scenes:
        """That of an entry of the recipe's curriculum."""
        canvas = env_kwargs["canvas_size"]
        return cls(env_kwargs["digit_size"], canvas, env_kwargs["num_distractors"] // CLUTTER[canvas])

    @property
    def env_kwargs(self) -> dict[str, Any]:
        """The environment's arguments."""
        clutter = self.times * CLUTTER[self.canvas]
        return {"digit_size": self.digit, "canvas_size": self.canvas, "num_distractors": clutter}

    @property
    def aim(self) -> float:
        """In %."""
        return EASY if self.digit >= 20 and self.times <= 2 else HARD


ALL = [Scenes(*combination) for combination in product(DIGITS, CANVASES, TIMES)]
MIXTURE = [Scenes.of(variant) for variant in list(recipe("robust").curriculum.values())[-1]]
"""What the agent is trained on; the harder combinations are there twice."""


class MixtureTraining(Training):
    """The training of a CNN on batches of which each is of one combination, drawn anew as the agent's are."""

    def scenes(self, env: AnyVectorEnv, updates: int, seed: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Batches that follow from a seed."""
        del env  # of one combination
        generator = np.random.default_rng(seed)
        for _ in range(updates):
            drawn, first = MIXTURE[generator.integers(len(MIXTURE))], int(generator.integers(2**31 - self.plan.batch))
            yield self._of(drawn).reset(seed=first)

    @cache  # noqa: B019 (a training lives as long as its script)
    def _of(self, scenes: Scenes) -> AnyVectorEnv:
        return make_env(whole(self.config, scenes))

    def held_out_error(self) -> float:
        """The mean over all combinations, in %."""
        average = Classifier(self.average, self.config)
        return float(np.mean([cnn_error(average, each, "validation", HELD_OUT) for each in ALL]))


def whole(config: Config, scenes: Scenes) -> Config:
    """Of whole scenes of a combination, as a classifier's configuration has them of its own."""
    return config.replace(env_kwargs=config.env_kwargs | scenes.env_kwargs | {"patch_size": scenes.canvas})


def cnn_error(classifier: Classifier, scenes: Scenes, split: str, count: int) -> float:
    """In %, of the first scenes of a split."""
    config = whole(classifier.config, scenes)
    return classifier_error(Classifier(classifier.network, config), split, episodes=count)


def training(out: Path) -> MixtureTraining:
    """The CNN's, as far as its file tells."""
    config = recipe("robust")
    course = MixtureTraining(make_classifier(config.replace(curriculum={}), "modern-cnn"), PLANS["modern-cnn"])
    if (out / FILE).exists():
        course.load(out / FILE)
    return course


def train(out: Path) -> None:
    """Train, or go on."""
    out.mkdir(parents=True, exist_ok=True)
    course = training(out)

    def tell(now: Course) -> None:
        print(now.summary(course.plan), file=sys.stderr, flush=True)

    course.run(out / FILE, tell=tell)


def error_of(agent: Reinforce, scenes: Scenes, start: str, count: int) -> float:
    """Of an agent, a single path of mean locations, in %."""
    begin = {"initial_location": start}
    agent.config = agent.config.replace(env_kwargs=agent.env_kwargs | scenes.env_kwargs | begin)
    return float(evaluate(agent, paths=0, episodes=count).mean[-1])


def markdown(errors: dict[str, dict[Scenes, float]]) -> str:
    """A row for each digit and canvas and each of the measured; in brackets what misses its aim."""
    clutter = [f"{times} times the clutter" if times else "no clutter" for times in TIMES]
    lines = [f"| digit | canvas | what | {' | '.join(clutter)} |", f"|---:|---:|---|{'---:|' * len(TIMES)}"]
    for digit, canvas in product(DIGITS, CANVASES):
        for name, measured in errors.items():
            cells = [Scenes(digit, canvas, times) for times in TIMES]
            told = [_told(measured[cell], cell.aim) for cell in cells]
            lines.append(f"| {digit} | {canvas} | {name} | {' | '.join(told)} |")
    return "\n".join(lines)


def _told(error: float, aim: float) -> str:
    return f"{error:.2f}" if error <= aim else f"({error:.2f})"


def measure(agent: Reinforce, out: Path, count: int) -> str:
    """Of the agent from both starts, and of the CNN, if it is there."""
    errors = {
        f"RAM, from {told}": {scenes: error_of(agent, scenes, start, count) for scenes in ALL}
        for start, told in STARTS.items()
    }
    if (out / FILE).exists():
        course = training(out)
        best = Classifier(course.best, course.config)
        name = "modern CNN" if course.ended else "modern CNN, still falling"
        errors[name] = {scenes: cnn_error(best, scenes, "test", count) for scenes in ALL}
    return markdown(errors)


def main() -> None:
    """Train or measure."""
    parser = courses.arguments(__doc__, "train", "measure")
    parser.add_argument("--agent", default="robust", help="a pretrained agent's name, or a checkpoint")
    parser.add_argument("--scenes", type=int, default=10_000, help="test scenes of each combination")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.what == "train":
        train(options.out)
        return
    table = measure(ram_agents.load(options.agent), options.out, options.scenes)
    print(table)
    renew("robust", table)


if __name__ == "__main__":
    main()
