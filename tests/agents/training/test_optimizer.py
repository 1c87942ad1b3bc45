"""The optimiser: Muon's steps are orthogonal, Adam's are Adam's, and each parameter gets the one it should."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ram_agents import Config, Reinforce
from ram_agents.model.whole import ModernCNN
from ram_agents.processes.group import ALONE, Processes
from ram_agents.training import optimizer as optimizers
from ram_agents.training.optimizer import Muon, all_orthogonalised, descend, make_cnn_optimizers, orthogonalised
from shared_runs import together
from toy_env import PeekVectorEnv

SMALL = {"hidden_size": 32, "glimpse_size": 16, "location_size": 16}


@pytest.mark.parametrize("shape", [(16, 16), (8, 32), (32, 8)])
def test_singular_values_come_near_one_and_singular_vectors_stay(shape) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, _, vt = torch.linalg.svd(matrix, full_matrices=False)
    near = u.T @ orthogonalised(matrix) @ vt.T
    assert near.diagonal().min() > 0.6
    assert near.diagonal().max() < 1.25
    assert (near - near.diagonal().diag()).abs().max() < 1e-3


def test_the_scale_of_a_gradient_does_not_matter() -> None:
    matrix = torch.randn(8, 12, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(orthogonalised(matrix * 1e-4), orthogonalised(matrix))
    assert not orthogonalised(torch.zeros(3, 4)).any()


def groups_of(parameter: torch.Tensor, **group: Any) -> list[dict[str, Any]]:
    return [{"params": [parameter], "lr": 0.1, **group}]


def test_a_matrix_by_hand() -> None:
    """Without momentum, of a 4x2 matrix: -0.1 * sqrt(4 / 2) * the orthogonal factor; momentum keeps the direction."""
    start, gradient = torch.zeros(4, 2), torch.randn(4, 2, generator=torch.Generator().manual_seed(2))
    for momentum in (0.0, 0.9):
        parameter = torch.nn.Parameter(start.clone())
        parameter.grad = gradient.clone()
        Muon(groups_of(parameter), momentum=momentum).step()
        torch.testing.assert_close(parameter.detach(), -0.1 * 2**0.5 * orthogonalised(gradient))


def test_filters_are_the_rows_of_a_matrix() -> None:
    gradient = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(4))
    filters, rows = torch.nn.Parameter(torch.zeros(4, 2, 3, 3)), torch.nn.Parameter(torch.zeros(4, 18))
    for parameter in (filters, rows):
        parameter.grad = gradient.reshape(parameter.shape)
        Muon(groups_of(parameter)).step()
    assert torch.equal(filters.detach().flatten(1), rows.detach())


def test_momentum_looks_ahead() -> None:
    """Two gradients: m = 0.1 g1, then 0.09 g1 + 0.1 g2; the second step is along 0.1 g2 + 0.9 m."""
    one, two = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(3))
    parameter = torch.nn.Parameter(torch.zeros(3, 3))
    optimizer = Muon(groups_of(parameter), momentum=0.9)
    parameter.grad = one.clone()
    optimizer.step()
    before = parameter.detach().clone()
    parameter.grad = two.clone()
    optimizer.step()
    ahead = 0.1 * two + 0.9 * (0.09 * one + 0.1 * two)
    torch.testing.assert_close(before - parameter.detach(), 0.1 * orthogonalised(ahead))


def test_without_gradients_momentum_ends_at_zero_and_never_in_denormal_numbers() -> None:
    parameter = torch.nn.Parameter(torch.zeros(2, 2))
    optimizer = Muon(groups_of(parameter), momentum=0.5)
    parameter.grad = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    optimizer.step()
    parameter.grad = torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    for _ in range(200):
        optimizer.step()
        momentum = optimizer.state[parameter]["momentum"]
        assert ((momentum == 0) | (momentum.abs() > torch.finfo().tiny)).all()
    assert momentum[0, 0] == 0
    assert momentum[1, 1] == 1


def test_stacked_matrices_are_made_orthogonal_one_by_one() -> None:
    gradient = torch.randn(8, 4, generator=torch.Generator().manual_seed(4))
    parameter = torch.nn.Parameter(torch.zeros(8, 4))
    parameter.grad = gradient.clone()
    Muon(groups_of(parameter, blocks=2)).step()
    wanted = torch.cat([orthogonalised(gradient[:4]), orthogonalised(gradient[4:])])
    torch.testing.assert_close(parameter.detach(), -0.1 * wanted)


@pytest.mark.parametrize(("core", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
def test_which_parameters_are_matrices(core, gates) -> None:
    agent = Reinforce(PeekVectorEnv(8), core=core, optimizer="muon", location_hidden=24, **SMALL)
    names = {id(p): name for name, p in agent.policy.named_parameters()}
    kinds = {
        names[id(p)]: group
        for optimizer in agent.optimizers
        for group in optimizer.param_groups
        for p in group["params"]
    }
    assert kinds.keys() == set(names.values())
    core_names = ("f_h.glimpse", "f_h.hidden") if core == "rnn" else ("f_h.cell.weight_ih", "f_h.cell.weight_hh")
    core_names = tuple(name + ".weight" * (core == "rnn") for name in core_names)
    matrices = {"f_g.what.weight", "f_g.both.weight", "f_l.hidden.weight", *core_names}
    assert {name for name, group in kinds.items() if group["matrices"]} == matrices
    assert all(kinds[name]["blocks"] == gates for name in core_names)
    assert {name for name, group in kinds.items() if group["location"]} == {n for n in kinds if n.startswith("f_l.")}


def test_a_convolutions_filters_are_rows() -> None:
    parameter = torch.nn.Parameter(torch.zeros(6, 3, 2, 2))
    parameter.grad = torch.randn(6, 3, 2, 2, generator=torch.Generator().manual_seed(4))
    gradient = parameter.grad.clone()
    Muon(groups_of(parameter)).step()
    torch.testing.assert_close(parameter.detach(), -0.1 * orthogonalised(gradient.flatten(1)).view(6, 3, 2, 2))


def test_convolutions_and_cells_take_orthogonal_steps_but_heads_do_not() -> None:
    networks = {"glimpse_network": "conv", "location_network": "cells", "location_hidden": 24}
    agent = Reinforce(PeekVectorEnv(8), optimizer="muon", **networks, **SMALL)
    matrices = {id(matrix) for matrix, _ in agent.policy.hidden_matrices()}
    names = {name for name, p in agent.policy.named_parameters() if id(p) in matrices}
    conv = {"f_g.what.first.weight", "f_g.what.second.weight", "f_g.what.last.weight"}
    assert names == conv | {"f_g.both.weight", "f_h.glimpse.weight", "f_h.hidden.weight", "f_l.hidden.weight"}


def test_rates_follow_the_schedule() -> None:
    """Location network at a fifth, matrices at ten times Adam's rate, both halved half way."""
    options = {"learning_rate": 1e-3, "matrix_learning_rate": 1e-2, "location_lr_scale": 0.2, "lr_schedule": "linear"}
    agent = Reinforce(PeekVectorEnv(8), total_episodes=8 * 2, optimizer="muon", location_hidden=24, **options, **SMALL)
    told: list[dict[tuple[bool, bool], float]] = []
    agent.learn(
        callback=lambda agent, update: told.append(
            {(g["location"], g["matrices"]): g["lr"] for optimizer in agent.optimizers for g in optimizer.param_groups}
        )
    )
    wanted = {(False, False): 1e-3, (False, True): 1e-2, (True, False): 2e-4, (True, True): 2e-3}
    assert told[0] == pytest.approx(wanted)
    assert told[1] == pytest.approx({key: rate / 2 for key, rate in wanted.items()})


