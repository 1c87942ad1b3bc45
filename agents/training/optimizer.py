"""The optimisers: AdamW or SGD for all, or Muon for the matrices between hidden layers and AdamW for the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..agent.config import Config
from ..model.policy import RAM
from ..processes.group import ALONE, Processes, share_out


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are made orthogonal, for matrices and filters (Jordan et al. 2024).

    Adam's step of a matrix is led by the few directions in which the gradient is largest; an orthogonal one goes as far
    in all of them, and RAM learns what is rare in half the episodes. torch's own Muon knows no stacked matrices, and
    multiplies in bfloat16 always, which is slow on a CPU without units for it.

    Args:
        groups: dicts of "params", matrices, and "lr"; "blocks" says of how many square-ish blocks, one above the other,
            each matrix is made (4 for an LSTM's gates). A convolution's filters are the rows of one matrix.
        momentum: decay of the running mean of gradients.
        weight_decay: decoupled, as in AdamW.
        processes: that take the same step. They share out what is dear of it, the blocks to be made orthogonal.
    """

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        processes: Processes = ALONE,
    ):
        super().__init__(groups, {"momentum": momentum, "weight_decay": weight_decay, "blocks": 1})
        self.processes = processes

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step along the present gradients; no closure is called."""
        moving = [(p, group) for group in self.param_groups for p in group["params"] if p.grad is not None]
        blocks = [
            block for parameter, group in moving for block in self._ahead(parameter, group).chunk(group["blocks"])
        ]
        steps = iter(all_orthogonalised(blocks, self.processes))
        for parameter, group in moving:
            own = [next(steps) for _ in range(group["blocks"])]
            rows, columns = own[0].shape
            # Of a tall matrix a longer step, so that its outputs move as far.
            direction = torch.cat(own) * math.sqrt(max(1.0, rows / columns))
            parameter.mul_(1 - group["lr"] * group["weight_decay"])
            parameter.add_(direction.view_as(parameter), alpha=-group["lr"])

    def _ahead(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        """The gradient as Nesterov's momentum has it."""
        gradient, state = parameter.grad, self.state[parameter]
        assert gradient is not None
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].lerp_(gradient, 1 - group["momentum"])
        # A unit that died has no gradient: its momentum would shrink to denormal numbers, which a processor multiplies
        # so slowly that an update took twice the time.
        torch.hardshrink(momentum, 1e-30, out=momentum)  # a fifteenth of the time of `masked_fill_`
        return gradient.lerp(momentum, group["momentum"]).flatten(1)  # a convolution's filters are its rows


# The polynomial a s + b s^3 + c s^5 takes every singular value in (0, 1] to about 1 when it is applied five times.
# These coefficients, of Jordan et al., are steep at 0 and end between 0.7 and 1.2; more exact ones take more steps.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalised(matrix: Tensor, *, steps: int = 5) -> Tensor:
    """About U V^T for a matrix U S V^T, by the Newton-Schulz iteration: (m, n) -> (m, n). A matrix of zeros stays.

    Under `matmul_precision("medium")` in bfloat16, as torch's own Muon.
    """
    assert matrix.dim() == 2, matrix.shape
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-12)
    if torch.is_autocast_enabled(x.device.type):
        x = x.to(torch.get_autocast_dtype(x.device.type))
    for _ in range(steps):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)


def all_orthogonalised(matrices: Sequence[Tensor], processes: Processes) -> list[Tensor]:
    """Each matrix `orthogonalised`, by one of the processes, which all have the same matrices."""
    owners = share_out([_arithmetic(matrix) for matrix in matrices], processes.size)
    mine = [orthogonalised(m) for m, owner in zip(matrices, owners, strict=True) if owner == processes.rank]
    if processes.size == 1 or not matrices:
        return mine
    sizes = [sum(m.numel() for m, owner in zip(matrices, owners, strict=True) if owner == rank) for rank in set(owners)]
    piece = torch.cat([*(matrix.flatten() for matrix in mine), matrices[0].new_zeros(max(sizes))])[: max(sizes)]
    pieces, taken = processes.gather(piece), [0] * processes.size
    result = []
    for matrix, owner in zip(matrices, owners, strict=True):
        begin, taken[owner] = taken[owner], taken[owner] + matrix.numel()
        result.append(pieces[owner][begin : taken[owner]].view_as(matrix))
    return result


