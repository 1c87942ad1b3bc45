"""A location network that sees the cells of the retina: it scores them, and looks at one. Not in the paper.

k scales of g x g cells, of C colours; M = k * g * g + 1 parts of the mixture, the last of them a place of its own.
Offsets are in units of the retina's reach: half of its coarsest patch.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor, nn

from .distribution import Gaussian, LocationDistribution
from .mixture import Mixture, saccade_to

LocationLayers = Literal["linear", "cells", "cells-mean"]
Seen = Literal["near", "covered"]

LIGHT, SEEN = 2.0, -2.0
"""What a cell's score counts its light and its having been seen for, at first: an untrained eye goes from one bright
place to the next and does not return (Itti and Koch 2001: saliency, and inhibition of return)."""
NORMALISED_SEEN = -12.0
"""`SEEN` where light is told in standard deviations, of which what stands out has several."""
NEAR = 2.0, 4.0
"""A cell has been seen if it lies within so many halves of the finest patch of an earlier look."""
COVERED = 1 / 4, 1 / 2
"""It was covered if it lay within so much of its own scale's patch: by the patch two scales finer, or the next."""
BLURS = 3, 5
FEWEST = 3
"""Looks that cells are compared with: torch multiplies many small matrices of 1 or 2 columns in twice the time of 3."""
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
"""Turned by it again and again, a direction comes near none of the earlier ones."""


