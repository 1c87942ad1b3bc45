"""`ram predict`: what an agent says of image files, where it looked, and pictures of its way."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import tyro
from numpy.typing import NDArray

from ram_envs.arguments import shown
from ram_envs.images.folders import SUFFIXES, common_form, read_images

from ..agent.envs import AnyVectorEnv, declared, make_env
from ..evaluation.predictions import Prediction, predict_scenes
from ..evaluation.runs import naming
from ..model.config import COUNT, NOT_NEGATIVE, number
from ..model.forms import glimpse_shape, num_actions
from ..training.reinforce import Reinforce
from .options import DEFAULT_THREADS, JsonObject, check_device, check_out, metered, open_agent, parse

OF_OTHER_SCENES = (
    *("images", "labels", "hold_out", "image_size", "lazy", "cache_dir", "cache_bytes"),
    *("canvas_size", "num_distractors", "distractor_size", "distractor_images"),
)
"""Arguments of an agent's environment that say what its training scenes were made of: here a file is a whole scene."""
MODES = {(): "L", (3,): "RGB"}
"""Pillow's mode for the channels of a glimpse."""
BATCH_BYTES = 2**26
MOST_ROWS = 64


@dataclass(frozen=True)
class Predict:
    """Let an agent look at image files, each a whole scene, and write what it says to a table."""

    files: tyro.conf.Positional[tuple[Path, ...]]
    """Image files, and folders of which all images are taken, also those in folders inside."""
    agent: str
    """A checkpoint, or the name of a pretrained agent."""
    out: Path
    """Write the table to this CSV file: of each image its file, the likeliest label, the probability of each label, and
    where the agent looked, x1, y1, x2, ... in [-1, 1] from left to right and from top to bottom."""
    pictures: Path | None = None
    """Draw the path of the gaze on each image, and write that into this directory."""
    size: int = number(480, COUNT)
    """Height and width of these pictures in pixels, a multiple of 6."""
    overwrite: bool = False
    """Replace a table and pictures that are there already."""
    env_id: str | None = None
    """Look through this environment, which takes images and labels as GlimpseImages does, in place of the agent's."""
    env_kwargs: JsonObject = field(default_factory=dict)
    """Change the environment's arguments."""
    allow_unsigned: bool = False
    """Load a checkpoint of an old format too, whose checksum leaves out what it was trained on and how."""
    seed: int = number(0, NOT_NEGATIVE)
    """Of first locations that are random."""
    device: str = "cpu"
    """Where the model lives."""
    threads: int = number(DEFAULT_THREADS, COUNT)
    """Of torch, on the CPU."""


class Item(NamedTuple):
    """An image file."""

    path: Path
    picture: Path
    """Its picture's path in the directory of pictures."""


class Batch(NamedTuple):
    """Images of one size."""

    items: list[Item]
    images: NDArray[np.uint8]
    """(n, H, W) or (n, H, W, C)."""


class Looked(NamedTuple):
    """What an agent said of images of one size."""

    items: list[Item]
    predictions: list[Prediction]
    num_glimpses: int
    """That an episode has at most."""


def main(arguments: Sequence[str]) -> None:
    """Parse the arguments, look at all images, and say which could not be read."""
    options = parse(Predict, arguments, command="predict")
    items = find_images(options.files)
    check_outputs(items, options)
    check_device(options.device)
    torch.set_num_threads(options.threads)
    agent = open_agent(
        options.agent,
        device=options.device,
        env_id=options.env_id,
        env_kwargs={"images": None, **options.env_kwargs},  # the files', not those that the agent learned from
        allow_unsigned=options.allow_unsigned,
    )
    unread = predict(agent, items, options)
    print(f"wrote {options.out}: {len(items) - len(unread)} images")
    for message in unread:
        print(message, file=sys.stderr)
    if unread:
        sys.exit(f"ram predict: {len(unread)} of {len(items)} images could not be read")


def find_images(paths: Sequence[Path]) -> list[Item]:
    """The images that are named, and those in the folders that are named, in the order of their names.

    Raises:
        FileNotFoundError: a path of nothing.
        ValueError: no images, or two whose pictures would have one name.
    """
    suffixes = {suffix for some in SUFFIXES.values() for suffix in some}
    items: list[Item] = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is no file or folder {shown(path)}")
        inside = sorted(path.rglob("*")) if path.is_dir() else []
        visible = (file for file in inside if not any(part.startswith(".") for part in file.relative_to(path).parts))
        files = [file for file in visible if file.suffix.lower() in suffixes and file.is_file()]
        named = [(path, path.name)] if not path.is_dir() else [(file, str(file.relative_to(path))) for file in files]
        items += [Item(file, Path(f"{name}.png")) for file, name in named]
    if not items:
        raise ValueError("there are no images: name files, or folders that hold some")
    first: dict[Path, Path] = {}
    for path, picture in items:
        if first.setdefault(picture, path) != path:
            raise ValueError(
                f"{shown(first[picture])} and {shown(path)} would have one picture, {shown(picture)}; name the folder "
                "that holds both"
            )
    return [Item(path, picture) for picture, path in first.items()]


def check_outputs(items: list[Item], options: Predict) -> None:
    """Raise a ValueError if the table or a picture can't be written, or would replace what is there."""
    outputs = [options.out]
    if options.pictures is not None:
        if options.size < 60 or options.size % 6:
            raise ValueError(f"--size is {options.size}; it must be a multiple of 6, and at least 60")
        check_out(options.pictures, "--pictures", directory=True)
        outputs += [options.pictures / item.picture for item in items]
    inputs = {item.path.resolve() for item in items}
    for path in outputs:
        if path.resolve() in inputs:
            raise ValueError(f"{shown(path)} is one of the images; choose another place for what is written")
        if path.exists() and not options.overwrite:
            raise ValueError(f"{shown(path)} is there already; choose another place, or replace it by --overwrite")
    check_out(options.out)


