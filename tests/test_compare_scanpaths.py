"""The example that compares scanpaths of agents and people."""

from __future__ import annotations

import runpy

import numpy as np
import pytest
from places import ROOT
from ram_agents import Reinforce
from ram_agents.evaluation.scanpaths import Scanpath, append_fixations, begin_table

EXAMPLE = runpy.run_path(str(ROOT / "examples/compare_scanpaths.py"))
SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


@pytest.fixture(scope="module")
def agents(tmp_path_factory) -> tuple[str, str]:
    """A run's directory and a file, of two seeds."""
    folder = tmp_path_factory.mktemp("agents")
    for seed, name in enumerate(("run/best.safetensors", "other.safetensors")):
        agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 4}, seed=seed, **SMALL)
        agent.save(folder / name)
    return str(folder / "run"), str(folder / "other.safetensors")


def test_agents_of_several_seeds_are_compared_pair_by_pair(agents, capsys) -> None:
    found = EXAMPLE["main"](agents, images=5)
    assert set(found) == {tuple(sorted(pair)) for pair in [agents, *((name, "random gaze") for name in agents)]}
    assert all((comparison.images, comparison.pairs) == (5, 5) for comparison in found.values())
    assert "5 scenes" in capsys.readouterr().out


def test_a_persons_table_names_the_scenes_and_the_rival_in_it_is_left_out(agents, tmp_path) -> None:
    begin_table(tmp_path / "games.csv")
    places, one = np.array([[14.0, 14], [3, 5], [20, 9]]), np.ones(3)
    paths = [Scanpath(places, one, image, subject) for image in ("9", "7") for subject in ("anna", agents[0])]
    append_fixations(tmp_path / "games.csv", paths)
    found = EXAMPLE["main"](agents[:1], fixations=tmp_path / "games.csv")
    assert found["anna", "random gaze"].images == 2
    assert len(found) == 3


def test_scenes_of_different_sizes_are_refused(agents, tmp_path) -> None:
    large = str(tmp_path / "large.safetensors")
    Reinforce("ram_envs/GlimpseMNIST-Translated-v0", env_kwargs={"num_glimpses": 4}, **SMALL).save(large)
    with pytest.raises(SystemExit, match="different sizes"):
        EXAMPLE["main"]((agents[0], large), images=3)
