"""An agent on disk: whole or not at all, refused when damaged, resumed bit for bit after SIGKILL."""

from __future__ import annotations

import json
import pickle
import signal
from contextlib import AbstractContextManager, closing
from pathlib import Path

import numpy as np
import pytest
import torch
from processes import Forked
from ram_agents import Reinforce, cli, load, pretrained_names
from ram_agents.agent import checkpoint
from ram_agents.agent.rounding import SCALE, restored, rounded
from safetensors.torch import save_file
from toy_env import PeekVectorEnv, SmoothVectorEnv

SMALL = {"hidden_size": 32, "glimpse_size": 16, "location_size": 16}


@pytest.fixture
def agent() -> Reinforce:
    return Reinforce(PeekVectorEnv(8), total_episodes=40, core="lstm", location_std=0.25, **SMALL).learn()


def test_round_trip(agent, tmp_path) -> None:
    path = tmp_path / "deep" / "agent.safetensors"
    agent.save(path)
    again = Reinforce.load(path)
    for (name, one), other in zip(agent.policy.state_dict().items(), again.policy.state_dict().values(), strict=True):
        assert torch.equal(one, other), name
    assert again.config == agent.config
    assert (again.updates, again.hybrid, again.seconds) == (agent.updates, agent.hybrid, agent.seconds)
    assert again.policy.config == agent.policy.config
    observation, _ = PeekVectorEnv(8).reset(seed=1)
    one, other = (a.predict(observation, deterministic=True)[0] for a in (agent, again))
    np.testing.assert_array_equal(one["location"], other["location"])
    np.testing.assert_array_equal(one["action"], other["action"])
    assert [file.name for file in path.parent.iterdir()] == ["agent.safetensors"]  # nothing left beside


def test_the_optimiser_is_saved_unless_unwanted(agent, tmp_path) -> None:
    agent.save(tmp_path / "whole")
    agent.save(tmp_path / "weights", resumable=False)
    assert (tmp_path / "weights").stat().st_size < 0.5 * (tmp_path / "whole").stat().st_size
    (optimizer,) = Reinforce.load(tmp_path / "whole").optimizers
    assert len(optimizer.state) == len(list(agent.policy.parameters()))
    assert not any(optimizer.state for optimizer in Reinforce.load(tmp_path / "weights").optimizers)


def test_an_agent_of_an_unregistered_environment_wants_it_back(agent, tmp_path) -> None:
    agent.save(tmp_path / "a")
    with pytest.raises(ValueError, match=r"pass it, `load\(path, env\)`"):
        Reinforce.load(tmp_path / "a").learn()
    assert Reinforce.load(tmp_path / "a", PeekVectorEnv(8)).learn(80).episodes == 80


def test_another_environments_spaces_are_refused(agent, tmp_path) -> None:
    agent.save(tmp_path / "a")
    with pytest.raises(ValueError, match=r"was made for .*'actions': 2}; this environment has .*'actions': 3}"):
        Reinforce.load(tmp_path / "a", SmoothVectorEnv(8, num_actions=3))


def test_a_user_s_images_are_not_written(tmp_path) -> None:
    images = np.zeros((3, 8, 8), np.uint8)
    kwargs = {"images": images, "labels": np.arange(3), "num_glimpses": 2}
    Reinforce("ram_envs/GlimpseImages-v0", env_kwargs=kwargs, num_envs=2).save(tmp_path / "a")
    assert Reinforce.load(tmp_path / "a").env_kwargs == {"num_glimpses": 2}


def test_damage_is_told(agent, tmp_path) -> None:
    path = tmp_path / "agent.safetensors"
    agent.save(path)
    content = path.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    for damaged in (
        content[:100],
        content[: len(content) // 2],
        content[:-1],
        b"",
        content[: header + 50] + bytes([content[header + 50] ^ 1]) + content[header + 51 :],  # one bit of one weight
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"agent\.safetensors is damaged"):
            Reinforce.load(path)


def test_foreign_files_are_told(tmp_path) -> None:
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="holds no agent of this project"):
        Reinforce.load(tmp_path / "other.safetensors")
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint at .*nowhere"):
        Reinforce.load(tmp_path / "nowhere")


def test_nothing_is_unpickled(tmp_path) -> None:
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "trap.safetensors"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match="damaged, or no agent of this project"):
        Reinforce.load(path)
    torch.save({"x": Trap()}, path)
    with pytest.raises(ValueError, match="damaged, or no agent of this project"):
        Reinforce.load(path)
    assert not (tmp_path / "sprung").exists()


