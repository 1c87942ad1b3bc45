"""RAM in Stable-Baselines3: Catch through the retina, from the final reward alone. `pip install ".[sb3]"` first.

python examples/sb3_catch.py --directory runs/sb3-catch
"""

from __future__ import annotations

from pathlib import Path

import torch
import tyro
from ram_agents.sb3 import RAMPolicy, make_vec_env, success_rate
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.logger import configure

ID, STEPS = "ram_envs/Catch-v0", 23
ENV_KWARGS = {"pooling": "max"}  # A ball of one pixel stays bright at the coarse scales.


def main(
    directory: Path = Path("runs/sb3-catch"),
    *,
    timesteps: int = 9_000_000,
    num_envs: int = 256,
    seed: int = 0,
    games: int = 10_000,
) -> float:
    """Train, save, and return the share of missed balls in %, over so many numbered games."""
    torch.set_num_threads(1)  # Such small matrices gain nothing from more.
    env = make_vec_env(ID, n_envs=num_envs, seed=seed, env_kwargs=ENV_KWARGS)
    model = RecurrentPPO(
        RAMPolicy,
        env,
        n_steps=STEPS,  # Whole games in every update,
        batch_size=num_envs * STEPS // 2,  # in two minibatches,
        n_epochs=2,  # each used twice.
        learning_rate=lambda left: 1e-3 * left,
        gamma=1.0,
        gae_lambda=0.9,
        ent_coef=0.02,  # With less the actions settle before it has learned to see the ball.
        vf_coef=1.0,
        max_grad_norm=5.0,
        # The baseline is the probability of a catch, and what it learns helps the core to see the ball.
        policy_kwargs={"core": "lstm", "baseline_probability": True, "detach_baseline": False},
        stats_window_size=5_000,
        seed=seed,
        device="cpu",
    )
    model.set_logger(configure(str(directory), ["csv", "tensorboard"]))
    test = make_vec_env(ID, n_envs=500, seed=1, env_kwargs=ENV_KWARGS)
    validation = EvalCallback(test, n_eval_episodes=1_000, eval_freq=timesteps // num_envs // 20, verbose=0)
    model.learn(timesteps, callback=validation, log_interval=20)
    model.save(directory / "model")
    missed = 100 - 100 * success_rate(model, test, games)
    print(f"{missed:.2f}% missed after {timesteps:,} steps; see tensorboard --logdir {directory}")
    return missed


if __name__ == "__main__":
    tyro.cli(main)
