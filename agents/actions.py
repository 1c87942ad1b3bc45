"""Between the policy's (location, action) and the action form of an environment: the one place that knows the forms."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


def num_actions(space: spaces.Space[Any]) -> int:
    """How many discrete actions there are to choose from beside the location.

    Raises:
        ValueError: the space is neither Dict(location=Box(2), action=Discrete(n)) nor the flat Box(2 + n).
    """
    if isinstance(space, spaces.Dict) and set(space) == {"location", "action"}:
        location, action = space["location"], space["action"]
        if isinstance(location, spaces.Box) and location.shape == (2,) and isinstance(action, spaces.Discrete):
            return int(action.n)
    if isinstance(space, spaces.Box) and len(space.shape) == 1 and space.shape[0] > 2:
        return space.shape[0] - 2
    raise ValueError(
        "RAM needs the action space Dict(location=Box(-1, 1, (2,)), action=Discrete(n)), or the flat Box(2 + n) of "
        f"ram_envs.wrappers; this environment has {space}"
    )


def to_environment(space: spaces.Space[Any], location: NDArray[np.float32], action: NDArray[np.int64]) -> Any:
    """The environment's own form of a batch of actions.

    Args:
        space: one row's action space, a form that `num_actions` accepts.
        location: (B, 2), clamped here to [-1, 1]: only the environment sees the clamped location, never a loss.
        action: (B,), each in 0..n-1.

    Returns:
        {"location": (B, 2), "action": (B,)}, or (B, 2 + n) with the score 1 at the action and 0 elsewhere.
    """
    location = np.clip(location, -1.0, 1.0, dtype=np.float32)
    if isinstance(space, spaces.Dict):
        return {"location": location, "action": action}
    scores = np.zeros((len(action), num_actions(space)), np.float32)
    scores[np.arange(len(action)), action] = 1.0
    return np.concatenate([location, scores], axis=1)
