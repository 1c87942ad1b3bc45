import numpy as np
import pytest
from ram_agents.evaluation.evaluate import Evaluation
from ram_agents.rendering import figures
from ram_agents.rendering.figures import Fixations


def lines_of(figure):
    """Label, x and y of each line."""
    (axes,) = figure.axes
    return [(line.get_label(), line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axes.lines]


def test_learning_curves_show_both_errors_of_each_run():
    log = [
        {"episodes": 100, "validation_error": 40.0, "episode_return": 0.5},
        {"episodes": 200, "validation_error": 20.0, "episode_return": 0.75},
    ]
    figure = figures.learning_curves({"one": log, "two": [{**log[1], "validation_error": None}]})
    training, held_out, _, missing = lines_of(figure)
    assert training[1:] == ([100, 200], [50, 25])
    assert held_out == ("one (20.00%)", [100, 200], [40, 20])
    assert missing[0] == "two"
    assert np.isnan(missing[2]).all()
    with pytest.raises(ValueError, match="log of none is empty"):
        figures.learning_curves({"none": []})


def test_error_by_glimpse_shows_single_and_averaged_paths():
    result = Evaluation(10, np.array([60.0, 10, 5]), None, np.array([50.0, 8, 2]), None, 3.0, None)
    single, averaged = lines_of(figures.error_by_glimpse({"agent": result}))
    assert single == ("agent (5.00%)", [1, 2, 3], [60, 10, 5])
    assert averaged == ("agent, paths averaged (2.00%)", [1, 2, 3], [50, 8, 2])


def test_a_zero_stays_on_the_error_axis():
    for mean, ticks in (([60.0, 10, 0], {0, 10, 100}), ([3.0, 0, 0.02], {0, 0.01, 0.1, 1}), ([0.0, 0, 0], {0})):
        result = Evaluation(10, np.array(mean), None, None, None, 3.0, None)
        figure = figures.error_by_glimpse({"agent": result})
        figure.canvas.draw()
        (axes,) = figure.axes
        bottom, top = axes.get_window_extent().intervaly
        heights = axes.transData.transform([[1, error] for error in mean])[:, 1]
        assert ((bottom < heights) & (heights < top)).all()
        order = np.argsort(mean, kind="stable")
        assert (np.diff(heights[order])[np.diff(np.array(mean)[order]) > 0] > 5).all()  # pixels
        assert ticks <= set(axes.get_yticks()) | {100}
        low, high = axes.get_ylim()
        assert not [tick for tick in axes.get_yticks() if tick < 0 and low <= tick <= high]


def test_errors_above_zero_have_a_logarithmic_axis():
    result = Evaluation(10, np.array([60.0, 10, 5]), None, None, None, 3.0, None)
    (axes,) = figures.error_by_glimpse({"agent": result}).axes
    assert axes.get_yscale() == "log"
    lines = [{"episodes": 100, "validation_error": None, "episode_return": 1.0}]
    (axes,) = figures.learning_curves({"perfect": lines}).axes
    assert axes.get_ylim()[0] < 0 < axes.get_ylim()[1]


@pytest.mark.parametrize("radius", [10, 14, 17.5, 25, 50, 400])
def test_a_gaze_that_is_everywhere_as_often_has_no_lattice(radius):
    """From one place, to middles of targets that are whole or half pixels away, each as often."""
    grid = np.arange(-2 * radius - 8, 2 * radius + 9) / 2
    pixels = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 1, 2)
    if radius == 400:
        pixels = pixels[np.abs(pixels[:, 0, 1]) < 40]
    (axes,) = figures.gaze_map(Fixations(pixels, "the digit", None, radius)).axes
    counts = axes.images[0].get_array()
    assert counts.shape[0] <= 38
    assert len(np.unique(counts[counts.shape[0] // 2][2:-2].round(6))) == 1
    assert axes.get_xlim() == (-radius, radius)
    left, right, *_ = axes.images[0].get_extent()
    assert left <= -radius
    assert right >= radius - 0.25


def test_gaze_map_counts_where_the_agent_looked():
    pixels = np.zeros((50, 2, 2))
    pixels[:, 0] = [-9, 0]  # left of the middle
    pixels[:40, 1] = [0, 9]  # below the middle
    pixels[40:, 1] = [0, 90]  # far outside
    figure = figures.gaze_map(Fixations(pixels, "the ball", None, 10))
    first, second = (axes.images[0].get_array() for axes in figure.axes)
    middle = len(first) / 2
    row, column = np.unravel_index(first.argmax(), first.shape)
    assert column < 0.1 * len(first)
    assert abs(row - middle) <= 1
    row, column = np.unravel_index(second.argmax(), second.shape)
    assert row > 0.9 * len(first)
    assert abs(column - middle) <= 1
    assert [axes.get_title() for axes in figure.axes] == ["glimpse 1", "glimpse 2, 80% inside"]
