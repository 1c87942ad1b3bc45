"""Every hyper-parameter in one flat dataclass, which is the command line too, checked as it is made."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from ..model.config import COUNT, NOT_NEGATIVE, POSITIVE, SHARE, STD, RAMConfig, number
from ..precision import MatmulPrecision

Look = Literal["learned", "random", "center", "scan"]
CALLERS_OWN = (
    "num_envs",
    "repeats",
    "autoreset_mode",
    "render_mode",
    "vectorization_mode",
    "vector_kwargs",
    "wrappers",
    "max_episode_steps",
    "disable_env_checker",
)
"""Arguments of `gym.make` and `gym.make_vec` that are not the environment's own."""


@dataclass(frozen=True, kw_only=True)
class Config(RAMConfig):
    """Hyper-parameters of RAM and of its training by REINFORCE. The defaults are close to the paper's."""

    env_id: str = "ram_envs/GlimpseMNIST-v0"
    """Environment to train on; empty for an agent that was given an unregistered one."""
    env_kwargs: dict[str, Any] = field(default_factory=dict)
    """The environment's keyword arguments, on the command line as JSON."""
    curriculum: dict[str, Any] = field(default_factory=dict)
    """Arguments of the environment that change with the run, on the command line as JSON. A key is the share of the run
    from which on its list holds, {"0": [{...}], "0.5": [{...}, {...}]}; each update draws one of the list, every one as
    likely as another, and adds it to `env_kwargs`. Empty for none."""
    validation_kwargs: dict[str, Any] = field(default_factory=dict)
    """Arguments that are added to `env_kwargs` for the validation, on the command line as JSON."""
    validation_scenes: int | None = number(None, COUNT)
    """Validate on the first so many scenes of the split; None for all."""
    total_episodes: int = number(1_000_000, COUNT)
    """Episodes to train for."""
    num_envs: int = number(256, COUNT)
    """Episodes in one update."""
    repeats: int = number(1, COUNT)
    """Independent episodes of each scene: so many consecutive rows share one. 2 or more for leave-one-out."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of everything random: scenes, initial weights, locations and actions."""
    checkpoint_every: int = number(500, COUNT)
    """Updates in a segment, after each of which the run validates and saves, and can be resumed bit for bit."""

    # Where to look
    look: Look = "learned"
    """Where to look: as f_l says; or, for controls, uniformly at random, always at the centre, or along a
    fixed raster."""
    look_warmup: float = number(0.0, SHARE)
    """This share of the run, from its beginning, looks at the centre and leaves f_l alone. On Catch, before there is
    any reward to tell good gazes, the gradient of the gaze is noise and leads it where the paddle is out of sight."""
    final_location_std: float | None = number(None, STD)
    """Anneal `location_std` linearly to this over the run: explore widely first, then look precisely. None for no
    annealing."""

    # The loss
    hybrid: bool = True
    """Train the action by cross-entropy on the label where infos tell one; off, or without labels, by REINFORCE."""
    reward: Literal["0/1", "log-likelihood", "information-gain"] = "0/1"
    """The environment's own; or log p(label) of the answer; or after each glimpse the fall of -log p(label). The last
    two need labels, are not in the paper, and have a lower variance."""
    discount: float = number(1.0, SHARE)
    """Of later rewards. 1 in the paper; 0.8 suits information gain."""
    baseline: Literal["state", "label", "leave-one-out", "none"] = "state"
    """What is subtracted from the return: the paper's b_t; or what the other episodes' returns let expect after a guess
    that gave the label as much probability, which no b_t can know; or the mean return of the scene's other repeats."""
    baseline_probability: bool = False
    """Train b_t as a probability, by cross-entropy in place of squared error. For returns in [0, 1]."""
    baseline_weight: float = number(1.0, NOT_NEGATIVE)
    """Weight of the baseline's loss."""
    gae_lambda: float = number(1.0, SHARE)
    """Below 1: generalised advantage estimates from b_t, with less variance for some bias."""
    standardise: bool = False
    """Scale the advantages of each batch to zero mean and unit variance."""
    reinforce_weight: float = number(0.1, NOT_NEGATIVE)
    """Weight of the location's REINFORCE loss, a mean over the T - 1 choices. See `location_lr_scale` too."""
    action_weight: float = number(1.0, NOT_NEGATIVE)
    """Weight of the action's loss, cross-entropy or REINFORCE."""
    class_weights: Literal["balanced"] | list[float] | None = None
    """Weight of each class in the cross-entropy, one number a class; "balanced": in inverse proportion to the scenes
    that the training split has of it, 1 in the mean over the scenes. None: all alike."""
    step_weight: float = number(0.0, NOT_NEGATIVE)
    """Weight of the mean cross-entropy of the guesses before the answer; above 0 one model answers at any time."""
    teacher_weight: float = number(0.0, SHARE)
    """The share of soft targets in the cross-entropy, also in that of the reward: what a CNN that sees the whole scene
    makes of it, beside the label. The CNN is trained before the first update."""
    teacher_scenes: int = number(300_000, COUNT)
    """How many training scenes the teacher is trained on."""
    teacher_temperature: float = number(2.0, POSITIVE)
    """By which the teacher's logits are divided: above 1 its second thoughts count more."""
    entropy_weight: float = number(0.0, NOT_NEGATIVE)
    """Bonus for the entropy of the action where it learns by REINFORCE, and of stopping: it goes on trying."""
    stop_weight: float = number(0.1, NOT_NEGATIVE)
    """Weight of the REINFORCE loss of stopping, where the environment can be stopped (`can_stop`)."""
    stop_warmup: float = number(0.1, SHARE)
    """This share of the run, from its beginning, never stops and leaves f_s alone: while nothing can be told from a
    glimpse, another is not worth its cost."""

    # The optimiser
    optimizer: Literal["adam", "muon", "sgd"] = "adam"
    """"sgd", with momentum, is the paper's. "muon" takes orthogonal steps with the matrices between hidden layers, and
    Adam's with the rest: on cluttered scenes it needs half the episodes. A batch of 512 or more is worth its
    arithmetic."""
    learning_rate: float = number(1e-3, POSITIVE)
    """Adam's, or that of "sgd"."""
    momentum: float = number(0.9, SHARE)
    """Of "sgd": what is kept of the last step."""
    matrix_learning_rate: float = number(0.01, POSITIVE)
    """Of the matrices under "muon", on the same schedule."""
    location_lr_scale: float = number(1.0, NOT_NEGATIVE)
    """The location network's learning rate, relative to the others'. Adam's steps don't shrink with a weight of the
    loss: below 1 this keeps the gaze, whose gradient is all noise at first, from wandering off before it is of use."""
    final_location_lr_scale: float | None = number(None, NOT_NEGATIVE)
    """Anneal `location_lr_scale` linearly to this: once the rest can use what is seen, the gaze learns faster. None for
    no annealing."""
    lr_schedule: Literal["constant", "linear", "cosine"] = "cosine"
    """How the rate goes from `learning_rate` to `final_learning_rate` over the run."""
    final_learning_rate: float = number(0.0, NOT_NEGATIVE)
    """Where a linear or cosine schedule ends."""
    weight_decay: float = number(0.0, NOT_NEGATIVE)
    """Decoupled, as in AdamW; of "sgd" a part of the gradient."""
    max_grad_norm: float | None = number(5.0, POSITIVE)
    """Clip the gradient to this norm; None for no clipping."""
    matmul_precision: MatmulPrecision = "highest"
    """Of matrix products in training. "medium" is bfloat16: twice as fast with AVX512_BF16, more with AMX, many
    times slower without units for it. "auto" measures at the beginning of the run which of the two is faster, and
    stays with it, also when the run is resumed; see `precision`. Predictions keep torch's own setting."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_envs % self.repeats:
            raise ValueError(f"repeats={self.repeats} must divide num_envs={self.num_envs}")
        if taken := sorted(set(CALLERS_OWN) & set(self.env_kwargs)):
            raise ValueError(f"env_kwargs can't hold {taken[0]}: that is up to whoever makes the environment")
        check_curriculum(self.curriculum)
        check_class_weights(self.class_weights)
        for variant in self.variants():
            check_variant(variant)
        if self.baseline == "leave-one-out" and self.repeats < 2:
            raise ValueError(f"baseline='leave-one-out' needs repeats of at least 2, not {self.repeats}")

    def variants(self) -> list[dict[str, Any]]:
        """What is added to `env_kwargs`: for the validation, and in the course of the curriculum."""
        return [self.validation_kwargs, *(variant for variants in self.curriculum.values() for variant in variants)]

    def learning_rate_at(self, progress: float) -> float:
        """The learning rate when `progress` in [0, 1] of the run is done."""
        left = {"constant": 1.0, "linear": 1 - progress, "cosine": 0.5 * (1 + math.cos(math.pi * progress))}
        return self.final_learning_rate + left[self.lr_schedule] * (self.learning_rate - self.final_learning_rate)

    def at(self, progress: float) -> Config:
        """With the look and the weight of stopping that hold when `progress` in [0, 1] of the run is done."""
        now = copy.copy(self)  # `replace` would check every field again, in each update
        vars(now).update(look=self.look_at(progress), stop_weight=self.stop_weight_at(progress))
        return now

    def look_at(self, progress: float) -> Look:
        """Where to look when `progress` in [0, 1] of the run is done."""
        return "center" if self.look == "learned" and progress < self.look_warmup else self.look

    def stop_weight_at(self, progress: float) -> float:
        """The weight of the loss of stopping when `progress` in [0, 1] of the run is done; 0 while no one stops."""
        return 0.0 if progress < self.stop_warmup else self.stop_weight

    def location_std_at(self, progress: float) -> float:
        """The std of the locations when `progress` in [0, 1] of the run is done."""
        return _annealed(self.location_std, self.final_location_std, progress)

    def location_lr_scale_at(self, progress: float) -> float:
        """The location network's relative learning rate when `progress` in [0, 1] of the run is done."""
        return _annealed(self.location_lr_scale, self.final_location_lr_scale, progress)

    def decided_anew(self) -> Config:
        """For another training, maybe on another processor: "medium" becomes "auto", see `matmul_precision`.

        What is twice as fast where there are units for it takes twenty times as long as float32 where there are none.
        """
        return self.replace(matmul_precision="auto") if self.matmul_precision == "medium" else self

    def without_repeats(self, **changes: Any) -> Config:
        """The same, but for scenes that each row has to itself, as evaluation wants them; nothing can be left out."""
        baseline = "none" if self.baseline == "leave-one-out" else self.baseline
        return self.replace(repeats=1, baseline=baseline, **changes)

    def model(self) -> RAMConfig:
        """The model's part."""
        return RAMConfig(**{f.name: getattr(self, f.name) for f in dataclasses.fields(RAMConfig)})


