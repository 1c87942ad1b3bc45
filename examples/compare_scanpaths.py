"""Do agents look alike, and like people? Their scanpaths on the same scenes, compared by MultiMatch.

python examples/compare_scanpaths.py                                      # two shipped agents and a random gaze
python examples/compare_scanpaths.py --agents runs/a runs/b runs/c        # of several seeds: directories or files
ram play --record games.csv                                               # play "guess the digit", and then
python examples/compare_scanpaths.py --agents cluttered60 --fixations games.csv
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import gymnasium as gym
import numpy as np
import ram_agents
import tyro
from ram_agents.evaluation.scanpaths import Comparison, Scanpath, agent_scanpaths, compare, read_fixations

ROWS = 100
SCENES = 10_000  # of the test split


def looks(name: str, images: list[int], seed: int) -> tuple[dict[str, list[Scanpath]], tuple[int, int]]:
    """The scanpaths of an agent and of a random gaze in its place, on test scenes; and their width and height."""
    agent = ram_agents.load(Path(name) / "best.safetensors" if Path(name).is_dir() else name)
    kwargs = agent.env_kwargs | {"split": "test"}
    env = gym.make_vec(agent.env_id, num_envs=ROWS, autoreset_mode="Disabled", **kwargs)
    height, width = env.scene_shape[:2]
    learned = agent_scanpaths(agent, env, images=images, subject=name, seed=seed)
    random = agent_scanpaths(agent, env, images=images, subject="random gaze", seed=seed, look="random")
    env.close()
    return {name: learned, "random gaze": random}, (width, height)


def main(
    agents: tuple[str, ...] = ("mnist28", "mnist28_3"),
    *,
    fixations: Path | None = None,
    images: int = 200,
    seed: int = 0,
) -> dict[tuple[str, str], Comparison]:
    """Print a line for each two subjects: how alike on the same scene, and in brackets on different ones, by chance.

    Args:
        agents: names, files or directories of runs, on one environment.
        fixations: a table of people's fixations on its test scenes, by their numbers in the column image, such as
            `ram play --record` writes. Then those scenes are compared.
        images: how many test scenes, where no table is given.
        seed: of first looks, and of the random gaze.
    """
    table = [] if fixations is None else read_fixations(fixations, images=[str(i) for i in range(SCENES)])
    people = [path for path in table if path.subject not in agents]  # without the rival of `ram play`
    numbers = sorted({int(path.image) for path in people}) or list(range(images))
    paths, sizes = dict[str, list[Scanpath]](), dict[str, tuple[int, int]]()
    for name in agents:
        found, sizes[name] = looks(name, numbers, seed)
        paths = found | paths  # of the random gazes the first agent's
    if len(set(sizes.values())) > 1:
        raise SystemExit(f"the scenes have different sizes, {sizes}: compare agents of one environment")
    for path in people:
        paths.setdefault(path.subject, []).append(path)

    pairs = {
        (one, other): compare(paths[one], paths[other], screen=sizes[agents[0]])
        for one, other in combinations(sorted(paths), 2)
    }
    print(f"{len(numbers)} scenes; on the same one, and (on different ones)")
    print(f"{'':36}" + "".join(f"{name:>14}" for name in ("vector", "direction", "length", "position", "duration")))
    for names, found in pairs.items():
        chance = found.different or np.full(5, np.nan)
        cells = [f"{same:.2f} ({by_chance:.2f})" for same, by_chance in zip(found.same, chance, strict=True)]
        print(f"{' and '.join(names):36}" + "".join(f"{cell:>14}" for cell in cells))
    return pairs


if __name__ == "__main__":
    tyro.cli(main)
