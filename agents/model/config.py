"""The model's options, and the rules that options of any kind keep: known names, the right types, values in range."""

from __future__ import annotations

import dataclasses
import math
import types
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple, Self, Union, get_args, get_origin, get_type_hints

from .cells import LocationLayers, Seen
from .networks import Core, GlimpseLayers, Init
from .normalisation import Normalise

LARGEST = 2**63 - 1
"""A larger whole number is none that numpy and torch count with, nor a seed of theirs."""
MOST_SHOWN = 200
"""Characters of a value in a message: it may be a stranger's."""


class Range(NamedTuple):
    """The values that a number may have; every one is finite."""

    low: float
    high: float = math.inf
    open: bool = False
    """Whether `low` itself is left out."""

    def __contains__(self, value: object) -> bool:
        assert isinstance(value, int | float)
        if isinstance(value, int) and abs(value) > LARGEST:  # it may be none that a float can hold either
            return False
        return math.isfinite(value) and (self.low < value if self.open else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"in [{self.low:g}, {self.high:g}]"
        return f"above {self.low:g}" if self.open else f"at least {self.low:g}"

    def wanted(self, value: float) -> str:
        """What a value must be that is not in the range."""
        too_large = self.high == math.inf and isinstance(value, int) and value > LARGEST
        if too_large:
            return f"at most {LARGEST:,}"
        endless = isinstance(value, float) and not math.isfinite(value)
        return f"a finite number {self}" if endless else str(self)


POSITIVE, NOT_NEGATIVE, SHARE, COUNT = Range(0, open=True), Range(0), Range(0, 1), Range(1)
MOST_UNITS = 2**16
UNITS, STD = Range(1, MOST_UNITS), Range(1e-6, 1e6)
"""Of a layer; of locations, whose squares a float can hold."""


def number(default: Any, allowed: Range) -> Any:
    """A dataclass's field of numbers in a range; where the default is None, None is allowed too."""
    return field(default=default, metadata={"range": allowed})


@dataclass(frozen=True, kw_only=True)
class Options:
    """A dataclass whose fields are checked when it is made.

    Raises:
        TypeError: a value of another type than the field's.
        ValueError: a number out of range, or a choice that does not exist.
    """

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for f in dataclasses.fields(self):
            _check(f, _hints(kind)[f.name], getattr(self, f.name))

    def replace(self, **changes: Any) -> Self:
        """A copy with some options changed.

        Raises:
            TypeError: a name that is no option (the message lists those that are), or a value of another type.
            ValueError: a value out of range.
        """
        names = [f.name for f in dataclasses.fields(self)]
        if unknown := sorted(set(changes) - set(names)):
            raise TypeError(f"no such hyper-parameter: {', '.join(unknown)}; there are: {', '.join(names)}")
        return dataclasses.replace(self, **changes)


@cache
def _hints(options: Any) -> dict[str, Any]:
    return get_type_hints(options)


def _check(f: dataclasses.Field[Any], hint: Any, value: Any) -> None:
    """Raise an error unless the value is one of the field's."""
    choices, kinds = _choices(hint), _kinds(hint)
    if value in choices:
        return
    if not kinds:
        listed = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
        raise ValueError(f"{f.name} must be {listed}, not {_shown(value)}")
    # A whole number serves as a float; True and False serve as nothing but themselves.
    accepted = (*kinds, int) if float in kinds else kinds
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in kinds):
        wanted = " or ".join("None" if kind is types.NoneType else kind.__name__ for kind in kinds)
        raise TypeError(f"{f.name} must be of type {wanted}, not {_shown(value)}")
    allowed = f.metadata.get("range")
    if allowed is not None and value is not None and value not in allowed:
        raise ValueError(f"{f.name} must be {allowed.wanted(value)}, not {_shown(value)}")


def _shown(value: Any) -> str:
    """A value as Python writes it, cut where it is long."""
    words = repr(value)
    return words if len(words) <= MOST_SHOWN else f"{words[:MOST_SHOWN]}..."


@cache
def _choices(hint: Any) -> tuple[Any, ...]:
    """The single values that a `Literal` in the type lists."""
    return tuple(choice for kind in _alternatives(hint) if get_origin(kind) is Literal for choice in get_args(kind))


@cache
def _kinds(hint: Any) -> tuple[Any, ...]:
    """The other types of which the value may be one."""
    return tuple(get_origin(kind) or kind for kind in _alternatives(hint) if get_origin(kind) is not Literal)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


CELLS_ALONE = {
    "location_gravity": "is of the light around a cell",
    "location_direction": "is of the way to a cell",
    "location_memory": "is of cells that were seen",
    "location_drift": "is from a cell's middle",
    "location_seen": "is of cells that were seen",
}
"""Options that a location network without cells can't have, and why."""


