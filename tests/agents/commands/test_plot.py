import json

import numpy as np
import pytest
from PIL import Image
from ram_agents import Reinforce
from ram_agents.commands.plot import main
from ram_agents.evaluation.evaluate import Evaluation
from ram_agents.rendering import figures
from ram_agents.rendering.figures import Fixations, foveated

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


def lines_of(figure):
    """Label, x and y of each line."""
    (axes,) = figure.axes
    return [(line.get_label(), line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axes.lines]


def test_learning_curves_show_both_errors_of_each_run():
    log = [
        {"episodes": 100, "validation_error": 40.0, "episode_return": 0.5},
        {"episodes": 200, "validation_error": 20.0, "episode_return": 0.75},
    ]
    figure = figures.learning_curves({"one": log, "two": [{**log[1], "validation_error": None}]})
    training, held_out, _, missing = lines_of(figure)
    assert training[1:] == ([100, 200], [50, 25])
    assert held_out == ("one (20.00%)", [100, 200], [40, 20])
    assert missing[0] == "two"
    assert np.isnan(missing[2]).all()
    with pytest.raises(ValueError, match="log of none is empty"):
        figures.learning_curves({"none": []})


def test_error_by_glimpse_shows_single_and_averaged_paths():
    result = Evaluation(10, np.array([60.0, 10, 5]), None, np.array([50.0, 8, 2]), None, 3.0, None)
    single, averaged = lines_of(figures.error_by_glimpse({"agent": result}))
    assert single == ("agent (5.00%)", [1, 2, 3], [60, 10, 5])
    assert averaged == ("agent, paths averaged (2.00%)", [1, 2, 3], [50, 8, 2])


def test_gaze_map_counts_where_the_agent_looked():
    pixels = np.zeros((50, 2, 2))
    pixels[:, 0] = [-9, 0]  # left of the middle
    pixels[:40, 1] = [0, 9]  # below the middle
    pixels[40:, 1] = [0, 90]  # far outside
    figure = figures.gaze_map(Fixations(pixels, "the ball", None, 10))
    first, second = (axes.images[0].get_array() for axes in figure.axes)
    middle = len(first) / 2
    row, column = np.unravel_index(first.argmax(), first.shape)
    assert column < 0.1 * len(first)
    assert abs(row - middle) <= 1
    row, column = np.unravel_index(second.argmax(), second.shape)
    assert row > 0.9 * len(first)
    assert abs(column - middle) <= 1
    assert [axes.get_title() for axes in figure.axes] == ["glimpse 1", "glimpse 2, 80% inside"]


def test_a_glimpse_as_one_picture_is_fine_in_its_middle():
    glimpse = np.stack([np.full((2, 2), value) for value in (3.0, 2.0, 1.0)])
    picture = foveated(glimpse)
    expected = np.ones((8, 8))
    expected[2:6, 2:6] = 2
    expected[3:5, 3:5] = 3
    np.testing.assert_array_equal(picture, expected)
    np.testing.assert_array_equal(foveated(glimpse[:1]), glimpse[0])
    assert foveated(np.zeros((2, 3, 3, 3))).shape == (6, 6, 3)
    assert (glimpse[2] == 1).all()  # left as it was


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
        main([*command, "--out", str(tmp_path / "figures" / name)])
    for path in (tmp_path / "figures").iterdir():
        if path.suffix == ".png":
            assert np.asarray(Image.open(path).convert("L")).std() > 5
            assert Image.open(path).size[0] > 800
        else:
            assert path.read_bytes().startswith((b"<?xml", b"%PDF"))
    assert len(list((tmp_path / "figures").iterdir())) == len(commands)


def test_the_same_figure_gives_the_same_file(folder, tmp_path):
    for name in ("a.svg", "b.svg"):
        main(["curves", str(folder / "run"), "--out", str(tmp_path / name)])
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
        main(arguments)
    assert message in str(leaving.value.code)
