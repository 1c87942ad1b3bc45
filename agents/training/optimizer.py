"""The optimiser: Adam for everything, or Muon for the matrices between hidden layers and Adam for the rest."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from ..model.policy import RAM
from .config import Config


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are made orthogonal, for matrices (Jordan et al. 2024); Adam for groups without `matrices`.

    Adam's step of a matrix is led by the few directions in which the gradient is largest; an orthogonal one goes as far
    in all of them, and RAM learns what is rare in half the episodes. torch's own Muon takes matrices alone, and is in
    bfloat16 always, which is slow on a CPU without units for it.

    Args:
        groups: dicts of "params", "lr" and "matrices"; with `matrices`, "blocks" says of how many square-ish blocks,
            one above the other, each matrix is made (4 for an LSTM's gates).
        momentum: of the matrices.
        betas: Adam's.
        weight_decay: decoupled, as in AdamW.
    """

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        *,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ):
        super().__init__(
            groups, {"momentum": momentum, "betas": betas, "weight_decay": weight_decay, "matrices": False, "blocks": 1}
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step along the present gradients; no closure is called."""
        for group in self.param_groups:
            update = self._orthogonal_step if group["matrices"] else self._adam_step
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update(parameter, parameter.grad, group), alpha=-group["lr"])

    def _orthogonal_step(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> Tensor:
        """The direction for a matrix, by Nesterov's momentum. Of a tall one longer, so that its outputs move as far."""
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        momentum = state["momentum"].lerp_(gradient, 1 - group["momentum"])
        # A unit that died has no gradient: its momentum would shrink to denormal numbers, which a processor multiplies
        # so slowly that an update took twice the time.
        momentum.masked_fill_(momentum.abs() < 1e-30, 0.0)
        ahead = gradient.lerp(momentum, group["momentum"])
        blocks = ahead.chunk(group["blocks"])
        rows, columns = blocks[0].shape
        return torch.cat([orthogonalised(block) for block in blocks]) * math.sqrt(max(1.0, rows / columns))

    def _adam_step(self, parameter: Tensor, gradient: Tensor, group: dict[str, Any]) -> Tensor:
        """Adam's direction."""
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            state["mean"], state["square"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state["step"] += 1
        beta1, beta2 = group["betas"]
        mean = state["mean"].lerp_(gradient, 1 - beta1)
        square = state["square"].lerp_(gradient.square(), 1 - beta2)
        count = state["step"].item()
        return mean / (1 - beta1**count) / ((square / (1 - beta2**count)).sqrt() + 1e-8)


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


def make_optimizer(policy: RAM, config: Config) -> torch.optim.Optimizer:
    """The optimiser that a configuration names, for a model; its groups know whether they are the location network's.

    Adam is torch's AdamW.
    """
    groups: list[dict[str, Any]] = [
        {"params": [p for name, p in policy.named_parameters() if name.startswith("f_l.") is gaze], "gaze": gaze}
        for gaze in (False, True)
    ]
    if config.optimizer == "adam":
        fused = policy.f_a.weight.device.type in ("cpu", "cuda")
        for group in groups:
            group["matrices"] = False
        return torch.optim.AdamW(groups, weight_decay=config.weight_decay, fused=fused)
    matrices = {id(matrix): blocks for matrix, blocks in policy.hidden_matrices()}
    split: list[dict[str, Any]] = []
    for group in groups:
        split.append(group | {"params": [p for p in group["params"] if id(p) not in matrices]})
        for blocks in sorted(set(matrices.values())):
            chosen = [p for p in group["params"] if matrices.get(id(p)) == blocks]
            split += [group | {"params": chosen, "matrices": True, "blocks": blocks}] if chosen else []
    for group in split:
        group["lr"] = 0.0  # set before every step
    return Muon(split, weight_decay=config.weight_decay)


def set_learning_rates(optimizer: torch.optim.Optimizer, config: Config, progress: float) -> None:
    """Each group's learning rate when `progress` in [0, 1] of the run is done."""
    for group in optimizer.param_groups:
        scale = config.location_lr_scale_at(progress) if group["gaze"] else 1.0
        if group["matrices"]:
            scale *= config.matrix_learning_rate / config.learning_rate
        group["lr"] = config.learning_rate_at(progress) * scale
