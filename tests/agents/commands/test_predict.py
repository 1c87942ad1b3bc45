"""`ram predict`: files in, a table and pictures out, and nothing lost or overwritten."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ram_agents import Reinforce, cli
from ram_agents.commands.predict import batches, find_images

KWARGS = {"image_size": 16, "num_glimpses": 3, "patch_size": 4, "hold_out": False}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder of training images, and an agent that learned from them a little."""
    folder = tmp_path_factory.mktemp("predict")
    generator = np.random.default_rng(0)
    for name, light in (("dark", 0), ("light, say", 160)):
        (folder / "train" / name).mkdir(parents=True)
        for i in range(6):
            image = (light + generator.integers(0, 90, (20, 20, 3))).astype(np.uint8)
            Image.fromarray(image).save(folder / "train" / name / f"{i}.png")
    agent = Reinforce(
        "ram_envs/GlimpseImages-v0",
        env_kwargs=KWARGS | {"images": str(folder / "train"), "flip": True},
        num_envs=32,
        total_episodes=3200,
        hidden_size=32,
        normalise="scales",
    )
    agent.learn().save(folder / "agent.safetensors")
    return folder


def predict(*words: object) -> None:
    cli.main(["predict", *map(str, words)])


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table_and_pictures(place: Path, tmp_path: Path, capsys) -> None:
    photos = tmp_path / "photos"
    (photos / "inner").mkdir(parents=True)
    for name, light, size in (("b.png", 20, (30, 40)), ("inner/a.jpg", 210, (20, 20)), ("a.png", 230, (16, 16))):
        Image.new("RGB", size, (light, light, light)).save(photos / name)
    Image.new("L", (25, 17), 25).save(photos / "grey.png")
    (photos / "notes.txt").write_text("no image")
    (photos / ".hidden.png").write_bytes(b"")
    words = [photos, "--agent", place / "agent.safetensors", "--out", tmp_path / "out.csv"]
    predict(*words, "--pictures", tmp_path / "pictures", "--size", 120)
    lines = table(tmp_path / "out.csv")
    assert [Path(line["file"]).relative_to(photos).as_posix() for line in lines] == [
        *("a.png", "b.png", "grey.png", "inner/a.jpg")
    ]
    assert [line["label"] for line in lines] == ["light, say", "dark", "dark", "light, say"]
    places = ["x1", "y1", "x2", "y2", "x3", "y3"]
    assert list(lines[0]) == ["file", "label", "p_dark", "p_light, say", *places]
    for line in lines:
        assert float(line["p_dark"]) + float(line["p_light, say"]) == pytest.approx(1, abs=1e-5)
        assert all(-1 <= float(line[place]) <= 1 for place in places)
        picture = Path(line["file"]).relative_to(photos)
        with Image.open(tmp_path / "pictures" / f"{picture}.png") as image:
            assert image.size == (120, 120)
            if line["file"].endswith("b.png"):  # most of it shows the image, as bright as it is
                assert np.mean((np.asarray(image) == 20).all(2)) > 0.4
    shown = capsys.readouterr()
    assert f"wrote {tmp_path / 'out.csv'}: 4 images" in shown.out
    assert "reads images from" not in shown.err


def test_images_that_cannot_be_read_are_named_and_the_others_done(place: Path, tmp_path: Path, capsys) -> None:
    Image.new("RGB", (20, 20), (9, 9, 9)).save(tmp_path / "good.png")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:60])
    files = [tmp_path / name for name in ("empty.png", "good.png", "cut.png")]
    with pytest.raises(SystemExit, match="2 of 3 images could not be read"):
        predict(*files, "--agent", place / "agent.safetensors", "--out", tmp_path / "out.csv")
    (line,) = table(tmp_path / "out.csv")
    assert line["file"] == str(tmp_path / "good.png")
    shown = capsys.readouterr().err
    assert str(tmp_path / "empty.png") in shown
    assert str(tmp_path / "cut.png") in shown
    with pytest.raises(SystemExit, match="1 of 1 images"):
        predict(files[0], "--agent", place / "agent.safetensors", "--out", tmp_path / "none.csv")
    assert table(tmp_path / "none.csv") == []


def test_nothing_is_overwritten_by_accident(place: Path, tmp_path: Path) -> None:
    Image.new("RGB", (20, 20)).save(tmp_path / "a.png")
    words = [tmp_path / "a.png", "--agent", place / "agent.safetensors", "--out", tmp_path / "out.csv"]
    predict(*words)
    before = (tmp_path / "out.csv").read_bytes()
    (tmp_path / "out.csv").write_bytes(before + b"mine")
    with pytest.raises(SystemExit, match=r"out.csv is there already; .* --overwrite"):
        predict(*words)
    assert (tmp_path / "out.csv").read_bytes() == before + b"mine"
    predict(*words, "--overwrite")
    assert (tmp_path / "out.csv").read_bytes() == before
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png.png").write_bytes(b"mine")
    with pytest.raises(SystemExit, match=r"a.png.png is there already"):
        predict(*words[:3], "--out", tmp_path / "other.csv", "--pictures", tmp_path / "pictures")
    assert not (tmp_path / "other.csv").exists()
    with pytest.raises(SystemExit, match=r"a.png is one of the images"):
        predict(*words[:3], "--out", tmp_path / "a.png", "--overwrite")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.png"], "there is no file or folder nowhere.png"),
        (["."], "there are no images: name files, or folders that hold some"),
        ([], "there are no images"),
    ],
)
def test_wrong_words_are_told(words, message, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=message):
        predict(*words, "--agent", "mnist28", "--out", "out.csv")


def test_an_agent_that_takes_no_images_says_what_helps(tmp_path: Path) -> None:
    Image.new("L", (28, 28)).save(tmp_path / "a.png")
    words = [tmp_path / "a.png", "--agent", "mnist28", "--out", tmp_path / "out.csv"]
    with pytest.raises(SystemExit, match=r"does not show images of yours .* --env-id"):
        predict(*words)
    assert not (tmp_path / "out.csv").exists()
    predict(*words, "--env-id", "ram_envs/GlimpseImages-v0", "--env-kwargs", '{"patch_size": 8, "num_glimpses": 6}')
    (line,) = table(tmp_path / "out.csv")
    assert line["label"] in "0123456789"


def test_pictures_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.new("L", (4, 4)).save(tmp_path / folder / "1.png")
    with pytest.raises(ValueError, match=r"would have one picture, 1.png.png; name the folder"):
        find_images([tmp_path / "a", tmp_path / "b"])
    assert len(find_images([tmp_path])) == 2
    assert len(find_images([tmp_path / "a", tmp_path / "a" / "1.png"])) == 1


def test_images_of_one_size_go_together_as_far_as_memory_allows() -> None:
    small, large = np.zeros((3, 5), np.uint8), np.zeros((5000, 5000), np.uint8)
    images = [*[small] * 70, *[large] * 3, small]
    found = [batch.images.shape for batch in batches((i, image) for i, image in enumerate(images))]  # type: ignore[misc]
    assert found == [(64, 3, 5), (6, 3, 5), (2, 5000, 5000), (1, 5000, 5000), (1, 3, 5)]
