"""Attention beside reading every pixel: `python docs/comparison.py train OUT`, then `... measure OUT`.

`train` trains CNNs on the scenes of an agent, at one density of clutter, for canvases of 60 to 1,000 pixels: the
paper's, a modern one, and the modern one on the scene shrunk to 100 pixels. Up to 200 pixels until their held-out error
stops falling; on 400 and 1,000 for at most `--hours`. A modern one begins with the weights of the next smaller canvas,
if they are there. Files lie in OUT; a command that was stopped goes on from there. `measure` gives errors on the test
scenes, arithmetic and processor time an image: a table between `<!-- comparison -->` and `<!-- /comparison -->` in
RESULTS.md, and docs/images/comparison.png. A CNN without a file in OUT is timed anew, and keeps the error that it has
in docs/comparison.json; with `--canvases 100` the other canvases keep all of theirs: days of processor time may be
spent on several machines.
"""

from __future__ import annotations

import math
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import courses
import numpy as np
import ram_agents
import torch
from compared import POINTS, Point, draw, markdown, merged, read, write
from large import AREA, search
from marked import renew
from ram_agents import Config, Reinforce
from ram_agents.agent.envs import make_env
from ram_agents.agent.rollout import collect_rollout
from ram_agents.agent.runner import Runner
from ram_agents.evaluation.cnn_training import FEWEST, Course, Plan, Training, plan_for
from ram_agents.evaluation.cnns import Classifier, classifier_error, images_of, make_classifier
from ram_agents.evaluation.controls import Control
from ram_agents.evaluation.estimate import processor
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

CANVASES = (60, 100, 200, 400, 1000)
PLATEAU = 200
"""Up to this canvas CNNs are trained until their error stops falling; beyond it for a time."""
SHRUNK = 100
SCENES = {canvas: 10_000 if canvas <= PLATEAU else 1_000 for canvas in CANVASES}
"""Test scenes for a CNN."""


class CNN(NamedTuple):
    """A network that reads every pixel."""

    control: Control
    shrink: bool = False
    """Average the scene down to `SHRUNK` pixels first."""


CNNS = {
    "paper's CNN": CNN("weak-cnn"),
    "modern CNN": CNN("modern-cnn"),
    "modern CNN, shrunk": CNN("modern-cnn", shrink=True),
}


class Shrunk(nn.Module):
    """A network that sees whole scenes, averaged down to `SHRUNK` pixels a side."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, C, S, S) -> logits (B, n)."""
        return self.network(nn.functional.adaptive_avg_pool2d(images, SHRUNK))


