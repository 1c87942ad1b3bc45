"""What attention is measured against: RAM with a gaze that chooses nothing. `cnns` sees whole scenes at once."""

from __future__ import annotations

from typing import Literal

from ..training.config import Config

Control = Literal["random", "center", "whole", "weak-cnn", "modern-cnn"]


def as_control(config: Config, control: Control) -> Config:
    """The same training without attention.

    "random": every location uniform. "center": every location, the first too, in the middle. "whole": the whole scene
    as one patch at every step, for Catch.

    Raises:
        ValueError: a control that RAM is not trained as.
    """
    if control == "random":
        return config.replace(look="random")
    if control == "center":
        return config.replace(look="center", env_kwargs=config.env_kwargs | {"initial_location": "center"})
    if control == "whole":
        return config.replace(look="center", env_kwargs=config.env_kwargs | {"foveated": False})
    raise ValueError(f"control must be 'random', 'center' or 'whole', not {control!r}")
