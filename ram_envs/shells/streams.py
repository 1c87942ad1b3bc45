"""Streams of uniform draws, one for each row of a vector environment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ram_envs.shells.checks import check_seed

MOST_AHEAD, ENOUGH = 16, 3200
"""The draws of so many episodes are made in one call, which costs as much as some 200 numbers; of fewer where one makes
`ENOUGH` for them: more would only take memory."""


class Streams:
    """Row i draws what `numpy.random.default_rng(s + i // repeats)` draws, `num_draws` numbers in [0, 1) at a time.

    The numbers are made for several episodes ahead, so `generators` may be further on than what was taken.
    """

    def __init__(self, *, num_rows: int, num_draws: int, repeats: int = 1) -> None:
        self.repeats = repeats
        # Entropy of the machine, until a seed is given.
        entropy = int(np.random.SeedSequence().generate_state(1)[0])
        self.seeds: list[int] = self._one_after_another(entropy, num_rows)
        self.generators = [np.random.default_rng(seed) for seed in self.seeds]
        self._num_ahead = min(max(ENOUGH // num_draws, 1), MOST_AHEAD)
        self._ahead = np.empty((num_rows, self._num_ahead, num_draws))
        self._taken = np.full(num_rows, self._num_ahead)

    def seed(self, seed: int | Sequence[int | None], rows: NDArray[np.intp]) -> None:
        """Begin the streams of some rows anew, from one seed or from a list with a seed or None for each row.

        Raises:
            gymnasium.error.Error: a seed that is no int, or negative.
            ValueError: a list of another length.
        """
        num_rows = len(self.generators)
        seeds = seed if isinstance(seed, (list, tuple)) else self._one_after_another(check_seed(seed), num_rows)
        if len(seeds) != num_rows:
            raise ValueError(f"{len(seeds)} seeds were given for {num_rows} environments; give one for each")
        # All are checked before any is taken, so that a refused list changes nothing.
        numbers = [None if number is None else check_seed(number) for number in seeds]
        for row in rows:
            number = numbers[row]
            if number is not None:
                self.seeds[row] = number
                self.generators[row] = np.random.default_rng(number)
                self._taken[row] = self._num_ahead

    def take(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """The next draws of some rows, (len(rows), num_draws)."""
        for row in rows[self._taken[rows] == self._num_ahead].tolist():
            self.generators[row].random(out=self._ahead[row])
            self._taken[row] = 0
        draws = self._ahead[rows, self._taken[rows]]
        self._taken[rows] += 1
        return draws

    def peek(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """What `take` would give those of some rows whose draws are made already, (n, num_draws), n <= len(rows)."""
        made = rows[self._taken[rows] < self._num_ahead]
        return self._ahead[made, self._taken[made]]

    def _one_after_another(self, seed: int, num_rows: int) -> list[int]:
        return [seed + row // self.repeats for row in range(num_rows)]
