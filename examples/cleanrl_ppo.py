"""PPO in one file, after CleanRL's manner: RAM learns to name digits from the final reward alone; no label is seen.

`pip install ".[agents]"` first. python examples/cleanrl_ppo.py --seed 1
"""

from __future__ import annotations

from dataclasses import dataclass

import gymnasium as gym
import torch
import tyro
from ram_agents import RAM
from torch.distributions import Categorical, Normal

ID, KWARGS = "ram_envs:ram_envs/GlimpseMNIST-v0", {"num_glimpses": 3, "patch_size": 12}


@dataclass
class Args:
    """PPO's settings, by CleanRL's names."""

    seed: int = 1
    total_timesteps: int = 300_000
    learning_rate: float = 1e-3
    num_envs: int = 256
    minibatch_size: int = 128  # Whole episodes.
    update_epochs: int = 2
    clip_coef: float = 0.2
    ent_coef: float = 0.01
    vf_coef: float = 0.5
    max_grad_norm: float = 5.0


def main(args: Args) -> float:
    """Train, and return the mean return of the last tenth of the training's episodes."""
    torch.set_num_threads(1)  # Such small matrices gain nothing from more.
    torch.manual_seed(args.seed)
    envs = gym.make_vec(ID, num_envs=args.num_envs, autoreset_mode="Disabled", **KWARGS)
    agent = RAM(envs.single_observation_space, envs.single_action_space, init="orthogonal", detach_baseline=False)
    optimizer = torch.optim.Adam(agent.parameters(), lr=args.learning_rate)
    num_iterations, returns = args.total_timesteps // (args.num_envs * KWARGS["num_glimpses"]), []
    for iteration in range(num_iterations):
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - iteration / num_iterations)
        obs, _ = envs.reset(seed=None if iteration else args.seed)
        state, steps = agent.initial_state(args.num_envs), []
        for _ in range(KWARGS["num_glimpses"]):  # One episode in every row, to its end.
            obs = {key: torch.from_numpy(value) for key, value in obs.items()}
            with torch.no_grad():
                output, state = agent.step(obs, state)
            gaze, choice = Normal(output.location_mean, agent.location_std), Categorical(logits=output.logits)
            location, action = gaze.sample(), choice.sample()
            logprob = gaze.log_prob(location).sum(-1) + choice.log_prob(action)
            steps.append((obs, location, action, logprob, output.baseline))
            # The environment takes the clipped location; the loss keeps the one that was drawn.
            obs, reward, *_ = envs.step({"location": location.clamp(-1, 1).numpy(), "action": action.numpy()})
        returns.append(float(reward.mean()))
        # The reward comes at the end, and gamma and lambda are 1: every step's return is the last step's reward.
        target = torch.from_numpy(reward).float()
        advantages = target - torch.stack([value for *_, value in steps])  # (T, B)
        advantages = (advantages - advantages.mean()) / advantages.std()
        for rows in torch.rand(args.update_epochs, args.num_envs).argsort().view(-1, args.minibatch_size):
            state, loss = agent.initial_state(len(rows)), 0.0
            for (obs, location, action, logprob, _), advantage in zip(steps, advantages[:, rows], strict=True):
                output, state = agent.step({key: value[rows] for key, value in obs.items()}, state)
                gaze, choice = Normal(output.location_mean, agent.location_std), Categorical(logits=output.logits)
                ratio = (gaze.log_prob(location[rows]).sum(-1) + choice.log_prob(action[rows]) - logprob[rows]).exp()
                pg_loss = -torch.min(advantage * ratio, advantage * ratio.clamp(1 - args.clip_coef, 1 + args.clip_coef))
                v_loss = (output.baseline - target[rows]).square()
                loss += (pg_loss + args.vf_coef * v_loss - args.ent_coef * choice.entropy()).mean() / len(steps)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
            optimizer.step()
    return sum(returns[-num_iterations // 10 :]) / len(returns[-num_iterations // 10 :])


if __name__ == "__main__":
    print(f"return {main(tyro.cli(Args)):.3f}")