class CellLocationNetwork(nn.Module):
    """f_l: h_t says how much each feature of a cell counts at each scale; the next location is near one of the cells.

    The features are a cell's light, its mean over 3x3 and over 5x5 cells (of each colour, times the cell's width, so
    that a stroke is about as bright at every scale), whether it lies outside of the next finer scale, perhaps which way
    it lies, and whether it has been seen by one of the latest looks, which are a part of the model's state: see
    `remember`. All cells of a scale share their weights, so that what is learned at one serves for all. The softmax
    over all scores weighs the parts of a `Mixture`. One part more is the paper's tanh(Linear(h_t)).

    Args:
        input_size: units of h_t.
        glimpse_shape: (k, g, g) or (k, g, g, C).
        relative: locations are relative saccades: the displacement reach * sign(a) * a**2 for an action a. Else they
            are absolute, and the reach is learned: how much of the image the coarsest patch covers.
        hidden_size: units of a hidden ReLU layer; 0 for none.
        alike: the scales of the glimpse are normalised, each by itself, and taken as they are.
        memory: cells count as seen near the latest so many looks; 0: near all that are remembered. Who has to come back
            must not see them all: with 1 the gaze goes to and fro between two places.
        seen: what counts as seen. "near": a cell whose middle lies near a look. "covered": any part of it, however wide
            it is; and two features more tell whether finer patches of an earlier look covered its middle. What stood
            out there would have been looked at then, so a search of many candidates leaves it out.
        gravity: the eye lands on the centre of gravity of the light in the 3x3 cells around the one that it looks at,
            and not on its middle, as saccades to a group of things do (the global effect, Findlay 1982). From afar,
            where cells are wide, it meets the middle of an object so.
        direction: two features more tell which way a cell lies: h_t can send the eye on where nothing is shown.
        drift: how far the eye lands beside that, in widths of the finest patch, each time in another
            direction; as fixational eye movements do. Cells lie where the last look put them: without it a gaze that
            has found its cell sees the same again and again.

    Raises:
        ValueError: `input_size` is below 3: there is no room to remember a look; or the patches are not square.
    """

    def __init__(
        self,
        *,
        input_size: int,
        glimpse_shape: tuple[int, ...],
        relative: bool,
        hidden_size: int = 0,
        alike: bool = False,
        memory: int = 0,
        seen: Seen = "near",
        gravity: bool = False,
        direction: bool = False,
        drift: float = 0.0,
    ):
        super().__init__()
        if input_size < 3:
            raise ValueError(f"location_network='cells' needs a hidden_size of at least 3, not {input_size}")
        self.scales, self.size, width, *colours = glimpse_shape
        if (size := self.size) != width:
            raise ValueError(f"location_network='cells' needs square patches, not {size}x{width}")
        self.colours, self.memory, self.gravity = math.prod(colours), memory, gravity
        self.num_seen = len(NEAR) if seen == "near" else len(NEAR) + len(COVERED)
        self.num_features = (1 + len(BLURS)) * self.colours + 1 + 2 * direction + self.num_seen
        self.num_parts = self.scales * size * size + 1
        self.num_parameters = self.num_parts + 6 + gravity * 2 * (self.num_parts - 1)
        self.hidden = nn.Linear(input_size, hidden_size) if hidden_size else None
        self.weights = nn.Linear(hidden_size or input_size, self.scales * self.num_features + 1)
        self.own = nn.Linear(hidden_size or input_size, 2)
        self.reach = None if relative else nn.Parameter(torch.ones(2))
        self.drift = drift * size / (size * 2 ** (self.scales - 1) / 2)  # in units of the reach
        self.lands_beside = drift > 0 or gravity
        self._begin(NORMALISED_SEEN if alike else SEEN)
        self._make_constants(relative, alike, seen, direction)

    def _begin(self, seen: float) -> None:
        for layer in (self.weights, self.own):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            bias = self.weights.bias[:-1].view(self.scales, self.num_features)
            bias[:, : self.colours] = LIGHT / self.colours
            bias[:, -self.num_seen :] = seen

    def _make_constants(self, relative: bool, alike: bool, seen: Seen, direction: bool) -> None:
        scales, size = self.scales, self.size
        widths = 2.0 ** torch.arange(scales)
        reach = size * widths[-1] / 2  # in pixels
        axis = (torch.arange(size) - (size - 1) / 2) * widths[:, None] / reach  # (k, g)
        inside = axis.abs() < (size / 2) * widths[:, None] / 2 / reach
        outside = ~(inside[:, None, :] & inside[:, :, None])
        outside[0] = True  # there is no finer scale
        columns, rows = axis[:, None, :].expand_as(outside), axis[:, :, None].expand_as(outside)
        fixed = [outside.float(), columns, rows] if direction else [outside.float()]
        constants = {
            "gains": (torch.ones(scales) if alike else widths).view(-1, 1, 1),
            "axis": axis,
            "near": _within(size, widths, seen) / reach,
            "places": saccade_to(axis) if relative and not self.lands_beside else axis,
            "blur": torch.cat([_box_blur(size, width) for width in BLURS], dim=1),
            "fixed": torch.stack(fixed, 1).view(1, scales, -1, size**2),
        }
        if self.gravity:
            constants |= {"moments": _moments(size), "cell_width": widths[:, None, None] / reach}
        for name, tensor in constants.items():
            self.register_buffer(name, tensor, persistent=False)

    gains: Tensor
    axis: Tensor
    near: Tensor
    places: Tensor
    blur: Tensor
    fixed: Tensor
    moments: Tensor
    cell_width: Tensor

    def distribution(self, parameters: Tensor, std: float | Tensor) -> LocationDistribution:
        """The mixture that parameters (..., M + 6) tell of."""
        return self._mixture(parameters, std)

    @property
    def _sizes(self) -> list[int]:
        cells = self.num_parts - 1
        return [self.num_parts, 2, 2, 2, *([2 * cells] if self.gravity else [])]

    def _mixture(self, parameters: Tensor, std: float | Tensor) -> Mixture:
        log_weight, own, origin, scale, *beside = parameters.split(self._sizes, dim=-1)
        if self.reach is None:  # these two were not learned: their gradient would be computed for nothing
            origin, scale = origin.detach(), scale.detach()
        offsets = beside[0].unflatten(-1, (2, -1)).detach() if beside else None
        saccades = self.reach is None and self.lands_beside
        return Mixture(log_weight, own, origin, scale, self.places, std, saccades, offsets)

    def forward(self, h: Tensor, glimpse: Tensor, location: Tensor, looks: Tensor) -> Tensor:
        """Score the cells.

        Args:
            h: h_t (B, input_size).
            glimpse: (B, k, g, g[, C]), in [0, 1] unless it is normalised.
            location: the eye's place, (B, 2).
            looks: the looks so far, this one among them, (B, input_size): see `remember`.

        Returns:
            (B, M + 6): the parts' log-weights, the own place, the grid's origin and its scale. With `gravity` follows
            where the eye lands beside each cell's middle, the x of all, then the y: (B, M + 6 + 2 * (M - 1)).
        """
        if self.hidden is not None:
            h = torch.relu_(self.hidden(h))
        weights = self.weights(h)
        features = self.features(glimpse, location, looks).flatten(0, 1)  # (B * k, F, g * g)
        scores = (weights[:, :-1].reshape(-1, 1, self.num_features) @ features).view(h.shape[0], -1)
        log_weight = torch.cat([scores, weights[:, -1:]], dim=1).log_softmax(1)
        if self.reach is None:
            origin, scale = torch.zeros_like(location), torch.ones_like(location)
        else:
            origin, scale = location, self.reach.expand_as(location)
        if self.drift:
            origin = origin + scale * self._drift(looks)
        beside = [self._beside(glimpse)] if self.gravity else []
        return torch.cat([log_weight, torch.tanh(self.own(h)), origin, scale, *beside], dim=1)

    @torch.no_grad()
    def _beside(self, glimpse: Tensor) -> Tensor:
        """From the middle of each cell to the centre of gravity of the light around it, (B, 2 * (M - 1))."""
        rows, cells = glimpse.shape[0], self.size**2
        light = glimpse.reshape(rows, self.scales, cells, self.colours).sum(-1).clamp_(min=0)  # normalised: below 0 too
        moments = (light.view(-1, cells) @ self.moments).view(rows, self.scales, 3, cells)
        mass = moments[:, :, :1]
        apart = torch.where(mass > 0, moments[:, :, 1:] / mass, 0.0) * self.cell_width  # (B, k, 2, g * g)
        return apart.transpose(1, 2).flatten(1)

    def _drift(self, looks: Tensor) -> Tensor:
        """Where the eye lands beside a cell's middle after so many looks, (B, 2), in units of the reach."""
        angle = GOLDEN_ANGLE * looks[:, 2::3].sum(1, keepdim=True)
        return self.drift * torch.cat([angle.cos(), angle.sin()], dim=1)

    @torch.no_grad()
    def features(self, glimpse: Tensor, location: Tensor, looks: Tensor) -> Tensor:
        """What the scores are made of, (B, k, F, g * g); see the class. For the arguments see `forward`."""
        rows, cells = glimpse.shape[0], self.size**2
        light = glimpse.reshape(rows, self.scales, cells, self.colours).transpose(2, 3) * self.gains
        blurred = light.reshape(-1, cells) @ self.blur  # (B * k * C, 2 * g * g)
        blurred = blurred.view(rows, self.scales, self.colours, len(BLURS), cells).transpose(2, 3).flatten(2, 3)
        fixed = self.fixed.expand(rows, -1, -1, -1)
        return torch.cat([light, blurred, fixed, self.seen(location, looks)], dim=2)

    @torch.no_grad()
    def seen(self, location: Tensor, looks: Tensor) -> Tensor:
        """1 for cells that one of the looks that count has seen, by each measure: (B, k, S, g * g)."""
        earlier = remembered(looks, FEWEST)
        if self.memory:
            earlier = earlier[:, : self.memory]
        offset = earlier[..., :2] - location[:, None]
        if self.reach is not None:
            offset = offset / self.reach
        x, y = offset.masked_fill(earlier[..., 2:] == 0, math.inf).unbind(-1)  # no cell is near a look that was not
        columns = (x[:, None, :, None] - self.axis[:, None]).abs()  # (B, k, L, g)
        rows = (y[:, None, None, :] - self.axis[..., None]).abs()  # (B, k, g, L)
        # Numbers 0 and 1 throughout: bools, which are not computed many at a time, would take most of the time here.
        within = [torch.stack([apart.clone().lt_(near) for near in self.near], 2) for apart in (rows, columns)]
        return torch.matmul(*within).clamp_(max=1).flatten(3)


