"""What a run may take, how far it is, and when it pauses to be measured and saved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..model.config import COUNT, POSITIVE, Options, number

PAUSES = 10
"""In a run, spread evenly over its budget; the last is its end."""


@dataclass(frozen=True, kw_only=True)
class Budget(Options):
    """What one run may take, that is one entry in one environment from one seed: it ends with the first of both."""

    steps: int = number(1_000_000, COUNT)
    """Of the environment: actions, each with its glimpse."""
    core_minutes: float = number(10.0, POSITIVE)
    """Of processor time for training, summed over cores; measuring and saving are not counted."""


class Point(NamedTuple):
    """Of a learning curve."""

    steps: int
    core_minutes: float
    error: float
    """On held-out scenes, in %."""


class Course:
    """How far a run is. An entrant calls `tick` after each of its updates.

    Args:
        budget: what the run may take.
        pauses: how often the run pauses.
        clock: processor time in seconds.

    Attributes:
        steps: of the environment so far.
        episodes: so far.
        seconds: of processor time so far.
        points: the learning curve so far.
    """

    def __init__(self, budget: Budget, *, pauses: int = PAUSES, clock: Callable[[], float] = time.process_time) -> None:
        self.budget, self.pauses, self.clock = budget, pauses, clock
        self.steps, self.episodes, self.seconds = 0, 0, 0.0
        self.points = list[Point]()
        self.pause: Callable[[], None] = lambda: None
        """Called at each pause, and at the end; what it takes is not counted."""
        self._paused_at = 0.0
        self._since = clock()

    @property
    def core_minutes(self) -> float:
        """Of training so far."""
        return self.seconds / 60

    @property
    def done(self) -> float:
        """The share of the budget that is spent, of steps or of time, whichever is more; 1 or more at the end."""
        return max(self.steps / self.budget.steps, self.core_minutes / self.budget.core_minutes)

    @property
    def left(self) -> float:
        """The share of the budget that is left, in [0, 1]: what learning rates follow."""
        return max(0.0, 1 - self.done)

    @property
    def over(self) -> bool:
        """Whether the budget is spent."""
        return self.done >= 1

    def begin(self) -> None:
        """Count time from here on."""
        self._since = self.clock()

    def tick(self, *, steps: int, episodes: int) -> bool:
        """Tell of so many more steps and episodes; whether to go on."""
        self.seconds += self.clock() - self._since
        self.steps += steps
        self.episodes += episodes
        if self.over or math.floor(self.done * self.pauses) > math.floor(self._paused_at * self.pauses):
            self._paused_at = self.done
            self.pause()
        self._since = self.clock()
        return not self.over

    def as_json(self) -> dict[str, Any]:
        """What `restore` takes."""
        points = [list(point) for point in self.points]
        return {"steps": self.steps, "episodes": self.episodes, "seconds": self.seconds, "points": points}

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on where a run was that `as_json` tells of."""
        self.steps, self.episodes, self.seconds = saved["steps"], saved["episodes"], saved["seconds"]
        self.points = [Point(*point) for point in saved["points"]]
        self._paused_at = self.done
