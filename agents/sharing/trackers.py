"""Training as other programs follow it: Weights & Biases shows its curves, Optuna ends trials that are far behind."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ram_envs.extras import how_to_install

from ..agent.agent_file import jsonable_config
from ..evaluation.evaluate import validation_env, validation_errors
from ..training.callbacks import Callback, Metrics, mean_metrics
from ..training.reinforce import Reinforce


class WeightsAndBiases(Callback):
    """Log a run to Weights & Biases: the hyper-parameters, every part of the loss, and the held-out error.

    Curves count episodes. Offline, `mode="offline"` keeps all of it in a directory.

    Args:
        every: updates between two points of a curve.
        init: of `wandb.init`, such as project="ram".

    Raises:
        ModuleNotFoundError: wandb is not installed; the message says how to install it.
    """

    def __init__(self, *, every: int = 20, **init: Any):
        self.wandb = _import("wandb")
        self.every, self.init = every, init
        self.metrics: list[Metrics] = []

    def on_start(self, agent: Reinforce) -> None:
        """Begin the run."""
        self.run = self.wandb.init(config=jsonable_config(agent.config), **self.init)

    def on_update(self, agent: Reinforce, metrics: Metrics) -> None:
        """Log what is due."""
        self.metrics.append(metrics)
        if len(self.metrics) == self.every:
            self._log(agent)

    def on_end(self, agent: Reinforce) -> None:
        """Log the rest, and end the run."""
        if self.metrics:
            self._log(agent)
        self.run.finish()

    def _log(self, agent: Reinforce) -> None:
        points = {f"train/{name}": mean for name, mean in mean_metrics(self.metrics)._asdict().items()}
        if agent.validation_error is not None:
            points["validation/error"] = agent.validation_error
        self.run.log(points, step=agent.episodes)
        self.metrics = []


class OptunaPruning(Callback):
    """Report the held-out error of an Optuna trial at the end of every segment, and end the training if it is pruned.

    A pruned training ends as others do; then this callback raises `optuna.TrialPruned`, so it goes behind all others.

    Args:
        trial: Optuna's, of a study with direction="minimize".

    Raises:
        ModuleNotFoundError: Optuna is not installed; the message says how to install it.
    """

    def __init__(self, trial: Any):
        self.optuna = _import("optuna")
        self.trial = trial
        self.pruned = False

    def on_start(self, agent: Reinforce) -> None:
        """Make the environment of held-out scenes; for the errors see `evaluation.evaluate.validation_env`."""
        self.env = validation_env(agent)

    def on_update(self, agent: Reinforce, metrics: Metrics) -> bool:
        """Report at the end of a segment; False ends the training."""
        if agent.updates % agent.config.checkpoint_every == 0:
            agent.validation_error = validation_errors(agent, self.env)[-1]
            self.trial.report(agent.validation_error, agent.episodes)
            self.pruned = self.trial.should_prune()
        return not self.pruned

    def on_end(self, agent: Reinforce) -> None:
        """Tell Optuna.

        Raises:
            optuna.TrialPruned: the trial was pruned.
        """
        self.env.close()
        if self.pruned:
            raise self.optuna.TrialPruned(f"{agent.validation_error:.2f}% after {agent.episodes} episodes")


def _import(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        message = f"{name} is not installed: run {how_to_install('tracking')}"
        raise ModuleNotFoundError(message, name=name) from error
