"""Wrappers: other forms of the action, labels in the observation, and a retina for any environment with images."""

from ram_envs.wrappers.actions import (
    DiscreteAction,
    FlatAction,
    GridAction,
    LabelObservation,
    VectorDiscreteAction,
    VectorFlatAction,
    VectorGridAction,
    VectorLabelObservation,
)
from ram_envs.wrappers.foveated import FoveatedObservation, FoveatedVectorObservation

__all__ = [
    "DiscreteAction",
    "FlatAction",
    "FoveatedObservation",
    "FoveatedVectorObservation",
    "GridAction",
    "LabelObservation",
    "VectorDiscreteAction",
    "VectorFlatAction",
    "VectorGridAction",
    "VectorLabelObservation",
]
