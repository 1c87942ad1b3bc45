"""The extras, and of each a few lines that run where it is installed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEFINITION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = list(DEFINITION["optional-dependencies"])

MAKE = "import gymnasium as gym; env = gym.make('ram_envs:ram_envs/{id}'{arguments}); env.reset(seed=0)"
LOAD = "import ram_agents; agent = ram_agents.load('mnist28'); "
TRIALS = {
    "": MAKE.format(id="GlimpseMNIST-v0", arguments=""),
    "agents": LOAD + "print(ram_agents.evaluate(agent, episodes=100, paths=0).mean)",
    "render": MAKE.format(id="Catch-v0", arguments=", render_mode='rgb_array'") + "; print(env.render().shape)",
    "sb3": LOAD + "from ram_agents.sb3 import from_agent, make_vec_env; "
    "print(from_agent(agent, make_vec_env(agent.env_id, n_envs=2, env_kwargs=agent.env_kwargs)))",
    "rllib": "import ram_agents.rllib",
    "ap-gym": "import ram_agents.ap_gym",
    "export": LOAD + "ram_agents.export(agent, 'mnist28.onnx', format='onnx')",
    "tracking": "import optuna, wandb; from ram_agents import OptunaPruning, WeightsAndBiases",
    "hub": LOAD + "import huggingface_hub; ram_agents.save_pretrained(agent, 'mnist28')",
    "benchmark": "from ram_agents.scoreboard import figures; print(figures([1, 2, 3]))",
    "samples": MAKE.format(id="GlimpseImages-v0", arguments=", images='sklearn:photos'"),
    "large": "import imagecodecs, PIL, tifffile, ram_envs.gallery.tiff",
    "slides": "import openslide, ram_envs.gallery.slides",
    "dev": "import ale_py, build, hypothesis, minigrid, mypy, nbclient, pytest, xdist",
    "docs": "import furo, myst_nb, myst_parser, sphinx",
    "all": "import imagecodecs, onnx, openslide, optuna, pygame, sklearn, ram_agents.sb3",
}


def constraints(extra: str) -> str:
    """The versions that an extra is tried with, constraints.txt; RLlib's without Gymnasium, which Ray pins."""
    pins = (ROOT / "constraints.txt").read_text()
    return re.sub(r"^gymnasium==.*\n", "", pins, flags=re.MULTILINE) if extra == "rllib" else pins
