"""What an environment tells of how it was made, where its arguments hold arrays."""

from __future__ import annotations

import dataclasses

import numpy as np
from gymnasium.envs.registration import EnvSpec


class ArraySpec(EnvSpec):
    """Gymnasium's `EnvSpec` of an environment whose arguments hold arrays: it makes it again, but it is no text."""

    def to_json(self) -> str:
        """Raise a TypeError that names the arrays and the remedy."""
        raise TypeError(
            f"arrays can't be written as JSON, and {self.id} was made with arrays as {', '.join(_arrays(self))}; save "
            'them with numpy.savez("mine.npz", images=images, labels=labels), and make it with images="mine.npz"'
        )


def with_arrays(spec: EnvSpec | None) -> EnvSpec | None:
    """The same specification, as an `ArraySpec` if its arguments hold arrays."""
    if spec is None or not _arrays(spec):
        return spec
    fields = [field.name for field in dataclasses.fields(spec) if field.init]
    return ArraySpec(**{name: getattr(spec, name) for name in fields})


def _arrays(spec: EnvSpec) -> list[str]:
    return [name for name, value in spec.kwargs.items() if hasattr(value, "__array__") and np.ndim(value)]
