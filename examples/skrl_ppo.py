"""skrl's PPO with its own networks: catch a ball that is seen through a small retina.

`pip install . torch skrl tyro` first. python examples/skrl_ppo.py --seed 1
"""

from __future__ import annotations

import gymnasium as gym
import torch
import tyro
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from skrl.agents.torch.ppo import PPO, PPO_CFG
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.trainers.torch import SequentialTrainer
from skrl.utils import set_seed
from skrl.utils.model_instantiators.torch import deterministic_model, multicategorical_model

from ram_envs.wrappers import VectorGridAction

# Networks without a memory: from the middle the coarse scale shows the whole screen, from elsewhere a part of it.
ID = "ram_envs:ram_envs/Catch-v0"
KWARGS = {"height": 12, "width": 12, "patch_size": 6, "num_scales": 2, "pooling": "max"}
ROLLOUTS = 22  # Steps between updates: two games.
NETWORK = [
    {"name": "seen", "input": "OBSERVATIONS['glimpse']", "layers": ["flatten", 128], "activations": "relu"},
    {"name": "net", "input": "concatenate([seen, OBSERVATIONS['location']])", "layers": [128], "activations": "relu"},
]


def main(*, seed: int = 1, num_envs: int = 256, timesteps: int = 3_500) -> float:
    """Train for so many steps of every row, and return the mean return of the last 5,000 training episodes."""
    torch.set_num_threads(1)  # Such small matrices gain nothing from more.
    set_seed(seed)
    envs = gym.make_vec(ID, num_envs=num_envs, autoreset_mode="SameStep", **KWARGS)
    envs = RecordEpisodeStatistics(VectorGridAction(envs, columns=3, rows=3), buffer_length=5_000)
    env = wrap_env(envs, wrapper="gymnasium")
    spaces = {"observation_space": env.observation_space, "action_space": env.action_space, "device": env.device}
    agent = PPO(
        models={
            "policy": multicategorical_model(**spaces, network=NETWORK, output="ACTIONS"),
            "value": deterministic_model(**spaces, network=NETWORK, output="ONE"),
        },
        memory=RandomMemory(memory_size=ROLLOUTS, num_envs=num_envs, device=env.device),
        **spaces,
        cfg=PPO_CFG(
            rollouts=ROLLOUTS,
            learning_epochs=4,
            mini_batches=4,
            discount_factor=1.0,
            learning_rate=1e-3,
            entropy_loss_scale=0.01,
            value_loss_scale=1.0,
            value_clip=0.0,
            experiment={"write_interval": 0, "checkpoint_interval": 0},
        ),
    )
    # A native vector environment cannot be rendered by skrl, so it is told not to try.
    settings = {"timesteps": timesteps, "headless": True, "close_environment_at_exit": False}
    SequentialTrainer(env=env, agents=agent, cfg=settings).train()
    env.close()
    return sum(envs.return_queue) / len(envs.return_queue)


if __name__ == "__main__":
    print(f"return {tyro.cli(main):.3f}")
