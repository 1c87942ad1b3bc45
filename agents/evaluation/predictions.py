"""What an agent says of scenes that nobody has labelled, and where it looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..agent.envs import AnyVectorEnv, declared
from ..agent.runner import Runner, Step

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

    from ..agent.agent import Agent


class Prediction(NamedTuple):
    """Of one scene."""

    probabilities: NDArray[np.float32]
    """(n,), of each class, after the last glimpse."""
    gaze: NDArray[np.float32]
    """(T, 2): where each glimpse was taken, (x, y) in [-1, 1] of the scene."""
    view: View | None
    """Of the episode's end, for a picture; None where none was asked for."""

    @property
    def label(self) -> int:
        """The likeliest class."""
        return int(self.probabilities.argmax())


@torch.no_grad()
def predict_scenes(agent: Agent, env: AnyVectorEnv, *, seed: int, views: bool = False) -> list[Prediction]:
    """What the agent says of each row's scene, numbers 0 to num_envs - 1: it looks at the mean locations.

    Args:
        agent: who looks.
        env: a vector environment with numbered scenes, without autoreset.
        seed: of first locations, where they are random.
        views: make `Prediction.view`, of an environment that declares its `view`.
    """
    rows = np.arange(env.num_envs)
    look = agent.look(deterministic=True)
    runner = Runner(agent.policy, env, look=look, sample_action=False, seed=seed, indices=rows)
    view = declared(env).view if views else None
    said: dict[int, tuple[NDArray[np.float32], View | None]] = {}

    def note_ends(step: Step) -> None:
        probabilities = runner.output.logits.softmax(-1).cpu().numpy()
        for row in map(int, np.flatnonzero(step.last)):
            said[row] = probabilities[row], view and view(row, probabilities[row])

    gaze = runner.play(note_ends)
    return [Prediction(probabilities, gaze[row], seen) for row, (probabilities, seen) in sorted(said.items())]
