"""Measure how an agent searches large scenes: `python docs/large.py`.

Prints a table for the agent's own gaze, a raster scan and random places with the same weights, on canvases of 100 to
1,000 pixels at one density of clutter, and puts it between `<!-- search -->` and `<!-- /search -->` in RESULTS.md.
`python docs/large.py AGENT --returns` tells how often the eye comes back to where it was and passes a digit by, on
2,000 held-out scenes of 1,000 pixels, and renews nothing.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
import ram_agents
import torch
from marked import renew
from numpy.typing import NDArray
from ram_agents import Reinforce
from ram_agents.agent.envs import make_env
from ram_agents.agent.runner import Runner
from ram_agents.evaluation.attention import Targets, distance_to_the_target
from ram_agents.evaluation.paths import batches
from ram_agents.model.choice import Look
from ram_agents.reports.intervals import wilson

CANVASES = (100, 200, 400, 1000)
AREA = 1250
"""Pixels of the canvas for each distractor, as in the paper's 100x100."""
NEAR = 14
"""A look so many pixels from the digit's middle, or nearer, has found it: half a digit."""
AGAIN = 40
"""A look so many pixels from an earlier one, or nearer, in each axis: about half of the widest cell."""
SIGHT = 192
"""So many pixels from the eye, or nearer, a digit is shown by cells of 32 pixels or finer ones."""
GAZES: dict[Look, str] = {"mean": "its own", "scan": "raster scan", "random": "random"}


class Search(NamedTuple):
    """Of N scenes, after each of T glimpses."""

    wrong: NDArray[np.float64]
    """The share of wrong answers, (T,)."""
    found: NDArray[np.float64]
    """The share of scenes in which the digit has been found, (T,)."""
    returned: float
    """Of the scenes without a find: the share of looks, but for the first, within `AGAIN` of an earlier one."""
    passed: float
    """Of the scenes without a find: the share in which a look came within `SIGHT` of the digit."""


@torch.no_grad()
def search(agent: Reinforce, canvas: int, look: Look, *, scenes: int, rows: int = 250, split: str = "test") -> Search:
    """Play one episode in each of the first scenes of a split, by the mean locations or a control's."""
    clutter = {"canvas_size": canvas, "num_distractors": canvas**2 // AREA}
    config = agent.config.without_repeats(env_kwargs=agent.env_kwargs | clutter, num_envs=rows)
    env = make_env(config, split=split)
    generator, targets = torch.Generator().manual_seed(0), Targets(env)
    wrong, distances, places = [], [], []
    for indices in batches(np.arange(scenes), rows):
        runner = Runner(agent.policy, env, look=look, sample_action=False, generator=generator, indices=indices)
        answers, apart, looks = [], [], []
        while runner.active.any():
            looks.append(targets.pixels(runner.gaze))
            apart.append(distance_to_the_target(targets.regions(), looks[-1]))
            answers.append(runner.choose().action.numpy())
            runner.step()
        wrong.append(np.array(answers) != runner.info["label"])
        distances.append(np.array(apart))
        places.append(np.array(looks))
    env.close()
    wrongs, nearest, looked = (np.concatenate(parts, axis=1)[:, :scenes] for parts in (wrong, distances, places))
    nearest = np.minimum.accumulate(nearest)  # so far
    lost = nearest[-1] > NEAR
    passed = float((nearest[-1, lost] <= SIGHT).mean()) if lost.any() else 0.0
    return Search(wrongs.mean(1), (nearest <= NEAR).mean(1), returns(looked[:, lost]), passed)


def returns(places: NDArray[np.float64]) -> float:
    """The share of looks (T, N, 2), in pixels, within `AGAIN` of an earlier one in each axis, but for the first."""
    again = [(np.abs(places[:t] - places[t]).max(-1) <= AGAIN).any(0) for t in range(1, len(places))]
    return float(np.mean(again)) if places.size else 0.0


def percent(share: float) -> str:
    """A share as a number of %."""
    return f"{100 * share:.1f}"


def markdown(agent: Reinforce, looks: list[int], scenes: int) -> str:
    """The table: a row for each canvas and gaze."""
    told = ", ".join(map(str, looks))
    lines = [
        f"| canvas | distractors | gaze | error after {told} glimpses, % | 95% interval | digit found by then, % |",
        "|---:|---:|---|---|---|---|",
    ]
    for canvas in CANVASES:
        for look, gaze in GAZES.items():
            wrong, found, *_ = search(agent, canvas, look, scenes=scenes)
            low, high = wilson(float(wrong[-1]), scenes)
            errors, finds = (", ".join(percent(shares[n - 1]) for n in looks) for shares in (wrong, found))
            ends = f"{percent(low)} to {percent(high)}"
            lines.append(f"| {canvas} | {canvas**2 // AREA} | {gaze} | {errors} | {ends} | {finds} |")
            print(lines[-1], flush=True)
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and renew the table in RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent", nargs="?", default="megapixel", help="a pretrained agent's name, or a checkpoint")
    parser.add_argument("--scenes", type=int, default=10_000, help="only the first so many test scenes")
    parser.add_argument("--looks", type=int, nargs="+", default=[2, 4, 8, 12, 16, 24])
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--returns", action="store_true", help="how often the eye comes back, and nothing else")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    agent = ram_agents.load(options.agent)
    if options.returns:
        searched = search(agent, CANVASES[-1], "mean", scenes=2_000, split="validation")
        print(
            f"{percent(1 - searched.found[-1])}% without a find; {percent(searched.returned)}% of their looks return, "
            f"{percent(searched.passed)}% of their digits were within {SIGHT} pixels of a look"
        )
        return
    renew("search", markdown(agent, options.looks, options.scenes))


if __name__ == "__main__":
    main()
