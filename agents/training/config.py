"""Every hyper-parameter in one flat dataclass, which is the command line too, and the named recipes."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ..model.networks import Core, Init
from ..model.precision import MatmulPrecision

Gaze = Literal["learned", "random", "center"]


@dataclass(frozen=True)
class Config:
    """Hyper-parameters of RAM and of its training by REINFORCE. The defaults are close to the paper's."""

    env_id: str = "ram_envs/GlimpseMNIST-v0"
    """Environment to train on; empty for an agent that was given an unregistered one."""
    env_kwargs: dict[str, Any] = field(default_factory=dict)
    """The environment's keyword arguments, on the command line as JSON."""
    total_episodes: int = 1_000_000
    """Episodes to train for."""
    num_envs: int = 256
    """Episodes in one update."""
    repeats: int = 1
    """Independent episodes of each scene: so many consecutive rows share one. 2 or more for leave-one-out."""
    seed: int = 0
    """Of everything random: scenes, initial weights, locations and actions."""
    checkpoint_every: int = 500
    """Updates in a segment, after each of which the run validates and saves, and can be resumed bit for bit."""

    # The model
    core: Core = "rnn"
    """Core network: "rnn" is the paper's ReLU recurrence for classification, "lstm" its choice for Catch."""
    glimpse_size: int = 128
    """Units of h_g."""
    location_size: int = 128
    """Units of h_l."""
    hidden_size: int = 256
    """Units of g_t and h_t."""
    location_hidden: int = 0
    """Units of a hidden layer in the location network; 0 for none, the paper's. With one the gaze learns more."""
    identity_core: bool = False
    """Begin the "rnn" core's recurrence as the identity: nothing is forgotten at first. Helps on cluttered scenes."""
    init: Init = "uniform"
    """How weights begin: PyTorch's "uniform", or "orthogonal", which lets the faint signals of Catch through."""
    detach_location: bool = True
    """Keep the location network's gradient out of the core, which it would swamp at a small std."""
    detach_baseline: bool = True
    """Keep the baseline network's gradient out of the core. On Catch it helps to let it in."""
    gaze: Gaze = "learned"
    """Where to look: as f_l says; or, for controls, uniformly at random or always at the centre."""
    gaze_warmup: float = 0.0
    """This share of the run, from its beginning, looks at the centre and leaves f_l alone. On Catch, before there is
    any reward to tell good gazes, the gradient of the gaze is noise and leads it where the paddle is out of sight."""
    location_std: float = 0.1
    """Standard deviation of the location's Gaussian, in units of half the image."""
    final_location_std: float = 0.0
    """Anneal the std linearly to this over the run: explore widely first, then look precisely. 0 for no annealing."""

    # The loss
    hybrid: bool = True
    """Train the action by cross-entropy on the label where infos tell one; off, or without labels, by REINFORCE."""
    reward: Literal["0/1", "log-likelihood", "information-gain"] = "0/1"
    """The environment's own; or log p(label) of the answer; or after each glimpse the fall of -log p(label). The last
    two need labels, are not in the paper, and have a lower variance."""
    discount: float = 1.0
    """Of later rewards. 1 in the paper; 0.8 suits information gain."""
    baseline: Literal["state", "leave-one-out", "none"] = "state"
    """What is subtracted from the return: the paper's b_t, or the mean return of the scene's other repeats."""
    baseline_probability: bool = False
    """Train b_t as a probability, by cross-entropy in place of squared error. For returns in [0, 1]."""
    baseline_weight: float = 1.0
    """Weight of the baseline's loss."""
    gae_lambda: float = 1.0
    """Below 1: generalised advantage estimates from b_t, with less variance for some bias."""
    standardise: bool = False
    """Scale the advantages of each batch to zero mean and unit variance."""
    reinforce_weight: float = 0.1
    """Weight of the location's REINFORCE loss, a mean over the T - 1 choices. See `location_lr_scale` too."""
    action_weight: float = 1.0
    """Weight of the action's loss, cross-entropy or REINFORCE."""
    step_weight: float = 0.0
    """Weight of the mean cross-entropy of the guesses before the answer; above 0 one model answers at any time."""
    entropy_weight: float = 0.0
    """Bonus for the entropy of the action where it learns by REINFORCE, and of stopping: it goes on trying."""
    stop_weight: float = 0.1
    """Weight of the REINFORCE loss of stopping, where the environment can be stopped (`can_stop`)."""
    stop_warmup: float = 0.1
    """This share of the run, from its beginning, never stops and leaves f_s alone: while nothing can be told from a
    glimpse, another is not worth its cost."""

    # The optimiser
    optimizer: Literal["adam", "muon"] = "adam"
    """"muon" takes orthogonal steps with the matrices between hidden layers, and Adam's with the rest: on cluttered
    scenes it needs half the episodes. A batch of 512 or more is worth its arithmetic."""
    learning_rate: float = 1e-3
    """Adam's."""
    matrix_learning_rate: float = 0.01
    """Of the matrices under "muon", on the same schedule."""
    location_lr_scale: float = 1.0
    """The location network's learning rate, relative to the others'. Adam's steps don't shrink with a weight of the
    loss: below 1 this keeps the gaze, whose gradient is all noise at first, from wandering off before it is of use."""
    final_location_lr_scale: float = 0.0
    """Anneal `location_lr_scale` linearly to this: once the rest can use what is seen, the gaze learns faster. 0 for no
    annealing."""
    lr_schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the rate goes from `learning_rate` to `final_learning_rate` over the run."""
    final_learning_rate: float = 0.0
    """Where a linear or cosine schedule ends."""
    weight_decay: float = 0.0
    """Decoupled, as in AdamW."""
    max_grad_norm: float = 5.0
    """Clip the gradient to this norm; 0 for no clipping."""
    matmul_precision: MatmulPrecision = "highest"
    """Of matrix products in training. "medium" is bfloat16, and faster, where the device has units for it (a
    processor with AMX); see `precision`. Predictions keep torch's own setting."""

    def __post_init__(self) -> None:
        for name, choices in _choices().items():
            if getattr(self, name) not in choices:
                listed = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
                raise ValueError(f"{name} must be {listed}, not {getattr(self, name)!r}")
        for name in ("total_episodes", "num_envs", "repeats", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.num_envs % self.repeats:
            raise ValueError(f"repeats={self.repeats} must divide num_envs={self.num_envs}")
        if self.baseline == "leave-one-out" and self.repeats < 2:
            raise ValueError(f"baseline='leave-one-out' needs repeats of at least 2, not {self.repeats}")
        if self.location_std <= 0 or self.final_location_std < 0:
            raise ValueError(
                f"location_std must be above 0 and final_location_std at least 0, not {self.location_std} and "
                f"{self.final_location_std}"
            )
        for name in ("learning_rate", "matrix_learning_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("discount", "gae_lambda", "gaze_warmup", "stop_warmup"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], not {getattr(self, name)}")

    def replace(self, **changes: Any) -> Config:
        """A copy with some hyper-parameters changed.

        Raises:
            ValueError: a name that is no hyper-parameter.
        """
        names = [f.name for f in dataclasses.fields(Config)]
        if unknown := sorted(set(changes) - set(names)):
            raise ValueError(f"no such hyper-parameter: {', '.join(unknown)}; there are: {', '.join(names)}")
        return dataclasses.replace(self, **changes)

    def learning_rate_at(self, progress: float) -> float:
        """The learning rate when `progress` in [0, 1] of the run is done."""
        left = {"constant": 1.0, "linear": 1 - progress, "cosine": 0.5 * (1 + math.cos(math.pi * progress))}
        return self.final_learning_rate + left[self.lr_schedule] * (self.learning_rate - self.final_learning_rate)

    def gaze_at(self, progress: float) -> Gaze:
        """Where to look when `progress` in [0, 1] of the run is done."""
        return "center" if self.gaze == "learned" and progress < self.gaze_warmup else self.gaze

    def stop_weight_at(self, progress: float) -> float:
        """The weight of the loss of stopping when `progress` in [0, 1] of the run is done; 0 while no one stops."""
        return 0.0 if progress < self.stop_warmup else self.stop_weight

    def location_std_at(self, progress: float) -> float:
        """The std of the locations when `progress` in [0, 1] of the run is done."""
        return _annealed(self.location_std, self.final_location_std, progress)

    def location_lr_scale_at(self, progress: float) -> float:
        """The location network's relative learning rate when `progress` in [0, 1] of the run is done."""
        return _annealed(self.location_lr_scale, self.final_location_lr_scale, progress)

    def model(self) -> dict[str, Any]:
        """The keyword arguments of `RAM`."""
        sizes = ("core", "glimpse_size", "location_size", "hidden_size", "location_hidden", "identity_core", "init")
        training = ("location_std", "detach_location", "detach_baseline")
        return {name: getattr(self, name) for name in sizes + training}


ROOT = __package__.partition(".")[0]
"""The package, under whichever name it is installed."""


@cache
def _choices() -> dict[str, tuple[str, ...]]:
    """What each hyper-parameter that names one of several ways may be."""
    hints = get_type_hints(Config)
    return {name: get_args(hint) for name, hint in hints.items() if get_origin(hint) is Literal}


def _annealed(first: float, last: float, progress: float) -> float:
    """Linear from `first` to `last`; a `last` of 0 stands for no change."""
    return first + progress * (last - first) if last else first


def recipe(name: str) -> Config:
    """The hyper-parameters of a named recipe, such as "cluttered60".

    Raises:
        ValueError: no recipe has this name.
    """
    if name not in recipe_names():
        raise ValueError(f"no recipe is called {name!r}; there are: {', '.join(recipe_names())}")
    text = (resources.files(ROOT) / "recipes" / f"{name}.json").read_text()
    return Config().replace(**json.loads(text))


def recipe_names() -> list[str]:
    """The recipes that come with the package."""
    folder = resources.files(ROOT) / "recipes"
    return sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json"))
