"""The whole batch: every process's rows in order, each with the gradient of its own alone."""

from __future__ import annotations

from typing import NamedTuple

import torch
from ram_agents.processes.group import ALONE, Processes
from ram_agents.processes.rows import whole_batch, whole_densities
from shared_runs import together
from torch import Tensor


class Batch(NamedTuple):
    mean: Tensor
    action: Tensor
    active: Tensor
    label: Tensor
    stop: Tensor | None
    picture: Tensor


def batch_of(rank: int) -> Batch:
    """Process 0 takes one step of two rows, process 1 takes two."""
    steps = 1 + rank
    return Batch(
        mean=(torch.arange(steps * 2 * 2.0).reshape(steps, 2, 2) + 10 * rank).requires_grad_(),
        action=torch.full((steps, 2), 3 + rank),
        active=torch.ones(steps, 2, dtype=torch.bool),
        label=torch.tensor([5, 6]) + 10 * rank,
        stop=None,
        picture=torch.tensor(rank),
    )


def test_alone_it_is_the_same_object() -> None:
    batch = batch_of(1)
    assert whole_batch(batch, ALONE) is batch


def test_rows_lie_side_by_side_and_short_ones_end_in_zeros() -> None:
    for rank, whole in enumerate(
        together(lambda processes: whole_batch(batch_of(processes.rank), processes, apart=("picture",)))
    ):
        assert whole.mean.tolist() == [[[0, 1], [2, 3], [10, 11], [12, 13]], [[0, 0], [0, 0], [14, 15], [16, 17]]]
        assert whole.action.tolist() == [[3, 3, 4, 4], [0, 0, 4, 4]]
        assert whole.action.dtype is torch.int64
        assert whole.active.tolist() == [[True] * 4, [False, False, True, True]]
        assert whole.label.tolist() == [5, 6, 15, 16]
        assert whole.label.dtype is torch.int64
        assert whole.stop is None
        assert whole.picture.item() == rank


def test_gradients_go_to_own_rows_and_to_what_had_some() -> None:
    def work(processes: Processes) -> Batch:
        batch = batch_of(processes.rank)
        whole = whole_batch(batch, processes, apart=("picture",))
        assert not whole.action.requires_grad
        # The square of the mean over the whole batch: its gradient needs every process's rows.
        whole.mean.mean().square().backward()
        return batch

    batches = together(work)
    total = sum(batch.mean.detach().sum() for batch in batches)
    for batch in batches:
        assert batch.mean.grad is not None
        expected = torch.full_like(batch.mean, 2 * total / 16 / 16)
        torch.testing.assert_close(batch.mean.grad, expected)


def test_densities_of_the_whole_batch_need_no_one_elses_parameters() -> None:
    class Uniform:
        """On [0, width]."""

        def __init__(self, width: Tensor) -> None:
            self.width = width

        def log_prob(self, value: Tensor) -> Tensor:
            assert value.shape == (*self.width.shape, 2)
            return -self.width.log()

    def work(processes: Processes) -> tuple[list[list[float]], list[float]]:
        width = torch.full((2 - processes.rank, 1), 2.0 + 2 * processes.rank, requires_grad=True)
        log_prob = whole_densities(Uniform, processes)(width).log_prob(torch.zeros(2, 2, 2))
        log_prob.sum().backward()
        assert width.grad is not None
        return log_prob.exp().tolist(), width.grad.flatten().tolist()

    (one, slope), (other, other_slope) = together(work)
    assert one == other
    torch.testing.assert_close(torch.tensor(one), torch.tensor([[0.5, 0.25], [0.5, 1.0]]))
    assert (slope, other_slope) == ([-1 / 2, -1 / 2], [-1 / 4])


def test_alone_densities_are_their_own() -> None:
    from torch.distributions import Exponential

    rate = torch.tensor([[2.0]])
    assert (
        whole_densities(Exponential, ALONE)(rate)
        .log_prob(torch.tensor([[1.0]]))
        .equal(Exponential(rate).log_prob(torch.tensor([[1.0]])))
    )
