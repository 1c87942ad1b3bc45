"""An agent in ap-gym's own environment, with its own logits as the predictions, measured by ap-gym itself."""

from __future__ import annotations

from typing import NamedTuple

import ap_gym
import numpy as np
import torch

from ..agent.agent import Agent
from ..agent.runner import to_tensors
from ..model.choice import choose_location
from .env import observed
from .images import perception_of, splits_of


class Figures(NamedTuple):
    """Means over episodes, as ap-gym counts."""

    episodes: int
    final_accuracy: float
    """In [0, 1]: how often the last prediction is right."""
    average_accuracy: float
    """The mean over all predictions of an episode."""
    episode_return: float
    """Of ap-gym's own reward: what moving costs, and at each step the cross-entropy of the prediction over log n."""


@torch.no_grad()
def measure(
    agent: Agent,
    task: str,
    *,
    episodes: int = 10_000,
    split: str = "test",
    packaged_mnist: bool = False,
    deterministic: bool = True,
    num_envs: int = 500,
    seed: int = 0,
) -> Figures:
    """Let an agent play a task of ap-gym's, without the bridge: what it moves and predicts goes there as it is.

    Args:
        agent: trained on `GlimpseVectorEnv`, or on an environment of `ram_envs` with the same spaces.
        task: the id of the task.
        episodes: at least so many; whole batches.
        split: which images, where the task has splits.
        packaged_mnist: see `GlimpseVectorEnv`.
        deterministic: move by the mean of the location's distribution; else draw.
        num_envs: episodes at a time.
        seed: of images, starts and draws.
    """
    config = perception_of(task, split if splits_of(task) else None, packaged_mnist=packaged_mnist)
    env = ap_gym.make_vec(task, num_envs=num_envs, image_perception_config=config)
    generator = torch.Generator(agent.device).manual_seed(seed)
    played = []
    for batch in range(-(-episodes // num_envs)):
        seen, _ = env.reset(seed=seed if batch == 0 else None)
        state, total, over = None, np.zeros(num_envs), False
        while not over:
            output, state = agent.policy.step(to_tensors(observed(seen), agent.device), state)
            move = choose_location(agent.policy, output, agent.look(deterministic), generator)
            actions = {"action": move.cpu().numpy().clip(-1, 1), "prediction": output.logits.cpu().numpy()}
            seen, reward, terminated, _, info = env.step(actions)
            total, over = total + reward, bool(terminated.all())
        scalars = info["stats"]["scalar"]
        played.append(np.stack([scalars["final_accuracy"], scalars["avg_accuracy"], total]))
    env.close()
    return Figures(len(played) * num_envs, *np.concatenate(played, axis=1).mean(1).tolist())
