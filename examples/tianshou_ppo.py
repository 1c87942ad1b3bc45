"""Tianshou's PPO with its own networks: choose where to look on a digit, then name it.

`pip install . torch tianshou tyro` first. python examples/tianshou_ppo.py --seed 1
"""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import torch
import tyro
from gymnasium.wrappers import FlattenObservation
from tianshou.algorithm.modelfree.ppo import PPO
from tianshou.algorithm.modelfree.reinforce import ProbabilisticActorPolicy
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Collector, CollectStats, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.trainer import OnPolicyTrainerParams
from tianshou.utils.net.common import Net
from tianshou.utils.net.discrete import DiscreteActor, DiscreteCritic
from torch.distributions import Categorical, Independent

from ram_envs.wrappers import GridAction

# Networks without a memory: the second glimpse must show what the answer needs, and the first tells where it is.
ID, KWARGS = "ram_envs:ram_envs/GlimpseMNIST-v0", {"num_glimpses": 2, "patch_size": 12, "num_scales": 2}
# The gaze begins near the middle: logits of a Gaussian over cells, added to those of column and row.
MIDDLE = -(torch.arange(10) - 4.5).square() / 2
PRIOR = torch.stack([MIDDLE, MIDDLE, torch.zeros(10)])


def make_env() -> gym.Env:
    """Flat observations; actions are a column of 10, a row of 10, and one of 10 digits."""
    return FlattenObservation(GridAction(gym.make(ID, **KWARGS), columns=10, rows=10))


def grid(logits: torch.Tensor) -> Independent:
    """The distribution of such actions, (B, 3), for logits (B, 30)."""
    return Independent(Categorical(logits=logits.unflatten(1, (3, 10)) + PRIOR), 1)


def main(*, seed: int = 1, num_envs: int = 32, epochs: int = 5, test_episodes: int = 1000) -> float:
    """Train, and return the mean return of so many further episodes, played greedily."""
    torch.set_num_threads(1)  # Such small matrices gain nothing from more.
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (Tianshou draws its minibatches from it)
    train_envs, test_envs = (DummyVectorEnv([make_env] * num_envs) for _ in range(2))
    train_envs.seed(seed)
    test_envs.seed(seed + num_envs)
    env = make_env()
    net = Net(state_shape=env.observation_space.shape, hidden_sizes=[128, 128])
    policy = ProbabilisticActorPolicy(
        actor=DiscreteActor(preprocess_net=net, action_shape=30, softmax_output=False),
        dist_fn=grid,
        action_space=env.action_space,
        action_scaling=False,
        action_bound_method=None,
        deterministic_eval=True,
    )
    critic, adam = DiscreteCritic(preprocess_net=net), AdamOptimizerFactory(lr=1e-3)
    algorithm = PPO(policy=policy, critic=critic, optim=adam, gamma=1.0, max_grad_norm=0.5)
    params = OnPolicyTrainerParams(
        training_collector=Collector[CollectStats](algorithm, train_envs, VectorReplayBuffer(2048, num_envs)),
        max_epochs=epochs,
        epoch_num_steps=10_240,
        collection_step_num_env_steps=2048,
        update_step_num_repetitions=4,
        batch_size=256,
        show_progress=False,
    )
    algorithm.run_training(params)
    test = Collector[CollectStats](algorithm, test_envs)
    return test.collect(n_episode=test_episodes, reset_before_collect=True).returns_stat.mean


if __name__ == "__main__":
    print(f"return {tyro.cli(main):.3f}")