def test_muon_learns_and_is_resumed(tmp_path) -> None:
    options = {"optimizer": "muon", "core": "lstm", "checkpoint_every": 5, **SMALL}
    whole = Reinforce(PeekVectorEnv(16), total_episodes=16 * 10, **options).learn()
    half = Reinforce(PeekVectorEnv(16), total_episodes=16 * 10, **options)
    half.learn(callback=lambda agent, update: agent.updates < 5)
    half.save(tmp_path / "half")
    resumed = Reinforce.load(tmp_path / "half", PeekVectorEnv(16)).learn(resume=True)
    for one, other in zip(whole.policy.parameters(), resumed.policy.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("name", ["learning_rate", "matrix_learning_rate"])
def test_a_rate_must_be_above_zero(name) -> None:
    with pytest.raises(ValueError, match=f"{name} must be above 0, not 0"):
        Config(**{name: 0})


@pytest.mark.parametrize("size", [2, 3, 5])
def test_orthogonal_steps_are_shared_out_and_the_same(size, monkeypatch) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(8, 8), (6, 9), (9, 6), (8, 8), (2, 30)]
    matrices = [torch.randn(shape, generator=generator) for shape in shapes]
    alone, done = all_orthogonalised(matrices, ALONE), []

    def counted(matrix: torch.Tensor) -> torch.Tensor:
        done.append(matrix)
        return orthogonalised(matrix)

    monkeypatch.setattr(optimizers, "orthogonalised", counted)
    for steps in together(lambda processes: all_orthogonalised(matrices, processes), size):
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(steps, alone, strict=True))
    assert len(done) == len(shapes)  # each by one process


