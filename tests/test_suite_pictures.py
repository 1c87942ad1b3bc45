"""docs/pictures.py, and the pictures of the environments that it drew."""

from __future__ import annotations

import re
import runpy

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image
from places import DOCS, ROOT
from ram_agents.evaluation.pretrained import pretrained_names

from ram_envs.rendering.painting import YELLOW

pytest.importorskip("pygame")
PICTURES = runpy.run_path(str(DOCS / "pictures.py"))
SUITE = PICTURES["SUITE"]


def test_each_environment_has_its_picture_in_the_readme() -> None:
    """But that of the user's own images."""
    rows = dict(
        re.findall(r"^\| `(ram_envs/[\w-]+)` .*?!\[\]\(([^)]+)\) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    )
    assert rows == {shown.env_id: f"docs/images/suite/{name}.gif" for name, shown in SUITE.items()}
    ids = {id for id in gym.registry if id.startswith("ram_envs/")}
    assert rows.keys() == ids - {"ram_envs/GlimpseImages-v0"}
    assert {path.stem for path in (DOCS / "images" / "suite").iterdir()} == set(SUITE)


@pytest.mark.parametrize("name", SUITE)
def test_a_picture_shows_a_trained_agent_and_says_which(name: str) -> None:
    assert SUITE[name].agent in pretrained_names()
    with Image.open(DOCS / "images" / "suite" / f"{name}.gif") as video:
        assert video.n_frames > 3 * 6
        line = np.asarray(video.convert("RGB"))[PICTURES["SIZE"] :].astype(int)
    assert (np.abs(line - YELLOW) < 40).all(axis=-1).any()
