"""Where an agent looks, glimpse by glimpse, around what there is to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..agent.envs import AnyVectorEnv
from ..agent.runner import Runner
from ..evaluation.attention import Targets, middle
from ..training.callbacks import Progress
from .episodes import viewer
from .figures import Fixations

if TYPE_CHECKING:
    from ..training.reinforce import Reinforce


@torch.no_grad()
def fixations(
    agent: Reinforce, env: AnyVectorEnv, *, episodes: int, seed: int, progress: Progress | None = None
) -> Fixations:
    """Where the agent looks in some episodes, in pixels from the middle of each one's target.

    Args:
        agent: who looks, at the means of its locations; it never stops early.
        env: such as `episodes.environment` makes, with episodes of one length; it declares its targets.
        episodes: how many.
        seed: of scenes, and of where the gaze starts.
        progress: is told of episodes.

    Raises:
        ValueError: the environment declares no targets, or no view.
    """
    targets, view = Targets(env), viewer(env)
    scenes: list[NDArray[np.uint8]] = []
    regions: list[NDArray[np.int64]] = []  # of each episode (T, 4)
    gaze: list[NDArray[np.float64]] = []  # of each episode (T, 2)
    while len(scenes) < episodes:
        runner = Runner(agent.policy, env, look="mean", sample_action=False, stop="never", seed=seed + len(scenes))
        scenes += [view(row).scene for row in range(env.num_envs)]
        steps = []
        while runner.active.any():
            steps.append((targets.regions(), targets.pixels(runner.gaze)))
            runner.choose()
            runner.step()
        regions += list(np.stack([lying for lying, _ in steps], axis=1))
        gaze += list(np.stack([looking for _, looking in steps], axis=1))
        if progress is not None:
            progress(env.num_envs, episodes)
    lying = np.stack(regions[:episodes])
    middles, radius = middle(lying), _radius(lying, targets.scene_shape)
    still = (middles == middles[:, :1]).all()  # of what moves there is no picture around its middle
    crops = [_crop(scene, where[0], int(radius)) for scene, where in zip(scenes, middles, strict=False)]
    return Fixations(
        pixels=np.stack(gaze[:episodes]) - middles,
        around=targets.name,
        backdrop=np.mean(crops, axis=0) / 255 if still else None,
        radius=radius,
    )


def _radius(regions: NDArray[Any], scene_shape: tuple[int, ...]) -> float:
    """How far from the middle to show the scene: a little beyond the largest target, at least 14 pixels."""
    side = max(scene_shape[:2])
    return max(min(1.25 * float(regions[..., 2:].max()), side / 2), min(14, side))


def _crop(scene: NDArray[np.uint8], point: NDArray[np.float64], radius: int) -> NDArray[Any]:
    """The (2 r, 2 r) pixels of a scene around a point (x, y), zero outside; the mean of its channels."""
    grey = scene if scene.ndim == 2 else scene.mean(axis=-1)
    column, row = (round(float(z)) for z in point)
    return np.pad(grey, radius)[row : row + 2 * radius, column : column + 2 * radius]
