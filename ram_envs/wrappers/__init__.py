"""Wrappers: other forms of the action, labels in the observation, and a retina for any environment with images."""

from ram_envs.wrappers.actions import (
    FlatAction,
    GridAction,
    LabelObservation,
    VectorFlatAction,
    VectorGridAction,
    VectorLabelObservation,
)
from ram_envs.wrappers.foveated import FoveatedObservation, FoveatedVectorObservation

__all__ = [
    "FlatAction",
    "FoveatedObservation",
    "FoveatedVectorObservation",
    "GridAction",
    "LabelObservation",
    "VectorFlatAction",
    "VectorGridAction",
    "VectorLabelObservation",
]
