"""The folder of pictures that docs/large-images.md is tried on."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from places import ROOT

from ram_envs.gallery.gallery import prepare

EXAMPLE = runpy.run_path(str(ROOT / "examples/hidden_shapes.py"))
SIZE = 420, 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("pictures") / "shapes"
    EXAMPLE["main"](out, pictures=300, size=SIZE, seed=1)
    return out


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_pictures_are_those_of_the_seed_however_many_there_are(folder, tmp_path) -> None:
    EXAMPLE["main"](tmp_path / "more", pictures=304, size=SIZE, seed=1)
    assert table(tmp_path / "more")[:300] == table(folder)
    for index in (0, 299):
        assert (tmp_path / "more" / f"{index:05}.jpg").read_bytes() == (folder / f"{index:05}.jpg").read_bytes()


def test_four_pictures_of_a_group_and_every_class(folder) -> None:
    rows = table(folder)
    assert [row["group"] for row in rows] == [f"camera-{index // 4}" for index in range(300)]
    assert {row["label"] for row in rows} == set(EXAMPLE["CLASSES"])


def test_most_pictures_have_the_size_that_is_asked_for(folder) -> None:
    sizes = [Image.open(folder / row["file"]).size for i, row in enumerate(table(folder)) if i not in (100, 150)]
    asked = [size in (SIZE, SIZE[::-1]) for size in sizes]
    assert 0.7 < np.mean(asked) < 0.9
    assert {SIZE, SIZE[::-1]} < set(sizes)


def test_two_files_are_damaged_and_named_and_all_others_are_whole(folder, tmp_path) -> None:
    rows = table(folder)
    with pytest.raises(ValueError, match=r"2 of them are refused\n.*00100.jpg.*\n.*00150.jpg"):
        prepare(folder / "labels.csv", hold_out=False, cache_dir=tmp_path / "cache")
    assert len(list((tmp_path / "cache").glob("*.pyramid"))) == 298
    whole = folder / "whole.csv"
    with whole.open("w", newline="") as file:
        csv.writer(file).writerows(
            [rows[0].keys(), *(row.values() for i, row in enumerate(rows) if i not in (100, 150))]
        )
    prepare(whole, hold_out=False, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize("name", EXAMPLE["CLASSES"])
def test_a_picture_holds_its_shape_whole_and_crumbs_as_bright(name) -> None:
    picture = np.asarray(EXAMPLE["picture"](np.random.default_rng(2), name, 500, 500, np.ones(3)))[..., 0]
    bright = picture >= 200
    shape = EXAMPLE["shape"](name)
    windows = np.lib.stride_tricks.sliding_window_view(bright, shape.shape)
    assert np.sum((windows == shape).all((2, 3))) == 1
    assert bright.sum() > shape.sum()


@pytest.mark.parametrize(("pictures", "size"), [(299, SIZE), (300, (300, 199))])
def test_too_few_and_too_small_pictures_are_refused(tmp_path, pictures, size) -> None:
    with pytest.raises(SystemExit, match="at least 300 are needed, of 400 pixels to a side"):
        EXAMPLE["main"](tmp_path / "out", pictures=pictures, size=size)
