"""The blocks of docs/ap-gym.md run, each alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import Block, blocks, run_block
from places import DOCS

pytest.importorskip("ap_gym.envs", reason="ap-gym is an extra with a virtual environment of its own")


@pytest.mark.parametrize("block", blocks(DOCS / "ap-gym.md"))
def test_a_block_runs_alone(block: Block, tmp_path: Path) -> None:
    run_block(block, tmp_path)
