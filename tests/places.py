"""Where things lie, for tests that read them."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS, EXAMPLES = ROOT / "docs", ROOT / "examples"
sys.path.append(str(DOCS))  # as where `python docs/corners.py` runs