def test_a_failed_write_leaves_the_old_file(agent, tmp_path, monkeypatch) -> None:
    path = tmp_path / "agent.safetensors"
    agent.save(path)
    before = path.read_bytes()

    def fail(handle: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(checkpoint.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        agent.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_pretrained_names_are_listed_when_the_name_is_unknown(tmp_path) -> None:
    names = ", ".join(pretrained_names()) or "none yet"
    with pytest.raises(FileNotFoundError, match=f"no agent of this name comes with the package; there are: {names}"):
        load("cluttered61")
    Reinforce(PeekVectorEnv(8), **SMALL).save(tmp_path / "mine")
    assert load(tmp_path / "mine").config.hidden_size == 32


TRAIN = """
import os, signal
from ram_agents import Reinforce, cli

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it, as nohup does
learn = Reinforce.learn

def learn_until(agent, *arguments, callback, **options):
    def at_update(agent, update):
        if agent.updates == {update}:
            {action}
    return learn(agent, *arguments, callback=[callback, at_update], **options)

Reinforce.learn = learn_until
cli.main({words})
"""
"""`ram train`, which does something at one of its updates."""
DIE = "os.kill(os.getpid(), signal.SIGKILL)"
WAIT_THEN_INTERRUPT = "input('training\\n'); os.kill(os.getpid(), signal.SIGINT)"


def train(out: Path, *arguments: str) -> list[str]:
    """The words of `ram train` on a small task; segments of 20 updates."""
    return ["train", "--out", str(out), "--threads", "1", "--no-progress-bar", *arguments]


def started_to(action: str, *, update: int, words: list[str], script: Path) -> AbstractContextManager[Forked]:
    """Such a run in a process of its own, which does something at one of its updates."""
    script.write_text(TRAIN.format(update=update, action=action, words=words))
    return closing(Forked(script))


RUN = ["--num-envs", "16", "--total-episodes", "1120", "--checkpoint-every", "20", "--hidden-size", "32"]
RUN += ["--validation-scenes", "200"]
RUN += ["--env-kwargs", '{"num_glimpses": 2}', "--final-location-std", "0.02", "--tensorboard"]


def test_a_run_stopped_by_sigkill_ends_as_an_unbroken_one(tmp_path) -> None:
    with started_to(DIE, update=50, words=train(tmp_path / "broken", *RUN), script=tmp_path / "train.py") as broken:
        cli.main(train(tmp_path / "unbroken", *RUN))
        _, told = broken.communicate()
    assert broken.returncode == -signal.SIGKILL, told
    stopped, before = checkpoint.read(tmp_path / "broken" / "last.safetensors")
    assert before["updates"] == 40
    cli.main(train(tmp_path / "broken", "--resume", "--tensorboard"))
    (one, told), (other, retold) = (
        checkpoint.read(tmp_path / name / "last.safetensors") for name in ("unbroken", "broken")
    )
    assert told["updates"] == retold["updates"] == 70
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(stopped["policy.f_a.weight"], one["policy.f_a.weight"])  # it was stopped midway
    logs = [
        [json.loads(line) | {"seconds": 0} for line in (tmp_path / name / "progress.jsonl").read_text().splitlines()]
        for name in ("unbroken", "broken")
    ]
    assert [line["episodes"] for line in logs[0]] == [320, 640, 960, 1120]
    assert logs[0] == logs[1]
    best = [checkpoint.read(tmp_path / name / "best.safetensors")[1]["updates"] for name in ("unbroken", "broken")]
    assert best[0] == best[1]


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path) -> None:
    """And while the run goes on, no other may write to its files."""
    words, script = train(tmp_path / "run", *RUN), tmp_path / "train.py"
    with started_to(WAIT_THEN_INTERRUPT, update=30, words=words, script=script) as process:
        assert process.stdout.readline() == "training\n"
        with pytest.raises(SystemExit, match=f"another process is training in {tmp_path / 'run'}: wait for its end"):
            cli.main(train(tmp_path / "run", "--resume"))
        _, told = process.communicate("go on\n")
    assert "Stopped and saved." in told
    assert f"  ram train --out {tmp_path / 'run'} --resume" in told
    assert process.returncode == 1
    agent = Reinforce.load(tmp_path / "run" / "last.safetensors")
    last = json.loads((tmp_path / "run" / "progress.jsonl").read_text().splitlines()[-1])
    assert agent.episodes == last["episodes"] == 30 * 16
    agent.learn(agent.episodes + 64, resume=True)
    assert agent.episodes == last["episodes"] + 64


@pytest.mark.parametrize(("bits", "saved"), [(16, 2), (8, 3)])
def test_a_smaller_file_loads_as_float32(tmp_path, bits, saved) -> None:
    agent = Reinforce(PeekVectorEnv(8), glimpse_network="conv", hidden_size=64, glimpse_size=64)
    agent.save(tmp_path / "whole", resumable=False)
    agent.save(tmp_path / "small", resumable=False, bits=bits)
    again = Reinforce.load(tmp_path / "small", PeekVectorEnv(8))
    expected = restored(rounded(agent.policy.state_dict(), bits))
    for name, weight in again.policy.state_dict().items():
        assert weight.dtype == torch.float32
        assert torch.equal(weight, expected[name])
    numbers = sum(parameter.numel() for parameter in agent.policy.parameters())
    less = (tmp_path / "whole").stat().st_size - (tmp_path / "small").stat().st_size
    assert less == pytest.approx(saved * numbers, rel=0.15)  # steps' sizes and their names take some
    again.save(tmp_path / "again", resumable=False, bits=bits)  # rounded once, they stay
    third = Reinforce.load(tmp_path / "again").policy.state_dict()
    for name, weight in third.items():
        assert torch.equal(weight, expected[name])
    with torch.no_grad():
        agent.policy.f_b.bias.fill_(1e6)
    with pytest.raises(ValueError, match=r"f_b\.bias holds numbers that are not finite"):
        agent.save(tmp_path / "small", bits=bits)
    with pytest.raises(ValueError, match="bits must be 32, 16 or 8, not 4"):
        agent.save(tmp_path / "small", bits=4)  # type: ignore[arg-type]


def test_rounded_weights_without_their_steps_are_refused(tmp_path) -> None:
    agent = Reinforce(PeekVectorEnv(8), **SMALL)
    agent.save(tmp_path / "small", resumable=False, bits=8)
    tensors, description = checkpoint.read(tmp_path / "small")
    name = "policy.f_a.weight" + SCALE
    for wrong, words in ((None, "f_a.weight.scale"), (torch.ones(1), "sizes of a step")):
        changed = {key: tensor for key, tensor in tensors.items() if key != name}
        checkpoint.write(tmp_path / "bad", changed if wrong is None else changed | {name: wrong}, description)
        with pytest.raises(ValueError, match=rf"bad is damaged.*{words}"):
            Reinforce.load(tmp_path / "bad")