def scene_of(agent: Reinforce, canvas: int) -> dict[str, Any]:
    """The arguments of the agent's environment on another canvas."""
    return agent.env_kwargs | {"canvas_size": canvas, "num_distractors": canvas**2 // AREA}


def compared(canvas: int) -> Iterator[tuple[str, CNN]]:
    """The CNNs of a canvas; shrinking makes sense of larger ones alone."""
    return ((name, cnn) for name, cnn in CNNS.items() if canvas > SHRUNK or not cnn.shrink)


def classifier(agent: Reinforce, canvas: int, cnn: CNN) -> Classifier:
    """The network, with fresh weights, and its scenes."""
    config: Config = agent.config.replace(env_kwargs=scene_of(agent, canvas), curriculum={}, matmul_precision="auto")
    made = make_classifier(config, cnn.control)
    if not cnn.shrink:
        return made
    small = make_classifier(config.replace(env_kwargs=scene_of(agent, SHRUNK)), cnn.control)
    return Classifier(Shrunk(small.network), made.config)


def plan_of(canvas: int, cnn: CNN) -> Plan:
    """The plan for the scenes that the network reads; large ones take memory and time before they are shrunk too."""
    plan = plan_for(cnn.control, canvas)
    if not cnn.shrink or canvas <= PLATEAU:
        return plan
    read, fewer = plan_for(cnn.control, SHRUNK), max(1.0, canvas / 400)
    return plan._replace(batch=max(FEWEST, int(read.batch / fewer)), round_scenes=int(read.round_scenes / fewer))


def file_of(out: Path, canvas: int, name: str) -> Path:
    """Where a training is."""
    return out / f"{re.sub('[^a-z]+', '-', name.lower())}-{canvas}.safetensors"


def training(agent: Reinforce, out: Path, canvas: int, name: str) -> Training:
    """A CNN's training, as far as its file tells."""
    course = Training(classifier(agent, canvas, CNNS[name]), plan_of(canvas, CNNS[name]))
    path = file_of(out, canvas, name)
    if path.exists():
        course.load(path)
    return course


def begin_with(course: Training, other: Training) -> None:
    """Take over the best weights of a smaller canvas."""
    for network in (course.network, course.average, course.best):
        network.load_state_dict(other.best.state_dict())


def train(agent: Reinforce, out: Path, canvases: list[int], names: list[str], hours: float) -> None:
    """Train what has not ended; on the larger canvases for at most so many hours each."""
    out.mkdir(parents=True, exist_ok=True)
    for canvas in canvases:
        for name in [name for name, _ in compared(canvas) if name in names]:
            course, path = training(agent, out, canvas, name), file_of(out, canvas, name)
            smaller = CANVASES[max(0, CANVASES.index(canvas) - 1)]
            before = file_of(out, smaller, name)
            if CNNS[name].control == "modern-cnn" and before.exists() and not path.exists():
                begin_with(course, training(agent, out, smaller, name))
            most = hours * 3600 if canvas > PLATEAU else math.inf
            go(course, path, most, f"{name} on {canvas}")


def go(course: Training, path: Path, seconds: float, title: str) -> None:
    """Go on until the held-out error stops falling, or the time is over."""

    def tell(now: Course) -> None:
        print(f"{title}: {now.summary(course.plan)}", file=sys.stderr, flush=True)

    while not course.ended and course.course.seconds < seconds:
        course.run(path, most_scenes=course.course.scenes + course.plan.round_scenes, tell=tell)


def of_agent(agent: Reinforce, canvas: int) -> Point:
    """The agent's point: errors of all test scenes, and the time of a whole episode, the making of its scene included.

    A CNN's time is of the network alone.
    """
    wrong = float(search(agent, canvas, "mean", scenes=10_000).wrong[-1])
    config = agent.config.without_repeats(env_kwargs=scene_of(agent, canvas), num_envs=32)
    env = make_env(config, split="test")

    def episodes() -> None:
        with torch.no_grad():
            collect_rollout(Runner(agent.policy, env, look="mean", sample_action=False, indices=np.arange(32)))

    with FlopCounterMode(display=False) as counter:
        episodes()
    seconds = time_of(episodes)
    return Point("RAM", canvas, wrong, 10_000, counter.get_total_flops() / 32 / 1e9, 1000 * seconds / 32, processor())


def of_cnn(agent: Reinforce, out: Path, canvas: int, name: str, before: Point | None) -> Point | None:
    """A CNN's point, if it has been trained; if not in `out`, its error is what it was before."""
    trained = file_of(out, canvas, name).exists()
    if not trained and before is None:
        return None
    course, rows = training(agent, out, canvas, name), 16
    if trained:
        how = f"{course.course.scenes:,} scenes, {course.course.seconds / 3600:.1f} h"
        note, scenes = how if course.ended else f"{how}, before its plateau", SCENES[canvas]
        wrong = classifier_error(Classifier(course.best, course.config), "test", episodes=scenes) / 100
    else:
        assert before is not None
        note, scenes, wrong = before.note, before.scenes, before.wrong
    network, env = course.best.eval(), make_env(course.config.replace(num_envs=rows), split="test")
    with closing(env), torch.no_grad():
        images = images_of(env.reset(options={"indices": np.arange(rows)})[0], "cpu")
        with FlopCounterMode(display=False) as counter:
            network(images)
        milliseconds = 1000 * time_of(lambda: network(images)) / rows
    return Point(name, canvas, wrong, scenes, counter.get_total_flops() / rows / 1e9, milliseconds, processor(), note)


def time_of(call: Callable[[], object], rounds: int = 5) -> float:
    """Processor time of a call, the best of some."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def measure(agent: Reinforce, out: Path, canvases: list[int]) -> None:
    """Measure some canvases, print all, draw, and renew the table."""
    for canvas in canvases:
        before = {point.name: point for point in read(POINTS) if point.canvas == canvas}
        now = [of_agent(agent, canvas)]
        now += [point for name, _ in compared(canvas) if (point := of_cnn(agent, out, canvas, name, before.get(name)))]
        write(POINTS, merged(read(POINTS), now))
    points = read(POINTS)
    table = markdown(points)
    print(table)
    draw(points)
    renew("comparison", table)


def main() -> None:
    """Train or measure."""
    parser = courses.arguments(__doc__, "train", "measure")
    parser.add_argument("--agent", default="megapixel", help="a pretrained agent's name, or a checkpoint")
    parser.add_argument("--canvases", type=int, nargs="+", choices=CANVASES, default=list(CANVASES))
    parser.add_argument("--networks", nargs="+", choices=list(CNNS), default=list(CNNS))
    parser.add_argument("--hours", type=float, default=2.0, help="of processor time for a CNN on 400 and on 1,000")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    agent = ram_agents.load(options.agent)
    if options.what == "train":
        train(agent, options.out, options.canvases, options.networks, options.hours)
    else:
        measure(agent, options.out, options.canvases)


if __name__ == "__main__":
    main()
