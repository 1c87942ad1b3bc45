"""What RLlib's own loop costs: `python tests/benchmarks/bench_rllib.py`, in the virtual environment of RLlib.

Processor time of training iterations of 128 episodes of GlimpseMNIST-v0, one process, one thread: RLlib's own env
runner and connectors, and `EpisodesRunner` and `WholeEpisodes`, in turn; medians of the pairs. Beside it an update of
the built-in agent with the same network and optimiser.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import ray
import torch
from ram_agents import Reinforce
from ram_agents.rllib import EpisodesRunner, ppo_config
from ray.rllib.algorithms import Algorithm
from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner

ID, GLIMPSES, ROWS, PAIRS, ITERATIONS = "ram_envs/GlimpseMNIST-v0", 6, 128, 5, 5
NETWORK: dict[str, Any] = {"location_hidden": 128}


def algorithm(runner: type[SingleAgentEnvRunner]) -> Algorithm:
    """One that samples and learns in this process."""
    config = (
        ppo_config(ID, label=True, max_seq_len=GLIMPSES + 1, **NETWORK)
        .env_runners(
            env_runner_cls=runner,
            num_env_runners=0,
            num_envs_per_env_runner=ROWS,
            rollout_fragment_length=GLIMPSES,
        )
        .training(train_batch_size_per_learner=ROWS * GLIMPSES, minibatch_size=None, num_epochs=1, gamma=1.0)
        .debugging(seed=0, log_level="ERROR")
    )
    built = config.build_algo()
    if runner is SingleAgentEnvRunner:
        learner = built.learner_group._learner
        learner._learner_connector = learner._learner_connector.connector
    return built


def seconds(iterate: Any) -> float:
    """Processor time of an iteration."""
    start = time.process_time()
    for _ in range(ITERATIONS):
        iterate()
    return (time.process_time() - start) / ITERATIONS


def main() -> None:
    """Measure, and print."""
    torch.set_num_threads(1)
    ray.init("local", include_dashboard=False, log_to_driver=False)
    own, ours = algorithm(SingleAgentEnvRunner), algorithm(EpisodesRunner)
    agent = Reinforce(ID, num_envs=ROWS, **NETWORK)
    ways = {
        "RLlib's own loop": own.train,
        "whole episodes at once": ours.train,
        "the built-in agent": lambda: agent.learn(total_episodes=ROWS),
    }
    for iterate in ways.values():
        iterate()
    times = {name: [] for name in ways}
    for _ in range(PAIRS):
        for name, iterate in ways.items():
            times[name].append(seconds(iterate))
    first = statistics.median(times["RLlib's own loop"])
    print(f"{ROWS} episodes, an iteration | processor time, ms | episodes a second | RLlib's own = 1")
    for name, each in times.items():
        middle = statistics.median(each)
        print(f"{name} | {1000 * middle:.0f} | {ROWS / middle:,.0f} | {middle / first:.3f}")


if __name__ == "__main__":
    main()
