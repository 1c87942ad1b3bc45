"""Tiny vector environments with the spaces of `ram_envs`, to test agents against; nothing here knows `ram_envs`."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space


class ToyVectorEnv(VectorEnv):
    """What the toys share: the spaces, counting of steps, and the three autoreset modes.

    Args:
        num_envs: rows.
        glimpse_shape: of one row.
        num_actions: n.
        lengths: (num_envs,) steps of each row's episodes, or one number for all.
        repeats: consecutive rows that share a scene.
        autoreset_mode: Gymnasium's.
    """

    def __init__(
        self,
        num_envs: int,
        *,
        glimpse_shape: tuple[int, ...] = (1, 2, 2),
        num_actions: int = 2,
        lengths: Any = 3,
        repeats: int = 1,
        autoreset_mode: AutoresetMode = AutoresetMode.DISABLED,
    ):
        self.num_envs, self.repeats = num_envs, repeats
        self.lengths = np.broadcast_to(np.asarray(lengths), num_envs)
        self.autoreset_mode = autoreset_mode
        self.metadata = {"autoreset_mode": autoreset_mode}
        location = spaces.Box(-1, 1, (2,), np.float32)
        self.single_observation_space = spaces.Dict(
            glimpse=spaces.Box(0, 1, glimpse_shape, np.float32), location=location
        )
        self.single_action_space = spaces.Dict(location=location, action=spaces.Discrete(num_actions))
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.rng = np.random.default_rng(0)
        self.scenes = np.zeros(num_envs, np.int64)
        self.steps = np.zeros(num_envs, np.int64)
        self.done = np.zeros(num_envs, bool)
        self.gaze = np.zeros((num_envs, int(self.lengths.max()) + 1, 2), np.float32)
        self.actions = np.zeros((num_envs, int(self.lengths.max())), np.int64)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, bool))
        self.begin(mask, (options or {}).get("indices"))
        return self.observe(), self.info()

    def begin(self, rows: np.ndarray, indices: np.ndarray | None = None) -> None:
        scenes = self.rng.integers(4, size=self.num_envs // self.repeats).repeat(self.repeats)
        self.scenes = np.where(rows, scenes if indices is None else indices, self.scenes)
        self.steps[rows], self.gaze[rows], self.done[rows] = 0, 0, False

    def step(self, actions: dict[str, np.ndarray]):
        assert self.action_space.contains(actions), actions
        if self.autoreset_mode is AutoresetMode.DISABLED:
            assert not self.done.any(), "a finished row was stepped"
        fresh = self.done & (self.autoreset_mode is AutoresetMode.NEXT_STEP)
        rows = np.flatnonzero(~fresh)
        self.actions[rows, self.steps[rows]] = actions["action"][rows]
        self.steps[rows] += 1
        self.gaze[rows, self.steps[rows]] = actions["location"][rows]
        terminated = (self.steps >= self.lengths) & ~fresh
        reward = np.where(terminated, self.reward(), 0.0)
        self.done = terminated.copy()
        if fresh.any():
            self.begin(fresh)
        final: dict[str, Any] = {}
        if self.autoreset_mode is AutoresetMode.SAME_STEP and terminated.any():
            last, final_obs = self.observe(), np.full(self.num_envs, None, object)
            for row in np.flatnonzero(terminated):
                final_obs[row] = {key: value[row] for key, value in last.items()}
            final = {"final_obs": final_obs, "_final_obs": terminated, "final_info": self.info()}
            self.begin(terminated)
        return self.observe(), reward, terminated, np.zeros(self.num_envs, bool), self.info() | final

    def observe(self) -> dict[str, np.ndarray]:
        location = self.gaze[np.arange(self.num_envs), self.steps]
        return {"glimpse": self.see(location), "location": location}

    def see(self, location: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def reward(self) -> np.ndarray:
        raise NotImplementedError

    def info(self) -> dict[str, Any]:
        return {}


class PeekVectorEnv(ToyVectorEnv):
    """Name a digit, 0 or 1, that shows only where one looks left or right.

    The first glimpse tells the side: scene // 2. A look at that side shows the digit: scene % 2.
    """

    def __init__(self, num_envs: int = 32, *, labels: bool = True, **kwargs: Any):
        super().__init__(num_envs, **kwargs)
        self.labels = labels

    def see(self, location: np.ndarray) -> np.ndarray:
        side, digit = self.scenes // 2, self.scenes % 2
        near = np.abs(location[:, 0] - (side - 0.5)) < 0.35
        first = self.steps == 0
        seen = np.stack([first * side, first * (1 - side), near * digit, near * (1 - digit)], axis=1)
        return seen.reshape(-1, 1, 2, 2).astype(np.float32)

    def reward(self) -> np.ndarray:
        answers = self.actions[np.arange(self.num_envs), np.maximum(self.steps - 1, 0)]
        return (answers == self.scenes % 2).astype(np.float64)

    def info(self) -> dict[str, Any]:
        return {"label": self.scenes % 2, "_label": np.ones(self.num_envs, bool)} if self.labels else {}


class SmoothVectorEnv(ToyVectorEnv):
    """The return is a smooth function of the T - 1 locations that were looked at, and of none besides.

    The glimpse tells where one looks, so that a later choice can make good an earlier one.
    """

    def see(self, location: np.ndarray) -> np.ndarray:
        seen = np.concatenate([location / 2 + 0.5, 0.5 - location / 2], axis=1)
        return seen.reshape(-1, 1, 2, 2).astype(np.float32)

    def reward(self) -> np.ndarray:
        total = self.gaze[:, 1:-1].sum(1)  # without the start, and without the location after the last glimpse
        return np.exp(-np.square(total - [0.4, -0.2]).sum(1))


class SwitchVectorEnv(ToyVectorEnv):
    """The return is a table's entry for the sequence of actions; where one looks is of no account."""

    TABLE = np.array([[0.1, 0.9], [0.6, -0.3]])

    def see(self, location: np.ndarray) -> np.ndarray:
        return np.full((self.num_envs, 1, 2, 2), 0.5, np.float32)

    def reward(self) -> np.ndarray:
        return self.TABLE[self.actions[:, 0], self.actions[:, 1]]


class StopVectorEnv(SwitchVectorEnv):
    """One may stop at each step; the return is a table's entry for the number of glimpses, nothing else counts."""

    RETURNS = np.array([0.2, 0.9, 0.5])

    def __init__(self, num_envs: int = 32, **kwargs: Any):
        super().__init__(num_envs, lengths=len(self.RETURNS), **kwargs)
        self.single_action_space = spaces.Dict({**self.single_action_space.spaces, "stop": spaces.Discrete(2)})
        self.action_space = batch_space(self.single_action_space, num_envs)

    def step(self, actions: dict[str, np.ndarray]):
        self.lengths = np.where(actions["stop"] == 1, self.steps + 1, len(self.RETURNS))
        return super().step(actions)

    def reward(self) -> np.ndarray:
        return self.RETURNS[self.steps - 1]
