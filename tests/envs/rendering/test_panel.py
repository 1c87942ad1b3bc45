import numpy as np
import pytest
from example_view import has, make_view

from ram_envs.rendering.canvas import LEFT, RIGHT
from ram_envs.rendering.frames import draw
from ram_envs.rendering.painting import GREEN, GREY, ORANGE, RAISED, SKY, SLATE, VERMILLION, YELLOW

pytest.importorskip("pygame")


def test_bars_stand_as_high_as_the_probabilities():
    probabilities = np.zeros(10)
    probabilities[6], probabilities[2] = 0.75, 0.25
    full = np.zeros(10)
    full[6] = 1.0
    columns = slice(676, 684)  # within the bar of action 6
    part, whole = (
        draw(make_view(probabilities=p, glimpse=np.zeros((2, 4, 4), np.float32))) for p in (probabilities, full)
    )
    heights = [(frame[200:366, columns] == SKY).all(axis=-1).all(axis=1).sum() for frame in (part, whole)]
    assert heights[1] > 80
    assert heights[0] == pytest.approx(0.75 * heights[1], abs=2)


def test_verdict_tells_right_from_wrong_and_waits_for_an_answer():
    panel = slice(400, 480), slice(480, 800)
    silent, right, wrong = (
        draw(make_view(prediction=p, success=s))[panel] for p, s in [(None, False), (3, True), (4, False)]
    )
    assert (has(silent, GREEN), has(silent, VERMILLION)) == (False, False)
    assert (has(right, GREEN), has(right, VERMILLION)) == (True, False)
    assert (has(wrong, GREEN), has(wrong, VERMILLION)) == (False, True)


def test_catch_is_judged_only_at_the_end():
    catch = make_view(label=None, action_names=("left", "stay", "right"), prediction=2)
    assert not has(draw(catch)[400:, 480:], VERMILLION)
    assert has(draw(catch._replace(finished=True))[400:, 480:], VERMILLION)
    assert has(draw(catch._replace(finished=True, success=True))[400:, 480:], GREEN)


def test_counts_glimpse_number_and_choice_are_shown():
    base = draw(make_view())
    changed = draw(make_view(counts={"caught": 3, "missed": 1}))
    assert not np.array_equal(base[450:, 480:], changed[450:, 480:])
    np.testing.assert_array_equal(base[:450], changed[:450])
    assert not np.array_equal(base[:40, 480:], draw(make_view(num_glimpses=6))[:40, 480:])
    assert has(draw(make_view(prediction=4))[374:398, 480:], YELLOW)
    assert not has(base[374:398, 480:], YELLOW)


@pytest.mark.parametrize("num_names", [2, 5, 10])
def test_long_names_stay_in_the_panel(num_names):
    names = tuple(f"chrysanthemum {i}" for i in range(num_names))
    for view in (make_view(action_names=names), make_view(action_names=names, prediction=0, label=1)):
        assert (draw(view)[:, 785:] == SLATE).all()


def test_the_names_of_19_sums_are_written_below_their_bars():
    names = tuple(map(str, range(19)))
    probabilities = np.full(19, 1 / 19)
    frame = draw(make_view(action_names=names, prediction=3, label=4, probabilities=probabilities)).astype(int)
    blank = draw(make_view(action_names=(" ",) * 19, prediction=3, label=4, probabilities=probabilities)).astype(int)
    width = (RIGHT - LEFT) / 19
    written = np.abs(frame - blank)[374:398].max((0, 2)) > 60
    for i in range(19):
        columns = slice(round(LEFT + i * width), round(LEFT + (i + 1) * width))
        assert written[columns].sum() >= (3 if i < 10 else 6), i
        assert not written[columns][[0, -1]].any(), "a name stays in its slot"


def test_too_many_names_are_left_out():
    names = tuple(map(str, range(100)))
    frame = draw(make_view(action_names=names, prediction=3, label=4, probabilities=np.full(100, 0.01)))
    assert not (np.abs(frame[376:396, 498:782].astype(int) - GREY).max(-1) <= 2).any()


def test_actions_without_names_leave_their_row_empty():
    frame = draw(make_view(action_names=(), label=None))
    assert (frame[370:400, 490:] == SLATE).all()
    assert not has(frame[370:400, 490:], RAISED)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [((), [51] * 3), ((1,), [51] * 3), ((2,), [76] * 3), ((3,), [51, 102, 153]), ((4,), [127] * 3), ((5,), [153] * 3)],
)
def test_patches_have_the_colours_of_their_channels(channels, expected):
    """Three channels are colours, any other number is the grey of its mean."""
    glimpse = np.ones((1, 4, 4, *channels), np.float32) * (np.arange(1, channels[0] + 1) / 5 if channels else 0.2)
    scene = np.zeros((24, 24, *channels), np.uint8)
    frame = draw(make_view(scene=scene, glimpse=glimpse.astype(np.float32), regions=[(10, 10, 4, 4)]))
    np.testing.assert_array_equal(frame[180, 640], expected)


def test_each_patch_has_its_outline_and_a_caption():
    frame = draw(make_view(glimpse=np.zeros((2, 4, 4), np.float32)))
    lefts = []
    for colour in (ORANGE, SKY):
        rows, columns = np.nonzero((frame[:, 485:] == colour).all(axis=-1))
        left, right, top, bottom = columns.min() + 485, columns.max() + 486, rows.min(), rows.max() + 1
        lefts.append(left)
        side = right - left
        assert side == bottom - top
        assert side > 100
        assert len(rows) == side**2 - (side - 4) ** 2  # a line of two pixels
        assert (frame[bottom + 2 : bottom + 20, left:right] != SLATE).any(axis=-1).sum() > 100
    assert lefts[0] < lefts[1]  # fine scale first
