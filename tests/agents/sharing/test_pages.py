"""The page's retina and networks give what Python's give, with the same weights; and what a page can't show."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ram_agents
import torch
from gymnasium import spaces
from javascript import run_javascript
from ram_agents import Reinforce
from ram_agents.agent.envs import Spaces
from ram_agents.evaluation.predictions import predict_scenes
from ram_agents.model.normalisation import Normalisation
from ram_agents.rendering.episodes import environment, record
from ram_agents.sharing import packing
from ram_agents.sharing import page_data as page_data_module
from ram_agents.sharing.page_data import page_data
from ram_agents.sharing.pages import MODEL, PARTS, write_page

from ram_envs.retina.retina import Retina
from ram_envs.retina.saccade import InsideSaccades, make_saccades
from ram_envs.retina.sensor import sense
from ram_envs.tasks.catch import GAME_SEED

SCRIPTS = [Path(str(PARTS / f"{name}.js")) for name in MODEL]

TASKS: dict[str, dict[str, Any]] = {
    "mnist28_3": {},
    "cluttered60": {},
    "megapixel": {"canvas_size": 200, "num_distractors": 32, "num_glimpses": 12},
    "circlesquare": {"initial_location": "center"},
}
"""Shipped agents, with all networks and all kinds of saccades among them, and what differs from their environments."""


def shipped(name: str) -> Reinforce:
    agent = ram_agents.load(name)
    agent.config = agent.config.replace(env_kwargs=agent.env_kwargs | TASKS[name])
    return agent


MOST_ENLARGED = 0.05
"""Contrast divides by the deviation of a patch's light, at least a 255th. So it enlarges what rounding changes, by
up to 255 at each of 16 glimpses, and some gazes part; of 1,000 seven by more than 1e-4, the furthest by 0.008."""

LOOK = """
const ram = new RAM(pages[0], unpackWeights(pages[0].weights));
pages[0].scenes.map((scene) => look(ram, new Episode(pages[0], unpackScene(scene), [0, 0])).map(
  ({ gaze, probabilities }) => ({ gaze, probabilities })));
