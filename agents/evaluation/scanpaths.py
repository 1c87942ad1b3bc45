"""Where agents and people look, and how alike that is, by MultiMatch: all names of the room `scanpaths`."""

from ..scanpaths.comparison import Comparison, compare
from ..scanpaths.looking import agent_scanpaths
from ..scanpaths.multimatch import Similarity, multimatch
from ..scanpaths.path import Scanpath
from ..scanpaths.simplification import Simplification
from ..scanpaths.table import append_fixations, begin_table, read_fixations

__all__ = [
    "Comparison",
    "Scanpath",
    "Similarity",
    "Simplification",
    "agent_scanpaths",
    "append_fixations",
    "begin_table",
    "compare",
    "multimatch",
    "read_fixations",
]
