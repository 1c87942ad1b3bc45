import json

import numpy as np
import pytest
from PIL import Image
from ram_agents import Reinforce, cli

SMALL = {"glimpse_size": 8, "location_size": 8, "hidden_size": 16, "num_envs": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two untrained agents, a log, and an empty one."""
    folder = tmp_path_factory.mktemp("agents")
    Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs={"num_glimpses": 3}, **SMALL).save(folder / "digits.safetensors")
    Reinforce("ram_envs/Catch-v0", **SMALL).save(folder / "catch.safetensors")
    for name in ("run", "other", "empty"):
        (folder / name).mkdir()
        lines = [
            {"episodes": 1000 * (i + 1), "validation_error": 50 / (i + 1), "episode_return": 1 - 0.6 / (i + 1)}
            for i in range(0 if name == "empty" else 5)
        ]
        (folder / name / "progress.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return folder


def test_every_figure_can_be_written(folder, tmp_path):
    digits, catch = (str(folder / f"{name}.safetensors") for name in ("digits", "catch"))
    commands = {
        "curves.svg": ["curves", str(folder / "run"), str(folder / "other")],
        "glimpses.png": ["glimpses", digits, "--episodes", "50", "--paths", "2"],
        "gaze.svg": ["gaze", digits, "--episodes", "20"],
        "catch.png": ["gaze", catch, "--episodes", "20"],
        "montage.svg": ["montage", digits, "--index", "3", "4"],
        "wrong.pdf": ["montage", digits, "--only", "wrong", "--episodes", "2"],
        "games.png": ["montage", catch, "--episodes", "2"],
    }
    for name, command in commands.items():
        cli.main(["plot", *command, "--out", str(tmp_path / "figures" / name)])
    for path in (tmp_path / "figures").iterdir():
        if path.suffix == ".png":
            assert np.asarray(Image.open(path).convert("L")).std() > 5
            assert Image.open(path).size[0] > 800
        else:
            assert path.read_bytes().startswith((b"<?xml", b"%PDF"))
    assert len(list((tmp_path / "figures").iterdir())) == len(commands)


def test_the_same_figure_gives_the_same_file(folder, tmp_path):
    for name in ("a.svg", "b.svg"):
        cli.main(["plot", "curves", str(folder / "run"), "--out", str(tmp_path / name)])
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["curves", "nowhere"], "no log of a run in nowhere"),
        (["curves", "empty"], "has not reached its first checkpoint"),
        (["curves", "run", "--out", "figure.bmp"], "must end in .svg"),
        (["montage", "nobody"], "nobody"),
        (["montage", "digits.safetensors", "--index", "10000"], "10000"),
    ],
)
def test_what_cannot_be_drawn_is_told(folder, arguments, message, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as leaving:
        cli.main(["plot", *arguments])
    assert message in str(leaving.value.code)