"""


def check_same_looks(name: str, num_scenes: int, folder: Path) -> None:
    """In Node.js the agent looks where it does in Python, and says the same of every scene, glimpse by glimpse."""
    agent = shipped(name)
    data = page_data(agent, name, num_scenes=num_scenes)
    write_page(folder, [data])
    found = run_javascript(LOOK, [*SCRIPTS, folder / "agent-0.js"], None, folder=folder)
    indices = np.array([scene["index"] for scene in data["scenes"]])
    env = environment(agent, num_envs=num_scenes, split="test")
    expected = record(agent.policy, env, seed=0, indices=indices)
    assert len(found) == len(set(indices)) == num_scenes
    away = []
    for steps, episode in zip(found, expected, strict=True):
        *views, end = episode.views
        away.append(np.abs([step["gaze"] for step in steps] - end.gaze).max())
        said = [step["probabilities"] for step in steps]
        np.testing.assert_allclose(said, [view.probabilities for view in views], rtol=0, atol=1e-3)
        assert np.argmax(said[-1]) == end.prediction
    enlarged = agent.policy.config.normalise == "contrast"
    assert np.quantile(away, 0.99 if enlarged else 1) <= 1e-4
    assert max(away) <= (MOST_ENLARGED if enlarged else 1e-4)


def test_scenes_without_splits_are_spread_over_all_numbers() -> None:
    scenes = page_data(ram_agents.load("circlesquare"), "mine", num_scenes=8)["scenes"]
    assert [scene["index"] for scene in scenes] == [0, 224, 448, 672, 895, 1119, 1343, 1567]
    assert {tuple(scene["labels"]) for scene in scenes} == {(0,), (1,)}
    assert len({scene["target"][0] for scene in scenes}) > 5, "not all in the top rows"


@pytest.mark.parametrize("name", TASKS)
def test_the_agents_look_and_answer_as_in_python(name: str, tmp_path: Path) -> None:
    check_same_looks(name, 10, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_the_agents_look_and_answer_as_in_python_on_1000_scenes(name: str, tmp_path: Path) -> None:
    check_same_looks(name, 1000, tmp_path)


SEVERAL: dict[str, tuple[str, dict[str, Any], int]] = {
    "pairs": ("ram_envs/GlimpseMNIST-Pairs-v0", {"glimpses_per_object": 2, "canvas_size": 60, "num_scales": 3}, 4),
    "one to three digits": (
        "ram_envs/GlimpseMNIST-Pairs-v0",
        {"glimpses_per_object": 1, "num_digits": (1, 3), "canvas_size": 84, "num_scales": 2, "patch_size": 6},
        4,
    ),
    "addition": ("ram_envs/GlimpseMNIST-Addition-v0", {"num_glimpses": 3}, 3),
    "moving": ("ram_envs/GlimpseMNIST-Moving-v0", {"num_glimpses": 5}, 5),
}
"""Tasks with several answers, many names or moving scenes: the environment, its arguments, and its most glimpses."""

ANSWERS = """
const ram = new RAM(pages[0], unpackWeights(pages[0].weights));
pages[0].scenes.map(unpackScene).map((scene) => {
  const steps = look(ram, new Episode(pages[0], scene, [0, 0]));
  return { labels: scene.labels, answers: answersIn(steps, pages[0].glimpses_per_answer),
    steps: steps.map(({ gaze, probabilities, glimpse }) => ({ gaze, probabilities, glimpse: Array.from(glimpse) })) };
});
"""


@pytest.mark.parametrize("name", SEVERAL)
def test_tasks_of_several_answers_and_moving_scenes_go_as_in_python(name: str, tmp_path: Path) -> None:
    env_id, kwargs, most = SEVERAL[name]
    sizes = {"glimpse_size": 8, "location_size": 8, "hidden_size": 24}
    networks = {"glimpse_network": "conv", "location_network": "cells", "location_hidden": 8}
    agent = Reinforce(env_id, env_kwargs=kwargs | {"initial_location": "center"}, num_envs=1, **sizes, **networks)
    perturb(agent)
    write_page(tmp_path, [page_data(agent, name, num_scenes=8)])
    found = run_javascript(ANSWERS, [*SCRIPTS, tmp_path / "agent-0.js"], None, folder=tmp_path)
    expected = record(agent.policy, environment(agent, num_envs=8, split="test"), seed=0, indices=np.arange(8))
    lengths, looked = set(), set()
    for scene, episode in zip(found, expected, strict=True):
        *views, end = episode.views
        for step, view in zip(scene["steps"], views, strict=True):
            np.testing.assert_allclose(step["glimpse"], view.glimpse.reshape(-1), rtol=0, atol=1e-6)
            np.testing.assert_allclose(step["gaze"], view.gaze[-1], rtol=0, atol=1e-4)
            np.testing.assert_allclose(step["probabilities"], view.probabilities, rtol=0, atol=1e-4)
            looked.add(tuple(step["gaze"]))
        given = end.answers or ((end.prediction, end.label),)
        assert list(zip(scene["answers"], scene["labels"], strict=True)) == list(given)
        lengths.add(len(views))
    assert max(lengths) == most
    assert len(looked) > most, "not all look at the same places"


NETWORKS: dict[str, tuple[tuple[int, ...], float, bool, dict[str, Any]]] = {
    "lstm, stop": ((2, 4, 4), 1.0, True, {"core": "lstm"}),
    "gru, conv, colour, normalised": ((2, 5, 5, 3), 1.0, False, {
        "core": "gru", "glimpse_network": "conv", "normalise": "scales"}),
    "rnn, normalised": ((2, 5, 5), 1.0, False, {"normalise": "channels", "location_hidden": 7}),
    "cells, absolute": ((2, 4, 4), 1.0, False, {"location_network": "cells", "location_hidden": 8}),
    "cells-mean, absolute": ((2, 4, 4), 1.0, False, {"location_network": "cells-mean", "location_hidden": 8}),
    "cells-mean, relative": ((3, 4, 4), np.inf, False, {"location_network": "cells-mean"}),
    "drift, absolute": ((2, 4, 4), 1.0, False, {"location_network": "cells", "location_drift": 0.25}),
    "drift, relative": ((3, 4, 4), np.inf, False, {"location_network": "cells", "location_drift": 0.25}),
    "memory, absolute": ((2, 4, 4), 1.0, False, {"location_network": "cells", "location_memory": 1}),
    "covered, absolute": ((3, 4, 4), 1.0, False, {"location_network": "cells", "location_seen": "covered"}),
    "covered, relative": ((3, 4, 4), np.inf, False, {
        "location_network": "cells", "location_seen": "covered", "location_memory": 2}),
    "direction, absolute": ((3, 4, 4), 1.0, False, {"location_network": "cells", "location_direction": True}),
    "direction, relative": ((3, 4, 4), np.inf, False, {
        "location_network": "cells", "location_direction": True, "location_seen": "covered"}),
    "gravity, absolute": ((2, 4, 4), 1.0, False, {
        "location_network": "cells", "location_gravity": True, "location_drift": 0.25}),
    "gravity, relative": ((3, 4, 4), np.inf, False, {"location_network": "cells", "location_gravity": True}),
    "gravity, colour, mean": ((2, 5, 5, 3), np.inf, False, {
        "location_network": "cells-mean", "location_gravity": True, "normalise": "scales"}),
    "cells, relative, stop": ((3, 4, 4), np.inf, True, {"location_network": "cells", "identity_core": True}),
    "contrast": ((2, 4, 4), 1.0, False, {"normalise": "contrast"}),
    "conv, colour, cells, contrast": ((2, 5, 5, 3), 1.0, False, {
        "normalise": "contrast", "glimpse_network": "conv", "location_network": "cells"}),
    "two layers": ((2, 4, 4), 1.0, False, {"core": "lstm", "core_layers": 2}),
    "canvas": ((1, 4, 4), 1.0, False, {"glimpse_network": "canvas", "canvas_size": 11}),
    "canvas, colour": ((1, 5, 5, 3), 1.0, False, {"glimpse_network": "canvas", "canvas_size": 8, "core": "gru"}),
    "cells, colour, normalised": ((2, 5, 5, 3), np.inf, False, {"location_network": "cells", "normalise": "scales"}),
}  # fmt: skip
"""Agents without training: the glimpse's shape, the location's bound, whether they can stop, and options."""


def untrained(name: str) -> Reinforce:
    shape, far, can_stop, options = NETWORKS[name]
    seen = spaces.Dict(glimpse=spaces.Box(0, 1, shape), location=spaces.Box(-far, far, (2,)))
    parts = {"location": spaces.Box(-1, 1, (2,)), "action": spaces.Discrete(4)}
    act = spaces.Dict(parts | ({"stop": spaces.Discrete(2)} if can_stop else {}))
    agent = Reinforce(Spaces(seen, act), glimpse_size=8, location_size=8, hidden_size=24, **options)
    generator = perturb(agent)
    if isinstance(agent.policy.normalisation, Normalisation):
        agent.policy.normalisation.measure_([torch.rand(50, *shape, generator=generator) ** 2])
    return agent


def perturb(agent: Reinforce) -> torch.Generator:
    """Weights by which what is chosen is not always the same, and the generator that drew them."""
    size = 0.1 if agent.config.canvas_size else 0.3  # through many layers numbers grow, and so does what is rounded
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in agent.policy.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)
        if agent.policy.f_s is not None:
            agent.policy.f_s.bias.zero_()  # it stops sometimes
    return generator


STEPS = """
const ram = new RAM(inputs.options, unpackWeights(inputs.weights));
inputs.rows.map((row) => {
  let state = ram.start();
  return row.map(({ glimpse, location }) => {
    const said = ram.step(Float32Array.from(glimpse), location, state);
    state = said.state;
    return { ...said, state: [...state.core, ...(state.upper ?? [])].map((part) => Array.from(part)) };
  });
});
"""


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_every_network_gives_what_torch_gives(name: str, tmp_path: Path) -> None:
    agent, rows, steps = untrained(name), 6, 10  # more looks than there is room for in the state
    shape, far, _, _ = NETWORKS[name]
    generator = np.random.default_rng(0)
    glimpses = generator.random((steps, rows, *shape), np.float32) ** 3
    glimpses[0, 0] = 0.5 + glimpses[0, 0] / 1000  # hardly any contrast
    glimpses[1, 0] = 0  # and none
    locations = generator.uniform(-1, 1, (steps, rows, 2)).astype(np.float32)
    config = agent.policy.config
    options = {"glimpse": list(shape), "relative": bool(np.isinf(far))}
    options |= {key: getattr(config, key) for key in page_data_module.MODEL}
    inputs = {
        "options": options,
        "weights": packing.pack_weights(agent.policy),
        "rows": [
            [{"glimpse": g[row].reshape(-1).tolist(), "location": at[row].tolist()}
             for g, at in zip(glimpses, locations, strict=True)]
            for row in range(rows)
        ],
    }  # fmt: skip
    found = run_javascript(STEPS, SCRIPTS, inputs, folder=tmp_path)
    state, stops = None, set()
    for t in range(steps):
        seen = {"glimpse": torch.as_tensor(glimpses[t]), "location": torch.as_tensor(locations[t])}
        output, state = agent.policy.step(seen, state)
        stop = agent.policy.stop_logit(output.h)
        for row in range(rows):
            said = found[row][t]
            np.testing.assert_allclose(said["location"], output.location_mean[row].clamp(-1, 1), rtol=0, atol=1e-5)
            np.testing.assert_allclose(said["probabilities"], output.logits.softmax(-1)[row], rtol=0, atol=1e-5)
            core = state[: agent.policy.f_h.num_states * config.core_layers, row]
            largest = max(10.0, float(core.abs().max()))  # sums round by the size of their terms
            np.testing.assert_allclose(said["state"], core, rtol=1e-5, atol=1e-6 * largest)
            assert said["stop"] == (stop is not None and bool(stop[row] > 0))
            stops.add(said["stop"])
    assert stops == {"lstm, stop": {True, False}, "cells, relative, stop": {True}}.get(name, {False})


GLIMPSES = """
const scene = unpackScene(inputs.scene);
inputs.eyes.map((eye) => Array.from(new Retina(inputs.retina).glimpse(scene, eye)));
"""


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("shape", [(31, 47), (40, 40, 3)])
def test_the_retina_sees_the_same_bits(pooling: Any, shape: tuple[int, ...], tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    scene = generator.integers(0, 256, shape, np.uint8) * (generator.random(shape) < 0.5).astype(np.uint8)
    # Among them places between two pixels, in corners, and beyond what a patch still touches.
    eyes = np.concatenate([generator.uniform(-1, 1, (40, 2)), generator.integers(-4, 5, (40, 2)) / 4])
    for size, scales in ((5, 2), (4, 6), (1, 1)):
        expected = Retina(size, scales, pooling=pooling).glimpse(np.repeat(scene[None], len(eyes), 0), eyes)
        inputs = {
            "scene": packing.pack_scene([scene]),
            "eyes": eyes.tolist(),
            "retina": {"patchSize": size, "numScales": scales, "pooling": pooling},
        }
        found = run_javascript(GLIMPSES, SCRIPTS, inputs, folder=tmp_path)
        np.testing.assert_array_equal(np.array(found, np.float32), expected.reshape(len(eyes), -1))


SENSED = """
const scene = unpackScene(inputs.scene), sensor = new Sensor({ patchSize: 5 });
({ bytes: Array.from(scene.pixels), seen: inputs.places.map((place) => Array.from(sensor.glimpse(scene, place))) });
"""


def test_the_sensor_sees_the_same_between_the_pixels(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    light, room = generator.random((9, 9), np.float32), np.float32(1 - 5 / 9)
    places = (generator.uniform(-1, 1, (30, 2)) * room).astype(np.float32)
    places[:4] = room * np.array([[-1, -1], [1, 1], [1, -1], [0, 0]])
    inputs = {"scene": packing.pack_scene([], light), "places": places.tolist()}
    found = run_javascript(SENSED, SCRIPTS, inputs, folder=tmp_path)
    expected = sense(light[None], np.zeros(30, np.int64), places, 5)
    np.testing.assert_allclose(found["seen"], expected.reshape(30, -1), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(found["bytes"], np.rint(255 * light).astype(np.uint8).reshape(-1))


INSIDE = """
const saccades = new InsideSaccades(inputs.inside);
inputs.paths.map(([place, ...locations]) => {
  let eye = saccades.start(place);
  return locations.map((location) => {
    eye = saccades.move(eye, location);
    return [eye, saccades.location(eye), saccades.gaze(eye), saccades.centre(eye), saccades.lookAt(eye, place)];
  });
});
"""


def test_a_sensor_moves_inside_the_scene_as_in_python(tmp_path: Path) -> None:
    generator = np.random.default_rng(6)
    paths = generator.uniform(-1, 1, (40, 6, 2)).astype(np.float32)
    paths[:10, 1:] = np.sign(paths[:10, 1:])  # outside the disc, into corners
    saccades = InsideSaccades(0.4, 5 / 28)
    inputs = {"inside": {"most": 0.4, "room": float(saccades.room)}, "paths": paths.tolist()}
    found = run_javascript(INSIDE, SCRIPTS, inputs, folder=tmp_path)
    eyes = saccades.start(paths[:, 0])
    for t in range(5):
        eyes = saccades.move(eyes, paths[:, t + 1])
        told = eyes, saccades.location(eyes), saccades.gaze(eyes), saccades.centre(eyes)
        for which, expected in enumerate((*told, saccades.look_at(eyes, paths[:, 0]))):
            np.testing.assert_allclose([row[t][which] for row in found], expected, rtol=0, atol=1e-6)


SACCADES = """
const retina = new Retina({ patchSize: 12, numScales: 4 }), scene = { height: 201, width: 300 };
const saccades = inputs.relative ? new RelativeSaccades(retina, scene) : new AbsoluteSaccades();
inputs.paths.map(([place, ...locations]) => {
  let eye = saccades.start(place);
  return locations.map((location) => {
    eye = saccades.move(eye, location);
    return [eye, saccades.location(eye), saccades.gaze(eye), saccades.centre(eye), saccades.lookAt(eye, place)];
  });
});
"""


@pytest.mark.parametrize("saccade", ["absolute", "relative"])
def test_saccades_lead_to_the_same_bits(saccade: Any, tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    paths = generator.uniform(-1, 1, (50, 6, 2)).astype(np.float32)
    paths[:10] = np.rint(paths[:10] * 4) / 4  # halves of a grain, and edges
    inputs = {"relative": saccade == "relative", "paths": paths.tolist()}
    found = run_javascript(SACCADES, SCRIPTS, inputs, folder=tmp_path)
    saccades = make_saccades(saccade, Retina(12, 4), (201, 300))
    eyes = saccades.start(paths[:, 0])
    for t in range(5):
        eyes = saccades.move(eyes, paths[:, t + 1])
        places = saccades.look_at(eyes, paths[:, 0])
        for which, expected in enumerate(
            (eyes, saccades.location(eyes), saccades.gaze(eyes), saccades.centre(eyes), places)
        ):
            np.testing.assert_array_equal([row[t][which] for row in found], expected)


GAMES = """
const ram = new RAM(pages[0], unpackWeights(pages[0].weights));
inputs.map((draws) => {
  const player = new CatchPlayer(pages[0], ram, new CatchGame(pages[0].game, draws), [0, 0]);
  while (!player.game.over) player.look(), player.act();
  return { gaze: player.path.map(({ gaze }) => gaze), caught: player.game.caught, paddle: player.game.paddle };
});
"""


def test_games_of_catch_go_as_in_python(tmp_path: Path) -> None:
    agent, games = ram_agents.load("catch"), 12
    agent.config = agent.config.replace(env_kwargs=agent.env_kwargs | {"initial_location": "center"})
    write_page(tmp_path, [page_data(agent, "catch", num_scenes=1)])
    draws = [np.random.default_rng([GAME_SEED, number]).random(3).tolist() for number in range(games)]
    found = run_javascript(GAMES, [*SCRIPTS, tmp_path / "agent-0.js"], draws, folder=tmp_path)
    env = environment(agent, num_envs=games)
    expected = predict_scenes(agent, env, seed=0, views=True)
    assert {game["caught"] for game in found} >= {True}
    for game, prediction in zip(found, expected, strict=True):
        np.testing.assert_allclose(game["gaze"], prediction.gaze, rtol=0, atol=1e-4)
        assert prediction.view is not None
        assert game["caught"] == prediction.view.success
        assert game["paddle"] == dict(prediction.view.objects)["paddle"][1]


def test_whole_numbers_are_rounded_as_in_numpy(tmp_path: Path) -> None:
    values = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999, -7.51, 3.0]
    assert run_javascript("inputs.map(toEven)", SCRIPTS, values, folder=tmp_path) == np.rint(values).tolist()


def test_weights_come_back_from_the_smallest_type_that_holds_them(tmp_path: Path) -> None:
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", hidden_size=24, glimpse_network="conv")
    with torch.no_grad():
        agent.policy.f_a.weight.copy_(agent.policy.f_a.weight.half())
    agent.save(tmp_path / "small", resumable=False, bits=8)
    for policy, types in (
        (agent.policy, {"f_h.glimpse.weight": "float32", "f_a.weight": "float16"}),
        (Reinforce.load(tmp_path / "small").policy, dict.fromkeys(["f_a.weight", "f_g.what.second.weight"], "int8")),
    ):
        packed = packing.pack_weights(policy)
        assert {name: packed[name]["type"] for name in types} == types
        code = "Object.fromEntries(Object.entries(unpackWeights(inputs)).map(([k, w]) => [k, Array.from(w.data)]))"
        found = run_javascript(code, SCRIPTS, packed, folder=tmp_path)
        for name, tensor in policy.state_dict().items():
            if not name.startswith(packing.UNUSED):
                assert found[name] == tensor.flatten().tolist()


def test_bytes_and_halves_come_back_as_they_were(tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    data = generator.integers(0, 256, 5000, np.uint8)
    for start, count in ((0, 3), (100, 1), (200, 255), (600, 256), (1000, 257), (2000, 1024), (4990, 10)):
        data[start : start + count] = 0
    packed = packing.pack_zeros(data.tobytes())
    assert len(packed) < 3300
    code = f"Array.from(unpackZeros(fromBase64(inputs), {len(data)}))"
    assert run_javascript(code, SCRIPTS, packing.text(packed), folder=tmp_path) == data.tolist()
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    bits = halves.view(np.uint16).tolist()
    assert run_javascript("inputs.map(fromHalf)", SCRIPTS, bits, folder=tmp_path) == halves.astype(float).tolist()


def test_weights_are_stored_exactly_or_rounded_on_demand() -> None:
    agent = untrained("lstm, stop")
    exact = packing.pack_weights(agent.policy)
    assert not any(name.startswith("f_b.") for name in exact)
    for name, tensor in agent.policy.state_dict().items():
        if name in exact:
            numbers = np.frombuffer(base64.b64decode(exact[name]["data"]), exact[name]["type"])
            np.testing.assert_array_equal(numbers.reshape(exact[name]["shape"]), tensor.numpy())
    assert exact["f_a.weight"]["type"] == "float32"
    assert exact["f_s.bias"]["type"] == "float16"  # it is 0
    rounded = packing.pack_weights(agent.policy, half=True)
    assert {each["type"] for each in rounded.values()} == {"float16"}
    agent.policy.load_state_dict({name: tensor.half() for name, tensor in agent.policy.state_dict().items()})
    assert packing.pack_weights(agent.policy) == rounded
    agent.policy.f_a.weight.data[0, 0] = 1e5
    with pytest.raises(ValueError, match=r"f_a\.weight holds numbers that are too large for float16"):
        packing.pack_weights(agent.policy, half=True)


def test_what_is_not_the_retinas_view_is_refused() -> None:
    agent = Reinforce("ram_envs/Catch-v0", env_kwargs={"foveated": False}, num_envs=1)
    with pytest.raises(ValueError, match=r"a page can't show ram_envs/Catch-v0: .*not the retina's view"):
        page_data(agent, "mine", num_scenes=3)


def test_scenes_that_change_with_what_is_done_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_data_module, "_game", lambda agent, view: None)  # as if nobody knew the rules of Catch
    agent = Reinforce("ram_envs/Catch-v0", num_envs=1)
    with pytest.raises(ValueError, match="a page can't show ram_envs/Catch-v0: its scenes change with what is done"):
        page_data(agent, "mine", num_scenes=3)


def test_a_control_is_refused() -> None:
    agent = shipped("mnist28_3")
    agent.config = agent.config.replace(look="random")
    with pytest.raises(ValueError, match="mine is a control of look='random'"):
        page_data(agent, "mine")


def test_a_context_network_is_refused() -> None:
    kwargs = {"periphery": 7}
    agent = Reinforce("ram_envs/GlimpseMNIST-v0", env_kwargs=kwargs, num_envs=1, core_layers=2, context=True)
    with pytest.raises(ValueError, match="mine has a context network"):
        page_data(agent, "mine")


def luminance(colour: str) -> float:
    """Of #rgb or #rrggbb, by the Web Content Accessibility Guidelines 2.1."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    light = np.array([int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)])
    return float(np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def contrast(first: str, second: str) -> float:
    dark, bright = sorted((luminance(first), luminance(second)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("light", [False, True])
def test_words_can_be_read_in_the_dark_and_in_the_light(light: bool) -> None:
    """The guidelines ask for a contrast of 4.5 of words, and of 3 of what is to be told apart."""
    style = Path(str(PARTS / "page.css")).read_text()
    dark, bright = (
        dict(re.findall(r"--(\w+): (#\w+)", part)) for part in re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    )
    assert dark.keys() == bright.keys()
    colours = bright if light else dark
    for name in ("text", "soft", "right", "wrong"):
        assert contrast(colours[name], colours["page"]) >= 4.5, name
    for name in ("text", "soft"):
        assert contrast(colours[name], colours["raised"]) >= 4.5, name
    assert contrast(colours["accent"], colours["page"]) >= 3
    assert contrast("#000", "#ffffff") == pytest.approx(21)
