"""`ram evaluate`: what an agent reaches on a split, after every glimpse, and what controls reach beside it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro
from rich.console import Console

from ..evaluation.cnn_training import Course, Training, plan_for
from ..evaluation.cnns import CNNS, Classifier, classifier_error, make_classifier
from ..evaluation.controls import Control, as_control
from ..evaluation.evaluate import Evaluation, evaluate
from ..evaluation.runs import naming
from ..model.config import COUNT, NOT_NEGATIVE, number
from ..reports.errors import Asked, show
from ..training.reinforce import Reinforce
from .options import DEFAULT_THREADS, JsonObject, check_out, metered, open_agent, parse


@dataclass(frozen=True)
class Evaluate:
    """Measure trained agents over every scene of a split (Catch: over 10,000 numbered games)."""

    agents: tyro.conf.Positional[tuple[str, ...]]
    """Checkpoints, or names of pretrained agents."""
    split: Literal["validation", "test", "train"] = "test"
    """Choose models on "validation", report "test"."""
    paths: int = number(10, NOT_NEGATIVE)
    """Sampled paths for each scene."""
    episodes: int | None = number(None, COUNT)
    """Only the first so many scenes."""
    look: Annotated[Literal["agent", "random", "center", "scan"], tyro.conf.arg(name="look")] = "agent"
    """Look elsewhere than the agent would: the same weights, without its gaze. "random" is uniform over the scene,
    "scan" a fixed raster of it; relative saccades go as far towards these places as they lead."""
    env_id: str | None = None
    """Measure on this environment. An agent's file alone imports no module: for "my_module:Mine-v0" name it here."""
    env_kwargs: JsonObject = field(default_factory=dict)
    """Change the environment's arguments: how does an agent do with more clutter, or on a larger canvas?"""
    controls: tuple[Control, ...] = ()
    """Train these with the first agent's recipe and measure them too: RAM that looks at "random", at the "center" or
    along a "scan", or sees the "whole" screen of Catch; the paper's "weak-cnn" and a "modern-cnn", which see whole
    scenes."""
    control_episodes: int | None = number(None, COUNT)
    """Training episodes of a control. By default RAM has as many as the agent had, and a CNN trains until its held-out
    error stops falling; a number ends it sooner, and a larger one goes on."""
    control_patience: int | None = number(None, COUNT)
    """A CNN's rate falls, and at its lowest the training ends, when so many rounds had no smaller held-out error; by
    default as its plan has it."""
    controls_dir: Path = Path("runs/controls")
    """Where controls are kept, and found again. A CNN is saved after every round of its training, and goes on from
    there when the same command is given again."""
    confusion: bool = False
    """Print the confusion matrices."""
    out: Path | None = None
    """Write everything to this JSON file too."""
    allow_unsigned: bool = False
    """Load checkpoints of an old format too, whose checksum leaves out what they were trained on and how."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of random initial locations, and of the sampling."""
    device: str = "cpu"
    """Where the models live."""
    threads: int = number(DEFAULT_THREADS, COUNT)
    """Of torch, on the CPU."""


def main(arguments: Sequence[str]) -> None:
    """Parse the arguments, measure, print."""
    options = parse(Evaluate, arguments, command="evaluate")
    if not options.agents:
        raise ValueError("name an agent: a checkpoint's path, or a pretrained agent")
    if options.out:
        check_out(options.out)
    if options.controls:
        check_out(options.controls_dir, "--controls-dir", directory=True)
    torch.set_num_threads(options.threads)
    agents = {name: opened(name, options) for name in options.agents}
    measured = {name: measure(name, agent, options) for name, agent in agents.items()}
    cnns: dict[str, dict[str, Any]] = {}
    for control in options.controls:
        first = opened(options.agents[0], options)
        if control in CNNS:
            cnns[control] = classifier_control(first, control, options)
        else:
            name = f"{control} (control)"
            measured[name] = measure(name, trained_control(first, control, options), options)
    show(measured, cnns, Asked(options.split, options.look, options.paths, options.confusion))
    if options.out:
        with naming(options.out):
            options.out.write_text(json.dumps(as_json(measured, cnns, options), indent=1))


def opened(name: str, options: Evaluate) -> Reinforce:
    """An agent, for the environment that the options ask for."""
    return open_agent(
        name,
        device=options.device,
        env_id=options.env_id,
        env_kwargs=options.env_kwargs,
        allow_unsigned=options.allow_unsigned,
    )


def measure(name: str, agent: Reinforce, options: Evaluate) -> Evaluation:
    """One agent, as the options say."""
    with metered("episodes", name) as progress:
        return evaluate(
            agent,
            split=options.split,
            episodes=options.episodes,
            paths=options.paths,
            look=None if options.look == "agent" else options.look,
            seed=options.seed,
            progress=progress,
        )


def trained_control(agent: Reinforce, control: Control, options: Evaluate) -> Reinforce:
    """RAM trained like the agent but as a control; found again from the last time, if it had as many episodes."""
    config = as_control(agent.config, control)
    config = config.replace(total_episodes=options.control_episodes or config.total_episodes)
    path = _control_path(agent, control, options)
    if path.exists():
        found = Reinforce.load(path, device=options.device)
        if found.config.replace(matmul_precision=config.matmul_precision) == config:  # decided as it was trained
            return found
    trained = Reinforce(config=config, device=options.device).learn(progress_bar=True)
    trained.save(path, resumable=False)
    return trained


def classifier_control(agent: Reinforce, control: Control, options: Evaluate) -> dict[str, Any]:
    """The error in % of a CNN that sees whole scenes, and how it was trained; its training goes on from its file."""
    classifier = make_classifier(agent.config, control)
    plan = plan_for(control, classifier.config.env_kwargs["patch_size"])
    if options.control_patience:
        plan = plan._replace(patience=options.control_patience)
    training = Training(classifier, plan, device=options.device)
    path = _control_path(agent, control, options)
    if path.exists():
        training.load(path)
    console = Console(stderr=True, highlight=False)

    def tell(course: Course) -> None:
        console.print(f"{control}: {course.summary(plan)}", soft_wrap=True)

    training.run(path, most_scenes=options.control_episodes or math.inf, tell=tell)
    best = Classifier(training.best, training.config)
    error = classifier_error(best, options.split, episodes=options.episodes, device=options.device)
    return {"error": error, "ended": training.ended, "plan": plan._asdict(), **vars(training.course)}


def _control_path(agent: Reinforce, control: Control, options: Evaluate) -> Path:
    return options.controls_dir / f"{agent.env_id.rpartition(':')[2].split('/')[-1]}-{control}.safetensors"


def as_json(measured: dict[str, Evaluation], cnns: dict[str, dict[str, Any]], options: Evaluate) -> dict[str, Any]:
    """All figures, and how they were measured."""
    how = {key: str(value) if isinstance(value, Path) else value for key, value in dataclasses.asdict(options).items()}
    agents = {
        name: {key: value.tolist() if hasattr(value, "tolist") else value for key, value in result._asdict().items()}
        for name, result in measured.items()
    }
    return {"options": how, "agents": agents, "controls": cnns}
