"""RAM in Minigrid: cross the lava by its gap, seeing one tile of the room at a time. `pip install minigrid` first.

python examples/foveated_minigrid.py --out runs/lava
python examples/foveated_minigrid.py --out runs/lava-random --look random
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import imageio
import torch
import tyro
from gymnasium import spaces
from minigrid.wrappers import ImgObsWrapper, RGBImgObsWrapper
from ram_agents import Reinforce
from ram_agents.agent.config import Look
from ram_agents.evaluation.evaluate import evaluate

from ram_envs import FoveatedObservation, FoveatedVectorObservation, Retina

RETINA = Retina(patch_size=8, num_scales=2)  # one tile sharply, two by two coarsely


class Compass(gym.Wrapper):
    """Actions east, south and north: turn that way and go one tile, in place of turning left and right."""

    HEADINGS = (0, 1, 3)

    def __init__(self, env: gym.Env) -> None:
        super().__init__(env)
        self.action_space = spaces.Discrete(len(self.HEADINGS))

    def step(self, action: int) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One to three steps of Minigrid's."""
        actions = self.unwrapped.actions
        turns = (self.HEADINGS[action] - self.unwrapped.agent_dir) % 4
        for turn in [actions.left] if turns == 3 else [actions.right] * turns:
            self.env.step(turn)
        return self.env.step(actions.forward)


def room() -> gym.Env:
    """A room of 5x5 tiles as an image of 40x40 pixels; a wall of lava has one gap, and 20 steps of Minigrid's."""
    env = gym.make("MiniGrid-LavaGapS5-v0", max_steps=20, highlight=False, agent_view_size=3)
    return ImgObsWrapper(RGBImgObsWrapper(Compass(env), tile_size=8))


def save_video(agent: Reinforce, path: Path, *, episodes: int = 6, seed: int = 20_000_000) -> None:
    """Write some episodes as the agent sees them, a GIF."""
    env = FoveatedObservation(room(), RETINA, render_mode="rgb_array", action_names=("east", "south", "north"))
    frames = []
    for episode in range(episodes):
        observation, _ = env.reset(seed=seed + episode)
        state, over = None, False
        frames.append(env.render())
        while not over:
            action, state = agent.predict(observation, state, deterministic=True)
            observation, _, terminated, truncated, _ = env.step(action)
            over = terminated or truncated
            frames.append(env.render())
    imageio.mimsave(path, frames, duration=600)


def main(
    out: Path = Path("runs/lava"),
    *,
    look: Look = "learned",
    total_episodes: int = 50_000,
    num_envs: int = 128,
    seed: int = 0,
    test_episodes: int = 2_000,
) -> float:
    """Train, save, and return the mean return of fresh episodes; with look "random" the control."""
    torch.set_num_threads(1)
    env = FoveatedVectorObservation(gym.vector.SyncVectorEnv([room] * num_envs), RETINA)
    agent = Reinforce(
        env,
        look=look,
        seed=seed,
        core="lstm",
        hidden_size=128,
        init="orthogonal",
        entropy_weight=0.2,  # Less, and it settles on one way before it can see which is open.
        detach_baseline=False,
        standardise=True,
        location_std=0.2,
        final_location_std=0.05,
        learning_rate=0.003,
        checkpoint_every=100,
    )
    returns: list[float] = []

    def watch(agent: Reinforce, update: object) -> None:
        returns.append(update.episode_return)  # type: ignore[attr-defined]
        if agent.updates % 25 == 0:
            mean = sum(returns[-25:]) / 25
            print(f"{agent.episodes:7,} episodes, {agent.seconds:4.0f} s: mean return {mean:.3f}", flush=True)

    agent.learn(total_episodes, callback=watch)
    agent.save(out / "last.safetensors")
    save_video(agent, out / "episodes.gif")
    # Seeds that no training episode began with; the gaze and the actions are the likeliest ones, or the control's.
    error = evaluate(agent, env, episodes=test_episodes, paths=0, seed=10_000_000).mean[-1]
    print(f"look {look}: mean return {1 - error / 100:.3f} over {test_episodes:,} episodes")
    return float(1 - error / 100)


if __name__ == "__main__":
    tyro.cli(main)