@dataclass(frozen=True, kw_only=True)
class RAMConfig(Options):
    """The options of `RAM`: its sizes, how its weights begin, and which gradients reach its core."""

    core: Core = "rnn"
    """Core network: "rnn" is the paper's ReLU recurrence for classification, "lstm" its choice for Catch."""
    glimpse_network: GlimpseLayers = "mlp"
    """What h_g sees a glimpse through: the paper's matrix, or "conv", two convolutions with the scales as channels. On
    cluttered scenes they learn in half the episodes. Or "canvas", convolutions over all that was seen so far, each
    pixel in its place: for one scale and absolute locations."""
    canvas_size: int = number(0, Range(0, 4096))
    """For `glimpse_network="canvas"`, the scene's width and height in pixels; else 0."""
    normalise: Normalise = "none"
    """See glimpses less the mean of each colour channel, over its standard deviation, as measured at random places of
    training scenes before the first update: "channels", or "scales" for each scale by itself. For photographs, whose
    light is far from 0. By scales also the location network "cells" sees so, and no scale outshines the others. Or
    "contrast": each patch less its own mean, over its own standard deviation, which shows faint slopes of light."""
    location_network: LocationLayers = "linear"
    """How the next location is chosen: the paper's Gaussian around a Linear of h_t, or "cells", which scores the cells
    that the retina shows and looks at one of them; "cells-mean" at the mean of all by their scores. Both learn to
    search far sooner; on scenes of many candidates the choice searches better."""
    location_drift: float = number(0.0, NOT_NEGATIVE)
    """How far the eye lands beside the middle of the cell that it looks at, in widths of the finest patch, each time in
    another direction: about a quarter shows what stands there anew at each look. For location networks of cells."""
    location_gravity: bool = False
    """The eye lands on the centre of gravity of the light around the cell that it looks at, and not on the cell's
    middle: so it meets an object's middle from afar, where cells are wide. For location networks of cells."""
    location_direction: bool = False
    """A cell's score depends on which way it lies, too: an eye that is shown nothing can go on, or back to the middle.
    For scenes larger than the retina. For location networks of cells."""
    location_memory: int = number(0, Range(0, MOST_UNITS))
    """A cell is marked as seen near the latest so many looks; 0: near any, for a search that need not come back. With 1
    the gaze goes to and fro, as it must to compare or to add. For location networks of cells."""
    location_seen: Seen = "near"
    """What counts as seen: a cell whose middle lies near a look, or with "covered" any part of it, and beside that what
    finer patches covered: for a search among many candidates. For location networks of cells."""
    glimpse_size: int = number(128, UNITS)
    """Units of h_g."""
    location_size: int = number(128, UNITS)
    """Units of h_l."""
    core_layers: int = number(1, Range(1, 2))
    """Recurrent layers: with 2 the location is chosen from a second one above the core, and the action from the core
    (Ba et al. 2015)."""
    context: bool = False
    """Begin the second layer's state with what a context network makes of a coarse view of the whole scene, the
    observation's "periphery" (Ba et al. 2015). It reaches the gaze, never the answer."""
    hidden_size: int = number(256, UNITS)
    """Units of g_t and h_t."""
    location_hidden: int = number(0, Range(0, MOST_UNITS))
    """Units of a hidden layer in the location network; 0 for none, the paper's. With one the gaze learns more."""
    identity_core: bool = False
    """Begin the "rnn" core's recurrence as the identity: nothing is forgotten at first. Helps on cluttered scenes."""
    init: Init = "uniform"
    """How weights begin: PyTorch's "uniform", or "orthogonal", which lets the faint signals of Catch through."""
    detach_location: bool = True
    """Keep the location network's gradient out of the core. At a std of 0.1 a log-probability's gradient is about 10,
    and would swamp what the core learns from the action."""
    detach_baseline: bool = True
    """Keep the baseline network's gradient out of the core. On Catch it helps to let it in."""
    location_std: float = number(0.1, STD)
    """Standard deviation of the location's Gaussian, in units of half the image."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.context and self.core_layers < 2:
            raise ValueError("context=True begins the state of a second recurrent layer: use core_layers=2 with it")
        if (self.glimpse_network == "canvas") != (self.canvas_size > 0):
            raise ValueError(
                f"glimpse_network={self.glimpse_network!r} with canvas_size={self.canvas_size}: a canvas needs the "
                "scene's width in pixels, and nothing else takes one"
            )
        if self.canvas_size and self.normalise != "none":
            raise ValueError("a canvas holds the light as it is: use normalise='none' with glimpse_network='canvas'")
        for name, told in CELLS_ALONE.items():
            if (value := getattr(self, name)) != getattr(RAMConfig, name) and self.location_network == "linear":
                raise ValueError(f"{name}={value} {told}: use it with location_network='cells' or 'cells-mean'")
