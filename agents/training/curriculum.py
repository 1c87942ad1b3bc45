"""Environment arguments that change with a run's progress, and mixtures of them, drawn anew for each update."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from .config import Config
from .envs import AnyVectorEnv, Spaces, make_env

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

    Raises:
        ValueError: there is a curriculum, and no id to make environments from; or one that it names shows glimpses or
            takes actions that differ from those of `env`.
    """

    def __init__(self, config: Config, env: AnyVectorEnv):
        if config.curriculum and not config.env_id:
            raise ValueError("a curriculum makes environments from an id, and this agent's has none: register it")
        self.config = config
        self._envs = {_key({}): env}
        self._numbers = {_key({}): 0}
        for variant in (variant for variants in config.curriculum.values() for variant in variants):
            self._numbers.setdefault(_key(variant), len(self._numbers))
        self._seed = 0
        self._seeded: set[str] = set()
        self._check(Spaces.of(env))

    def _check(self, spaces: Spaces) -> None:
        """Try every variant with as few rows as can be, before any work is lost."""
        for key in self._numbers:
            if key not in self._envs:
                env = make_env(self._config(key, num_envs=self.config.repeats))
                spaces.check_fit(env)
                env.close()

    def begin_segment(self, seed: int) -> None:
        """From here on every environment, when it is first drawn, begins at a seed that follows from this one."""
        self._seed, self._seeded = seed, set()

    def draw(self, progress: float, generator: torch.Generator) -> AnyVectorEnv:
        """The environment of the next update; only a choice between several draws from the generator."""
        variants = variants_at(self.config, progress)
        chosen = 0
        if len(variants) > 1:
            chosen = int(torch.randint(len(variants), (), generator=generator, device=generator.device))
        key = _key(variants[chosen])
        if key not in self._envs:
            self._envs[key] = make_env(self._config(key))
        env = self._envs[key]
        if key not in self._seeded:
            env.reset(seed=self._seed_of(key))
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


def _key(variant: Variant) -> str:
    return json.dumps(variant, sort_keys=True)
