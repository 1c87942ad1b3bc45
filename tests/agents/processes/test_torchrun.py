"""Runs that torchrun starts: the same seed gives the same weights, and they end together and go on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import torch
from documents import blocks
from in_processes import digest
from places import DOCS
from processes import Forked
from ram_agents import Reinforce, cli
from ram_agents.agent import checkpoint
from ram_agents.processes.group import ALONE
from ram_agents.processes.torchrun import launcher, one_tells, torchrun
from shared_runs import run_processes, start_processes

IN_PROCESSES = Path(__file__).with_name("in_processes.py")
TRAIN = (
    *("-m", "ram_agents", "train", "--env-kwargs", '{"num_glimpses": 3}', "--num-envs", "16"),
    *("--hidden-size", "16", "--glimpse-size", "8", "--location-size", "8", "--optimizer", "muon"),
    *("--total-episodes", "64", "--checkpoint-every", "2", "--threads", "1"),
)


def weights(path: Path) -> bytes:
    """Of a checkpoint, and its optimisers' states."""
    tensors, _ = checkpoint.read(path)
    return b"".join(tensors[name].numpy().tobytes() for name in sorted(tensors))


def test_without_torchrun_a_process_is_alone(monkeypatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with torchrun() as processes:
        assert processes is ALONE
    assert not torch.distributed.is_initialized()


def test_variables_that_are_not_torchruns_are_refused(monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "many")
    with pytest.raises(ValueError, match="WORLD_SIZE is 'many'"), torchrun():
        pass


def test_the_command_that_starts_a_run_again_has_all_machines(monkeypatch) -> None:
    assert launcher(4) == "torchrun --nproc-per-node 4"
    monkeypatch.setenv("GROUP_WORLD_SIZE", "2")
    nodes = "--nnodes 2 --node-rank RANK --master-addr ADDRESS --master-port PORT"
    assert launcher(4) == f"torchrun {nodes} --nproc-per-node 2"
    assert launcher(1) == "torchrun --nproc-per-node 1"  # of a run by another number of processes


def test_of_one_error_the_first_to_meet_it_tells() -> None:
    store = torch.distributed.HashStore()
    with pytest.raises(ValueError, match="mine"), one_tells(store):
        raise ValueError("mine")
    for error in (ConnectionError("what comes of it"), KeyboardInterrupt()):
        with pytest.raises(SystemExit) as end, one_tells(store):
            raise error
        assert end.value.code == 1


def test_where_the_store_is_gone_everyone_tells() -> None:
    class Gone:
        def add(self, key: str, amount: int) -> int:
            raise RuntimeError("Connection reset by peer")

    with pytest.raises(ValueError, match="mine"), one_tells(Gone()):  # type: ignore[arg-type]
        raise ValueError("mine")


def test_the_same_seed_gives_the_same_weights_in_all_processes(tmp_path) -> None:
    """In two processes as torchrun starts them, by its environment variables."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    with ExitStack() as processes:
        first, second = (
            processes.enter_context(
                closing(Forked(IN_PROCESSES, tmp_path, env=group | {"RANK": str(rank), "LOCAL_RANK": str(rank)}))
            )
            for rank in range(2)
        )
        out, err = first.communicate()
        assert (first.wait(), second.wait()) == (0, 0), err
    said = json.loads(out)
    for digests in said.values():
        assert digests[0] == digests[1]
    first = said["first"][0]
    assert said["again"][0] == first
    assert said["resumed"][0] == first
    assert said["other seed"][0] != first
    assert checkpoint.read(tmp_path / "last.safetensors")[1]["processes"] == 2
    # In another number it goes on too.
    agent = Reinforce.load(tmp_path / "last.safetensors").learn(16 * 8, resume=True)
    assert agent.updates == 8
    assert digest(agent) != first


def test_one_process_of_torchrun_gives_the_weights_of_a_run_without_it(tmp_path, monkeypatch, capsys) -> None:
    cli.main([*TRAIN[2:], "--out", str(tmp_path / "plain")])
    for name, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "TORCHELASTIC_RUN_ID": "none"}.items():
        monkeypatch.setenv(name, value)
    cli.main([*TRAIN[2:], "--out", str(tmp_path / "one")])
    assert weights(tmp_path / "one" / "last.safetensors") == weights(tmp_path / "plain" / "last.safetensors")


@pytest.mark.slow
def test_so_does_torchrun_itself(tmp_path, capsys) -> None:
    done = run_processes(1, *TRAIN, "--out", tmp_path / "one")
    assert done.returncode == 0, done.stderr
    cli.main([*TRAIN[2:], "--out", str(tmp_path / "plain")])
    assert weights(tmp_path / "one" / "last.safetensors") == weights(tmp_path / "plain" / "last.safetensors")


def workers_of(launcher: subprocess.Popen[str]) -> list[int]:
    """The ids of the processes that torchrun has started, by rank."""
    return [int(word) for word in Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()]


def wait_for(path: Path, launcher: subprocess.Popen[str]) -> None:
    """Until a file is there."""
    while not path.exists():
        assert launcher.poll() is None, launcher.communicate()
        time.sleep(0.02)


def is_there(process: int) -> bool:
    """Whether a process runs: not one that has ended and waits to be asked."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


linux = pytest.mark.skipif(sys.platform != "linux", reason="finds processes by Linux's /proc")


@linux
@pytest.mark.slow
def test_a_killed_process_ends_the_run_which_goes_on(tmp_path) -> None:
    out = tmp_path / "run"
    long = [*TRAIN, "--out", out, "--total-episodes", "100000000"]
    with start_processes(2, *long) as launcher:
        wait_for(out / "last.safetensors", launcher)
        workers = workers_of(launcher)
        os.kill(workers[1], signal.SIGKILL)
        _, err = launcher.communicate(timeout=60)
        assert not any(map(is_there, workers))
    assert launcher.returncode == 1
    assert err.count("has lost the others") == 1
    (line,) = (line for line in err.splitlines() if line.startswith("ram train: "))
    assert "go on from the last checkpoint with --resume" in line
    before = checkpoint.read(out / "last.safetensors")[1]["updates"]
    done = run_processes(
        2, "-m", "ram_agents", "train", "--resume", "--out", out, "--total-episodes", 16 * (before + 2)
    )
    assert done.returncode == 0, done.stderr
    assert checkpoint.read(out / "last.safetensors")[1]["updates"] == before + 2


@linux
@pytest.mark.slow
@pytest.mark.parametrize(("number", "told"), [(signal.SIGINT, "launcher"), (signal.SIGTERM, "worker")])
def test_a_signal_to_any_stops_all_at_the_same_update(number, told, tmp_path) -> None:
    out = tmp_path / "run"
    with start_processes(2, *TRAIN, "--out", out, "--total-episodes", "100000000") as launcher:
        wait_for(out / "last.safetensors", launcher)
        workers = workers_of(launcher)
        os.kill(launcher.pid if told == "launcher" else workers[1], number)
        _, err = launcher.communicate(timeout=60)
        assert not any(map(is_there, workers))
    assert err.count("Stopped and saved.") == 1
    assert f"torchrun --nproc-per-node 2 -m ram_agents train --out {out} --resume" in err
    assert checkpoint.read(out / "last.safetensors")[1]["updates"] >= 2


@linux
@pytest.mark.slow
def test_a_run_whose_launcher_is_killed_saves_and_ends(tmp_path) -> None:
    out = tmp_path / "run"
    with start_processes(2, *TRAIN, "--out", out, "--total-episodes", "100000000") as launcher:
        wait_for(out / "last.safetensors", launcher)
        workers = workers_of(launcher)
        launcher.kill()
        launcher.communicate(timeout=60)  # the workers hold its pipes until they end
        assert not any(map(is_there, workers))


@pytest.mark.slow
def test_a_mistake_is_told_once(tmp_path) -> None:
    done = run_processes(2, *TRAIN, "--out", tmp_path, "--num-envs", "15")
    assert done.returncode == 1
    assert done.stderr.count("ram train: num_envs=15 can't be split over 2 processes: take a multiple of 2") == 1


@pytest.mark.slow
def test_the_documents_script_trains_in_two_processes(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = (parameter.values[0] for parameter in blocks(DOCS / "several-processes.md"))
    Path("shared.py").write_text(block.code)
    done = run_processes(2, "shared.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("% wrong after 2,560 episodes") == 1
    assert checkpoint.read(Path("runs/digits8/last.safetensors"))[1]["processes"] == 2


@pytest.mark.slow
def test_a_command_for_one_process_tells_once(tmp_path) -> None:
    done = run_processes(2, "-m", "ram_agents", "evaluate", "mnist28", "--out", tmp_path / "figures.json")
    assert done.returncode == 1
    assert done.stderr.count("ram evaluate: torchrun's processes share `ram train` alone") == 1
    assert not list(tmp_path.iterdir())
