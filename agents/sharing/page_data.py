"""What a page in the browser needs of an agent: its weights, and some scenes or the rules of its game, JSON-able."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ram_envs.retina.retina import Retina
from ram_envs.retina.saccade import Saccade, make_saccades
from ram_envs.retina.sensor import sense

from ..agent.envs import AnyVectorEnv, declared
from ..model.choice import CONTROL_LOOKS
from ..model.forms import glimpse_shape, has_saccades, num_actions, to_environment
from ..rendering.episodes import environment, viewer
from .packing import pack_scene, pack_weights

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

    from ..training.reinforce import Reinforce

DIGITS = tuple("0123456789")
MODEL = (
    "core", "core_layers", "glimpse_network", "canvas_size", "normalise",
    "location_network", "location_gravity", "location_direction", "location_memory", "location_seen",
    "location_drift",
)  # fmt: skip
"""What of a model's options page/ram.js needs."""


def page_data(
    agent: Reinforce, name: str, *, num_scenes: int = 24, split: str | None = "test", half: bool = False
) -> dict[str, Any]:
    """All that a page shows of an agent.

    Args:
        agent: it looks at scenes of its own environment, and names what is there, once or one after the other; or it
            plays Catch.
        name: that the page calls it.
        num_scenes: how many scenes, or fewer where there are fewer: numbers 0 to num_scenes - 1 of the split, evenly
            spread ones where there are no splits, and where they have no numbers, those after the seeds from 0 on. A
            game needs none.
        split: which scenes, where the environment has splits.
        half: round the weights to float16, for half the size.

    Raises:
        ValueError: a page can't show this agent in its environment; the message says why.
    """
    if agent.config.look in CONTROL_LOOKS:
        raise ValueError(
            f"{name} is a control of look={agent.config.look!r}: where it looks is not in its networks; take an agent "
            "that learned to look"
        )
    if agent.policy.config.context:
        raise ValueError(f"{name} has a context network, which sees more than glimpses: a page can't show it")
    env = environment(agent, num_envs=num_scenes, split=split)
    try:
        facts = _facts(agent, env) | _content(agent, env, num_scenes)
    finally:
        env.close()
    model = {key: getattr(agent.policy.config, key) for key in MODEL}
    return {"name": name} | facts | model | {"weights": pack_weights(agent.policy, half=half)}


def _facts(agent: Reinforce, env: AnyVectorEnv) -> dict[str, Any]:
    """What the agent sees by, and what it can answer."""
    kwargs = agent.env_kwargs
    return {
        "env_id": agent.env_id,
        "glimpse": list(glimpse_shape(agent.spaces.observation)),
        "relative": has_saccades(agent.spaces.observation),
        "pooling": kwargs.get("pooling", "average"),
        "initial_location": kwargs.get("initial_location", "random"),
        "action_names": list(declared(env).action_names or agent.action_names or ()),
    }


def _content(agent: Reinforce, env: AnyVectorEnv, num_scenes: int) -> dict[str, Any]:
    """The rules of the game, or scenes with their labels and numbers."""
    available = declared(env).num_scenes
    count = int(min(num_scenes, available or num_scenes))
    options = {"indices": _numbers(env, count)[np.arange(num_scenes) % count]} if available else None
    observation, info = env.reset(seed=0, options=options)
    view = viewer(env)
    views = [view(row) for row in range(count)]
    inside = _inside(agent, views[0])
    if inside is None:
        _check_retina(agent, observation["glimpse"], views)
    else:
        _check_sensor(observation["glimpse"], views)
    if (game := _game(agent, views[0])) is not None:
        return {"game": game}
    targets = declared(env).targets
    boxes = [None] * count if targets is None else targets()[:count].tolist()
    index = info.get("index", np.arange(count)).tolist()
    labels = _labels(views, info)
    frames = _frames(agent, env, options, views)
    drawing = None if targets is None or len(frames[0]) > 1 else _drawing(agent, views[0])
    scenes = [
        pack_scene(frames[row], views[row].light) | {"labels": labels[row], "index": index[row], "target": boxes[row]}
        for row in range(count)
    ]
    looks = views[0].looks_left
    per_answer = declared(env).num_glimpses if looks is None else looks + 1
    return {"scenes": scenes, "drawing": drawing, "glimpses_per_answer": per_answer, "inside": inside}


def _numbers(env: AnyVectorEnv, count: int) -> np.ndarray:
    """The numbers of the scenes to show: the first ones of a split, whose order tells nothing; else spread evenly."""
    told = declared(env)
    if told.splits or not np.isfinite(told.num_scenes):
        return np.arange(count)
    return np.linspace(0, told.num_scenes - 1, count).round().astype(np.int64)


