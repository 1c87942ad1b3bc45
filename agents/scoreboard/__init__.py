"""The scoreboard: submissions as files that anyone can write and check, and the table that is made of them."""

from ..entrants.course import Budget, Point
from ..entrants.playing import successes
from .reading import read
from .statistics import Figures, figures
from .submission import Submission
from .table import collect, markdown
from .verification import verify

__all__ = ["Budget", "Figures", "Point", "Submission", "collect", "figures", "markdown", "read", "successes", "verify"]
