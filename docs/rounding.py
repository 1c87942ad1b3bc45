"""Which pretrained agents can lie in smaller files? `python docs/rounding.py`, and `--write` to make them so.

Measures each agent's single path on all test scenes, with its weights as they are shipped and rounded, and says by how
many scenes the number of errors differs after the glimpses of its rows in the paper's tables. `--write` rewrites
the files where it differs by no more than `--scenes`. `ram reproduce` then measures the files themselves.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import ram_agents
import torch
from numpy.typing import NDArray
from ram_agents import Reinforce
from ram_agents.agent.rounding import Bits
from ram_agents.evaluation.evaluate import evaluate
from ram_agents.reports.paper import rows_of

WEIGHTS = Path(__file__).parent.parent / "agents" / "weights"


class Rounded(NamedTuple):
    """An agent's file, and what became of it."""

    name: str
    size: int
    """Bytes of the file as it is."""
    new_size: int
    differences: list[int]
    """Errors with rounded weights less errors as it is, after each glimpse of its rows."""
    episodes: int

    def __str__(self) -> str:
        differences = ", ".join(f"{difference:+d}" for difference in self.differences)
        sizes = f"{self.size / 1e6:.2f} to {self.new_size / 1e6:.2f} MB"
        return f"{self.name}: {sizes}, {differences} errors of {self.episodes:,}"


def wrong(agent: Reinforce, episodes: int | None) -> tuple[NDArray[np.int64], int]:
    """How many scenes a single path with mean locations errs on, after each glimpse (T,), and of how many."""
    found = evaluate(agent, paths=0, episodes=episodes)
    return np.rint(found.mean * found.episodes / 100).astype(np.int64), found.episodes


def counted(name: str, errors: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of errors after each glimpse (T,), those that count: of the paper's rows, else the last."""
    glimpses = [row.glimpses for row in rows_of(name) if row.glimpses]
    return errors[[count - 1 for count in glimpses] or [-1]]


def round_off(path: Path, out: Path, bits: Bits, episodes: int | None) -> Rounded:
    """Write an agent's file in fewer bits, without what only training needs, and compare the two."""
    Reinforce.load(path).save(out, resumable=False, bits=bits)
    (before, count), (after, _) = (wrong(ram_agents.load(file), episodes) for file in (path, out))
    differences = counted(path.stem, after) - counted(path.stem, before)
    return Rounded(path.stem, path.stat().st_size, out.stat().st_size, differences.tolist(), count)


def main() -> None:
    """Compare, tell, and with --write replace files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agents", nargs="*", help="names of pretrained agents; by default all")
    parser.add_argument("--bits", type=int, choices=(16, 8), default=8, help="of a weight")
    parser.add_argument("--write", action="store_true", help="replace the files of those whose errors stay")
    parser.add_argument("--scenes", type=int, default=2, help="that the number of errors may differ by")
    parser.add_argument("--episodes", type=int, help="only the first so many test scenes")
    options: Any = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.agents or ram_agents.pretrained_names():
        path = WEIGHTS / f"{name}.safetensors"
        with tempfile.TemporaryDirectory() as folder:
            small = Path(folder) / path.name
            found = round_off(path, small, options.bits, options.episodes)
            stays = max(map(abs, found.differences)) <= options.scenes
            if options.write and stays and found.new_size < found.size:
                path.write_bytes(small.read_bytes())
            print(found, "" if stays else "(stays as it is)", flush=True)
    total = sum(file.stat().st_size for file in WEIGHTS.glob("*.safetensors"))
    print(f"all together: {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
