"""A run's directory: the checkpoint is the truth, the log is mended, one process at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from processes import run_script
from ram_agents import Reinforce
from ram_agents.evaluation.runs import BEST, LAST, LOG, Checkpoints, read_log

SMALL = {"hidden_size": 16, "glimpse_size": 8, "location_size": 8}
RUN = {"env_kwargs": {"num_glimpses": 2}, "num_envs": 8, "total_episodes": 64, "checkpoint_every": 2, **SMALL}


def quick(monkeypatch) -> None:
    """Validate on nothing: 50% after each of two glimpses."""
    monkeypatch.setattr("ram_agents.evaluation.runs.validation_errors", lambda agent, env: [60.0, 50.0])


@pytest.fixture
def half(tmp_path, monkeypatch) -> Path:
    """The directory of a run that was stopped after 4 of 8 updates, 32 of 64 episodes."""
    quick(monkeypatch)
    agent = Reinforce(**RUN)
    agent.learn(callback=[Checkpoints(tmp_path), lambda agent, metrics: agent.updates < 4])
    return tmp_path


def test_what_a_run_leaves(half) -> None:
    assert {path.name for path in half.iterdir()} >= {LAST, BEST, LOG}
    assert [line["episodes"] for line in read_log(half)] == [16, 32]
    assert {"validation_error", "validation_errors", "seconds", "loss", "glimpses"} <= read_log(half)[0].keys()


@pytest.mark.parametrize(
    "tail",
    [
        b"",
        b'{"episodes": 48, "seco',  # torn by a full disk
        b'{"episodes": 48, "seconds": 1.0}\n',  # whole, but its checkpoint never came
        b"\n",
        b"not json\n",
        b"\xff\xfe\x00\n",
        b"7\n",
        b'{"seconds": 1.0}\n',
        b'{"episodes": "many"}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_damaged_log_is_mended_by_resuming(half, tail) -> None:
    with (half / LOG).open("ab") as log:
        log.write(tail)
    agent = Reinforce.load(half / LAST)
    agent.learn(callback=Checkpoints(half), resume=True)
    assert [line["episodes"] for line in read_log(half)] == [16, 32, 48, 64]


def test_a_torn_middle_is_mended_too(half) -> None:
    first, second = (half / LOG).read_text().splitlines()
    (half / LOG).write_text(f"{first[:20]}\n{second}\n")
    with pytest.raises(ValueError, match=rf"line 1 of .*{LOG} is damaged"):
        read_log(half)
    Reinforce.load(half / LAST).learn(callback=Checkpoints(half), resume=True)
    assert [line["episodes"] for line in read_log(half)] == [32, 48, 64]


def test_left_parts_are_cleaned_away(half) -> None:
    (half / f".{LAST}.12345.part").write_bytes(b"half of a checkpoint")
    Reinforce.load(half / LAST).learn(callback=Checkpoints(half), resume=True)
    assert not list(half.glob("*.part"))


def test_there_is_no_log(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=f"there is no log of a run in .*: {LOG} is missing"):
        read_log(tmp_path)


def test_another_process_is_kept_out(half, tmp_path_factory) -> None:
    script = tmp_path_factory.mktemp("other") / "other.py"

    class Probe(Checkpoints):
        """While this run goes on, another process tries to begin one."""

        told = ""

        def on_update(self, agent, metrics):
            script.write_text(f"""
from ram_agents import Reinforce
from ram_agents.evaluation.runs import Checkpoints
Reinforce(**{RUN!r}).learn(callback=Checkpoints({str(half)!r}))
""")
            Probe.told = run_script(script).stderr
            return False

    Reinforce.load(half / LAST).learn(callback=Probe(half), resume=True)
    assert f"another process is training in {half}" in Probe.told
    assert [json.loads(line)["episodes"] for line in (half / LOG).read_text().splitlines()][:2] == [16, 32]


def test_the_seconds_of_a_run_include_its_validation(tmp_path) -> None:
    times = iter(range(0, 1000, 50))  # each validation takes 50 seconds of this clock
    checkpoints = Checkpoints(tmp_path)
    checkpoints.clock = lambda: next(times)
    agent = Reinforce(env_kwargs={"num_glimpses": 2}, **{"num_envs": 4, "checkpoint_every": 1, "validation_scenes": 8})
    agent.learn(8, callback=checkpoints)
    first, second = read_log(tmp_path)
    assert 50 < first["seconds"] < 80
    assert 100 < second["seconds"] < 130
    assert Reinforce.load(tmp_path / "last.safetensors").seconds == pytest.approx(second["seconds"], abs=0.001)
