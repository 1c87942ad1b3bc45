"""What attention is measured against: RAM with a gaze that chooses nothing. `cnns` sees whole scenes at once."""

from __future__ import annotations

from typing import Literal

from ..agent.config import Config

Control = Literal["random", "center", "scan", "whole", "weak-cnn", "modern-cnn"]


def as_control(config: Config, control: Control) -> Config:
    """The same training without attention.

    "random": every look at a place uniform over the scene, whatever the saccades are, as far as they lead. "center":
    every look, the first too, at the middle. "scan": the first as in training, the others along a fixed raster, see
    `ram_agents.model.choice.raster`. "whole": the whole scene as one patch at every step, for Catch.
    Whether bfloat16 is the faster is decided anew, see `Config.decided_anew`.

    Raises:
        ValueError: a control that RAM is not trained as.
    """
    config = config.decided_anew()
    if control in ("random", "scan"):
        return config.replace(look=control)
    if control == "center":
        return config.replace(look="center", env_kwargs=config.env_kwargs | {"initial_location": "center"})
    if control == "whole":
        # The whole screen has no reach, so it takes no relative saccades.
        env_kwargs = {key: value for key, value in config.env_kwargs.items() if key != "saccade"} | {"foveated": False}
        return config.replace(look="center", env_kwargs=env_kwargs)
    raise ValueError(f"control must be 'random', 'center', 'scan' or 'whole', not {control!r}")
