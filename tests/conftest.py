"""What all tests share: the environments under test, a small set of images, and exact comparison of nested data."""

from __future__ import annotations

import contextlib
import copy
import gc
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from hypothesis import settings

import ram_envs  # noqa: F401  (registers the environments)

# Compiled kernels make the first example slow, so there is no deadline; the examples are the same in every run.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


def pytest_collection_finish() -> None:
    """Let no later collection of garbage look through all that is loaded by now."""
    gc.freeze()


IDS = (
    "ram_envs/GlimpseMNIST-v0",
    "ram_envs/GlimpseMNIST-Translated-v0",
    "ram_envs/GlimpseMNIST-Cluttered-v0",
    "ram_envs/GlimpseMNIST-Cluttered100-v0",
    "ram_envs/GlimpseMNIST-Megapixel-v0",
    "ram_envs/GlimpseMNIST-Pairs-v0",
    "ram_envs/GlimpseMNIST-Addition-v0",
    "ram_envs/GlimpseMNIST-Moving-v0",
    "ram_envs/GlimpseImages-v0",
    "ram_envs/CircleSquare-v0",
    "ram_envs/Catch-v0",
)


def own_images(*shape: int, count: int = 12) -> np.ndarray:
    """Random images as a user would bring them, (count, *shape) uint8, no two alike."""
    return np.random.default_rng(5).integers(0, 256, size=(count, *shape), dtype=np.uint8)


def own_labels(count: int = 12) -> np.ndarray:
    """Labels 0, 1, 2, 0, 1, 2, ... for `own_images`, (count,) int64."""
    return np.arange(count) % 3


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    id.removeprefix("ram_envs/"): (id, {}) for id in IDS if id != "ram_envs/GlimpseImages-v0"
} | {
    "GlimpseMNIST-v0-test": ("ram_envs/GlimpseMNIST-v0", {"split": "test", "num_glimpses": 3}),
    "GlimpseMNIST-Cluttered-v0-validation": (
        "ram_envs/GlimpseMNIST-Cluttered-v0",
        {"split": "validation", "num_glimpses": 2, "initial_location": "center"},
    ),
    "GlimpseImages-v0": (
        "ram_envs/GlimpseImages-v0",
        {"images": own_images(14, 20), "labels": own_labels(), "num_glimpses": 4, "patch_size": 5, "num_scales": 2},
    ),
    "GlimpseImages-v0-colour": (
        "ram_envs/GlimpseImages-v0",
        {"images": own_images(14, 20, 3), "labels": own_labels(), "num_glimpses": 1},
    ),
    "GlimpseImages-v0-held-out": (
        "ram_envs/GlimpseImages-v0",
        {"images": own_images(6, 7, count=60), "labels": own_labels(60), "hold_out": True, "class_names": "abc"},
    ),
    "GlimpseMNIST-v0-stop": (
        "ram_envs/GlimpseMNIST-v0",
        {"can_stop": True, "glimpse_cost": 0.25, "num_glimpses": 4, "split": "test"},
    ),
    "GlimpseMNIST-v0-saccade-cost": (
        "ram_envs/GlimpseMNIST-v0",
        {"saccade": "relative", "saccade_cost": 0.5, "glimpse_cost": 0.25, "num_glimpses": 4, "split": "test"},
    ),
    "GlimpseMNIST-Pairs-v0-end": (
        "ram_envs/GlimpseMNIST-Pairs-v0",
        {"num_digits": [1, 3], "glimpses_per_object": 2, "glimpse_cost": 0.25, "split": "test", "num_distractors": 2},
    ),
    "GlimpseMNIST-Moving-v0-periphery": (
        "ram_envs/GlimpseMNIST-Moving-v0",
        {"periphery": [5, 6], "num_glimpses": 3, "num_distractors": 1, "split": "validation"},
    ),
    "CircleSquare-v0-stop": (
        "ram_envs/CircleSquare-v0",
        {"image_size": 9, "object_size": 3, "gradient": False, "can_stop": True, "num_glimpses": 4, "patch_size": 4},
    ),
    "Catch-v0-full": ("ram_envs/Catch-v0", {"foveated": False}),
    "Catch-v0-small": (
        "ram_envs/Catch-v0",
        {"height": 9, "width": 7, "paddle_width": 3, "ball_speed": 2, "pooling": "max"},
    ),
}

# Every id with relative saccades too; one has them already, and another moves in a way of its own.
CASES |= {
    f"{name}-relative": (id, kwargs | {"saccade": "relative"})
    for name, (id, kwargs) in CASES.items()
    if f"ram_envs/{name}" in IDS and "saccade" not in gym.spec(id).kwargs and "CircleSquare" not in id
}


