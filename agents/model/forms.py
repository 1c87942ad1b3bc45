"""What an environment's spaces tell, and its form of the policy's (location, action): the one place that knows them."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


def num_actions(space: spaces.Space[Any]) -> int:
    """How many discrete actions there are to choose from, beside the location.

    Raises:
        ValueError: the space has none of the forms that `to_environment` knows.
    """
    return describe(space)[-1]


def describe(space: spaces.Space[Any]) -> list[Any]:
    """The form of one row's action space, JSON-able: its name, and its sizes, of which the last is n.

    ["dict", n]: Dict(location=Box(2), action=Discrete(n)). ["stop", n]: the same with stop=Discrete(2) beside.
    ["flat", n]: Box(2 + n). ["flat-stop", n]: Box(3 + n), the last number at least 0 where the others may be below.
    ["grid", columns, rows, n]: MultiDiscrete of these. ["grid-stop", columns, rows, n]: MultiDiscrete of these and 2.
    The last four are what `action="flat"` and `action="grid"` or the wrappers of ram_envs make.

    Raises:
        ValueError: the space is none of these.
    """
    if isinstance(space, spaces.Dict) and set(space) - {"stop"} == {"location", "action"}:
        location, action = space["location"], space["action"]
        if isinstance(location, spaces.Box) and location.shape == (2,) and isinstance(action, spaces.Discrete):
            if "stop" not in space.spaces:
                return ["dict", int(action.n)]
            if space["stop"] == spaces.Discrete(2):
                return ["stop", int(action.n)]
    if isinstance(space, spaces.Box) and len(space.shape) == 1 and space.shape[0] > 2:
        stops = space.shape[0] > 3 and space.low[-1] == 0 and space.low[2] < 0
        return ["flat-stop", space.shape[0] - 3] if stops else ["flat", space.shape[0] - 2]
    if isinstance(space, spaces.MultiDiscrete) and space.shape == (3,):
        return ["grid", *space.nvec.tolist()]
    if isinstance(space, spaces.MultiDiscrete) and space.shape == (4,) and space.nvec[3] == 2:
        return ["grid-stop", *space.nvec[:3].tolist()]
    raise ValueError(
        "RAM needs the action space Dict(location=Box(-1, 1, (2,)), action=Discrete(n)), perhaps with stop=Discrete(2) "
        'too, or what the arguments action="flat" and action="grid" or the wrappers FlatAction and GridAction make '
        f"of it; this environment has {space}"
    )


def can_stop(space: spaces.Space[Any]) -> bool:
    """Whether an action says too if it is to end the episode; for the errors see `num_actions`."""
    return describe(space)[0] in STOPPING


STOPPING = "stop", "flat-stop", "grid-stop"
"""The forms that say so."""


def from_description(description: list[Any]) -> spaces.Space[Any]:
    """The space of a description that `describe` gave."""
    form, *sizes = description
    if form == "flat":
        return spaces.Box(-1, 1, (2 + sizes[0],))
    if form == "flat-stop":
        return spaces.Box(np.array([-1.0] * (2 + sizes[0]) + [0.0], np.float32), 1)
    if form in ("grid", "grid-stop"):
        return spaces.MultiDiscrete([*sizes, 2] if form == "grid-stop" else sizes)
    parts: dict[str, spaces.Space[Any]] = {"location": spaces.Box(-1, 1, (2,)), "action": spaces.Discrete(sizes[0])}
    return spaces.Dict(parts | ({"stop": spaces.Discrete(2)} if form == "stop" else {}))


def first_row(batch: Any) -> Any:
    """The first action of a batch in any of the environment's forms."""
    return {key: value[0] for key, value in batch.items()} if isinstance(batch, dict) else batch[0]


def to_environment(
    space: spaces.Space[Any],
    location: NDArray[np.float32],
    action: NDArray[np.int64],
    stop: NDArray[np.bool_] | None = None,
) -> Any:
    """The environment's own form of a batch of actions.

    Args:
        space: one row's action space.
        location: (B, 2), clamped here to [-1, 1]: the environment sees the clamped location, a loss never does.
        action: (B,), each in 0..n-1.
        stop: (B,), who ends the episode with this action; needed where the space has "stop", else not looked at.

    Returns:
        {"location": (B, 2), "action": (B,)}, where the space has "stop" with (B,) of 0 or 1; or flat (B, 2 + n), with
        the score 1 at the action and 0 elsewhere; or grid (B, 3), the column and the row of the cell that holds the
        location, and the action; with "stop" flat and grid have one column more, of 0 and 1.
    """
    location = np.minimum(np.maximum(location, np.float32(-1)), np.float32(1))  # a third of the time of np.clip
    form, *sizes = describe(space)
    stops = []
    if form in STOPPING:
        if stop is None:
            raise ValueError('this action space has "stop": say for each row whether it stops')
        stops = [stop.astype(np.int64)]
    if form in ("dict", "stop"):
        return {"location": location, "action": action} | ({"stop": stops[0]} if stops else {})
    columns = [column[:, None] for column in stops]
    if form in ("flat", "flat-stop"):
        scores = np.eye(sizes[0], dtype=np.float32)[action]
        return np.concatenate([location, scores, *columns], axis=1, dtype=np.float32)
    grid = np.array(sizes[:2])
    cell = np.minimum((location + 1) / 2 * grid, grid - 1).astype(np.int64)
    return np.concatenate([cell, action[:, None], *columns], axis=1)


def glimpse_shape(space: spaces.Space[Any]) -> tuple[int, ...]:
    """(k, g, g) or (k, g, g, C) of one row's observation space.

    Raises:
        ValueError: the space is not of the form that RAM needs.
    """
    if isinstance(space, spaces.Dict) and {"glimpse", "location"} <= set(space):
        glimpse, location = space["glimpse"], space["location"]
        if isinstance(glimpse, spaces.Box) and len(glimpse.shape) in (3, 4) and location.shape == (2,):
            return glimpse.shape
    raise ValueError(
        "RAM needs the observation space Dict(glimpse=Box(0, 1, (k, g, g[, C])), location=Box(-1, 1, (2,))); "
        f"this environment has {space}. Use one of ram_envs, or show another's images through a retina with "
        "ram_envs.wrappers.FoveatedObservation (of vectors FoveatedVectorObservation)"
    )


def periphery_shape(space: spaces.Space[Any]) -> tuple[int, ...]:
    """(h, w) or (h, w, C) of the whole scene in one row's observation space.

    Raises:
        ValueError: it is not in it.
    """
    periphery = space["periphery"] if isinstance(space, spaces.Dict) and "periphery" in space.spaces else None
    if isinstance(periphery, spaces.Box) and len(periphery.shape) in (2, 3):
        return periphery.shape
    raise ValueError(
        'context=True needs a coarse view of the whole scene, "periphery", in the observation space; this environment '
        f"has {space}. Make it with the argument periphery, such as periphery=12"
    )


def has_saccades(space: spaces.Space[Any]) -> bool:
    """Whether locations are relative saccades: the observation tells the eye's place in a Box without bounds."""
    location = space["location"] if isinstance(space, spaces.Dict) else None
    return isinstance(location, spaces.Box) and bool(np.isinf(location.high).all())
