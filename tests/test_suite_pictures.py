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
def test_a_picture_says_whether_it_shows_a_trained_agent(name: str) -> None:
    """It fails once a further agent comes with the package: `python docs/pictures.py` renews the picture."""
    with Image.open(DOCS / "images" / "suite" / f"{name}.gif") as video:
        assert video.n_frames > 3 * 6
        line = np.asarray(video.convert("RGB"))[PICTURES["SIZE"] :].astype(int)
    yellow = (np.abs(line - YELLOW) < 40).all(axis=-1).any()
    assert yellow == (SUITE[name].agent in pretrained_names())


@pytest.mark.parametrize("name", ["pairs", "addition", "moving", "circlesquare"])
def test_a_gaze_that_is_led_lies_on_the_target_and_nothing_is_answered(name: str) -> None:
    for views in PICTURES["led"](SUITE[name]):
        assert all(not view.said() and not view.finished for view in views)
        for view in views[-4:]:
            height, width = view.scene.shape
            column, row = (view.gaze[-1] + 1) / 2 * [width, height]
            around = view.scene[max(int(row) - 9, 0) : int(row) + 10, max(int(column) - 9, 0) : int(column) + 10]
            assert around.max() > 200  # ink within a digit's half size, or the shape
        visited = np.stack([view.gaze[-1] for view in views])
        assert np.ptp(visited, axis=0).max() > 0.1
