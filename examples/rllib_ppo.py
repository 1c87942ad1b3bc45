"""RAM in RLlib: GlimpseMNIST by the paper's hybrid loss. `pip install ".[rllib]"` first.

python examples/rllib_ppo.py --directory runs/rllib-hybrid                     # on this machine
python examples/rllib_ppo.py --directory runs/rllib-hybrid --address auto      # on the Ray cluster of this machine
"""

from __future__ import annotations

import math
from pathlib import Path

import ray
import torch
import tyro
from ram_agents.evaluation.evaluate import evaluate
from ram_agents.rllib import ppo_config, to_agent

ID, NUM_GLIMPSES = "ram_envs/GlimpseMNIST-v0", 6
EVALUATE_EVERY = 200
"""Iterations."""


def main(
    directory: Path = Path("runs/rllib-hybrid"),
    *,
    address: str = "local",
    timesteps: int = 4_000_000,
    num_env_runners: int = 2,
    num_envs: int = 128,
    seed: int = 0,
    images: int = 10_000,
) -> float:
    """Train, save, and return the error in % on so many test images."""
    torch.set_num_threads(1)  # Such small matrices gain nothing from more.
    ray.init(address)
    batch = num_env_runners * num_envs * NUM_GLIMPSES
    config = (
        ppo_config(
            ID,
            label=True,
            max_seq_len=NUM_GLIMPSES,  # an episode is one row
            reward="information-gain",
            step_weight=1.0,
            optimizer="muon",
            location_hidden=128,
            identity_core=True,
        )
        .env_runners(
            num_env_runners=num_env_runners,
            num_envs_per_env_runner=num_envs,
            rollout_fragment_length=NUM_GLIMPSES,  # Whole episodes in every update,
        )
        .training(
            train_batch_size_per_learner=batch,  # all of them in one minibatch,
            minibatch_size=None,
            num_epochs=1,  # used once: REINFORCE with a baseline, as in the paper.
            use_kl_loss=False,
            lr=[[0, 1e-3], [timesteps, 0.0]],
            gamma=0.8,
            lambda_=1.0,
            grad_clip=5.0,
        )
        .evaluation(
            evaluation_interval=EVALUATE_EVERY,
            evaluation_duration=1_000,
            evaluation_config={
                "explore": False,
                "env_config": {"env_id": ID, "env_kwargs": {"split": "validation"}, "label": True},
            },
        )
        .reporting(metrics_num_episodes_for_smoothing=1_000)  # RLlib's mean return is of the last so many episodes.
        .debugging(seed=seed, log_level="ERROR")
    )
    algorithm = config.build_algo()
    for iteration in range(1, math.ceil(timesteps / batch) + 1):
        result = algorithm.train()
        if iteration % EVALUATE_EVERY == 0:
            held_out = 100 - 100 * result["evaluation"]["env_runners"]["episode_return_mean"]
            print(
                f"{iteration * batch:,} steps, {result['time_total_s']:.0f} s: {held_out:.2f}% wrong on held-out images"
            )
    directory.mkdir(parents=True, exist_ok=True)
    algorithm.save_to_path(directory.resolve() / "checkpoint")
    agent = to_agent(algorithm)
    agent.save(directory / "agent.safetensors")
    algorithm.stop()
    ray.shutdown()
    error = float(evaluate(agent, episodes=images, paths=0).mean[-1])
    print(f"test error {error:.2f}% after {iteration * batch:,} steps")
    return error


if __name__ == "__main__":
    tyro.cli(main)
