"""Files from strangers: refused in one line that names them, and no memory taken that they did not show."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from processes import run_script
from ram_agents import Reinforce
from ram_agents.agent import checkpoint
from safetensors import safe_open
from safetensors.torch import save
from toy_env import PeekVectorEnv

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8}


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("good") / "agent.safetensors"
    Reinforce("ram_envs/GlimpseMNIST-v0", num_envs=2, total_episodes=4, **SMALL).learn().save(path)
    return path


def refused(path: Path) -> str:
    """The one line that a file is refused with."""
    with pytest.raises(ValueError) as caught:
        Reinforce.load(path)
    words = str(caught.value)
    assert path.name in words
    assert "\n" not in words
    assert len(words) < 600
    return words


def forge(good: Path, path: Path, change: Callable[[dict[str, Any]], Any], **tensors: torch.Tensor) -> Path:
    """A file with a changed description and a right checksum: by one who knows the format."""
    held, description = checkpoint.read(good)
    changed = change(description)
    held |= tensors
    text = json.dumps(description if changed is None else changed)
    header = {"format": checkpoint.FORMAT, "description": text, "sha256": checkpoint._digest(held, text)}
    path.write_bytes(save(held, metadata=header))
    return path


def test_a_good_file_is_loaded(good, tmp_path) -> None:
    assert Reinforce.load(forge(good, tmp_path / "same", lambda description: None)).updates == 2


def test_three_hundred_mutations(good, tmp_path) -> None:
    """Bits, bytes, runs of bytes, cuts and insertions, mostly in the header."""
    generator = np.random.default_rng(0)
    content = np.frombuffer(good.read_bytes(), np.uint8)
    header = 8 + int.from_bytes(content[:8].tobytes(), "little")
    path = tmp_path / "mutant.safetensors"
    unchanged = 0
    for i in range(300):
        mutant = content.copy()
        at = int(generator.integers(header if i % 3 else len(content)))
        if i % 5 == 0:
            mutant = np.delete(mutant, slice(at, at + int(generator.integers(1, 50))))
        elif i % 5 == 1:
            mutant = np.insert(mutant, at, generator.integers(0, 256, 3).astype(np.uint8))
        elif i % 5 == 2:
            mutant[at : at + 8] = generator.integers(0, 256, len(mutant[at : at + 8]))
        else:
            mutant[at] ^= 1 << int(generator.integers(8))
        path.write_bytes(mutant.tobytes())
        try:
            agent = Reinforce.load(path)
        except ValueError:
            refused(path)
        else:
            # The padding of the header, or the order of its keys: nothing that is read has changed.
            unchanged += 1
            again = Reinforce.load(good)
            assert agent.config == again.config
            for one, other in zip(agent.policy.parameters(), again.policy.parameters(), strict=True):
                assert torch.equal(one, other)
    assert unchanged < 10


def test_a_flipped_bit_of_the_description_is_noticed(good, tmp_path) -> None:
    content = good.read_bytes()
    at = content.index(b"num_envs") + len(b'num_envs\\": ')
    assert content[at : at + 1] == b"2"
    path = tmp_path / "seven.safetensors"
    path.write_bytes(content[:at] + b"7" + content[at + 1 :])
    assert "do not match their checksum" in refused(path)


DESCRIPTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "huge core": lambda d: d["config"].update(hidden_size=60_000),
    "overflowing core": lambda d: d["config"].update(hidden_size=10**13),
    "another core": lambda d: d["config"].update(core="lstm"),
    "huge glimpse": lambda d: d["spaces"].update(glimpse=[1, 100_000, 100_000]),
    "negative glimpse": lambda d: d["spaces"].update(glimpse=[-1, -8, 8]),
    "glimpse of words": lambda d: d["spaces"].update(glimpse="888"),
    "huge action": lambda d: d["spaces"].update(action=["flat", 10**10]),
    "huge grid": lambda d: d["spaces"].update(action=["grid", 1, 1, 10**10]),
    "action of nothing": lambda d: d["spaces"].update(action=[]),
    "no spaces": lambda d: d.pop("spaces"),
    "no config": lambda d: d.pop("config"),
    "one thing too many": lambda d: d.update(surprise=1),
    "unknown hyper-parameter": lambda d: d["config"].update(surprise=1),
    "huge updates": lambda d: d.update(updates=10**400),
    "negative updates": lambda d: d.update(updates=-1),
    "updates of words": lambda d: d.update(updates="many"),
    "std too large to be squared": lambda d: d.update(location_std=1e300),
    "no std": lambda d: d.update(location_std=0),
    "std that is none": lambda d: d.update(location_std=float("nan")),
    "a list": lambda d: [d],
    "a number": lambda d: 7,
    "the caller's own": lambda d: d["config"].update(env_kwargs={"num_envs": 10**9}),
    "the caller's mode": lambda d: d["config"].update(env_kwargs={"autoreset_mode": "SameStep"}),
    "arguments of another kind": lambda d: d["config"].update(env_kwargs=[1, 2]),
    "huge seed": lambda d: d["config"].update(seed=10**40),
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_descriptions_that_can_t_be(good, tmp_path, name) -> None:
    refused(forge(good, tmp_path / "forged.safetensors", DESCRIPTIONS[name]))


def test_a_deep_description(good, tmp_path) -> None:
    tensors, _ = checkpoint.read(good)
    text = "[" * 100_000
    header = {"format": checkpoint.FORMAT, "description": text, "sha256": checkpoint._digest(tensors, text)}
    (tmp_path / "deep").write_bytes(save(tensors, metadata=header))
    refused(tmp_path / "deep")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_neither_loaded_nor_saved(good, tmp_path, value) -> None:
    weight = Reinforce.load(good).policy.f_a.bias.detach().clone()
    weight[0] = value
    path = forge(good, tmp_path / "nan.safetensors", lambda d: None, **{"policy.f_a.bias": weight})
    assert "policy.f_a.bias holds numbers that are not finite" in refused(path)
    agent = Reinforce(PeekVectorEnv(2), **SMALL)
    torch.nn.init.constant_(agent.policy.f_a.bias, value)
    with pytest.raises(ValueError, match=r"policy\.f_a\.bias holds numbers that are not finite"):
        agent.save(tmp_path / "mine.safetensors")
    assert not (tmp_path / "mine.safetensors").exists()


def test_a_module_that_the_file_names_is_not_imported(good, tmp_path, monkeypatch) -> None:
    (tmp_path / "a_trap.py").write_text("raise SystemExit('sprung')")
    monkeypatch.syspath_prepend(tmp_path)
    path = forge(good, tmp_path / "trap", lambda d: d["config"].update(env_id="a_trap:Trap-v0"))
    agent = Reinforce.load(path)
    with pytest.raises(
        ValueError, match="a file alone imports no module, which would run its code; import a_trap first"
    ):
        agent.learn()
    assert "a_trap" not in sys.modules
    with pytest.raises(SystemExit, match="sprung"):  # the user who writes the id asks for it
        Reinforce("a_trap:Trap-v0")


def test_old_files_are_loaded_only_when_asked_for(good, tmp_path) -> None:
    tensors, description = checkpoint.read(good)
    config = description["config"]
    config["gaze"], config["gaze_warmup"] = config.pop("look"), config.pop("look_warmup")
    config["final_location_std"] = config["final_location_lr_scale"] = config["max_grad_norm"] = 0.0
    text, sums = json.dumps(description), checkpoint._digest(tensors, None)
    header = {"format": checkpoint.UNSIGNED_FORMAT, "description": text, "sha256": sums}
    path = tmp_path / "old.safetensors"
    path.write_bytes(save(tensors, metadata=header))
    assert "whose checksum leaves the description out" in refused(path)
    agent = Reinforce.load(path, allow_unsigned=True)
    assert (agent.config.final_location_std, agent.config.max_grad_norm, agent.config.look) == (None, None, "learned")
    agent.save(path)
    assert Reinforce.load(path).config == agent.config
    with safe_open(path, "pt") as file:
        assert file.metadata()["format"] == checkpoint.FORMAT


def test_a_new_file_can_t_pass_for_an_old_one(good, tmp_path) -> None:
    """Who changes the description and the format's name still needs allow_unsigned."""
    content = good.read_bytes().replace(checkpoint.FORMAT.encode(), checkpoint.UNSIGNED_FORMAT.encode(), 1)
    (tmp_path / "fallen.safetensors").write_bytes(content)
    refused(tmp_path / "fallen.safetensors")


def test_hostile_files_take_no_memory(good, tmp_path) -> None:
    """At most 100 MB above what the imports take, over all of the descriptions and a header that claims gigabytes."""
    for name, change in DESCRIPTIONS.items():
        forge(good, tmp_path / f"{name.replace(' ', '-')}.hostile", change)
    (tmp_path / "header.hostile").write_bytes((2**33).to_bytes(8, "little") + b"{" * 1000)
    script = tmp_path / "load.py"
    code = f"""
        import pathlib, resource
        from ram_agents import Reinforce
        def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        Reinforce.load({str(good)!r})
        before = peak()
        files = list(pathlib.Path({str(tmp_path)!r}).glob("*.hostile"))
        for path in files:
            try:
                Reinforce.load(path)
            except ValueError:
                continue
            raise SystemExit(f"{{path}} was loaded")
        print(len(files), peak() - before)
    """
    script.write_text(textwrap.dedent(code))
    done = run_script(script)
    assert done.returncode == 0, done.stderr
    count, grown = done.stdout.split()
    assert int(count) == len(DESCRIPTIONS) + 1
    assert float(grown) < 100
