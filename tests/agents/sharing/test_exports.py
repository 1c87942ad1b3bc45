"""Exported agents: the numbers of torch, in any batch size, by ONNX Runtime and by torch.export; and the example."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import ram_agents
import torch
from gymnasium import spaces
from places import EXAMPLES
from processes import run
from ram_agents import Reinforce, cli
from ram_agents.agent.envs import Spaces
from ram_agents.sharing import exports
from ram_agents.sharing.exports import export

onnxruntime = pytest.importorskip("onnxruntime")

INF = float("inf")
PERIPHERY = 5, 7
OWN: dict[str, tuple[tuple[int, ...], float, bool, dict[str, Any]]] = {
    "lstm, stop": ((2, 4, 4), 1.0, True, {"core": "lstm"}),
    "gru, conv, colour, normalised": ((2, 5, 5, 3), 1.0, False, {
        "core": "gru", "glimpse_network": "conv", "normalise": "scales"}),
    "cells, absolute": ((2, 4, 4), 1.0, False, {"location_network": "cells", "location_hidden": 8}),
    "canvas, colour": ((1, 5, 5, 3), 1.0, False, {"glimpse_network": "canvas", "canvas_size": 9}),
    "two layers, context": ((2, 4, 4), 1.0, False, {"core_layers": 2, "context": True}),
    "cells-mean": ((2, 4, 4), INF, False, {"location_network": "cells-mean"}),
    "drift": ((2, 4, 4), INF, False, {"location_network": "cells", "location_drift": 0.25, "location_memory": 2}),
    "gravity, absolute": ((2, 4, 4), 1.0, False, {"location_network": "cells", "location_gravity": True}),
    "gravity, relative": ((2, 4, 4), INF, False, {"location_network": "cells", "location_gravity": True}),
    "direction": ((2, 4, 4), INF, False, {"location_network": "cells", "location_direction": True}),
    "covered": ((3, 4, 4), INF, False, {"location_network": "cells", "location_seen": "covered"}),
    "cells, relative, stop": ((3, 4, 4), INF, True, {"location_network": "cells", "identity_core": True}),
}  # fmt: skip
"""Agents without training: the glimpse's shape, the location's bound, whether they can stop, and options."""


def own(name: str) -> Reinforce:
    shape, far, can_stop, options = OWN[name]
    whole = {"periphery": spaces.Box(0, 1, PERIPHERY)} if "context" in options else {}
    seen = spaces.Dict({"glimpse": spaces.Box(0, 1, shape), "location": spaces.Box(-far, far, (2,)), **whole})
    parts = {"location": spaces.Box(-1, 1, (2,)), "action": spaces.Discrete(4)}
    act = spaces.Dict(parts | ({"stop": spaces.Discrete(2)} if can_stop else {}))
    sizes = {"glimpse_size": 8, "location_size": 8, "hidden_size": 24}
    return Reinforce(Spaces(seen, act), **(sizes | options))


def onnx_step(path: Path):
    """The graph as a function of its three inputs."""
    session = onnxruntime.InferenceSession(path)
    names = ["glimpse", "location", "state", "periphery"][: len(session.get_inputs())]
    assert [each.name for each in session.get_inputs()] == names
    assert [each.name for each in session.get_outputs()][:3] == ["next_location", "logits", "next_state"]
    return lambda *inputs: session.run(None, dict(zip(names, inputs, strict=True)))


def torch_step(path: Path):
    program = torch.export.load(path).module()

    def step(*inputs: np.ndarray) -> list[np.ndarray]:
        outputs = program(*map(torch.as_tensor, inputs))
        assert list(outputs)[:3] == ["location", "logits", "state"]
        return [each.numpy() for each in outputs.values()]

    return step


@torch.no_grad()
def of_the_policy(
    agent: Reinforce, glimpse: np.ndarray, location: np.ndarray, state: np.ndarray, *periphery: np.ndarray
) -> list[np.ndarray]:
    arrays = [glimpse, location, *periphery]
    seen = dict(zip(("glimpse", "location", "periphery"), map(torch.as_tensor, arrays), strict=False))
    output, state = agent.policy.step(seen, torch.as_tensor(state))
    stop = agent.policy.stop_logit(output.h)
    tensors = [output.location_mean.clamp(-1, 1), output.logits, state, *([] if stop is None else [stop])]
    return [each.numpy() for each in tensors]


def check_same(actual: list[np.ndarray], expected: list[np.ndarray]) -> None:
    """To 1e-5; of numbers above 1, such as the units of h_t, to that share of them: float32 has no more to give."""
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def slow_but(*fast: str, of: Iterable[str]) -> list:
    """Parameters: an export takes seconds, so some stand for those with the same layers."""
    return [pytest.param(name, marks=[] if name in fast else [pytest.mark.slow]) for name in of]


@pytest.mark.parametrize("name", slow_but("cluttered60", "megapixel", of=ram_agents.pretrained_names()))
def test_each_shipped_agent_plays_whole_episodes_by_onnx_as_by_torch(name: str, tmp_path: Path) -> None:
    agent = ram_agents.load(name)
    export(agent, tmp_path / "agent.onnx")
    step = onnx_step(tmp_path / "agent.onnx")
    envs = gym.make_vec(agent.env_id, 6, **agent.env_kwargs | {"autoreset_mode": "Disabled"})
    observation, _ = envs.reset(seed=0)
    state = expected_state = agent.policy.initial_state(6).numpy()
    done = np.zeros(6, bool)
    while not done.all():
        glimpse, location = observation["glimpse"], observation["location"]
        expected = of_the_policy(agent, glimpse, location, expected_state)
        actual = step(glimpse, location, state)
        check_same(actual, expected)
        state, expected_state = actual[2], expected[2]
        observation, _, done, _, _ = envs.step({"location": actual[0], "action": actual[1].argmax(1)})


IN_BATCHES = "lstm, stop", "gru, conv, colour, normalised", "cells, absolute", "two layers, context", "covered"


@pytest.mark.parametrize("name", slow_but(*IN_BATCHES, of=OWN))
def test_every_network_in_batches_of_any_size(name: str, tmp_path: Path) -> None:
    check_in_batches(name, "onnx", tmp_path)


@pytest.mark.parametrize("name", slow_but(*(name for name in OWN if "cells" not in name), of=OWN))
def test_every_network_as_a_program_of_torch(name: str, tmp_path: Path) -> None:
    check_in_batches(name, "torch", tmp_path)


def check_in_batches(name: str, format: exports.Format, tmp_path: Path) -> None:
    """What the file gives in batches of any size is what the policy gives."""
    agent = own(name)
    path = tmp_path / "agent"
    export(agent, path, format=format)
    step = onnx_step(path) if format == "onnx" else torch_step(path)
    generator = np.random.default_rng(0)
    for rows in (1, 2, 5):
        state = expected_state = np.zeros(agent.policy.initial_state(rows).shape, np.float32)
        for _ in range(10):  # more looks than there is room for in the state
            glimpse = generator.random((rows, *OWN[name][0]), np.float32)
            location = generator.uniform(-1, 1, (rows, 2)).astype(np.float32)
            whole = [generator.random((rows, *PERIPHERY), np.float32)] if agent.policy.f_c else []
            actual = step(glimpse, location, state, *whole)
            expected = of_the_policy(agent, glimpse, location, expected_state, *whole)
            check_same(actual, expected)
            state, expected_state = actual[2], expected[2]


def test_the_command_tells_what_the_agent_was_trained_on(tmp_path: Path, capsys) -> None:
    for format in ("onnx", "torch"):
        cli.main(["export", "catch", "--format", format, "--out", str(tmp_path / format)])
        assert f"catch as a program of {format}" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["onnx", "torch"]
    onnx = onnxruntime.InferenceSession(tmp_path / "onnx").get_modelmeta().custom_metadata_map
    torch.export.load(tmp_path / "torch", extra_files=(extra := {"agent.json": ""}))
    told = json.loads(extra["agent.json"])
    for facts in (onnx, told):
        assert facts["env_id"] == "ram_envs/Catch-v0"
        assert json.loads(facts["env_kwargs"]) == ram_agents.load("catch").env_kwargs
    own_names = own("lstm, stop")
    own_names.action_names = ["a", "b", "c", "d"]
    assert json.loads(exports.told(own_names)["action_names"]) == ["a", "b", "c", "d"]


def test_what_can_not_be_exported_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    agent = own("lstm, stop")
    with pytest.raises(ValueError, match="format must be 'onnx' or 'torch', not 'tflite'"):
        export(agent, tmp_path / "agent", format="tflite")  # type: ignore[arg-type]
    agent.config = agent.config.replace(look="random")
    with pytest.raises(ValueError, match=r"control of look='random'.*export one that learned to look"):
        export(agent, tmp_path / "agent")
    with pytest.raises(SystemExit, match=r"no agent of this name.*cluttered60"):
        cli.main(["export", "nobody", "--out", str(tmp_path / "agent")])
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch) -> None:
    def missing(*arguments: object, **options: object) -> None:
        raise ModuleNotFoundError("No module named 'onnxscript'", name="onnxscript")

    monkeypatch.setattr(torch.onnx, "export", missing)
    with pytest.raises(ModuleNotFoundError, match=re.escape("ONNX needs onnxscript")):
        export(own("lstm, stop"), tmp_path / "agent")
    assert not list(tmp_path.iterdir())


def test_the_example_serves_an_agent_without_torch(tmp_path: Path) -> None:
    script = EXAMPLES / "serve_onnx.py"
    code = [line for line in script.read_text().partition('"""\n')[2].splitlines() if line]
    assert sum(not line.startswith(("import", "from")) for line in code) <= 10
    export(ram_agents.load("mnist28"), tmp_path / "agent.onnx")
    without = "import sys, runpy; sys.modules.update(torch=None, ram_agents=None); sys.argv = sys.argv[1:]; "
    done = run(sys.executable, "-c", without + "runpy.run_path(sys.argv[0])", script, tmp_path / "agent.onnx")
    assert done.returncode == 0, done.stderr
    (right,) = re.findall(r"([\d.]+)% of 1000 test scenes are right", done.stdout)
    assert float(right) > 98.5
