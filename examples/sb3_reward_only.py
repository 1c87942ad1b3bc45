"""RAM in Stable-Baselines3: GlimpseMNIST from the reward alone, no label is seen. `pip install ".[sb3]"` first.

python examples/sb3_reward_only.py --directory runs/sb3-reward
"""

from __future__ import annotations

from pathlib import Path

import torch
import tyro
from ram_agents.sb3 import RAMPolicy, make_vec_env, success_rate
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.logger import configure

ID, NUM_GLIMPSES = "ram_envs/GlimpseMNIST-v0", 6


def main(
    directory: Path = Path("runs/sb3-reward"),
    *,
    timesteps: int = 3_000_000,
    num_envs: int = 256,
    seed: int = 0,
    images: int = 10_000,
) -> float:
    """Train, save, and return the error in % on so many test images."""
    torch.set_num_threads(1)  # Such small matrices gain nothing from more.
    env = make_vec_env(ID, n_envs=num_envs, seed=seed)
    model = RecurrentPPO(
        RAMPolicy,
        env,
        n_steps=NUM_GLIMPSES,  # Whole episodes in every update,
        batch_size=num_envs * NUM_GLIMPSES // 2,  # in two minibatches,
        n_epochs=2,  # each used twice.
        learning_rate=lambda left: 1e-3 * left,
        gamma=1.0,
        gae_lambda=1.0,
        ent_coef=0.01,
        vf_coef=1.0,
        max_grad_norm=5.0,
        # The baseline is the probability of a right answer, and what it learns helps the core to read the digit.
        policy_kwargs={
            "init": "orthogonal",
            "location_hidden": 128,
            "baseline_probability": True,
            "detach_baseline": False,
        },
        stats_window_size=5_000,
        seed=seed,
        device="cpu",
    )
    model.set_logger(configure(str(directory), ["csv", "tensorboard"]))
    held_out = make_vec_env(ID, n_envs=250, seed=1, env_kwargs={"split": "validation"})
    validation = EvalCallback(held_out, n_eval_episodes=2_000, eval_freq=timesteps // num_envs // 20, verbose=0)
    model.learn(timesteps, callback=validation, log_interval=100)
    model.save(directory / "model")
    test = make_vec_env(ID, n_envs=500, seed=1, env_kwargs={"split": "test"})
    error = 100 - 100 * success_rate(model, test, images)
    print(f"test error {error:.2f}% after {timesteps:,} steps; see tensorboard --logdir {directory}")
    return error


if __name__ == "__main__":
    tyro.cli(main)