def _arithmetic(matrix: Tensor) -> float:
    """Of `orthogonalised`, up to a factor."""
    short, long = sorted(matrix.shape)
    return short**2 * (2 * long + short)


def make_optimizers(policy: RAM, config: Config, processes: Processes = ALONE) -> list[torch.optim.Optimizer]:
    """The optimisers that a configuration names, for a model: torch's SGD, or its AdamW, and for "muon" `Muon` too.

    Each group knows whether it is the location network's ("location"), and whether it is of matrices that take
    orthogonal steps ("matrices").
    """
    matrices = {id(m): blocks for m, blocks in policy.hidden_matrices()} if config.optimizer == "muon" else {}
    plain: list[dict[str, Any]] = []
    orthogonal: list[dict[str, Any]] = []
    for location in (False, True):
        kind = {"location": location, "lr": 0.0}  # set before every step
        parameters = [p for name, p in policy.named_parameters() if name.startswith("f_l.") is location]
        plain.append({**kind, "params": [p for p in parameters if id(p) not in matrices], "matrices": False})
        for blocks in sorted(set(matrices.values())):
            chosen = [p for p in parameters if matrices.get(id(p)) == blocks]
            orthogonal += [{**kind, "params": chosen, "matrices": True, "blocks": blocks}] if chosen else []
    fused = policy.f_a.weight.device.type in ("cpu", "cuda")
    if config.optimizer == "sgd":
        return [torch.optim.SGD(plain, momentum=config.momentum, weight_decay=config.weight_decay, fused=fused)]
    betas = (0.9, 0.99) if matrices else (0.9, 0.999)
    adam = torch.optim.AdamW(plain, betas=betas, weight_decay=config.weight_decay, fused=fused)
    if not matrices:
        return [adam]
    return [adam, Muon(orthogonal, weight_decay=config.weight_decay, processes=processes)]


def make_cnn_optimizers(network: nn.Module) -> list[torch.optim.Optimizer]:
    """For a network that sees whole scenes: Adam for the first layer, the last, and all that is no matrix; then `Muon`.

    Their rates are 0 until somebody sets them.
    """
    matrices = [parameter for parameter in network.parameters() if parameter.dim() > 1][1:-1]
    between = {id(parameter) for parameter in matrices}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in between]
    return [torch.optim.Adam(rest, lr=0.0, betas=(0.9, 0.99)), Muon([{"params": matrices, "lr": 0.0}])]


def set_learning_rates(optimizers: Iterable[torch.optim.Optimizer], config: Config, progress: float) -> None:
    """Each group's learning rate when `progress` in [0, 1] of the run is done."""
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        scale = config.location_lr_scale_at(progress) if group["location"] else 1.0
        if group["matrices"]:
            scale *= config.matrix_learning_rate / config.learning_rate
        group["lr"] = config.learning_rate_at(progress) * scale


def descend(
    loss: Tensor,
    optimizers: Sequence[torch.optim.Optimizer],
    config: Config,
    *,
    update: int,
    processes: Processes = ALONE,
) -> Tensor:
    """Take step number `update` down the gradient of the loss, clipped; returns the gradient's norm before that, ().

    Each of several processes has the gradient of its own rows; all take the step along the sum.

    Raises:
        FloatingPointError: the gradient is not finite; nothing has changed then.
    """
    parameters = [p for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
    for parameter in parameters:
        parameter.grad = None
    loss.backward()
    gradients = [p.grad for p in parameters if p.grad is not None]
    processes.sum_(gradients)
    grad_norm = torch.nn.utils.get_total_norm(gradients)
    norm = grad_norm.item()
    if not math.isfinite(norm):
        raise FloatingPointError(
            f"the gradient is {norm} at update {update}: lower learning_rate={config.learning_rate} or "
            f"max_grad_norm={config.max_grad_norm}"
        )
    if config.max_grad_norm is not None and norm > config.max_grad_norm:
        torch.nn.utils.clip_grads_with_norm_(parameters, config.max_grad_norm, grad_norm)
    for optimizer in optimizers:
        optimizer.step()
    return grad_norm
