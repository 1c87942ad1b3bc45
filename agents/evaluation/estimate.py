"""How long a run will take here: its updates and its validation, timed for a few seconds before it begins."""

from __future__ import annotations

import platform
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..agent.config import Config
from ..training.reinforce import Reinforce
from .evaluate import evaluate, scene_indices, validation_env

UNITS = ("amx_bf16", "avx512_bf16")
"""Of processors, for matrices of bfloat16; as Linux names them."""
AT_LEAST = 3.0
"""Seconds that are timed of updates, and of validation."""
TAUGHT = 10_000
"""Scenes that a teacher's training is timed on."""
VALIDATED = 500
"""Scenes that are validated at once."""


class Estimate(NamedTuple):
    """The time of a run, or of what is left of one, on this machine as busy as it is now."""

    updates: int
    """That are to come."""
    update: float
    """Seconds of one."""
    validations: int
    """That are to come: at the end of each segment, and of the run."""
    validation: float
    """Seconds of one."""
    precision: str
    """Of the updates' matrix products."""
    teacher: float = 0.0
    """Seconds of its teacher's training, where that is to come."""

    @property
    def minutes(self) -> float:
        """Of it all."""
        return (self.teacher + self.updates * self.update + self.validations * self.validation) / 60

    def __str__(self) -> str:
        return (
            f"about {self.minutes:.0f} minutes on {processor()}, validation included: {self.updates:,} updates of "
            f"{1000 * self.update:.0f} ms ({self.precision}), {self.validations} validations of {self.validation:.1f} s"
            + (f", a teacher's training of {self.teacher:.0f} s" if self.teacher else "")
        )


def estimate(config: Config, *, episodes: int = 0, device: str = "cpu") -> Estimate:
    """Time a few updates and a part of a validation of an agent that is thrown away.

    Args:
        config: of the run.
        episodes: that the run has behind it.
        device: where the model is to live.
    """
    scenes_taught = min(TAUGHT, config.teacher_scenes)
    agent = Reinforce(config=config.replace(teacher_scenes=scenes_taught), device=device)
    agent.decide_precision()
    start = time.perf_counter()
    agent.train_teacher()
    teacher = (time.perf_counter() - start) * config.teacher_scenes / scenes_taught if not episodes else 0.0
    done, total, every = episodes // config.num_envs, agent.total_updates, config.checkpoint_every
    agent.update()  # the first one prepares things
    update = seconds_of(lambda: agent.update())
    env = validation_env(agent)
    scenes = scene_indices(env, "validation", config.validation_scenes)
    count = scenes if isinstance(scenes, int) else len(scenes)
    part = min(VALIDATED, count)
    validation = seconds_of(lambda: evaluate(agent, env, split="validation", episodes=part, paths=0)) * count / part
    checkpoints = -(-total // every) - done // every if done < total else 0
    to_come, precision = max(0, total - done), agent.config.matmul_precision
    return Estimate(to_come, update, checkpoints, validation, precision, teacher if config.teacher_weight else 0.0)


def seconds_of(work: Callable[[], object]) -> float:
    """Of one call, in the mean over so many as take `AT_LEAST` seconds."""
    start, count = time.perf_counter(), 0
    while (gone := time.perf_counter() - start) < AT_LEAST or not count:
        work()
        count += 1
    return gone / count


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name, and which units for matrices of bfloat16 it has, where the system tells."""
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    name = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*: (.+)$", text, re.MULTILINE)
    known = name[1].strip() if name else platform.processor() or platform.machine()
    if not flags:
        return known
    units = [unit for unit in UNITS if unit in flags[1].split()]
    return f"{known} with {' and '.join(units)}" if units else f"{known} without units for bfloat16"
