"""What Stable-Baselines3 costs: `python tests/benchmarks/bench_sb3.py`.

One thread. First our vector environments behind `SB3VecEnv` against `DummyVecEnv` of as many single ones, in turn in
one run; then where a training step of `RecurrentPPO(RAMPolicy)` spends its time, beside the built-in agent's; and what
`RAM.unroll` saves, which its learner and RLlib's use.
"""

from __future__ import annotations

from timing import paired, verdict  # first: it sets the number of threads

# isort: split
import cProfile
import pstats
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from ram_agents import RAM, Reinforce, recipe
from ram_agents.sb3 import RAMPolicy, SB3VecEnv, make_vec_env
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

import ram_envs  # noqa: F401
from ram_envs.wrappers import FlatAction, VectorFlatAction

NUM_ENVS = 256
EPISODE_STEPS = {
    "ram_envs/GlimpseMNIST-v0": 6,
    "ram_envs/GlimpseMNIST-Cluttered-v0": 6,
    "ram_envs/Catch-v0": 23,
}
PARTS = {  # of a training step: the functions whose cumulative time each is
    "environment (SB3VecEnv and VecMonitor)": ("vec_monitor.py", "step_wait"),
    "acting": ("sb3/policy.py", "forward"),
    "buffer: storing": ("recurrent/buffers.py", "add"),
    "buffer: cutting into padded sequences": ("recurrent/buffers.py", "_get_samples"),
    "loss, forward pass": ("sb3/policy.py", "evaluate_actions"),
    "loss, backward pass": ("_tensor.py", "backward"),
    "optimiser": ("adam.py", "step"),
}


def native(id: str) -> VecEnv:
    """Our vector environment behind the adapter."""
    return SB3VecEnv(VectorFlatAction(gym.make_vec(id, num_envs=NUM_ENVS, autoreset_mode="SameStep")))


def dummy(id: str) -> VecEnv:
    """Stable-Baselines3's own way: single environments in a loop."""
    return DummyVecEnv([lambda: FlatAction(gym.make(id))] * NUM_ENVS)


def episodes(env: VecEnv, steps: int) -> Callable[[], None]:
    """A function that takes so many steps with random actions."""
    rng = np.random.default_rng(0)
    actions = cycle([rng.uniform(-1, 1, (NUM_ENVS, *env.action_space.shape)).astype(np.float32) for _ in range(8)])
    env.seed(0)
    env.reset()

    def run() -> None:
        for _ in range(steps):
            env.step(next(actions))

    return run


def measure_environments() -> None:
    """Print steps a second of both ways."""
    print(f"{NUM_ENVS} environments, steps a CPU second:")
    for id, steps in EPISODE_STEPS.items():
        times = paired({"ours": episodes(native(id), steps), "dummy": episodes(dummy(id), steps)}, rounds=5)
        rates = {name: NUM_ENVS * steps / seconds for name, seconds in times.items()}
        ratio = rates["ours"] / rates["dummy"]
        told = f"SB3VecEnv {rates['ours']:9,.0f}  DummyVecEnv {rates['dummy']:7,.0f}  ratio {ratio:5.1f}"
        print(f"  {id:36} {told}  {verdict(ratio, 5)}")


def model(id: str, **arguments: Any) -> RecurrentPPO:
    """`RecurrentPPO` on whole episodes, one pass over each rollout."""
    steps = EPISODE_STEPS[id]
    env = make_vec_env(id, n_envs=NUM_ENVS, seed=0, label="MNIST" in id)
    return RecurrentPPO(
        RAMPolicy, env, n_steps=steps, batch_size=NUM_ENVS * steps, n_epochs=1, device="cpu", **arguments
    )


def measure_training(updates: int = 40) -> None:
    """Print episodes a second of `RecurrentPPO` and of the built-in agent, and the former's time in parts."""
    for id, core in {"ram_envs/GlimpseMNIST-v0": "rnn", "ram_envs/Catch-v0": "lstm"}.items():
        steps = EPISODE_STEPS[id]
        ppo = model(id, policy_kwargs={"core": core})
        agent = Reinforce(id, num_envs=NUM_ENVS, core=core, total_episodes=10**9)
        runs = {"ppo": lambda: ppo.learn(NUM_ENVS * steps), "built in": agent.update}  # noqa: B023 (called at once)
        rates = {name: NUM_ENVS / seconds for name, seconds in paired(runs, rounds=5, budget=1.0).items()}
        print(f"{id}, {core} core, {NUM_ENVS} episodes an update, episodes a CPU second:")
        print(f"  RecurrentPPO(RAMPolicy) {rates['ppo']:7,.0f}, the built-in agent {rates['built in']:7,.0f}")
        profile(ppo, updates * NUM_ENVS * steps)


def profile(ppo: RecurrentPPO, timesteps: int) -> None:
    """Print what part of a training step each of `PARTS` is."""
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(ppo.learn, timesteps)
    stats = pstats.Stats(profiler)
    functions = stats.stats.items()  # type: ignore[attr-defined]
    rest = 1.0
    for part, (file, function) in PARTS.items():
        spent = sum(told[3] for (path, _, name), told in functions if path.endswith(file) and name == function)
        share = spent / stats.total_tt  # type: ignore[attr-defined]
        rest -= share
        print(f"  {share:6.1%}  {part}")
    print(f"  {rest:6.1%}  the rest of Stable-Baselines3's loop")


def step_by_step(policy: RAM, seen: dict[str, torch.Tensor], state: torch.Tensor) -> list[torch.Tensor]:
    """What `RAM.unroll` gives of glimpses (T, B, ...), by T calls of `RAM.step`."""
    outputs = []
    for t in range(len(seen["location"])):
        output, state = policy.step({key: value[t] for key, value in seen.items()}, state)
        outputs.append(output)
    return [torch.stack(parts) for parts in zip(*outputs, strict=True)]


def measure_unrolled(steps: int = 6) -> None:
    """Print the time of whole episodes with their gradients by `RAM.unroll`, and relative to glimpse by glimpse."""
    for name in ("mnist28", "cluttered100"):
        agent = Reinforce(config=recipe(name).replace(num_envs=2))
        policy, space = agent.policy, agent.spaces.observation
        for rows in (16, 64, 256):
            seen = {key: torch.rand(steps, rows, *space[key].shape) for key in policy.observed}  # type: ignore[index]
            state = policy.initial_state(rows)
            ways = {
                "unroll": partial(lambda *given: policy.unroll(*given)[0], seen, state),  # noqa: B023 (called at once)
                "step": partial(step_by_step, policy, seen, state),
            }
            times = paired({way: partial(learn, policy, outputs) for way, outputs in ways.items()}, rounds=5)
            relative = times["unroll"] / times["step"]
            print(f"{name}, {rows} episodes: {1000 * times['unroll']:.1f} ms unrolled, {relative:.2f} of step by step")


def learn(policy: RAM, outputs: Callable[[], Sequence[torch.Tensor]]) -> None:
    """Forwards and backwards."""
    policy.zero_grad()
    torch.stack([(part**2).mean() for part in outputs() if part.requires_grad]).sum().backward()


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(f"Gymnasium {gym.__version__}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}")
    measure_environments()
    measure_training()
    measure_unrolled()
