"""A tiny vector environment with the spaces of `ram_envs`, to develop and test agents against."""

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv


class PeekVectorEnv(VectorEnv):
    """The first glimpse tells on which side a digit lies; only a look at that side shows which digit it is.

    A glimpse is (1, 2, 2): two pixels of side hint (the first glimpse only), two of the digit (0 or 1; only near x = side * 0.5).
    """

    def __init__(self, num_envs=32, *, num_glimpses=3, repeats=1, autoreset_mode=AutoresetMode.DISABLED, labels=True):
        self.num_envs, self.repeats, self.num_glimpses, self.labels = num_envs, repeats, num_glimpses, labels
        self.autoreset_mode = autoreset_mode
        self.metadata = {"autoreset_mode": autoreset_mode}
        self.single_observation_space = spaces.Dict(
            glimpse=spaces.Box(0, 1, (1, 2, 2), np.float32), location=spaces.Box(-1, 1, (2,), np.float32)
        )
        self.single_action_space = spaces.Dict(location=spaces.Box(-1, 1, (2,), np.float32), action=spaces.Discrete(2))
        self.observation_space = self.single_observation_space
        self.action_space = self.single_action_space
        self.rng = np.random.default_rng(0)
        self.steps = np.zeros(num_envs, int)
        self.done = np.zeros(num_envs, bool)
        self.side, self.label = np.ones(num_envs), np.zeros(num_envs, np.int64)
        self.location = np.zeros((num_envs, 2), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        rows = np.ones(self.num_envs, bool) if not options else options["reset_mask"]
        self._begin(rows)
        return self._observe(), self._info()

    def _begin(self, rows):
        scenes = self.rng.integers(4, size=self.num_envs // self.repeats).repeat(self.repeats)
        self.side[rows], self.label[rows] = (scenes // 2 * 2 - 1)[rows], (scenes % 2)[rows]
        self.steps[rows], self.location[rows], self.done[rows] = 0, 0, False

    def _observe(self):
        glimpse = np.zeros((self.num_envs, 1, 2, 2), np.float32)
        glimpse[:, 0, 0, 0] = (self.steps == 0) * (self.side > 0)
        glimpse[:, 0, 0, 1] = (self.steps == 0) * (self.side < 0)
        near = np.abs(self.location[:, 0] - 0.5 * self.side) < 0.3
        glimpse[:, 0, 1, 0], glimpse[:, 0, 1, 1] = near * self.label, near * (1 - self.label)
        return {"glimpse": glimpse, "location": self.location.copy()}

    def _info(self):
        return {"label": self.label.copy(), "_label": np.ones(self.num_envs, bool)} if self.labels else {}

    def step(self, actions):
        if self.autoreset_mode == AutoresetMode.DISABLED:
            assert not self.done.any()
        fresh = self.done.copy()  # next-step mode: these rows only begin again
        self.location = np.where(fresh[:, None], 0, actions["location"]).astype(np.float32)
        self.steps += 1
        terminated = (self.steps >= self.num_glimpses) & ~fresh
        reward = (terminated & (actions["action"] == self.label)).astype(np.float64)
        self.done = terminated
        if self.autoreset_mode == AutoresetMode.NEXT_STEP:
            self._begin(fresh)
        elif self.autoreset_mode == AutoresetMode.SAME_STEP:
            self._begin(terminated)
        return self._observe(), reward, terminated, np.zeros(self.num_envs, bool), self._info()
