"""How well does ink alone find the digit of a large scene? `python docs/ink.py` renews a table of RESULTS.md.

A bound on what an agent's first looks should reach: a scene is cut into boxes of 32 pixels, the width of a cell of the
sixth scale, and the brightest are looked at in turn, until one has the digit's middle.
"""

from __future__ import annotations

import argparse

import gymnasium as gym
import numpy as np
from marked import renew
from numpy.typing import NDArray
from ram_agents.agent.envs import declared
from ram_agents.evaluation.attention import middle
from ram_agents.evaluation.paths import batches

import ram_envs  # noqa: F401  (registers the environments)

CANVASES = {100: 8, 200: 32, 400: 128, 1000: 800}
"""The canvas's width, and its distractors."""
BOX = 32
LOOKS = (1, 4, 8, 16, 24)
ROWS = 100


def brightest(scenes: NDArray[np.uint8], count: int) -> NDArray[np.float64]:
    """The middles (x, y), in pixels, of the boxes of (B, H, W) with the most light, the most first: (B, count, 2)."""
    boxes = -(-scenes.shape[1] // BOX)
    padding = boxes * BOX - scenes.shape[1]
    whole = np.pad(scenes, ((0, 0), (0, padding), (0, padding)))
    light = whole.reshape(len(scenes), boxes, BOX, boxes, BOX).sum((2, 4), dtype=np.int64).reshape(len(scenes), -1)
    row, column = np.divmod(np.argsort(-light, axis=1, kind="stable")[:, :count], boxes)
    return (np.stack([column, row], axis=-1) + 0.5) * BOX


def found(canvas: int, scenes: int) -> NDArray[np.float64]:
    """The share of the first test scenes in which one of the brightest boxes so far has the digit, (LOOKS[-1],)."""
    rows = min(ROWS, scenes)
    kwargs = {"canvas_size": canvas, "num_distractors": CANVASES[canvas], "num_glimpses": 1, "split": "test"}
    env = gym.make_vec("ram_envs/GlimpseMNIST-Megapixel-v0", num_envs=rows, **kwargs)
    hits = []
    for indices in batches(np.arange(scenes), rows):
        env.reset(seed=0, options={"indices": indices})
        says = declared(env)
        assert says.targets is not None
        assert says.whole_scenes is not None
        apart = brightest(says.whole_scenes(), LOOKS[-1]) - middle(says.targets())[:, None]
        hits.append((np.abs(apart) <= BOX / 2).all(-1).T)
    env.close()
    each = np.maximum.accumulate(np.concatenate(hits, axis=1)[:, :scenes])
    return np.pad(each.mean(1), (0, LOOKS[-1] - len(each)), mode="edge")  # a small scene has fewer boxes


def main() -> None:
    """Measure, print, and renew the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=10_000, help="only the first so many test scenes")
    options = parser.parse_args()
    told = ", ".join(map(str, LOOKS))
    lines = [f"| canvas | digit among the {told} brightest boxes, % |", "|---:|---|"]
    for canvas in CANVASES:
        shares = found(canvas, options.scenes)
        lines.append(f"| {canvas} | {', '.join(f'{100 * shares[look - 1]:.1f}' for look in LOOKS)} |")
        print(lines[-1], flush=True)
    renew("ink", "\n".join(lines))


if __name__ == "__main__":
    main()