def test_processes_without_matrices_share_nothing() -> None:
    assert together(lambda processes: all_orthogonalised([], processes)) == [[], []]


def test_several_processes_step_along_the_sum_of_their_gradients() -> None:
    policies = [Reinforce(PeekVectorEnv(4), **SMALL).policy for _ in range(2)]
    config = Config(max_grad_norm=None)

    def work(processes: Processes) -> torch.Tensor:
        policy = policies[processes.rank]
        loss = (1 + 2 * processes.rank) * sum(p.square().sum() for p in policy.f_a.parameters())
        still = torch.optim.SGD(policy.parameters(), lr=0.0)
        descend(loss, [still], config, update=0, processes=processes)
        assert policy.f_l.mean.weight.grad is None
        return policy.f_a.weight.grad  # type: ignore[return-value]

    for gradient in together(work):
        torch.testing.assert_close(gradient, 2 * (1 + 3) * policies[0].f_a.weight.detach())


def test_sgd_has_momentum_by_hand() -> None:
    """Gradients of 1, then 0.5, at rates of 0.1: v = 1, then 0.9 + 0.5; the steps are 0.1 and 0.14."""
    agent = Reinforce(
        PeekVectorEnv(4), optimizer="sgd", momentum=0.9, lr_schedule="constant", learning_rate=0.1, **SMALL
    )
    (sgd,) = agent.optimizers
    optimizers.set_learning_rates(agent.optimizers, agent.config, 0.0)
    before = {name: parameter.detach().clone() for name, parameter in agent.policy.named_parameters()}
    for gradient in (1.0, 0.5):
        for parameter in agent.policy.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        sgd.step()
    for name, parameter in agent.policy.named_parameters():
        torch.testing.assert_close(parameter.detach(), before[name] - 0.24)


def test_sgd_goes_on_from_a_file_as_without_a_stop(tmp_path) -> None:
    options = {"optimizer": "sgd", "num_envs": 4, "checkpoint_every": 2, "total_episodes": 16, **SMALL}
    kept, stopped = Reinforce(PeekVectorEnv(4), **options), Reinforce(PeekVectorEnv(4), **options)
    kept.learn()
    stopped.learn(callback=lambda agent, update: agent.updates < 2)
    stopped.save(tmp_path / "agent.safetensors")
    loaded = Reinforce.load(tmp_path / "agent.safetensors", PeekVectorEnv(4)).learn(resume=True)
    assert loaded.updates == kept.updates == 4
    for ours, theirs in zip(loaded.policy.parameters(), kept.policy.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_every_parameter_of_a_cnn_has_one_optimizer_and_muon_the_matrices_between() -> None:
    network = ModernCNN(channels=1, size=60, num_classes=10)
    adam, muon = make_cnn_optimizers(network)
    adams, muons = ([p for group in o.param_groups for p in group["params"]] for o in (adam, muon))
    assert {id(p) for p in adams} | {id(p) for p in muons} == {id(p) for p in network.parameters()}
    assert len(adams) + len(muons) == len(list(network.parameters()))
    matrices = [p for p in network.parameters() if p.dim() > 1]
    assert {id(p) for p in muons} == {id(p) for p in matrices[1:-1]}
