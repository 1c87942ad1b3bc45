"""Ray Tune sweeps the built-in agent's location std and learning rate. `pip install ".[rllib]"` first.

python examples/tune_reinforce.py --directory runs/tune                        # on this machine
python examples/tune_reinforce.py --directory runs/tune --address auto         # on the Ray cluster of this machine
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ray
import torch
import tyro
from ram_agents import Reinforce, recipe
from ram_agents.evaluation.evaluate import evaluation_env, validation_errors
from ray import tune
from ray.tune.schedulers import ASHAScheduler


def trial(tried: dict[str, Any], *, report_every: int) -> None:
    """Train one agent in a worker; report its error on held-out images along the way."""
    torch.set_num_threads(1)
    agent = Reinforce(config=recipe("demo").replace(**tried))
    held_out = evaluation_env(agent, "validation")

    def report(agent: Reinforce, update: Any) -> None:
        if agent.episodes % report_every < agent.config.num_envs or agent.updates == agent.total_updates:
            tune.report({"error": validation_errors(agent, held_out)[-1], "episodes": agent.episodes})

    agent.learn(callback=report)


def main(
    directory: Path = Path("runs/tune"),
    *,
    address: str = "local",
    samples: int = 8,
    total_episodes: int = 200_000,
    report_every: int = 25_000,
    seed: int = 0,
) -> dict[str, Any]:
    """Sweep, print all trials from the best to the worst, and return the best one's hyper-parameters."""
    ray.init(address)
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(trial, report_every=report_every), {"cpu": 1}),
        param_space={
            "location_std": tune.loguniform(0.03, 0.3),
            "final_location_std": None,  # No annealing: the std that is swept is the one that is used.
            "learning_rate": tune.loguniform(2e-4, 5e-3),
            "total_episodes": total_episodes,
        },
        tune_config=tune.TuneConfig(
            metric="error",
            mode="min",
            num_samples=samples,
            # Trials that are far behind when compared at the same number of episodes end early.
            scheduler=ASHAScheduler(time_attr="episodes", grace_period=2 * report_every, max_t=2 * total_episodes),
            search_alg=tune.search.BasicVariantGenerator(random_state=seed),
        ),
        run_config=tune.RunConfig(name="sweep", storage_path=str(directory.resolve()), verbose=1),
    )
    results = tuner.fit()
    ray.shutdown()
    print("error, %  episodes  location_std  learning_rate")
    for result in sorted(results, key=lambda result: result.metrics["error"]):
        tried, told = result.config, result.metrics
        print(
            f"{told['error']:8.2f}  {told['episodes']:8,}  {tried['location_std']:12.3f}  {tried['learning_rate']:.5f}"
        )
    best = results.get_best_result().config
    return {name: best[name] for name in ("location_std", "learning_rate")}


if __name__ == "__main__":
    tyro.cli(main)