class Case:
    """One environment under test: its id and arguments, and the three ways to make it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.id, self.kwargs = CASES[name]
        self.is_catch = "Catch" in name
        self.stays_inside = "CircleSquare" in name
        self.has_several_answers = "Pairs" in name
        self.can_stop = bool(self.kwargs.get("can_stop"))
        self.arguments = arguments = gym.spec(self.id).kwargs | self.kwargs
        self.is_relative = arguments.get("saccade") == "relative"
        self.starts_at_center = arguments.get("initial_location") == "center"

    def make(self, **kwargs: Any) -> gym.Env:
        """The environment as `gym.make` gives it, wrappers and all."""
        return gym.make(self.id, **(self.kwargs | kwargs))

    def make_vec(self, num_envs: int, **kwargs: Any) -> gym.vector.VectorEnv:
        """The native vector environment."""
        return gym.make_vec(self.id, num_envs=num_envs, **(self.kwargs | kwargs))

    def make_sync(self, num_envs: int, autoreset_mode: str) -> gym.vector.VectorEnv:
        """Gymnasium's own vector environment over single ones."""
        vector_kwargs = {"autoreset_mode": autoreset_mode}
        return gym.make_vec(self.id, num_envs, vectorization_mode="sync", vector_kwargs=vector_kwargs, **self.kwargs)

    def __repr__(self) -> str:
        return self.name


@contextlib.contextmanager
def strict_checker(case: Case) -> Iterator[None]:
    """Every warning of Gymnasium's checker is an error; but that the place in units of the reach has no bounds."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if case.is_relative:
            warnings.filterwarnings("ignore", ".*observation space m(ax|in)imum value is -?infinity")
        yield


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    """Each environment under test in turn."""
    return Case(request.param)


def assert_same(actual: Any, expected: Any, path: str = "it") -> None:
    """Exact equality of nested data: same types, same keys, same dtypes, same shapes, same values."""
    assert type(actual) is type(expected), f"{path}: {type(actual)} is not {type(expected)}"
    if isinstance(expected, Mapping):
        assert set(actual) == set(expected), f"{path}: keys {sorted(actual)} are not {sorted(expected)}"
        for key in expected:
            assert_same(actual[key], expected[key], f"{path}[{key!r}]")
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected), f"{path}: {len(actual)} items are not {len(expected)}"
        for i, (one, other) in enumerate(zip(actual, expected, strict=True)):
            assert_same(one, other, f"{path}[{i}]")
    elif isinstance(expected, np.ndarray):
        assert actual.dtype == expected.dtype, f"{path}: {actual.dtype} is not {expected.dtype}"
        assert actual.shape == expected.shape, f"{path}: {actual.shape} is not {expected.shape}"
        if expected.dtype == object:
            assert_same(actual.tolist(), expected.tolist(), path)
        else:
            np.testing.assert_array_equal(actual, expected, err_msg=path)
    else:
        assert actual == expected, f"{path}: {actual!r} is not {expected!r}"


def arrays_in(data: Any) -> list[np.ndarray]:
    """Every array in nested data."""
    if isinstance(data, Mapping):
        data = list(data.values())
    if isinstance(data, list | tuple):
        return [array for item in data for array in arrays_in(item)]
    if isinstance(data, np.ndarray) and data.dtype == object:
        return [data, *arrays_in(data.tolist())]
    return [data] if isinstance(data, np.ndarray) else []


def actions_for(env: Any, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Random actions, the same for every environment with the same action space and seed."""
    space = copy.deepcopy(env.action_space)
    space.seed(seed)
    while True:
        yield space.sample()


def trajectory(env: gym.Env, seed: int | None = 0, *, episodes: int = 2) -> list[Any]:
    """Everything that an environment returns in some episodes, copied."""
    actions = actions_for(env)
    result: list[Any] = []
    for episode in range(episodes):
        result.append(copy.deepcopy(env.reset(seed=seed if episode == 0 else None)))
        over = False
        while not over:
            step = env.step(next(actions))
            over = step[2] or step[3]
            result.append(copy.deepcopy(step))
    return result


def vector_trajectory(env: gym.vector.VectorEnv, seed: int | None = 0, *, steps: int = 60) -> list[Any]:
    """Everything that a vector environment returns in at most so many steps, until every row has ended three times.

    All of it is copied. Rows are reset by mask where nothing else does.
    """
    actions = actions_for(env)
    result = [copy.deepcopy(env.reset(seed=seed))]
    ends = np.zeros(env.num_envs, np.int64)
    for _ in range(steps):
        step = env.step(next(actions))
        result.append(copy.deepcopy(step))
        over = step[2] | step[3]
        ends += over
        if env.metadata["autoreset_mode"] == AutoresetMode.DISABLED and over.any():
            result.append(copy.deepcopy(env.reset(options={"reset_mask": over})))
        if ends.min() == 3:
            break
    return result
