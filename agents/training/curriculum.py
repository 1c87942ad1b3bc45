"""Environment arguments that change with a run's progress, and mixtures of them, drawn anew for each update."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from ..agent.config import Config
from ..agent.envs import AnyVectorEnv, Spaces, check_canvas, make_env

Variant = dict[str, Any]
"""Keyword arguments of an environment, on top of `Config.env_kwargs`."""


def variants_at(config: Config, progress: float) -> list[Variant]:
    """Those of which an update draws one, when `progress` in [0, 1] of the run is done."""
    begun = [share for share in config.curriculum if float(share) <= progress]
    return config.curriculum[max(begun, key=float)] if begun else [{}]


class Curriculum:
    """The environments that a run trains on, each made when it is first drawn.

    Args:
        config: `curriculum`, `env_id` and `env_kwargs`.
        env: the environment that `config` names without its curriculum.
        make: gives the environment that another configuration names.
        first_scene: the number of the first scene of these rows in the whole batch, of which they may be a part.

    Raises:
        ValueError: there is a curriculum, and no id to make environments from; or one that it names shows glimpses or
            takes actions that differ from those of `env`, or whose scenes are not of `canvas_size`.
    """

    def __init__(
        self,
        config: Config,
        env: AnyVectorEnv,
        make: Callable[[Config], AnyVectorEnv] = make_env,
        *,
        first_scene: int = 0,
    ):
        if config.curriculum and not config.env_id:
            raise ValueError("a curriculum makes environments from an id, and this agent's has none: register it")
        self.config = config
        self._make, self._first_scene = make, first_scene
        self._envs = {_key({}): env}
        self._numbers = {_key({}): 0}
        for variant in (variant for variants in config.curriculum.values() for variant in variants):
            self._numbers.setdefault(_key(variant), len(self._numbers))
        self.begin_segment(config.seed)
        self._check(Spaces.of(env))

    def _check(self, spaces: Spaces) -> None:
        """Try every variant with as few rows as can be, before any work is lost."""
        for key in self._numbers:
            if key not in self._envs:
                env = make_env(self._config(key, num_envs=self.config.repeats))
                spaces.check_fit(env)
                check_canvas(self.config.canvas_size, env)
                env.close()

    def begin_segment(self, seed: int) -> None:
        """From here on every environment, when it is first drawn, begins at a seed that follows from this one."""
        self._seed, self._seeded = seed, set[str]()
        self._generator = np.random.default_rng(seed)

    def draw(self, progress: float) -> AnyVectorEnv:
        """The environment of the next update."""
        variants = variants_at(self.config, progress)
        key = _key(variants[self._generator.integers(len(variants))])
        if key not in self._envs:
            self._envs[key] = self._make(self._config(key))
        env = self._envs[key]
        if key not in self._seeded:
            env.reset(seed=self._seed_of(key) + self._first_scene)
            self._seeded.add(key)
        return env

    def _config(self, key: str, **changes: Any) -> Config:
        return self.config.replace(env_kwargs=self.config.env_kwargs | json.loads(key), **changes)

    def _seed_of(self, key: str) -> int:
        """In 31 bits: room to add each row's number."""
        number = self._numbers[key]
        if number == 0:
            return self._seed
        return int(np.random.SeedSequence([self._seed, number]).generate_state(1, np.uint32)[0]) >> 1


def seed_of_repeats(repeats: int, generator: torch.Generator) -> int | None:
    """A new seed for each batch of repeated scenes whose episodes can stop; None without repeats.

    Rows that share their scenes go on doing so while they are reset together; but one that stops early is reset alone,
    and would be at another scene in the next batch.
    """
    if repeats == 1:
        return None
    return int(torch.randint(2**31 - 1, (), generator=generator, device=generator.device))


def _key(variant: Variant) -> str:
    return json.dumps(variant, sort_keys=True)