class CellMeanLocationNetwork(CellLocationNetwork):
    """f_l: the paper's Gaussian, around the mean of all parts' places by their weights, in place of a choice of one.

    The mean lies between cells, so it aims more finely than a cell's width, and its gradient reaches every score. It
    stays in the image, or within the reach.
    """

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.num_parameters = 2

    def distribution(self, parameters: Tensor, std: float | Tensor) -> LocationDistribution:
        """The Gaussian with this mean (..., 2)."""
        return Gaussian(parameters, std)

    def forward(self, h: Tensor, glimpse: Tensor, location: Tensor, looks: Tensor) -> Tensor:
        """From what `CellLocationNetwork.forward` takes to the mean (B, 2)."""
        return self._mixture(super().forward(h, glimpse, location, looks), 0.0).mean().clamp(-1, 1)


CELL_NETWORKS = {"cells": CellLocationNetwork, "cells-mean": CellMeanLocationNetwork}


def remember(looks: Tensor, location: Tensor) -> Tensor:
    """Put a look before the earlier ones; the oldest falls out where there is no more room.

    Args:
        looks: (B, N): (x, y, 1) of each look, the newest first, and zeros where there is none.
        location: the eye's place, (B, 2).
    """
    newest = torch.cat([location, torch.ones_like(location[:, :1])], dim=1)
    return torch.cat([newest, looks], dim=1)[:, : looks.shape[1]]


def remembered(looks: Tensor, fewest: int = 0) -> Tensor:
    """As many looks as any row remembers, or `fewest`: (B, N) -> (B, L, 3), each (x, y, 1), or zeros."""
    room = looks.shape[1] // 3
    each = looks[:, : 3 * room].view(looks.shape[0], room, 3)
    if torch.compiler.is_compiling():  # an exported program's shapes can't hang on what is in a tensor
        return each
    return each[:, : max(fewest, int((each[..., 2] > 0).sum(1).amax()))]


def _within(size: int, widths: Tensor, seen: Seen) -> Tensor:
    """How near to a look the middle of a cell must be, in each axis, to count as seen, in pixels: (S, k, 1, 1)."""
    near = torch.tensor(NEAR)[:, None] * (size / 2)
    if seen == "near":
        within = near.expand(-1, len(widths))
    else:
        within = torch.cat([near + widths / 2, torch.tensor(COVERED)[:, None] * (size / 2) * widths])
    return within[..., None, None]


def _moments(size: int) -> Tensor:
    """The matrix from size x size cells to three numbers of each: 3x3 cells' mass, and its first moments in x and y.

    The moments are about the middle of the cell, in cells.
    """
    apart = torch.arange(size)[:, None] - torch.arange(size)  # from the cell to one beside it
    band = (apart.abs() <= 1).float()
    ways = band * apart
    return torch.cat([torch.kron(band, band), torch.kron(band, ways), torch.kron(ways, band)], dim=1)


def _box_blur(size: int, width: int) -> Tensor:
    """The matrix by which a row of size x size cells is averaged over width x width of them, zeros beyond the edge."""
    apart = (torch.arange(size)[:, None] - torch.arange(size)).abs()
    band = (apart <= width // 2).float() / width
    return torch.kron(band, band)