def _labels(views: list[View], info: dict[str, Any]) -> list[list[int | None]]:
    """What is to be named in each scene, one after the other; an "end" that is to be said is the last."""
    if "labels" not in info:
        return [[view.label] for view in views]
    names = views[0].action_names
    end = names.index("end") if "end" in names else len(names)
    rows = info["labels"][: len(views)].tolist()
    return [row[: row.index(end) + 1] if end in row else row for row in rows]


def _game(agent: Reinforce, view: View) -> dict[str, Any] | None:
    """The rules of Catch, where there are a ball and a paddle; None where there are not."""
    objects = dict(view.objects)
    if not {"ball", "paddle"} <= objects.keys():
        return None
    return {
        "height": view.scene.shape[0],
        "width": view.scene.shape[1],
        "paddle_width": objects["paddle"][3],
        "ball_speed": agent.env_kwargs.get("ball_speed", 1),
        "max_angle": agent.env_kwargs.get("max_angle", 45.0),
    }


def _drawing(agent: Reinforce, view: View) -> dict[str, Any] | None:
    """What a digit that someone draws is put into; None where the agent names other things."""
    if view.scene.ndim != 2 or view.action_names != DIGITS or view.looks_left is not None:
        return None
    kwargs = agent.env_kwargs
    return {
        "digit_size": kwargs.get("digit_size", 28),
        "num_distractors": kwargs.get("num_distractors", 0),
        "distractor_size": kwargs.get("distractor_size", 8),
    }


def _inside(agent: Reinforce, view: View) -> dict[str, float] | None:
    """How a sensor that sees between the pixels moves in [-1, 1] of the scene; None: there is a retina."""
    if view.light is None:
        return None
    patch, width = view.glimpse.shape[1], view.light.shape[1]
    return {"most": agent.env_kwargs.get("max_step", 0.2), "room": float(np.float32(1 - patch / width))}


def _check_sensor(glimpses: np.ndarray, views: list[View]) -> None:
    """Raise a ValueError unless the sensor, over the light that is to be shown, sees what the agent sees."""
    for view, glimpse in zip(views, glimpses, strict=False):
        assert view.light is not None
        seen = sense(view.light[None], np.zeros(1, np.int64), view.gaze[-1:], glimpse.shape[-1])
        if not np.allclose(seen, glimpse, atol=1e-6):
            raise ValueError("a page can't show what the agent's sensor sees: it is not its view of the scene's light")


def _check_retina(agent: Reinforce, glimpses: np.ndarray, views: list[View]) -> None:
    """Raise a ValueError unless the retina, over the scenes that are to be shown, sees what the agent sees."""
    scales, size, *_ = glimpse_shape(agent.spaces.observation)
    retina = Retina(size, scales, pooling=agent.env_kwargs.get("pooling", "average"))
    saccade: Saccade = "relative" if has_saccades(agent.spaces.observation) else "absolute"
    for view, glimpse in zip(views, glimpses, strict=False):
        saccades = make_saccades(saccade, retina, view.scene.shape)
        centre = saccades.centre(saccades.start(view.gaze[-1:].astype(np.float64)))
        seen = retina.glimpse(view.scene[None], centre)[0]
        if seen.shape != glimpse.shape or not np.allclose(seen, glimpse, atol=1e-6):
            raise ValueError(
                f"a page can't show {agent.env_id}: what its agent sees is not the retina's view of a scene of bytes"
            )


def _frames(
    agent: Reinforce, env: AnyVectorEnv, options: dict[str, Any] | None, views: list[View]
) -> list[list[np.ndarray]]:
    """Each scene glimpse by glimpse, or once where nothing moves.

    Raises:
        ValueError: an episode has no fixed number of glimpses, or what the agent does changes its scenes.
    """
    if (steps := declared(env).num_glimpses) is None:
        raise ValueError(f"a page can't show {agent.env_id}: it shows episodes of some glimpses")
    first, second = (_played(env, options, len(views), steps, seed) for seed in (0, 1))
    if not all(map(np.array_equal, chain(*first), chain(*second))):
        raise ValueError(f"a page can't show {agent.env_id}: its scenes change with what is done")
    return first


def _played(
    env: AnyVectorEnv, options: dict[str, Any] | None, count: int, steps: int, seed: int
) -> list[list[np.ndarray]]:
    """The scenes of rows under random actions, at each step; only the first ones where the first step moves nothing."""
    env.reset(seed=0, options=options)
    generator, view, rows = np.random.default_rng(seed), viewer(env), env.num_envs
    frames = [[view(row).scene] for row in range(count)]
    for step in range(steps - 1):
        location = generator.uniform(-1, 1, (rows, 2)).astype(np.float32)
        action = generator.integers(0, num_actions(env.single_action_space), rows)
        env.step(to_environment(env.single_action_space, location, action, np.zeros(rows, np.bool_)))
        scenes = [view(row).scene for row in range(count)]
        if not step and all(np.array_equal(scene, before[0]) for scene, before in zip(scenes, frames, strict=True)):
            break
        for before, scene in zip(frames, scenes, strict=True):
            before.append(scene)
    return frames
