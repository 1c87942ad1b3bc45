"""Active vision for reinforcement learning: Gymnasium environments that are seen through a small foveated retina.

Importing this package registers the environments and loads nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gymnasium.envs.registration import register

if TYPE_CHECKING:
    from ram_envs.images.datasets import load_mnist
    from ram_envs.retina.prepared import PreparedImages
    from ram_envs.retina.retina import Retina
    from ram_envs.wrappers.foveated import FoveatedObservation, FoveatedVectorObservation

__all__ = ["FoveatedObservation", "FoveatedVectorObservation", "PreparedImages", "Retina", "load_mnist"]
__version__ = "0.1.0"

_WHERE = {
    "FoveatedObservation": "ram_envs.wrappers.foveated",
    "FoveatedVectorObservation": "ram_envs.wrappers.foveated",
    "PreparedImages": "ram_envs.retina.prepared",
    "Retina": "ram_envs.retina.retina",
    "load_mnist": "ram_envs.images.datasets",
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _register(name: str, environment: str, **defaults: Any) -> None:
    register(
        f"ram_envs/{name}",
        entry_point=f"ram_envs.shells.{environment}Env",
        vector_entry_point=f"ram_envs.shells.{environment}VectorEnv",
        kwargs=defaults,
    )


_RETINA_60 = {"patch_size": 12, "num_scales": 3}
_RETINA_100 = {"patch_size": 12, "num_scales": 4}
_register("GlimpseMNIST-v0", "environments:GlimpseMNIST")
_register("GlimpseMNIST-Translated-v0", "environments:GlimpseMNIST", canvas_size=60, **_RETINA_60)
_register("GlimpseMNIST-Cluttered-v0", "environments:GlimpseMNIST", canvas_size=60, num_distractors=4, **_RETINA_60)
_register(
    "GlimpseMNIST-Cluttered100-v0", "environments:GlimpseMNIST", canvas_size=100, num_distractors=8, **_RETINA_100
)
_register(
    "GlimpseMNIST-Megapixel-v0",
    "environments:GlimpseMNIST",
    canvas_size=1000,
    num_distractors=800,
    patch_size=12,
    num_scales=7,
    num_glimpses=24,
    saccade="relative",
    initial_location="center",
)
_register("GlimpseMNIST-Pairs-v0", "digits:GlimpsePairs", canvas_size=100, **_RETINA_100)
_register("GlimpseMNIST-Addition-v0", "digits:GlimpseAddition", canvas_size=100, num_glimpses=8, **_RETINA_100)
_register(
    "GlimpseMNIST-Moving-v0",
    "digits:GlimpseMoving",
    canvas_size=60,
    num_distractors=4,
    num_glimpses=10,
    **_RETINA_60,
)
_register("GlimpseImages-v0", "environments:GlimpseImages")
_register("CircleSquare-v0", "shapes:CircleSquare", saccade_cost=0.005)
_register("Catch-v0", "environments:Catch")
