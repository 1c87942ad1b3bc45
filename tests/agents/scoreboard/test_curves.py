"""Learning curves: the mean of the seeds, worked by hand, against steps and core-minutes."""

from __future__ import annotations

import numpy as np
import pytest
from ram_agents.scoreboard.curves import learning_curves, mean_curve
from ram_agents.scoreboard.reading import read
from submissions import write


def test_the_mean_of_seeds_goes_as_far_as_all_do() -> None:
    a, b = np.array([[10, 80], [20, 60], [40, 20]], float), np.array([[20, 80], [30, 40]], float)
    np.testing.assert_allclose(mean_curve([a, b]), [[20, 70], [30, 40]])
    np.testing.assert_allclose(mean_curve([a[:1], b[1:]]), [[20, 60]])  # nothing in common: the mean of their ends


def test_a_figure_has_a_row_for_each_environment(tmp_path) -> None:
    curves = [[[10, 0.5, 90.0], [20, 1.0, 50.0]]] * 3
    held = [read(write(tmp_path / "a.json", curves=curves, who="$x_y")).submission]
    held.append(read(write(tmp_path / "b.json", curves=curves, env_id="ram_envs/Catch-v0")).submission)
    held.append(read(write(tmp_path / "c.json")).submission)
    figure = learning_curves(held)
    figure.savefig(tmp_path / "curves.svg")
    assert [axes.get_xlabel() for axes in figure.axes] == ["steps", "core-minutes"] * 2
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Catch-v0", "", "GlimpseMNIST-v0", ""]
    assert [len(axes.lines) for axes in figure.axes] == [4] * 4
    np.testing.assert_array_equal(figure.axes[1].lines[-1].get_xdata(), [0.5, 1.0])
    with pytest.raises(ValueError, match="none of the submissions tells"):
        learning_curves(held[-1:])
