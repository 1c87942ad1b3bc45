"""Where things lie, for tests that read them."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS, EXAMPLES = ROOT / "docs", ROOT / "examples"
