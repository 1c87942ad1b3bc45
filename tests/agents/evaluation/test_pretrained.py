"""The agents that come with the package."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import ram_agents
from processes import run_script
from ram_agents.evaluation.evaluate import evaluate
from ram_agents.evaluation.pretrained import WEIGHTS

# Test error in %, single path, of the first 1,000 scenes (100 of the large ones): a coarse bound, so that a wrong file
# or sensor shows.
BOUNDS = {
    "canvas28": 1.5,
    "canvas28_3": 2.0,
    "mnist28": 1.5,
    "mnist28_3": 2.5,
    "translated60": 1.8,
    "cluttered60": 4.0,
    "cluttered100": 2.5,
    "catch": 2.0,
    "megapixel": 22.0,
    "circlesquare": 0.5,
    "moving": 3.0,
    "pairs": 3.5,
    "addition": 2.5,
    "robust": 4.0,
}
MOST_BYTES = 15_000_000
"""Of all files together: each installation carries them."""


def test_every_agent_is_tested() -> None:
    assert set(ram_agents.pretrained_names()) == set(BOUNDS)


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in Path(str(WEIGHTS)).glob("*.safetensors")) <= MOST_BYTES


@pytest.mark.parametrize("name", BOUNDS)
def test_it_fits_its_environment_and_is_good_at_it(name: str) -> None:
    agent = ram_agents.load(name)
    envs = gym.make_vec(agent.env_id, num_envs=3, **agent.env_kwargs)
    observations, _ = envs.reset(seed=0)
    actions, _ = agent.predict(observations, deterministic=True)
    assert envs.action_space.contains(actions)
    assert evaluate(agent, episodes=100 if name == "megapixel" else 1000, paths=0).mean[-1] < BOUNDS[name]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(FileNotFoundError, match="cluttered60"):
        ram_agents.load("mnist29")


def test_importing_the_agents_registers_the_environments_and_loads_no_adapter(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("""
import sys
adapters = ("stable_baselines3", "sb3", "ray")
for name in [name for name in sys.modules if name.startswith(adapters)]:
    del sys.modules[name]
import gymnasium, ram_agents
gymnasium.spec("ram_envs/Catch-v0")
print([name for name in sys.modules if name.startswith(adapters)])
""")
    done = run_script(script)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_shipped_files_hold_no_optimiser_state() -> None:
    for name in ram_agents.pretrained_names():
        assert not any(optimizer.state for optimizer in ram_agents.load(name).optimizers)


def test_a_loaded_agent_repeats_itself() -> None:
    observation = {"glimpse": np.zeros((1, 8, 8), np.float32), "location": np.zeros(2, np.float32)}
    first, second = (ram_agents.load("mnist28").predict(observation, deterministic=True)[0] for _ in range(2))
    assert np.array_equal(first["location"], second["location"])
