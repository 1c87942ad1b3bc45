"""RAM in RLlib: Catch through the retina, from the final reward alone. `pip install ".[rllib]"` first.

python examples/rllib_catch.py --directory runs/rllib-catch                     # on this machine
python examples/rllib_catch.py --directory runs/rllib-catch --address auto      # on the Ray cluster of this machine
"""

from __future__ import annotations

import math
from pathlib import Path

import ray
import torch
import tyro
from ram_agents.evaluation.evaluate import evaluate
from ram_agents.rllib import ppo_config, to_agent

ID, STEPS = "ram_envs/Catch-v0", 23
ENV_KWARGS = {"pooling": "max"}  # A ball of one pixel stays bright at the coarse scales.
REPORT_EVERY = 100
"""Iterations."""


def main(
    directory: Path = Path("runs/rllib-catch"),
    *,
    address: str = "local",
    timesteps: int = 9_000_000,
    num_env_runners: int = 1,
    num_envs: int = 256,
    seed: int = 0,
    games: int = 10_000,
) -> float:
    """Train, save, and return the share of missed balls in %, over so many numbered games."""
    torch.set_num_threads(1)  # Such small matrices gain nothing from more.
    ray.init(address)
    batch = num_env_runners * num_envs * STEPS
    config = (
        ppo_config(
            ID,
            env_kwargs=ENV_KWARGS,
            max_seq_len=STEPS,  # a game is one row
            core="lstm",
            # The baseline is the probability of a catch, and what it learns helps the core to see the ball.
            baseline_probability=True,
            detach_baseline=False,
            adam_eps=1e-5,
        )
        .env_runners(
            num_env_runners=num_env_runners,
            num_envs_per_env_runner=num_envs,
            rollout_fragment_length=STEPS,  # Whole games in every update,
        )
        .training(
            train_batch_size_per_learner=batch,
            minibatch_size=batch // 2,  # in two minibatches,
            num_epochs=2,  # each used twice.
            use_kl_loss=False,
            clip_param=0.2,
            vf_loss_coeff=1.0,
            entropy_coeff=0.02,  # With less the actions settle before it has learned to see the ball.
            lr=[[0, 1e-3], [timesteps, 0.0]],
            gamma=1.0,
            lambda_=0.9,
            grad_clip=5.0,
        )
        .reporting(metrics_num_episodes_for_smoothing=5_000)
        .debugging(seed=seed, log_level="ERROR")
    )
    algorithm = config.build_algo()
    for iteration in range(1, math.ceil(timesteps / batch) + 1):
        result = algorithm.train()
        if iteration % REPORT_EVERY == 0:
            missed = 100 - 100 * result["env_runners"]["episode_return_mean"]
            print(f"{iteration * batch:,} steps, {result['time_total_s']:.0f} s: {missed:.2f}% missed in training")
    directory.mkdir(parents=True, exist_ok=True)
    algorithm.save_to_path(directory.resolve() / "checkpoint")
    agent = to_agent(algorithm)
    agent.save(directory / "agent.safetensors")
    algorithm.stop()
    ray.shutdown()
    error = float(evaluate(agent, episodes=games, paths=0).mean[-1])
    print(f"{error:.2f}% missed after {iteration * batch:,} steps")
    return error


if __name__ == "__main__":
    tyro.cli(main)