def _annealed(first: float, last: float | None, progress: float) -> float:
    """Linear from `first` to `last`; a `last` of None stands for no change."""
    return first if last is None else first + progress * (last - first)


def check_curriculum(curriculum: dict[str, Any]) -> None:
    """Raise a ValueError unless it maps shares of the run to lists of the environment's arguments."""
    for share, variants in curriculum.items():
        if not re.fullmatch(r"0|1|0?\.\d+|[01]\.0*", share):
            raise ValueError(f'a key of curriculum is a share of the run, such as "0" or "0.25", not {share!r}')
        if not isinstance(variants, list) or not variants or not all(isinstance(v, dict) for v in variants):
            raise ValueError(
                f'curriculum["{share}"] must be a list of the environment\'s arguments, such as '
                f'[{{"canvas_size": 100}}], not {variants!r}'
            )
    if len({float(share) for share in curriculum}) < len(curriculum):
        raise ValueError(f"curriculum has one share twice: {', '.join(curriculum)}")


def check_class_weights(weights: Literal["balanced"] | list[float] | None) -> None:
    """Raise a ValueError if there are numbers that can't weigh classes."""
    if isinstance(weights, list):
        numbers = [w for w in weights if isinstance(w, int | float) and not isinstance(w, bool)]
        if len(numbers) < len(weights) or not all(w in NOT_NEGATIVE for w in numbers) or not any(numbers):
            raise ValueError(
                f"class_weights must be finite numbers of at least 0, one of them above 0, or 'balanced', not {weights}"
            )


def check_variant(variant: dict[str, Any]) -> None:
    """Raise a ValueError unless these are arguments of an environment's own, and JSON can hold them."""
    if taken := sorted(set(CALLERS_OWN) & set(variant)):
        raise ValueError(f"a curriculum and validation_kwargs can't hold {taken[0]}: {variant!r}")
    try:
        json.dumps(variant)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a curriculum and validation_kwargs hold what JSON can: {variant!r} ({error})") from error
