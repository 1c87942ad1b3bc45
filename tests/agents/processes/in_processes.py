"""Run by torchrun in several processes: trains several times, and tells digests of the weights as JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import torch
from ram_agents import Checkpoints, Reinforce
from ram_agents.processes.group import Processes
from ram_agents.processes.torchrun import leave, torchrun

CONFIG: dict[str, Any] = {
    "env_id": "ram_envs/GlimpseMNIST-v0",
    "env_kwargs": {"num_glimpses": 3},
    "num_envs": 16,
    "total_episodes": 16 * 8,
    "checkpoint_every": 4,
    "optimizer": "muon",
    "standardise": True,
    "hidden_size": 16,
    "glimpse_size": 8,
    "location_size": 8,
}


def digest(agent: Reinforce) -> str:
    """Of the weights."""
    return hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in agent.policy.parameters())).hexdigest()


def digests(agent: Reinforce) -> list[str]:
    """Of the weights in each process."""
    own = torch.frombuffer(bytearray.fromhex(digest(agent)), dtype=torch.uint8)
    return [bytes(other.tolist()).hex() for other in agent.processes.gather(own)]


def trained(processes: Processes, **changes: Any) -> Reinforce:
    """A run."""
    return Reinforce(processes=processes, **(CONFIG | changes)).learn()


def resumed(processes: Processes, directory: Path) -> Reinforce:
    """A run that stops after its first segment, is saved by process 0, and goes on from the file."""
    agent = Reinforce(processes=processes, **CONFIG)
    checkpoints = Checkpoints(directory)
    agent.learn(callback=[checkpoints, lambda agent, metrics: agent.updates < 4])
    assert agent.updates == 4
    processes.any(False)  # the file is there
    again = Reinforce.load(directory / "last.safetensors", processes=processes)
    return again.learn(CONFIG["total_episodes"], resume=True)


def main(directory: Path) -> None:
    """Train, and let process 0 print."""
    torch.set_num_threads(1)
    with torchrun() as processes:
        runs = {
            "first": trained(processes),
            "again": trained(processes),
            "other seed": trained(processes, seed=1),
            "resumed": resumed(processes, directory),
        }
        said = {name: digests(agent) for name, agent in runs.items()}
        if processes.first:
            print(json.dumps(said))
    leave()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
