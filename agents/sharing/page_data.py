"""What a page in the browser needs of an agent: its weights, and some scenes or the rules of its game, JSON-able."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ram_envs.retina.retina import Retina
from ram_envs.retina.saccade import Saccade, make_saccades

from ..agent.envs import AnyVectorEnv, declared
from ..model.choice import CONTROL_LOOKS
from ..model.policy import glimpse_shape, has_saccades
from ..rendering.episodes import environment, viewer
from .packing import pack_scene, pack_weights

if TYPE_CHECKING:
    from ram_envs.rendering.view import View

    from ..training.reinforce import Reinforce

DIGITS = tuple("0123456789")
MODEL = "core", "core_layers", "glimpse_network", "location_network", "location_drift", "normalise"
"""What of a model's options page/ram.js needs."""


def page_data(
    agent: Reinforce, name: str, *, num_scenes: int = 24, split: str | None = "test", half: bool = False
) -> dict[str, Any]:
    """All that a page shows of an agent.

    Args:
        agent: it looks at its own environment: at still scenes, with one answer at the end; or it plays Catch.
        name: that the page calls it.
        num_scenes: how many scenes, numbers 0 to num_scenes - 1, or fewer where there are fewer; where they have no
            numbers, those after the seeds from 0 on. A game needs none.
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
    if agent.policy.config.normalise == "contrast":
        raise ValueError(f"{name} sees the contrast of glimpses, which the page's scripts do not compute")
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
        "num_glimpses": declared(env).num_glimpses,
        "action_names": list(declared(env).action_names or agent.action_names or ()),
    }


def _content(agent: Reinforce, env: AnyVectorEnv, num_scenes: int) -> dict[str, Any]:
    """The rules of the game, or scenes with their labels and numbers."""
    available = declared(env).num_scenes
    count = int(min(num_scenes, available or num_scenes))
    numbers = np.arange(num_scenes) % count if available else None
    observation, info = env.reset(seed=0, options=None if numbers is None else {"indices": numbers})
    view = viewer(env)
    views = [view(row) for row in range(count)]
    _check_seen(agent, observation["glimpse"], views)
    if (game := _game(agent, views[0])) is not None:
        return {"game": game}
    _check_still(agent, env, views)
    targets = declared(env).targets
    boxes = [None] * count if targets is None else targets()[:count].tolist()
    drawing = None if targets is None else _drawing(agent, views[0])
    index = info.get("index", np.arange(count)).tolist()
    scenes = [
        pack_scene(view.scene) | {"label": view.label, "index": number, "target": box}
        for view, number, box in zip(views, index[:count], boxes, strict=True)
    ]
    return {"scenes": scenes, "drawing": drawing}


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
    if view.scene.ndim != 2 or view.action_names != DIGITS:
        return None
    kwargs = agent.env_kwargs
    return {
        "digit_size": kwargs.get("digit_size", 28),
        "num_distractors": kwargs.get("num_distractors", 0),
        "distractor_size": kwargs.get("distractor_size", 8),
    }


def _check_seen(agent: Reinforce, glimpses: np.ndarray, views: list[View]) -> None:
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


def _check_still(agent: Reinforce, env: AnyVectorEnv, views: list[View]) -> None:
    """Raise a ValueError unless scenes stay as they are, and are answered once."""
    if views[0].looks_left is not None or declared(env).num_glimpses is None:
        raise ValueError(f"a page can't show {agent.env_id}: it shows episodes of some glimpses, with one answer")
    env.step(env.action_space.sample())
    view = viewer(env)
    if any(not np.array_equal(view(row).scene, before.scene) for row, before in enumerate(views)):
        raise ValueError(f"a page can't show {agent.env_id}: its scenes change while they are looked at")
