"""Env runners on another node of a Ray cluster: two nodes, each in a network of its own, as two machines are."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("ray.rllib", reason="RLlib is an extra with a virtual environment of its own")

NAMES, ADDRESSES = ("ram-first", "ram-second"), ("10.77.0.1", "10.77.0.2")
RAY = Path(sys.executable).parent / "ray"
SCRIPT = """
import ray
from ram_agents.rllib import ppo_config

ray.init(address={address!r})
config = (
    ppo_config("ram_envs/GlimpseMNIST-v0", label=True, max_seq_len=6)
    .env_runners(num_env_runners=2, num_envs_per_env_runner=16, rollout_fragment_length=6)
    .training(train_batch_size_per_learner=2 * 16 * 6, minibatch_size=None, num_epochs=1, gamma=1.0)
)
algorithm = config.build_algo()
result = algorithm.train()
steps = result["env_runners"]["num_env_steps_sampled"]
nodes = algorithm.env_runner_group.foreach_env_runner(
    lambda runner: ray.util.get_node_ip_address(), local_env_runner=False
)
print(int(steps), *sorted(nodes))
algorithm.stop()
"""


def run(*words: object, env: dict[str, str] | None = None) -> str:
    """What a command says that ends well. (`processes.run` kills what it has started: here a node is to stay.)"""
    done = subprocess.run([str(word) for word in words], env=env, capture_output=True, text=True, timeout=300)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def cluster() -> Iterator[dict[str, str]]:
    """Two nodes of a CPU each in networks that a cable joins; yields the environment of what joins them."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("networks are made by root, with iproute2")
    # A folder of its own: in the usual one Ray keeps the cluster's address, and later runs would look for it in vain.
    # Its sockets' paths have to be short, which tmp_path is not.
    folder = tempfile.mkdtemp(prefix="ray")
    secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    env = os.environ | secret | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": folder}
    try:
        for name in NAMES:
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "cable", "netns", NAMES[0], "type", "veth", "peer", "cable", "netns", NAMES[1])
        for name, address in zip(NAMES, ADDRESSES, strict=True):
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "cable")
            for device in ("lo", "cable"):
                run("ip", "-n", name, "link", "set", device, "up")
            role = ("--head", "--port", 6379) if name == NAMES[0] else ("--address", f"{ADDRESSES[0]}:6379")
            own = ("--node-ip-address", address, "--num-cpus", 1)
            run("ip", "netns", "exec", name, RAY, "start", *role, *own, env=env)
        yield env
    finally:
        for name in NAMES:
            inside = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split()
            subprocess.run(["kill", "-9", *inside], capture_output=True)
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_each_node_has_a_runner(cluster: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(address=f"{ADDRESSES[0]}:6379"))
    out = run("ip", "netns", "exec", NAMES[0], sys.executable, script, env=cluster)
    assert out.split() == ["192", *ADDRESSES]