def predict(agent: Reinforce, items: list[Item], options: Predict) -> list[str]:
    """Write the table and the pictures; returns what is wrong with the images that can't be read."""
    unread: list[str] = []
    names = class_names(agent)
    found = look(agent, items, names, options, unread)
    first = next(found, None)  # before there is a file: what is wrong with the agent shows here
    with (
        metered("images", options.agent) as progress,
        naming(options.out),
        options.out.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        table = csv.writer(file)
        table.writerow(header(names, first.num_glimpses if first else 0))
        for looked in chain([first] if first else [], found):
            for item, prediction in zip(looked.items, looked.predictions, strict=True):
                table.writerow(row(item, prediction, names))
                if options.pictures is not None:
                    write_picture(options.pictures / item.picture, prediction, size=options.size)
            progress(len(looked.items), len(items))
    return unread


def look(
    agent: Reinforce, items: list[Item], names: Sequence[str], options: Predict, unread: list[str]
) -> Iterator[Looked]:
    """What the agent says, batch by batch; `unread` is told what is wrong with images that can't be read."""
    done = 0
    for batch in batches(read(agent, items, unread)):
        env = scenes_of(agent, batch.images, names)
        predictions = predict_scenes(agent, env, seed=options.seed + done, views=options.pictures is not None)
        most = max(len(prediction.gaze) for prediction in predictions)
        yield Looked(batch.items, predictions, declared(env).num_glimpses or most)
        env.close()
        done += len(batch.items)


def class_names(agent: Reinforce) -> tuple[str, ...]:
    """Of the classes, (n,): as the agent learned them, where its file tells; else their numbers."""
    count = num_actions(agent.spaces.action)
    return tuple(map(str, agent.env_kwargs.get("class_names") or agent.action_names or range(count)))


def read(agent: Reinforce, items: list[Item], unread: list[str]) -> Iterator[tuple[Item, NDArray[np.uint8]]]:
    """The images that can be read, (H, W) or (H, W, C), in the agent's colours; `unread` is told of the others.

    Raises:
        ValueError: the agent's glimpses have neither one channel nor three.
    """
    channels = glimpse_shape(agent.spaces.observation)[3:]
    if channels not in MODES:
        raise ValueError(f"the agent sees {channels[0]} channels, and image files have one or three")
    for item in items:
        try:
            form = common_form([item.path], agent.config.env_kwargs.get("image_size"))._replace(mode=MODES[channels])
            (image,) = read_images([item.path], form)(np.zeros(1, np.intp))
        except ValueError as error:
            unread.append(str(error))
        else:
            yield item, image


def batches(images: Iterator[tuple[Item, NDArray[np.uint8]]]) -> Iterator[Batch]:
    """Images that follow each other and have one size, together, as long as they are not too large."""
    items: list[Item] = []
    held: list[NDArray[np.uint8]] = []
    for item, image in images:
        full = len(held) == MOST_ROWS or (len(held) + 1) * image.nbytes > BATCH_BYTES
        if held and (full or image.shape != held[0].shape):
            yield Batch(items, np.stack(held))
            items, held = [], []
        items.append(item)
        held.append(image)
    if held:
        yield Batch(items, np.stack(held))


def scenes_of(agent: Reinforce, images: NDArray[np.uint8], names: Sequence[str]) -> AnyVectorEnv:
    """The agent's environment with these images as its scenes, one in each row.

    Raises:
        ValueError: it takes no images, or the agent does not fit it.
    """
    own = {key: value for key, value in agent.env_kwargs.items() if key not in OF_OTHER_SCENES}
    images.flags.writeable = False  # nobody else has them: shared rather than copied
    scenes: dict[str, Any] = {"images": images, "labels": np.zeros(len(images), np.int64), "class_names": names}
    config = agent.config.without_repeats(env_kwargs=own | scenes, num_envs=len(images))
    try:
        env = make_env(config, split="test")
    except TypeError as error:
        raise ValueError(
            f"{agent.env_id} does not show images of yours ({error}); name an environment that does with --env-id, and "
            "the agent's retina with --env-kwargs"
        ) from error
    agent.check_fit(env)
    return env


def header(names: Sequence[str], num_glimpses: int) -> list[str]:
    """The table's columns."""
    places = [f"{axis}{t}" for t in range(1, num_glimpses + 1) for axis in "xy"]
    return ["file", "label", *(f"p_{name}" for name in names), *places]


def row(item: Item, prediction: Prediction, names: Sequence[str]) -> list[str]:
    """An image's line of the table."""
    numbers = [*prediction.probabilities.tolist(), *prediction.gaze.ravel().tolist()]
    return [str(item.path), names[prediction.label], *(f"{value:.6g}" for value in numbers)]


def write_picture(path: Path, prediction: Prediction, *, size: int) -> None:
    """Write the image with the path of the gaze on it, and the label in its corner."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets otherwise
    from ram_envs.rendering.frames import draw

    from ..rendering.video import write_strip

    assert prediction.view is not None
    scene = prediction.view.scene
    height, width = scene.shape[:2]
    step = max(1, max(height, width) // (2 * size))  # finer than the picture
    bright = (scene[None, ::step, ::step] / 255).astype(np.float32)
    # In place of the last glimpse, which would hide what lies under it, all is seen; nobody knows whether it is right.
    view = prediction.view._replace(
        glimpse=bright, regions=[(0, 0, height, width)], label=None, finished=False, counts={}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_strip(path, [[draw(view, size=size, panel=False)]])
