"""What processes share out and tell each other."""

from __future__ import annotations

import os

import pytest
import torch
from ram_agents.processes.group import ALONE, Processes, share_out
from shared_runs import together


def test_alone_there_is_nobody_to_tell() -> None:
    tensor = torch.arange(3.0, requires_grad=True)
    assert ALONE.first
    assert not ALONE.orphaned
    assert ALONE.gather(tensor)[0] is tensor
    ALONE.sum_([tensor])
    ALONE.broadcast_([tensor])
    assert tensor.tolist() == [0, 1, 2]
    assert ALONE.largest(-5) == -5
    assert ALONE.any(True)
    assert not ALONE.any(False)
    assert ALONE.share(7) == 7
    assert ALONE.device("cuda") == "cuda"


def test_several_tell_each_other() -> None:
    def work(processes: Processes) -> list[object]:
        rank = processes.rank
        pair = [torch.tensor([1.0, rank]), torch.full((2, 2), 10.0**rank)]
        other = [tensor.clone() for tensor in pair]
        processes.sum_(pair)
        processes.broadcast_(other)
        return [
            [tensor.tolist() for tensor in processes.gather(torch.tensor([rank, 2 * rank]))],
            [tensor.tolist() for tensor in pair],
            [tensor.tolist() for tensor in other],
            processes.largest(3 - rank),
            [processes.any(rank == 1), processes.any(False)],
        ]

    for said in together(work, 3):
        assert said[0] == [[0, 0], [1, 2], [2, 4]]
        assert said[1] == [[3, 3], [[111, 111], [111, 111]]]
        assert said[2] == [[1, 0], [[1, 1], [1, 1]]]
        assert said[3:] == [3, [True, False]]


def test_a_sum_takes_gradients_in_place() -> None:
    def work(processes: Processes) -> list[float]:
        weight = torch.ones(2, requires_grad=True)
        (weight * torch.tensor([1.0 + processes.rank, 5.0])).sum().backward()
        assert weight.grad is not None
        processes.sum_(p.grad for p in [weight] if p.grad is not None)
        return weight.grad.tolist()

    assert together(work) == [[3, 10], [3, 10]]


def test_a_lost_connection_says_what_helps() -> None:
    class Lost(Processes):
        def gather(self, tensor: torch.Tensor) -> list[torch.Tensor]:
            def closed(tensor: torch.Tensor) -> None:
                raise RuntimeError("Connection closed by peer [127.0.0.1]:4711")

            self._communicate(closed, tensor)
            return []

    with pytest.raises(ConnectionError, match=r"process 1 of 2 has lost the others.* --resume"):
        Lost(1, 2).gather(torch.ones(1))


def test_rows_are_split_evenly_or_not_at_all() -> None:
    assert Processes(1, 4).share(64) == 16
    assert Processes(1, 4).share(64, repeats=8) == 16
    with pytest.raises(ValueError, match=r"num_envs=10 can't be split over 4 processes: take a multiple of 4,"):
        Processes(0, 4).share(10)
    with pytest.raises(ValueError, match=r"num_envs=12 with repeats=4 can't be split over 2 .* a multiple of 8,"):
        Processes(0, 2).share(12, repeats=4)


def test_each_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert Processes(5, 8, local_rank=1).device("cuda") == "cuda:1"
    assert Processes(5, 8, local_rank=1).device("cpu") == "cpu"
    with pytest.raises(ValueError, match="process 2 of this machine finds 2 GPUs"):
        Processes(6, 8, local_rank=2).device("cuda")


def test_who_loses_the_launcher_is_an_orphan(monkeypatch) -> None:
    monkeypatch.setattr(os, "getppid", lambda: 17)
    processes = Processes(0, 2)
    assert not processes.orphaned
    monkeypatch.setattr(os, "getppid", lambda: 1)
    assert processes.orphaned


def test_work_is_shared_out_evenly() -> None:
    assert share_out([1, 5, 2, 2], 2) == [1, 0, 1, 1]
    assert share_out([3, 3, 3], 1) == [0, 0, 0]
    assert share_out([], 3) == []
    costs = [7, 1, 4, 4, 2, 6, 3]
    owners = share_out(costs, 3)
    loads = [sum(cost for cost, owner in zip(costs, owners, strict=True) if owner == rank) for rank in range(3)]
    assert max(loads) - min(loads) <= 1
