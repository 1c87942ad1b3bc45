"""What was seen so far, each pixel in its place: the memory of the glimpse network "canvas", and what reads it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class Canvas(nn.Module):
    """Convolutions over all that was seen of a scene, in place of `Matrix`, which sees the present glimpse alone.

    The paper's core has to add glimpses up by what each told. Put together they are a picture with gaps, which
    convolutions read as they read any other. What each of these gives is normalised (a GroupNorm of one group), as a
    picture of one glimpse has far less light than one of seven. A picture is (C, S, S): 0 where nothing was seen yet,
    else 1 more than the light, so that what is dark and what is unknown differ.

    Args:
        glimpse_shape: (1, g, g) or (1, g, g, C).
        output_size: units of h_g.
        size: S, the scene's width and height in pixels.
        relative: locations are in units of a saccade's reach.

    Raises:
        ValueError: such locations, which tell no place on the scene; or a retina of several scales.
    """

    FILTERS = (16, 2), (32, 2), (32, 1), (64, 2), (64, 1)
    """Filters of 3 x 3, and their stride, of each layer."""

    def __init__(self, glimpse_shape: tuple[int, ...], output_size: int, *, size: int, relative: bool = False):
        super().__init__()
        scales, _, _, *colours = glimpse_shape
        if scales > 1:
            raise ValueError(
                f"glimpse_network='canvas' puts the pixels of one scale together, and this retina has {scales}: use "
                "num_scales=1, or another glimpse network"
            )
        if relative:
            raise ValueError("glimpse_network='canvas' needs places on the scene: use saccade='absolute' with it")
        self.colours, self.size = math.prod(colours), size
        inputs, side = self.colours + 1, size
        self.filters, self.norms = nn.ModuleList(), nn.ModuleList()
        for filters, stride in self.FILTERS:
            self.filters.append(nn.Conv2d(inputs, filters, 3, stride, padding=1))
            self.norms.append(nn.GroupNorm(1, filters))
            inputs, side = filters, -(-side // stride)
        self.last = nn.Linear(inputs * side**2, output_size)

    @property
    def layers(self) -> list[nn.Linear | nn.Conv2d]:
        """Those with a weight, from the picture upwards."""
        return [*self.filters, self.last]

    def rows(self, units: int) -> int:
        """How many rows of a state of so many units hold a picture."""
        return -(-self.colours * self.size**2 // units)

    def painted(self, rows: Tensor, observations: dict[str, Tensor], remembers: Tensor | None = None) -> list[Tensor]:
        """The rows of a state, (n, B, units), that hold the pictures, after each of T glimpses.

        Args:
            rows: before the first.
            observations: "glimpse" (T, B, 1, g, g[, C]) and "location" (T, B, 2) in [-1, 1].
            remembers: (T, B, 1), 0 where all is forgotten before a glimpse, else 1; None: it nowhere is.
        """
        after = []
        for t, (glimpse, location) in enumerate(zip(observations["glimpse"], observations["location"], strict=True)):
            begun = rows if remembers is None else rows * remembers[t]
            rows = self._rows(self._with(self._pictures(begun.to(glimpse.dtype)), glimpse, location), rows)
            after.append(rows)
        return after

    def _with(self, picture: Tensor, glimpse: Tensor, location: Tensor) -> Tensor:
        """Pictures with a glimpse put where it was taken, over earlier ones; it begins at the retina's first pixel."""
        height, width = glimpse.shape[2:4]
        column, across = self._along(location[:, :1], width)
        row, down = self._along(location[:, 1:], height)
        index = (row[:, :, None] * width + column[:, None, :]).flatten(1)[:, None].expand(-1, self.colours, -1)
        light = glimpse.reshape(-1, height * width, self.colours).transpose(1, 2).gather(2, index)
        shown = (down[:, :, None] & across[:, None, :])[:, None]
        return torch.where(shown, light.view_as(picture) + 1, picture)

    def _along(self, place: Tensor, patch: int) -> tuple[Tensor, Tensor]:
        """Of an axis's pixels (B, S): which of a patch's, around a place (B, 1), each is or is near; whether it is."""
        first = torch.floor((place.double() + 1) / 2 * self.size - patch / 2 + 0.5)  # the retina's rule, as exactly
        pixel = torch.arange(self.size, dtype=first.dtype, device=place.device) - first
        return pixel.clamp(0, patch - 1).nan_to_num(0).long(), (pixel >= 0) & (pixel < patch)

    def _rows(self, pictures: Tensor, like: Tensor) -> Tensor:
        """The rows of a state that hold pictures (B, C, S, S)."""
        count, rows, units = like.shape
        flat = nn.functional.pad(pictures.flatten(1), (0, count * units - self.colours * self.size**2))
        return flat.view(rows, count, units).transpose(0, 1)

    def _pictures(self, rows: Tensor) -> Tensor:
        """The pictures (B, C, S, S) that rows of a state hold."""
        flat = rows.transpose(0, 1).flatten(1)[:, : self.colours * self.size**2]
        return flat.view(-1, self.colours, self.size, self.size)

    def forward(self, rows: Tensor) -> Tensor:
        """From rows of a state (n, B, units) to (B, output_size)."""
        picture = self._pictures(rows)
        seen = (picture[:, :1] > 0).to(picture.dtype)
        x = torch.cat([picture - seen, seen], dim=1)
        x = x.contiguous(memory_format=torch.channels_last)  # in which so few channels are convolved the faster
        for layer, norm in zip(self.filters, self.norms, strict=True):
            x = torch.relu_(norm(layer(x)))
        return self.last(x.flatten(1))
