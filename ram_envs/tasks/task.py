"""The interface between a task's rules and the two shells, and what all tasks share: the gaze."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ram_envs.rendering.view import View
from ram_envs.retina.gaze import InitialLocation, Rows
from ram_envs.retina.retina import Region, Retina
from ram_envs.retina.saccade import Saccade, Saccades, make_saccades
from ram_envs.tasks import kernels

ALL = slice(None)


class Outcome(NamedTuple):
    """What one step brought to each of its rows."""

    reward: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    success: NDArray[np.bool_]
    """Whether the answer is right or the ball caught; has a meaning only where the episode ended."""


class Task(ABC):
    """A task's dynamics, batched: `batch_size` independent episodes, each a row of every array.

    An episode of T steps has T glimpses: `begin` takes the first at the initial location, and the location of step t
    chooses glimpse t + 1. The location of the last step is never looked at. All that is random in an episode is a pure
    function of its uniform draws: the first two choose the initial location, a subclass reads the others.

    Args:
        batch_size: the number of rows.
        retina: the glimpse sensor.
        image_shape: (H, W) or (H, W, C) of the scene.
        num_steps: T, the most steps that an episode can have.
        action_names: a short name for each discrete action.
        num_draws: uniform draws an episode consumes beyond the first two.
        initial_location: "random", uniform over the image, or "center".
        saccade: "absolute" or "relative", see `ram_envs.retina.saccade`.
        can_stop: the action has one more part, "stop": whether to end the episode with this step. Section 3 of the
            paper names it as an extension.
    """

    frames_per_second: int
    count_names: tuple[str, str]
    """What a success and a failure are called in pictures."""
    splits: tuple[str, ...] = ()
    """What the keyword argument `split` takes; empty: there is no such argument."""
    own_arguments: frozenset[str] = frozenset()
    """Keyword arguments of a parent class that this task decides by itself, and so does not take."""
    reads_ahead = False
    """Whether `expect` prepares anything."""
    num_scenes: float
    """How many images, or numbered games, `begin` can be asked for; infinity: there is no last one."""
    num_labels: int = 0
    """How many classes the label tells apart; 0: there is no label."""
    label_counts: NDArray[np.int64] | None = None
    """How many of the `num_scenes` each label has, (num_labels,); None: there is no label, or nobody counted."""
    target_name: str
    """What there is to look at."""

    def __init__(
        self,
        *,
        batch_size: int,
        retina: Retina,
        image_shape: tuple[int, ...],
        num_steps: int,
        action_names: tuple[str, ...],
        num_draws: int,
        initial_location: InitialLocation,
        saccade: Saccade = "absolute",
        can_stop: bool = False,
    ) -> None:
        if initial_location not in ("random", "center"):
            raise ValueError(f"initial_location is {initial_location!r}; it must be 'random' or 'center'")
        self.batch_size = batch_size
        self.retina = retina
        self.image_shape = image_shape
        self.num_steps = num_steps
        self.action_names = action_names
        self.num_draws = 2 + num_draws
        self.initial_location = initial_location
        self.saccades = make_saccades(saccade, retina, image_shape)
        self.observation_space = spaces.Dict(
            glimpse=spaces.Box(0, 1, retina.shape(image_shape), np.float32),
            location=self.saccades.location_space(),
        )
        self.can_stop = can_stop
        parts: dict[str, spaces.Space[Any]] = {
            "location": spaces.Box(-1, 1, (2,), np.float32),
            "action": spaces.Discrete(len(action_names)),
        }
        self.action_space = spaces.Dict(parts | ({"stop": spaces.Discrete(2)} if can_stop else {}))
        self.steps = np.zeros(batch_size, np.int64)
        self.eye = np.zeros((batch_size, 2), self.saccades.dtype)
        """Where each row looks now, see `Saccades`: at the end of an episode where it looked last."""
        # Where it looked at each step. One place more than is ever looked at: the last step's location goes there.
        self.path = np.zeros((batch_size, num_steps + 1, 2), self.saccades.dtype)
        self.last_action = np.full(batch_size, -1, np.int64)
        self.finished = np.zeros(batch_size, np.bool_)
        self.success = np.zeros(batch_size, np.bool_)
        """What each row's last step brought, see `Outcome`."""
        self.stopped = np.zeros(batch_size, np.bool_)
        """Whether a row's last step asked to stop; set by every step where `can_stop`, else False."""
        self.counts = np.zeros((batch_size, 2), np.int64)

    @property
    def scene_shape(self) -> tuple[int, ...] | None:
        """(H, W) or (H, W, C) of every scene; None where they differ in size."""
        return self.image_shape

    @classmethod
    def variant(cls, arguments: dict[str, Any]) -> type[Task]:
        """The class that plays this game with some arguments."""
        return cls

    def begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        """Start new episodes in `rows` from draws (len(rows), num_draws), on the images `indices` or on drawn ones.

        Rows come in their order here and everywhere, each once.
        """
        # By floats: by whole numbers of Python's numpy multiplies a few numbers in twice the time.
        places = 2.0 * draws[:, :2] - 1.0 if self.initial_location == "random" else np.zeros((len(rows), 2))
        start = np.ascontiguousarray(self._saccades(rows).start(places))
        kernels.begin_episodes(
            rows, start, self.steps, self.eye, self.path, self.last_action, self.finished, self.success
        )
        self._begin(rows, draws[:, 2:], indices)

    def expect(self, draws: NDArray[np.float64]) -> None:  # noqa: B027
        """Prepare what takes long, if anything does, of episodes with these draws (n, num_draws): the likely next."""

    def expect_after(self, indices: NDArray[np.int64]) -> None:  # noqa: B027
        """The same, where the images of the latest episodes were chosen, (n,): who goes through them goes on."""

    def advance(
        self,
        rows: Rows,
        location: NDArray[np.float32],
        action: NDArray[np.int64],
        stop: NDArray[np.bool_] | None = None,
    ) -> Outcome:
        """One step of `rows`, with checked locations (len(rows), 2) and actions (len(rows),).

        Where `can_stop`, `stop` (len(rows),) says who ends the episode with this step.
        """
        where = self.where(rows)
        moved = np.ascontiguousarray(self._saccades(rows).move(self.eye[where], location))
        if not kernels.take_step(rows, moved, action, self.steps, self.path, self.last_action):
            raise IndexError(f"a row has taken all its {self.num_steps} steps; begin an episode in it")
        if stop is not None:
            self.stopped[where] = stop
        outcome = self._advance(rows, action)
        ends, success = outcome.terminated, outcome.success
        kernels.end_step(rows, moved, ends, success, self.eye, self.finished, self.success, self.counts)
        return outcome

    def observe(self, rows: Rows) -> dict[str, NDArray[np.float32]]:
        """The observations of `rows`, in fresh arrays: glimpse (n, k, g, g[, C]) and location (n, 2)."""
        eyes, saccades = self.eye[self.where(rows)], self._saccades(rows)
        return {"glimpse": self._glimpse(rows, saccades.centre(eyes)), "location": saccades.location(eyes)}

    def look_at(self, rows: Rows, places: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """The locations (n, 2) of actions that bring the gaze of `rows` as near to places (n, 2) as one step can."""
        return self._saccades(rows).look_at(self.eye[self.where(rows)], places)

    def info(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """What `info` tells of `rows` now: the same keys after a reset and after every step.

        Numbers (n,) may be parts of the state, which the next step changes; whatever has more axes is in fresh arrays.
        `is_success` is False until an episode has ended; `gaze` (n, 2) is where the rows look, in [-1, 1] of the image.
        """
        where = self.where(rows)
        info = self._info(rows, where)
        info["gaze"] = self._saccades(rows).gaze(self.eye[where])
        info["is_success"] = (self.finished & self.success)[where]
        return info

    def where(self, rows: Rows) -> Rows | slice:
        """An index of the same rows: a slice if they are all, since numpy takes a slice several times faster."""
        return ALL if len(rows) == self.batch_size else rows

    def _saccades(self, rows: Rows) -> Saccades:
        """How the eyes of `rows` move."""
        return self.saccades

    def _glimpse(self, rows: Rows, centres: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """What the retina sees of the scenes of `rows` at the centres (n, 2): (n, k, g, g[, C])."""
        return self.retina.glimpse(self.scenes(rows), centres)

    def view(self, row: int, probabilities: NDArray[np.floating[Any]] | None = None) -> View:
        """Everything that a picture of one row needs."""
        rows = np.array([row])
        saccades = self._saccades(rows)
        centre = saccades.centre(self.eye[rows])
        scene, regions = self._overview(row, centre[0])
        return View(
            scene=scene,
            glimpse=self._glimpse(rows, centre)[0],
            regions=[(*region,) for region in regions],
            gaze=saccades.gaze(self.path[row, : self.steps[row] + 1 - self.finished[row]]),
            action_names=self.action_names,
            prediction=int(self.last_action[row]) if self.last_action[row] >= 0 else None,
            label=self.label(row),
            finished=bool(self.finished[row]),
            success=bool(self.success[row]),
            counts={name: int(n) for name, n in zip(self.count_names, self.counts[row], strict=True)},
            probabilities=probabilities,
            num_glimpses=self.num_steps,
            objects=self.objects(row),
        )

    def _overview(self, row: int, centre: NDArray[np.floating[Any]]) -> tuple[NDArray[np.uint8], list[Region]]:
        """What a picture shows of a row's scene, and where in that each scale looks around the centre (2,)."""
        return self.scenes(np.array([row]))[0].copy(), self.retina.regions(centre, self.image_shape)

    @abstractmethod
    def scenes(self, rows: Rows) -> NDArray[np.uint8]:
        """The current scenes of `rows`, x_t: (n, H, W) or (n, H, W, C); not to be written to."""

    @abstractmethod
    def targets(self, rows: Rows) -> NDArray[np.int64]:
        """Where in each of `rows` the thing to look at lies now: (n, 4), (top, left, height, width) in pixels."""

    def label(self, row: int) -> int | None:
        """The right class of a row, where there is one."""
        return None

    def objects(self, row: int) -> tuple[tuple[str, Region], ...]:
        """The things in a row's scene that pictures point out, by name."""
        return ()

    @abstractmethod
    def _info(self, rows: Rows, where: Rows | slice) -> dict[str, NDArray[Any]]:
        """The task's own part of `info`: each value an array with an entry for each of `rows`; see `where`."""

    @abstractmethod
    def _begin(self, rows: Rows, draws: NDArray[np.float64], indices: NDArray[np.int64] | None) -> None:
        """Start the episodes from the draws (len(rows), num_draws - 2)."""

    @abstractmethod
    def _advance(self, rows: Rows, action: NDArray[np.int64]) -> Outcome:
        """Apply the rules; `steps` already counts this step, and `stopped` tells who wants it to be the last."""


def build_task(task_class: type[Task], batch_size: int, arguments: dict[str, Any]) -> Task:
    """Make a task of `batch_size` rows; a TypeError lists the known arguments if one is unknown."""
    task_class = task_class.variant(arguments)
    known: dict[str, None] = {}
    for parent in task_class.__mro__:
        if issubclass(parent, Task) and parent is not Task:
            kinds = inspect.signature(parent.__init__).parameters.values()
            known.update((p.name, None) for p in kinds if p.kind is p.KEYWORD_ONLY)
    for name in task_class.own_arguments:
        known.pop(name, None)
    unknown = set(arguments) - set(known)
    if unknown:
        names = ", ".join(name for name in known if name != "batch_size")
        # In Python's own words: libraries that try arguments of theirs, as TorchRL does, look for them.
        wrong = ", ".join(map(repr, sorted(unknown)))
        raise TypeError(f"unexpected keyword argument {wrong}; {task_class.__name__} takes {names}")
    return task_class(batch_size=batch_size, **arguments)
