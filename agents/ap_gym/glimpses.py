"""The glimpses of ap-gym's tasks, interpolated for all rows at once."""

from __future__ import annotations

import numpy as np
from ap_gym.envs.image import ImagePerceptionModule
from numpy.typing import NDArray

from ram_envs.retina.sensor import sense


def interpolate_at_once(module: ImagePerceptionModule) -> None:
    """Give ap-gym's sensor another way to the same glimpses: it interpolates row by row, here it is one batch.

    Row by row is most of the time of a step. The rule is the same, in float32: glimpses differ by less than 1e-6.

    Args:
        module: of an environment; its method `get_glimpse` is replaced.

    Raises:
        ValueError: a sensor that is not square, or whose cells are not a pixel apart.
    """
    (width, height), scale = module.config.sensor_size, module.config.sensor_scale
    if width != height or scale != 1:
        raise ValueError(
            f"batched_glimpses=True is for square sensors with cells a pixel apart, not for {width}x{height} cells "
            f"{scale} apart: leave it off"
        )

    def get_glimpse(places: NDArray[np.float64]) -> NDArray[np.float32]:
        """From places (n, 2) in [-1, 1] of those where the sensor lies inside to glimpses (n, g, g, C)."""
        images = module.current_images
        rows, *size, channels = images.shape
        planes = np.moveaxis(images, -1, 1).reshape(-1, *size)
        centres = np.repeat(places * (1 - width / np.array(size[::-1])), channels, axis=0)
        glimpses = sense(planes, np.arange(len(planes)), centres, width)
        return np.moveaxis(glimpses.reshape(rows, channels, width, width), 1, -1)

    module.get_glimpse = get_glimpse
